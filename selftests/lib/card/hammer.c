// SPDX-License-Identifier: GPL-2.0
/*
 * A user that accesses the card constantly. The threads use SCHED_FIFO where permitted, and pause
 * from time to time, to measure the access and not the wait for a CPU.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "config.h"
#include "hammer.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"

#define ONES 0xffffffffu
#define ROUNDS 2		/* accesses between pauses */
#define PAUSE_NS 1000000
#define PACE 64u		/* accesses of each kind */
#define PACE_ROOM 10
#define PACE_SLACK 100
#define SAID_MAX 10		/* limit of wrong values to print */

/* Each thread writes its mark and a counter. */
#define MARK_MAP 0x3a000000u
#define MARK_FD 0x3b000000u
#define MARK_MASK 0xff000000u

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* Record the time of an access. */
static void note_time(struct hammer_seen *seen, uint64_t ns, uint64_t ticks)
{
	if (ns > seen->longest_ns)
		seen->longest_ns = ns;
	if (ticks > seen->longest_ticks)
		seen->longest_ticks = ticks;
	if (ticks > HAMMER_STALL_TICKS)
		seen->stalls++;
}

static void note_wrong(struct hammer_seen *seen, const char *what, uint32_t value)
{
	if (seen->wrong++ < SAID_MAX)
		fprintf(stderr, "# wrong: %s: %#x\n", what, value);
}

/* Record a value; @is_fine: it is expected. */
static void note_value(struct hammer_seen *seen, const char *what, uint32_t value, bool is_fine)
{
	if (value == ONES)
		seen->ones++;
	else if (!is_fine)
		note_wrong(seen, what, value);
}

/* Do and time one access; a macro for four kinds of accesses. */
#define ACCESS(_hammer, _seen, _access) ({				\
	const struct ticks *__ticks = &(_hammer)->ticks;		\
	struct ticks_mark __mark;					\
	uint64_t __start;						\
	int __ret;							\
									\
	ticks_now(__ticks, &__mark);					\
	__start = now_ns();						\
	__ret = (_access);						\
	note_time(_seen, now_ns() - __start, ticks_since(__ticks, &__mark)); \
	__atomic_add_fetch(&(_seen)->accesses, 1, __ATOMIC_RELAXED);	\
	__ret;								\
})

/*
 * A scratch register holds the last value written, 0 after a reset, or an older value if the fence
 * dropped later writes.
 */
static bool is_scratch(uint32_t value, uint32_t mark, uint32_t last)
{
	return !value || ((value & MARK_MASK) == mark && (value & ~MARK_MASK) <= last);
}

static void hammer_map(struct hammer *hammer, uint32_t *last)
{
	volatile uint32_t *regs = hammer->user->regs;
	volatile uint32_t *scratch = &regs[CARD_REG_SCRATCH(1) / 4];
	struct hammer_seen *seen = &hammer->map;
	uint32_t value;

	if (!ACCESS(hammer, seen, sigbus_read(&regs[CARD_REG_ID / 4], &value)))
		note_value(seen, "register ID", value, value == CARD_ID);
	*last = (*last + 1) & ~MARK_MASK;
	ACCESS(hammer, seen, sigbus_write(scratch, MARK_MAP | *last));
	if (!ACCESS(hammer, seen, sigbus_read(scratch, &value)))
		note_value(seen, "scratch register", value, is_scratch(value, MARK_MAP, *last));
}

static void hammer_fd(struct hammer *hammer, uint32_t *last)
{
	struct device *dev = &hammer->user->dev;
	struct hammer_seen *seen = &hammer->fd;
	uint32_t value = 0;
	int ret;

	ret = ACCESS(hammer, seen, __config_read(dev, PCI_VENDOR_ID, &value, 4));
	if (ret != 4)
		note_wrong(seen, "read of configuration space ends with", ret);
	note_value(seen, "vendor and device", value, value == hammer->id);
	ret = ACCESS(hammer, seen, __region_read(dev, VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_ID,
						 &value, 4));
	if (ret != 4)
		note_wrong(seen, "read of a BAR ends with", ret);
	note_value(seen, "register ID, read", value, value == CARD_ID);
	*last = (*last + 1) & ~MARK_MASK;
	value = MARK_FD | *last;
	ret = ACCESS(hammer, seen, __region_write(dev, VFIO_PCI_BAR0_REGION_INDEX,
						  CARD_REG_SCRATCH(2), &value, 4));
	if (ret != 4)
		note_wrong(seen, "write of a BAR ends with", ret);
	ret = ACCESS(hammer, seen, __region_read(dev, VFIO_PCI_BAR0_REGION_INDEX,
						 CARD_REG_SCRATCH(2), &value, 4));
	if (ret != 4)
		note_wrong(seen, "second read of a BAR ends with", ret);
	note_value(seen, "scratch register, read", value, is_scratch(value, MARK_FD, *last));
}

