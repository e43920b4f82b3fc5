// SPDX-License-Identifier: GPL-2.0
/* Guest driver of the card. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "check.h"
#include "file.h"
#include "iommu.h"
#include "regs.h"

#define PAGE		4096
#define WORDS		(PAGE / sizeof(uint32_t))
#define DMA_LIMIT_MS	1000
#define IRQ_LIMIT_MS	1000

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

bool card_guarded(void (*fn)(void *arg), void *arg)
{
	if (sigsetjmp(fault, 1))
		return false;
	fn(arg);
	return true;
}

static uint32_t get(const struct card *card, unsigned int reg)
{
	return card->regs[reg / 4];
}

void card_init(struct card *card)
{
	unsigned int i;

	memset(card, 0, sizeof(*card));
	signal(SIGBUS, on_fault);
	card->irq_fd = -1;
	for (i = 0; i < 2; i++) {
		card->page[i].ring = dma_alloc(PAGE);
		card->page[i].out = dma_alloc(PAGE);
		card->page[i].in = dma_alloc(PAGE);
	}
}

int card_find(char *bdf, size_t size)
{
	struct dirent *entry;
	int ret = -ENODEV;
	DIR *dir;

	dir = opendir(PCI_SYSFS);
	if (!dir)
		return -errno;
	while (ret && (entry = readdir(dir))) {
		/* skip the root bus, which has the machine's own devices */
		if (entry->d_name[0] == '.' || !strncmp(entry->d_name, "0000:00:", 8))
			continue;
		snprintf(bdf, size, "%s", entry->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

/* Open the UIO device for the interrupt; return the fd or a negative errno. */
static int irq_open(const char *bdf)
{
	char path[128];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/uio", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (fd == -ENODEV && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "uio", 3))
			continue;
		snprintf(path, sizeof(path), "/dev/%.32s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			fd = -errno;
	}
	closedir(dir);
	return fd;
}

/* A read returns the interrupt count and clears the pending state. */
static bool irq_wait(const struct card *card, unsigned int ms)
{
	struct pollfd p = { .fd = card->irq_fd, .events = POLLIN };
	uint32_t count;

	return poll(&p, 1, ms) == 1 && read(card->irq_fd, &count, sizeof(count)) == sizeof(count);
}

static volatile uint32_t *bar_map(const char *bdf, unsigned int bar, size_t *size)
{
	char path[128];
	struct stat st;
	void *map;
	int fd;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/resource%u", bdf, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	*size = fstat(fd, &st) ? 0 : st.st_size;
	map = *size ? mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static int bars_map(struct card *card, const char *bdf)
{
	unsigned int bar;

	card->regs = bar_map(bdf, 0, &card->regs_size);
	for (bar = 1; bar < 6 && !card->memory; bar++)
		card->memory = bar_map(bdf, bar, &card->memory_size);
	return card->regs && card->memory ? 0 : -errno;
}

int card_open(struct card *card, const char *bdf, char *why, size_t size)
{
	const char *step = "driver";
	int ret;

	snprintf(card->bdf, sizeof(card->bdf), "%s", bdf);
	card->is_open = true;
	ret = __pci_bind(bdf, "fv_uio");
	if (!ret) {
		step = "interrupt";
		card->irq_fd = irq_open(bdf);
		ret = card->irq_fd < 0 ? card->irq_fd : 0;
	}
	if (!ret) {
		step = "BARs";
		ret = bars_map(card, bdf);
	}
	if (ret) {
		snprintf(why, size, "%s: %s", step, errno_name(ret));
		card_close(card, true);
	}
	return ret;
}

void card_close(struct card *card, bool is_unbound)
{
	if (!card->is_open)
		return;
	if (card->regs)
		munmap((void *)card->regs, card->regs_size);
	if (card->memory)
		munmap((void *)card->memory, card->memory_size);
	if (card->irq_fd >= 0)
		close(card->irq_fd);
	card->regs = NULL;
	card->memory = NULL;
	card->irq_fd = -1;
	card->is_open = false;
	if (is_unbound)
		__pci_unbind(card->bdf);
}

int card_reset(struct card *card)
{
	return __file_write("1", PCI_SYSFS "/%s/reset", card->bdf);
}

struct answers {
	struct card *card;
	uint32_t id;
};

static void read_id(void *arg)
{
	struct answers *answers = arg;

	answers->id = get(answers->card, CARD_REG_ID);
}

/* Physical address of @vaddr: bits 0-54 of its pagemap entry (pagemap.rst). */
static uint64_t dma_address(const void *vaddr)
{
	uint64_t entry = 0;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)vaddr / PAGE * sizeof(entry)) < 0)
		entry = 0;
	close(fd);
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

