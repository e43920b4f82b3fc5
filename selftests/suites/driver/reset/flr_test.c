// SPDX-License-Identifier: GPL-2.0
/*
 * FLR requested by the VFIO user in config space, as by a guest driver: a late or hanging card does
 * not block the user, reads as not ready, and comes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
#include "control.h"
#include "counters.h"
#include "event.h"
#include "fence.h"
#include "hammer.h"
#include "pci.h"
#include "policy.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"
#include "slow.h"
#include "user.h"

#define LIMIT_S 300
/* Longer than any operation here, and shorter than the limit of a reset that waits for the card. */
#define LONG_MS 60000
#define PATIENT "ready_limit_ms=120000"
#define CARD "FV_CARD"
#define ONES 0xffffffffu
#define PAGE 4096
#define SCRATCH (CARD_REG_SCRATCH(0) / 4)

FIXTURE(flr)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	unsigned int control;
	uint64_t flrs, hots;
	struct counters before;
};

static void counters_now(struct genl *genl, const char *bdf, struct counters *counters)
{
	struct counted_device device;

	counters_device(genl, bdf, &device);
	*counters = device.counters;
}

FIXTURE_SETUP(flr)
{
	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "ready_limit_ms=10000");
	policy_set(&self->genl, self->bdf, "reset_methods=flr,hot,link");
	control_do(CARD, "faults off");
	user_come(&self->user, self->bdf);
	self->control = config_cap(&self->user.dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	self->user.regs[SCRATCH] = 0x5eed;
	self->flrs = control_number(CARD, "flr");
	self->hots = control_number(CARD, "hot");
	counters_now(&self->genl, self->bdf, &self->before);
}

FIXTURE_TEARDOWN(flr)
{
	EXPECT_EQ(0, sigbus_count());
	user_go(&self->user);
	genl_close(&self->genl);
}

#define FLR_TEST(_name) TEST_F_TIMEOUT(flr, _name, LIMIT_S)

/* Increase of a counter since the start of the test. */
#define GREW(_attr) ({							\
	struct counters __now;						\
									\
	counters_now(&self->genl, self->bdf, &__now);			\
	__now.value[_attr] - self->before.value[_attr];			\
})

/* Request FLR through the upper byte of Device Control alone. */
static void request_flr(struct user *user, unsigned int control)
{
	uint8_t upper = config_read8(&user->dev, control + 1);

	config_write8(&user->dev, control + 1, upper | PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

/* Request FLR and wait until the card sees it, which may be after the write. */
static void request_and_see(struct user *user, unsigned int control)
{
	uint64_t flrs = control_number(CARD, "flr");

	request_flr(user, control);
	if (!wait_until(control_number(CARD, "flr") == flrs + 1, LONG_MS))
		fail("the card sees no Function Level Reset");
}

static bool is_there(struct user *user)
{
	return config_read32(&user->dev, PCI_VENDOR_ID) != ONES;
}

/* Poll as a guest driver does. */
static bool is_back(struct user *user)
{
	return wait_until(is_there(user), LONG_MS);
}

/* The counter and the event may follow after the card is usable. */
#define GROWS_TO(_nr, _attr) wait_until(GREW(_attr) == (_nr), LONG_MS)

/* Resets with this method that ended since the start of the test. */
#define ENDED(_method) (GREW(FPGA_VFIO_A_STATS_RESET_##_method##_OK) +	\
			GREW(FPGA_VFIO_A_STATS_RESET_##_method##_FAILED))

static void take_guests(const struct nlattr *attrs, size_t len, void *data)
{
	struct event event, *last = data;

	event_parse(attrs, len, &event);
	if (event.origin == FPGA_VFIO_ORIGIN_USER_FLR && event.kind == FPGA_VFIO_EVENT_KIND_RESET)
		*last = event;
}

/* Find the newest reset with origin user-flr in the card's history; return its number, or 0. */
static uint64_t last_of_guest(struct genl *genl, const char *bdf, struct event *last)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	char port[BDF_LEN];

	memset(last, 0, sizeof(*last));
	must_work(pci_parent(bdf, port, sizeof(port)));
	genl_put_string(&attrs, FPGA_VFIO_A_EVENT_PORT, port);
	must_work(__genl_call(genl, FPGA_VFIO_CMD_HISTORY_GET, NLM_F_DUMP, &attrs, take_guests,
			      last, &answer));
	return last->seq;
}

static uint32_t get(struct user *user, unsigned int reg)
{
	uint32_t value = 0xdead;

	sigbus_read(&user->regs[reg / 4], &value);
	return value;
}

/* A working card is reset exactly once, during the write or soon after. */
FLR_TEST(works)
{
	uint16_t was = config_read16(&self->user.dev, self->control);
	struct event event;
	uint64_t last = last_of_guest(&self->genl, self->bdf, &event);

	request_and_see(&self->user, self->control);
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(was, config_read16(&self->user.dev, self->control));
	EXPECT_EQ(0, user_moves_data(&self->user, 5));
	EXPECT_EQ(self->flrs + 1, control_number(CARD, "flr"));
	EXPECT_TRUE(GROWS_TO(1, FPGA_VFIO_A_STATS_RESET_FLR_OK));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, device_state(&self->genl, self->bdf));
	EXPECT_TRUE(wait_until(last_of_guest(&self->genl, self->bdf, &event) > last, LONG_MS));
	EXPECT_STREQ(self->bdf, event.bdf);
	EXPECT_TRUE(event.has_method);
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_FLR, event.method);
	EXPECT_FALSE(event.has_error);
	EXPECT_FALSE(event.has_pid);
}

