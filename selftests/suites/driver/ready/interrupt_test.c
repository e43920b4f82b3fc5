// SPDX-License-Identifier: GPL-2.0
/*
 * A card that ignores BAR writes until its design is up, and loses its MSI-X table in each reset:
 * interrupts work after each kind of recovery. A card that no longer accepts them is not ready.
 *
 * The card has its own MSI registers and MSI-X table (image own-interrupts), because QEMU would
 * preserve them.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "fence.h"
#include "file.h"
#include "irq.h"
#include "module.h"
#include "operation.h"
#include "policy.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD"
#define IMAGE "own-interrupts"
#define SOON_MS 60000
#define VECTORS 4
/* More BAR reads than for writing VECTORS table entries, each followed by a read. */
#define POLLS 40
/* More BAR reads than for reading the table three times and writing it twice. */
#define FEW_READS 150
#define REASON 160

FIXTURE(interrupt)
{
	const char *bdf;
	struct genl genl;
	struct iommu iommu;
	struct device dev;
	volatile uint32_t *regs;
	size_t regs_size;
	int events[VECTORS];
};

/* Load another image and enumerate the card again. */
static void becomes(const char *bdf, const char *image)
{
	char driver[32];

	pci_driver(bdf, driver, sizeof(driver));
	if (driver[0])
		pci_unbind(bdf);
	control_do(CARD, "faults off");
	control_do(CARD, "program %s in 50", image);
	control_do(CARD, "wait ready");
	file_write("1", PCI_SYSFS "/%s/remove", bdf);
	file_write("1", "/sys/bus/pci/rescan");
	if (!file_exists(PCI_SYSFS "/%s", bdf))
		fail("%s: %s is not found", bdf, image);
}

FIXTURE_SETUP(interrupt)
{
	unsigned int i;

	self->bdf = role(CARD);
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	becomes(self->bdf, IMAGE);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	policy_set(&self->genl, self->bdf, "ready_register=0,0x20,1,1");
	iommu_open(&self->iommu, iommu_mode_from_env());
	device_open(&self->dev, &self->iommu, self->bdf);
	config_command(&self->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	self->regs = region_map(&self->dev, VFIO_PCI_BAR0_REGION_INDEX, &self->regs_size);
	for (i = 0; i < VECTORS; i++)
		self->events[i] = event_new();
}

FIXTURE_TEARDOWN(interrupt)
{
	EXPECT_EQ(0, sigbus_count());
	munmap((void *)self->regs, self->regs_size);
	device_close(&self->dev);
	iommu_close(&self->iommu);
	genl_close(&self->genl);
	becomes(self->bdf, "alveo-xdma");
}

#define INTERRUPT_TEST(_name) TEST_F_TIMEOUT(interrupt, _name, LIMIT_S)

#define is_ready() (device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_READY)

#define enable(_index)							\
	irq_enable(&self->dev, VFIO_PCI_##_index##_IRQ_INDEX, 0, VECTORS, self->events)

/* A guest that requests FLR polls its registers to detect the end. */
static bool is_back(volatile uint32_t *regs)
{
	uint32_t id = 0;

	sigbus_read(&regs[CARD_REG_ID / 4], &id);
	return id == CARD_ID;
}

/* Number of vectors that arrive at the right eventfd. */
static unsigned int count_arrived(volatile uint32_t *regs, const int *events)
{
	unsigned int i, j, nr = 0;

	if (!wait_until(is_back(regs), SOON_MS))
		printf("# its registers do not come back\n");
	for (i = 0; i < VECTORS; i++)
		event_count(events[i]);
	for (i = 0; i < VECTORS; i++) {
		sigbus_write(&regs[CARD_REG_IRQ_TEST / 4], i);
		if (!event_wait(events[i], nr == i ? IRQ_LIMIT_MS : 1)) {
			printf("# vector %u does not arrive\n", i);
			continue;
		}
		nr++;
		for (j = 0; j < VECTORS; j++)
			if (event_count(events[j]))
				printf("# vector %u arrives as %u, too\n", i, j);
	}
	return nr;
}

#define EXPECT_ARRIVE() EXPECT_EQ(VECTORS, count_arrived(self->regs, self->events))

/* A reset or recovery, which may last until the design is up. */
struct act {
	int (*run)(struct act *act);
	const char *bdf;
	struct device *dev;
	int method, ret;
	volatile bool is_done;
	char text[256];
	pthread_t thread;
};

static int act_netlink(struct act *act)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	struct genl genl;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, act->bdf);
	genl_put_u32(&attrs, FPGA_VFIO_A_RESET_METHOD, act->method);
	ret = __op_call(&genl, FPGA_VFIO_CMD_RESET, &attrs, NULL, NULL, NULL, &answer);
	snprintf(act->text, sizeof(act->text), "%s", answer.text);
	genl_close(&genl);
	return ret;
}