static uint32_t word(uint32_t seed, unsigned int i)
{
	return (seed + i) * 2654435761u;
}

void card_dma_start(struct card *card, unsigned int nr, struct engine *engine, uint32_t seed,
		    uint32_t ctrl)
{
	/* separate card addresses for each engine */
	uint64_t at = 0x10000 + nr * PAGE;
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		card->page[nr].out[i] = word(seed, i);
	memset(card->page[nr].in, 0, PAGE);
	engine_init(engine, card->regs, nr, card->page[nr].ring, dma_address(card->page[nr].ring));
	engine_add(engine, false, dma_address(card->page[nr].out), at, PAGE, false);
	engine_add(engine, true, dma_address(card->page[nr].in), at, PAGE,
		   ctrl & CARD_ENG_CTRL_IRQ);
	engine_run(engine, ctrl);
}

const char *card_dma_result(struct card *card, unsigned int nr, const struct engine *engine,
			    uint32_t seed)
{
	unsigned int i;

	if (engine->regs[CARD_ENG_ERROR / 4])
		return "DMA failed";
	for (i = 0; i < WORDS; i++)
		if (card->page[nr].in[i] != word(seed, i))
			return "DMA came back wrong";
	return NULL;
}

struct check {
	struct card *card;
	unsigned int nr;
	struct card_state *state;
	const char *wrong;
};

static bool dma_is_idle(const struct engine *engine)
{
	return !(engine->regs[CARD_ENG_STATUS / 4] & CARD_ENG_STATUS_BUSY);
}

static const char *check_dma(struct card *card, unsigned int nr, uint32_t seed)
{
	const char *wrong;
	struct engine engine;

	while (irq_wait(card, 0))
		continue;
	card_dma_start(card, nr, &engine, seed, CARD_ENG_CTRL_IRQ);
	if (!wait_until(dma_is_idle(&engine), DMA_LIMIT_MS))
		return "DMA does not end";
	wrong = card_dma_result(card, nr, &engine, seed);
	if (wrong)
		return wrong;
	return irq_wait(card, IRQ_LIMIT_MS) ? NULL : "no interrupt";
}

static void check(void *arg)
{
	struct check *check = arg;
	struct card *card = check->card;
	struct card_state *state = check->state;
	uint32_t seed = now_ns();

	state->uptime_ms = get(card, CARD_REG_UPTIME_MS);
	state->loads = get(card, CARD_REG_LOADS);
	state->build = get(card, CARD_REG_BUILD);
	card->regs[CARD_REG_SCRATCH(1) / 4] = seed;
	card->memory[0] = ~seed;
	if (get(card, CARD_REG_SCRATCH(1)) != seed)
		check->wrong = "a register does not keep what is written";
	else if (card->memory[0] != ~seed)
		check->wrong = "memory does not keep what is written";
	else
		check->wrong = check_dma(card, check->nr, seed);
	if (get(card, CARD_REG_ID) != CARD_ID)
		check->wrong = "it went away again";
}

bool card_check(struct card *card, unsigned int nr, struct card_state *state)
{
	struct check arg = { .card = card, .nr = nr, .state = state };
	struct answers answers = { .card = card };

	memset(state, 0, sizeof(*state));
	if (!card->is_open)
		snprintf(state->why, sizeof(state->why), "no card");
	else if (!card_guarded(read_id, &answers))
		snprintf(state->why, sizeof(state->why), "SIGBUS");
	else if (answers.id != CARD_ID)
		snprintf(state->why, sizeof(state->why), "reads %08x", answers.id);
	else if (!card_guarded(check, &arg))
		snprintf(state->why, sizeof(state->why), "SIGBUS in use");
	else if (arg.wrong)
		snprintf(state->why, sizeof(state->why), "%s", arg.wrong);
	return !state->why[0];
}