/* A single-function card is reset with the methods of the policy. */
FLR_TEST(by_the_policy)
{
	policy_set(&self->genl, self->bdf, "reset_methods=hot");
	request_flr(&self->user, self->control);
	EXPECT_TRUE(wait_until(control_number(CARD, "hot") == self->hots + 1, LONG_MS));
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_EQ(self->flrs, control_number(CARD, "flr"));
	EXPECT_EQ(self->hots + 1, control_number(CARD, "hot"));
	EXPECT_EQ(0, user_moves_data(&self->user, 16));
}

/* Writes of each size that include the bit. */
FLR_TEST(requested_by_any_size)
{
	unsigned int first = self->control & ~0x3f, i;
	uint8_t bytes[0x80];

	for (i = 2; i <= 4; i += 2) {
		ASSERT_EQ(i, __config_read(&self->user.dev, self->control, bytes, i));
		bytes[1] |= PCI_EXP_DEVCTL_BCR_FLR >> 8;
		EXPECT_EQ(i, __config_write(&self->user.dev, self->control, bytes, i));
		EXPECT_TRUE(wait_until(control_number(CARD, "flr") == self->flrs + i / 2, LONG_MS));
		EXPECT_TRUE(is_back(&self->user));
	}
	ASSERT_EQ(0x80, __config_read(&self->user.dev, first, bytes, 0x80));
	bytes[self->control + 1 - first] |= PCI_EXP_DEVCTL_BCR_FLR >> 8;
	EXPECT_EQ(0x80, __config_write(&self->user.dev, first, bytes, 0x80));
	EXPECT_TRUE(wait_until(control_number(CARD, "flr") == self->flrs + 3, LONG_MS));
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_TRUE(GROWS_TO(3, FPGA_VFIO_A_STATS_RESET_FLR_OK));
	EXPECT_EQ(0, user_moves_data(&self->user, 6));
}

/* Writes without the bit, or next to it, reset nothing. */
FLR_TEST(not_asked_for)
{
	uint16_t value = config_read16(&self->user.dev, self->control);
	uint32_t below = config_read32(&self->user.dev, self->control - 4);
	uint16_t above = config_read16(&self->user.dev, self->control + 2);

	config_write16(&self->user.dev, self->control, value);
	config_write8(&self->user.dev, self->control, value);
	config_write32(&self->user.dev, self->control - 4, below | 0x80008000);
	config_write16(&self->user.dev, self->control + 2, above | 0x8000);
	EXPECT_EQ(self->flrs, control_number(CARD, "flr"));
	EXPECT_EQ(0x5eed, get(&self->user, CARD_REG_SCRATCH(0)));
}

/* A card that is late: the function is absent until then, and no access blocks, nor the write. */
FLR_TEST(ready_late)
{
	struct hammer hammer = {};

	policy_set(&self->genl, self->bdf, PATIENT);
	control_do(CARD, "ready-after flr hold");
	hammer_start(&hammer, &self->user);
	request_and_see(&self->user, self->control);
	EXPECT_FALSE(is_there(&self->user));
	EXPECT_EQ(ONES, get(&self->user, CARD_REG_ID));
	EXPECT_TRUE(hammer_goes_on(&hammer));
	EXPECT_FALSE(is_there(&self->user));
	EXPECT_EQ(0, ENDED(FLR));
	control_do(CARD, "release");
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_TRUE(hammer_goes_on(&hammer));
	hammer_stop(&hammer);
	hammer_print(&hammer);
	EXPECT_EQ(0, hammer.map.stalls + hammer.fd.stalls);
	EXPECT_EQ(0, hammer.map.wrong + hammer.fd.wrong + hammer.dma.wrong);
	EXPECT_EQ(0, hammer_sigbus(&hammer));
	control_do(CARD, "ready-after image");
	EXPECT_EQ(0, user_moves_data(&self->user, 7));
	EXPECT_EQ(self->flrs + 1, control_number(CARD, "flr"));
	EXPECT_TRUE(GROWS_TO(1, FPGA_VFIO_A_STATS_RESET_FLR_OK));
}