static int act_recover(struct act *act)
{
	struct genl_answer answer;
	struct genl genl;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	ret = __recover(&genl, act->bdf, true, &answer);
	snprintf(act->text, sizeof(act->text), "%s", answer.text);
	genl_close(&genl);
	return ret;
}

static int act_ioctl(struct act *act)
{
	return __device_reset(act->dev);
}

static int act_sysfs(struct act *act)
{
	return __file_write("1", PCI_SYSFS "/%s/reset", act->bdf);
}

/* FLR by the guest. */
static int act_flr(struct act *act)
{
	unsigned int control = config_cap(act->dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	config_write8(act->dev, control + 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
	return 0;
}

static int act_program(struct act *unused)
{
	(void)unused;
	control_do(CARD, "program " IMAGE " in 50");
	return 0;
}

static int act_loss(struct act *unused)
{
	(void)unused;
	control_do(CARD, "link down");
	control_do(CARD, "link up");
	return 0;
}

static void *act_thread(void *arg)
{
	struct act *act = arg;

	act->ret = act->run(act);
	act->is_done = true;
	return NULL;
}

static void act_start(struct act *act)
{
	if (pthread_create(&act->thread, NULL, act_thread, act))
		fail("no thread");
}

static void act_end(struct act *act)
{
	pthread_join(act->thread, NULL);
}

/* After resets, let the design stay down and ignore writes. */
static uint64_t hold_design(void)
{
	control_do(CARD, "deaf");
	control_do(CARD, "ready-after design hold");
	return control_number(CARD, "bar_reads");
}

/* True if the driver polls the design, the last step of a recovery. */
static bool is_awaited(uint64_t bar_reads)
{
	return wait_until(control_number(CARD, "bar_reads") >= bar_reads + POLLS, SOON_MS);
}

static void release_design(void)
{
	control_do(CARD, "ready-after design image");
	control_do(CARD, "release");
}

/* The whole sequence; true if the card is ready afterwards. */
static bool comes_back(struct genl *genl, struct device *dev,
		       int (*run)(struct act *act), int method)
{
	struct act act = { .run = run, .bdf = dev->bdf, .dev = dev, .method = method };
	uint64_t bar_reads = hold_design();
	bool is_held;

	act_start(&act);
	is_held = is_awaited(bar_reads);
	if (!is_held)
		printf("# the design is not waited for\n");
	release_design();
	act_end(&act);
	if (act.ret)
		printf("# %s %s\n", errno_name(act.ret), act.text);
	return is_held && !act.ret &&
		wait_until(device_state(genl, dev->bdf) == FPGA_VFIO_CARD_STATE_READY, SOON_MS);
}

#define EXPECT_BACK(_run, _method)					\
	EXPECT_TRUE(comes_back(&self->genl, &self->dev, _run, FPGA_VFIO_RESET_METHOD_##_method))

/* Without any fault. */
INTERRUPT_TEST(arrive_at_first)
{
	enable(MSIX);
	EXPECT_ARRIVE();
	irq_disable(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX);
	enable(MSI);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_flr)
{
	enable(MSIX);
	EXPECT_BACK(act_netlink, FLR);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_pm_reset)
{
	enable(MSIX);
	EXPECT_BACK(act_netlink, PM);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_hot_reset)
{
	enable(MSIX);
	EXPECT_BACK(act_netlink, HOT);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_link_reset)
{
	enable(MSIX);
	EXPECT_BACK(act_netlink, LINK);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_the_users_reset)
{
	enable(MSIX);
	EXPECT_BACK(act_ioctl, FLR);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_a_guests_flr)
{
	enable(MSIX);
	EXPECT_BACK(act_flr, FLR);
	EXPECT_ARRIVE();
}

/* The PCI core's own reset does not wait for the design: the driver checks and repairs. */
INTERRUPT_TEST(arrive_after_the_cores_reset)
{
	enable(MSIX);
	EXPECT_BACK(act_sysfs, FLR);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_programming)
{
	struct act act = { .run = act_recover, .bdf = self->bdf };
	uint64_t bar_reads;

	enable(MSIX);
	fence(&self->genl, self->bdf);
	bar_reads = hold_design();
	act_program(&act);
	act_start(&act);
	EXPECT_TRUE(is_awaited(bar_reads));
	release_design();
	act_end(&act);
	EXPECT_EQ(0, act.ret)
		TH_LOG("%s", act.text);
	EXPECT_ARRIVE();
}

/* The link is lost, and the recovery worker recovers the card. */
INTERRUPT_TEST(arrive_after_programming_without_a_fence)
{
	enable(MSIX);
	EXPECT_BACK(act_program, FLR);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(arrive_after_a_loss)
{
	enable(MSIX);
	EXPECT_BACK(act_loss, FLR);
	EXPECT_ARRIVE();
}

/* Without a ready register, the driver polls the MSI-X table. */
INTERRUPT_TEST(the_table_is_waited_for)
{
	policy_set(&self->genl, self->bdf, "ready_register=none");
	enable(MSIX);
	EXPECT_BACK(act_netlink, FLR);
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(msi_arrives_after_flr)
{
	enable(MSI);
	EXPECT_BACK(act_netlink, FLR);
	EXPECT_ARRIVE();
}

static void read_reason(const char *bdf, char text[REASON])
{
	if (__file_read(text, REASON, PCI_SYSFS "/%s/fpga_vfio/reason", bdf) < 0)
		fail("%s: no reason", bdf);
}

/* The ready register is set, but part of the MSI-X table ignores writes. */
INTERRUPT_TEST(a_table_that_takes_nothing_is_no_success)
{
	struct act act = { .run = act_netlink, .bdf = self->bdf,
			   .method = FPGA_VFIO_RESET_METHOD_FLR };
	char text[REASON];
	uint64_t bar_reads;

	enable(MSIX);
	control_do(CARD, "stuck msix 2");
	bar_reads = control_number(CARD, "bar_reads");
	EXPECT_EQ(-EIO, act_netlink(&act));
	/* no polling: a few reads and writes in all */
	EXPECT_GT(bar_reads + FEW_READS, control_number(CARD, "bar_reads"));
	EXPECT_TRUE(strstr(act.text, "MSI-X vector 2: Message Address reads 0x0, expected 0xfee"))
		TH_LOG("%s", act.text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, device_state(&self->genl, self->bdf));
	read_reason(self->bdf, text);
	EXPECT_TRUE(strstr(text, "MSI-X vector 2: "))
		TH_LOG("%s", text);
	control_do(CARD, "stuck off");
	EXPECT_EQ(0, act_netlink(&act))
		TH_LOG("%s", act.text);
	EXPECT_TRUE(is_ready());
	EXPECT_ARRIVE();
}

/* Without a ready register, the table is polled up to the limit. */
INTERRUPT_TEST(a_table_that_takes_nothing_is_waited_for_until_the_limit)
{
	struct act act = { .run = act_netlink, .bdf = self->bdf,
			   .method = FPGA_VFIO_RESET_METHOD_FLR };

	policy_set(&self->genl, self->bdf, "ready_register=none");
	policy_set(&self->genl, self->bdf, "ready_limit_ms=1000");
	enable(MSIX);
	control_do(CARD, "stuck msix 0");
	EXPECT_EQ(-EIO, act_netlink(&act));
	EXPECT_TRUE(strstr(act.text, "MSI-X vector 0: "))
		TH_LOG("%s", act.text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, device_state(&self->genl, self->bdf));
}

/* Link down ends the polling of a table. */
INTERRUPT_TEST(a_link_that_goes_ends_the_wait_for_a_table)
{
	struct act act = { .run = act_netlink, .bdf = self->bdf,
			   .method = FPGA_VFIO_RESET_METHOD_FLR };
	uint64_t bar_reads;

	policy_set(&self->genl, self->bdf, "ready_register=none");
	enable(MSIX);
	bar_reads = hold_design();
	act_start(&act);
	EXPECT_TRUE(is_awaited(bar_reads));
	control_do(CARD, "link down");
	/* the limit is twice as long */
	EXPECT_TRUE(wait_until(act.is_done, SOON_MS));
	act_end(&act);
	EXPECT_EQ(-EIO, act.ret);
	EXPECT_TRUE(strstr(act.text, "no longer responds"))
		TH_LOG("%s", act.text);
	EXPECT_FALSE(is_ready());
	release_design();
	control_do(CARD, "link up");
	control_do(CARD, "wait ready");
	act.method = FPGA_VFIO_RESET_METHOD_HOT;
	EXPECT_EQ(0, act_netlink(&act))
		TH_LOG("%s", act.text);
	EXPECT_TRUE(is_ready());
	EXPECT_ARRIVE();
}

INTERRUPT_TEST(msi_registers_that_take_nothing_are_no_success)
{
	struct act act = { .run = act_netlink, .bdf = self->bdf,
			   .method = FPGA_VFIO_RESET_METHOD_FLR };

	enable(MSI);
	control_do(CARD, "stuck msi");
	EXPECT_EQ(-EIO, act_netlink(&act));
	EXPECT_TRUE(strstr(act.text, "MSI: Message Address reads 0x0, expected 0xfee"))
		TH_LOG("%s", act.text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, device_state(&self->genl, self->bdf));
	control_do(CARD, "stuck off");
	EXPECT_EQ(0, act_netlink(&act))
		TH_LOG("%s", act.text);
	EXPECT_ARRIVE();
}

TEST_HARNESS_MAIN