static bool stops(const struct hammer *hammer)
{
	return __atomic_load_n(&hammer->stops, __ATOMIC_RELAXED);
}

static void hit(struct hammer *hammer, void (*once)(struct hammer *hammer, uint32_t *last))
{
	uint32_t last = 0;
	int i;

	while (!stops(hammer)) {
		for (i = 0; i < ROUNDS; i++)
			once(hammer, &last);
		pause_a_little();
	}
}

static void *run_map(void *hammer)
{
	hit(hammer, hammer_map);
	return NULL;
}

static void *run_fd(void *hammer)
{
	hit(hammer, hammer_fd);
	return NULL;
}

static void *run_dma(void *arg)
{
	struct hammer *hammer = arg;
	struct hammer_seen *seen = &hammer->dma;
	uint8_t seed = 0;
	int ret;

	while (!stops(hammer)) {
		ret = user_tries_data(hammer->user, seed++);
		if (!ret)
			seen->accesses++;
		else if (ret != -EAGAIN)
			note_wrong(seen, "data", ret);
		pause_a_little();
	}
	return NULL;
}

static void start(struct hammer *hammer, void *(*fn)(void *), bool is_first)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_t *thread = &hammer->threads[hammer->nr++];

	if (pthread_create(thread, NULL, fn, hammer))
		fail("pthread_create failed");
	/* without permission, it competes with others */
	if (is_first)
		pthread_setschedparam(*thread, SCHED_FIFO, &param);
}

static uint64_t accesses(const struct hammer_seen *seen)
{
	return __atomic_load_n(&seen->accesses, __ATOMIC_RELAXED);
}

/* Ticks for PACE more accesses of each kind, or more than @limit. */
static uint64_t pace(const struct hammer *hammer, uint64_t limit)
{
	uint64_t map = accesses(&hammer->map), fd = accesses(&hammer->fd), took;
	struct ticks_mark mark;

	ticks_now(&hammer->ticks, &mark);
	do {
		nap_ms(1);
		took = ticks_since(&hammer->ticks, &mark);
	} while ((accesses(&hammer->map) < map + PACE || accesses(&hammer->fd) < fd + PACE) &&
		 took <= limit);
	return took;
}

void hammer_start(struct hammer *hammer, struct user *user)
{
	memset(hammer, 0, sizeof(*hammer));
	hammer->user = user;
	hammer->id = pci_attr(user->dev.bdf, "vendor") | pci_attr(user->dev.bdf, "device") << 16;
	sigbus_init();
	hammer->sigbus_before = sigbus_count();
	ticks_start(&hammer->ticks);
	start(hammer, run_map, true);
	start(hammer, run_fd, true);
	start(hammer, run_dma, false);
	hammer->usual_ticks = pace(hammer, UINT64_MAX);
}

void hammer_stop(struct hammer *hammer)
{
	__atomic_store_n(&hammer->stops, true, __ATOMIC_RELAXED);
	while (hammer->nr)
		pthread_join(hammer->threads[--hammer->nr], NULL);
	ticks_stop(&hammer->ticks);
}

bool hammer_goes_on(const struct hammer *hammer)
{
	uint64_t limit = PACE_ROOM * hammer->usual_ticks + PACE_SLACK;
	uint64_t took = pace(hammer, limit);

	if (took <= limit)
		return true;
	fprintf(stderr, "# hammer: %u accesses of a kind take more than %ju ticks, usually %ju\n",
		PACE, (uintmax_t)limit, (uintmax_t)hammer->usual_ticks);
	return false;
}

unsigned int hammer_sigbus(const struct hammer *hammer)
{
	return sigbus_count() - hammer->sigbus_before;
}

void hammer_print(const struct hammer *hammer)
{
	const struct hammer_seen *map = &hammer->map, *fd = &hammer->fd;

	printf("sigbus %u wrong %ju stalls %ju map-us %ju fd-us %ju accesses %ju ",
	       hammer_sigbus(hammer), (uintmax_t)(map->wrong + fd->wrong + hammer->dma.wrong),
	       (uintmax_t)(map->stalls + fd->stalls), (uintmax_t)(map->longest_ns / 1000),
	       (uintmax_t)(fd->longest_ns / 1000), (uintmax_t)(map->accesses + fd->accesses));
	printf("ones %ju dma %ju idle-us %ju map-ticks %ju fd-ticks %ju usual-ticks %ju\n",
	       (uintmax_t)(map->ones + fd->ones), (uintmax_t)hammer->dma.accesses,
	       (uintmax_t)(ticks_longest(&hammer->ticks) / 1000),
	       (uintmax_t)map->longest_ticks, (uintmax_t)fd->longest_ticks,
	       (uintmax_t)hammer->usual_ticks);
}