/*
 * The next method recovers a card that hangs in FLR, without action of the user. The test holds
 * the link down until it has checked that.
 */
FLR_TEST(hangs)
{
	policy_set(&self->genl, self->bdf, "ready_limit_ms=1000");
	control_do(CARD, "fail-flr 1");
	control_do(CARD, "train-time hold");
	request_and_see(&self->user, self->control);
	EXPECT_EQ(0, ENDED(HOT));
	EXPECT_FALSE(is_there(&self->user));
	EXPECT_EQ(ONES, get(&self->user, CARD_REG_ID));
	EXPECT_TRUE(wait_until(control_number(CARD, "hot") == self->hots + 1, LONG_MS));
	EXPECT_FALSE(is_there(&self->user));
	control_do(CARD, "train-time image");
	control_do(CARD, "release");
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(0, user_moves_data(&self->user, 8));
	EXPECT_EQ(self->flrs + 1, control_number(CARD, "flr"));
	EXPECT_EQ(self->hots + 1, control_number(CARD, "hot"));
	EXPECT_TRUE(GROWS_TO(1, FPGA_VFIO_A_STATS_RESET_HOT_OK));
	EXPECT_EQ(1, GREW(FPGA_VFIO_A_STATS_RESET_FLR_FAILED));
	EXPECT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_READY,
			       LONG_MS));
}

/* A second request during the reset is dropped, like all writes then. */
FLR_TEST(requested_twice)
{
	policy_set(&self->genl, self->bdf, PATIENT);
	control_do(CARD, "ready-after flr hold");
	request_and_see(&self->user, self->control);
	EXPECT_FALSE(is_there(&self->user));
	request_flr(&self->user, self->control);
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	EXPECT_TRUE(is_back(&self->user));
	/* needs the device lock, which a second reset would have taken by now */
	EXPECT_TRUE(wait_until(!reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_HOT), LONG_MS));
	EXPECT_EQ(self->flrs + 1, control_number(CARD, "flr"));
	EXPECT_EQ(0, user_moves_data(&self->user, 9));
}

/* A request once the card is ready, before the driver is done with the last reset, counts. */
FLR_TEST(requested_again_at_once)
{
	unsigned int i, nr = loops(10, 50);

	control_do(CARD, "ready-after flr 200");
	for (i = 0; i < nr; i++) {
		unsigned long long end = now_ns() + LONG_MS * 1000000ull;

		request_and_see(&self->user, self->control);
		while (!is_there(&self->user) && now_ns() < end)
			;
		ASSERT_TRUE(is_there(&self->user));
	}
	control_do(CARD, "ready-after image");
	/* the last reset may have just started */
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_EQ(self->flrs + nr, control_number(CARD, "flr"));
	EXPECT_EQ(0, user_moves_data(&self->user, 17));
}

static void *unbind_thread(void *arg)
{
	return (void *)(long)__pci_unbind(arg);
}

/*
 * Unbind holds the device lock and waits for the user: the reset is refused, the write does not
 * block, and the history has the reason.
 */
FLR_TEST(while_it_is_unbound)
{
	struct event event;
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unbind_thread, (void *)self->bdf));
	/* fails with -EAGAIN once unbind holds the device lock */
	EXPECT_TRUE(wait_until(reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_FLR) == -EAGAIN,
			       LONG_MS));
	self->flrs = control_number(CARD, "flr");
	request_flr(&self->user, self->control);
	EXPECT_TRUE(wait_until(GREW(FPGA_VFIO_A_STATS_RESET_REFUSED) == 1, LONG_MS));
	EXPECT_EQ(self->flrs, control_number(CARD, "flr"));
	EXPECT_TRUE(is_there(&self->user));
	last_of_guest(&self->genl, self->bdf, &event);
	EXPECT_TRUE(event.has_error);
	EXPECT_EQ(EAGAIN, event.error);
	EXPECT_NE(NULL, strstr(event.text, "unbound"));
	user_go(&self->user);
	pthread_join(thread, &ret);
	EXPECT_EQ(0, (long)ret);
	card_bind(self->bdf);
	user_come(&self->user, self->bdf);
}

/* Open the device after the last user closed it during a reset. */
static void come_again(struct user *user, const char *bdf)
{
	int ret = -EAGAIN;

	wait_until(!(ret = __user_open(user, bdf)), LONG_MS);
	must_work(ret);
	must_work(__user_equip(user));
}

/* Close during a reset does not block, and leaves a clean card. Here the card is late. */
FLR_TEST(user_goes)
{
	policy_set(&self->genl, self->bdf, PATIENT);
	control_do(CARD, "ready-after flr hold");
	request_and_see(&self->user, self->control);
	EXPECT_FALSE(is_there(&self->user));
	user_go(&self->user);
	EXPECT_EQ(0, ENDED(FLR));
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	come_again(&self->user, self->bdf);
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(0, user_moves_data(&self->user, 10));
}

/* The same with a card that hangs. */
FLR_TEST(user_goes_from_a_card_that_hangs)
{
	policy_set(&self->genl, self->bdf, "ready_limit_ms=2000");
	control_do(CARD, "fail-flr 1");
	request_and_see(&self->user, self->control);
	user_go(&self->user);
	come_again(&self->user, self->bdf);
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(0, user_moves_data(&self->user, 18));
}

/* A buffer that faults before the bit is an error and resets nothing. */
FLR_TEST(buffer_is_not_there)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	ASSERT_NE(MAP_FAILED, pages);
	memset(pages, 0xff, 2 * PAGE);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, __config_write(&self->user.dev, self->control, pages + PAGE, 2));
	EXPECT_EQ(-EFAULT, __config_write(&self->user.dev, self->control, pages + PAGE - 1, 2));
	EXPECT_EQ(-EFAULT, __config_write(&self->user.dev, self->control - 4, pages + PAGE - 5, 8));
	EXPECT_EQ(-EFAULT, __config_write(&self->user.dev, self->control, NULL, 4));
	EXPECT_EQ(-EFAULT, __config_write(&self->user.dev, self->control, pages, 1u << 30));
	EXPECT_EQ(self->flrs, control_number(CARD, "flr"));
	EXPECT_EQ(0x5eed, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(0, reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_FLR));
	EXPECT_EQ(0, user_moves_data(&self->user, 11));
	munmap(pages, PAGE);
}

/* A write that waits for its user buffer does not block others. */
FLR_TEST(buffer_comes_late)
{
	struct slow slow;

	slow_write_begin(&slow, &self->user.dev, self->control);
	/* needs the device lock */
	EXPECT_EQ(0, reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_FLR));
	EXPECT_EQ(self->flrs + 1, control_number(CARD, "flr"));
	slow_write_give(&slow, PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_EQ(2, slow_end(&slow));
	EXPECT_TRUE(wait_until(control_number(CARD, "flr") == self->flrs + 2, LONG_MS));
	EXPECT_TRUE(is_back(&self->user));
	EXPECT_EQ(0, user_moves_data(&self->user, 12));
}

static void *reset_thread(void *arg)
{
	return (void *)(long)reset_by_netlink(arg, FPGA_VFIO_RESET_METHOD_FLR);
}

/*
 * A write to Command so late that the fence does not wait for it; vfio_pci_core does it under
 * memory_lock. The reset that it collides with completes.
 */
FLR_TEST(write_comes_into_a_reset)
{
	uint16_t command = config_read16(&self->user.dev, PCI_COMMAND);
	struct slow slow;
	pthread_t thread;
	void *ret;

	policy_set(&self->genl, self->bdf, PATIENT);
	control_do(CARD, "ready-after flr hold");
	slow_write_begin(&slow, &self->user.dev, PCI_COMMAND);
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_thread, (void *)self->bdf));
	EXPECT_TRUE(wait_until(control_number(CARD, "flr") > self->flrs, LONG_MS));
	slow_write_give(&slow, command);
	/* It waits for config access, or the reset waits for the card already. */
	EXPECT_TRUE(wait_until(child_is_in(slow.tid, "pci_wait_cfg") || slow_has_ended(&slow),
			       LONG_MS));
	EXPECT_EQ(0, ENDED(FLR));
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	EXPECT_TRUE(is_back(&self->user));
	pthread_join(thread, &ret);
	EXPECT_EQ(0, (long)ret);
	EXPECT_EQ(2, slow_end(&slow));
	EXPECT_EQ(command, config_read16(&self->user.dev, PCI_COMMAND));
	EXPECT_EQ(0, user_moves_data(&self->user, 13));
}

struct writer {
	struct user *user;
	uint16_t command;
	bool stops;
	uint64_t writes;
};

static void *writer_thread(void *arg)
{
	struct writer *writer = arg;

	while (!__atomic_load_n(&writer->stops, __ATOMIC_RELAXED)) {
		config_write16(&writer->user->dev, PCI_COMMAND, writer->command);
		writer->writes++;
	}
	return NULL;
}

/*
 * Writes to Command that collide with resets at any point. They hold memory_lock most of the time:
 * on a busy machine a reset may time out after a second; it is requested again then.
 */
FLR_TEST(writes_come_into_resets)
{
	struct writer writer = { .user = &self->user };
	unsigned int i, nr = loops(10, 50), refused = 0;
	pthread_t threads[2];
	int ret;

	writer.command = config_read16(&self->user.dev, PCI_COMMAND);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, writer_thread, &writer));
	for (i = 0; i < nr; i += !ret) {
		ret = reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_FLR);
		refused += ret == -EAGAIN;
		if ((ret && ret != -EAGAIN) || refused > nr)
			break;
	}
	EXPECT_EQ(nr, i);
	printf("# %u refused\n", refused);
	__atomic_store_n(&writer.stops, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_LT(nr, writer.writes);
	EXPECT_EQ(writer.command, config_read16(&self->user.dev, PCI_COMMAND));
	EXPECT_EQ(0, user_moves_data(&self->user, 15));
}

/* Request resets until killed. */
static void asks_forever(const char *bdf)
{
	struct user user;
	unsigned int control;

	user_come(&user, bdf);
	control = config_cap(&user.dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	for (;;)
		request_flr(&user, control);
}

/* Users killed at any point of a reset leave nothing behind. */
FLR_TEST(user_is_killed)
{
	unsigned int i, nr = loops(5, 20);
	pid_t pid;

	user_go(&self->user);
	for (i = 0; i < nr; i++) {
		uint64_t flrs = control_number(CARD, "flr");

		pid = child_start(asks_forever, self->bdf);
		/* the first one may be the open reset */
		EXPECT_TRUE(wait_until(control_number(CARD, "flr") >= flrs + 2, LONG_MS));
		nap_ms(i * 13 % 170);
		child_end(pid);
	}
	come_again(&self->user, self->bdf);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, device_state(&self->genl, self->bdf));
	EXPECT_EQ(0, user_moves_data(&self->user, 13));
}

/* Two functions with the same user: the fallback method resets both. */
FLR_TEST(two_functions)
{
	const char *bdf = role("FV_CARD2"), *other = role("FV_CARD2_FN1");
	volatile uint32_t *regs;
	struct device second;
	struct user user;
	struct genl genl;
	uint64_t flrs, hots;
	size_t size;

	card_bind(bdf);
	card_bind(other);
	sigbus_init();
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&genl, bdf, "ready_limit_ms=1000");
	user_come(&user, bdf);
	ASSERT_EQ(0, __device_open(&second, &user.iommu, other));
	config_command(&second, 0, PCI_COMMAND_MEMORY);
	regs = region_map(&second, VFIO_PCI_BAR0_REGION_INDEX, &size);
	regs[SCRATCH] = 0x5eed;

	flrs = control_number("FV_CARD2", "flr");
	request_flr(&user, config_cap(&user.dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL);
	EXPECT_TRUE(wait_until(control_number("FV_CARD2", "flr") == flrs + 1, LONG_MS));
	EXPECT_TRUE(is_back(&user));
	EXPECT_EQ(0x5eed, regs[SCRATCH]);

	hots = control_number("FV_CARD2", "hot");
	control_do("FV_CARD2", "fail-flr 1");
	request_flr(&user, config_cap(&user.dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL);
	EXPECT_TRUE(wait_until(control_number("FV_CARD2", "hot") == hots + 1, LONG_MS));
	EXPECT_TRUE(is_back(&user));
	EXPECT_TRUE(wait_until(!regs[SCRATCH], LONG_MS));
	EXPECT_EQ(0, user_moves_data(&user, 14));
	EXPECT_EQ(0, sigbus_count());

	munmap((void *)regs, size);
	device_close(&second);
	user_go(&user);
	genl_close(&genl);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
