// SPDX-License-Identifier: GPL-2.0
/*
 * pcie/reset_ops.c and reset/reset_plan.c: requirements, actions, times and order of the reset
 * methods, and their plan.
 */
#include "kselftest_harness.h"

#include "base/policy.h"
#include "base/wait.h"
#include "isolate/reset_scope.h"
#include "object/device.h"
#include "pcie/bus.h"
#include "pcie/link.h"
#include "pcie/port.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "reset/reset.h"

enum {
	FLR = FPGA_VFIO_RESET_METHOD_FLR,
	PM = FPGA_VFIO_RESET_METHOD_PM,
	HOT = FPGA_VFIO_RESET_METHOD_HOT,
	LINK = FPGA_VFIO_RESET_METHOD_LINK,
	VERIFY = FV_RESET_VERIFY,
	VERIFY_CARD = FV_RESET_VERIFY_CARD,
};

/* Method numbers of the PCI core, see reset_method_test.c. */
enum { CORE_DEVICE_SPECIFIC = 1, CORE_ACPI, CORE_FLR, CORE_AF_FLR, CORE_PM, CORE_BUS, CORE_CXL };

#define EXP 0x70
#define PMCAP 0x40

/* State and results of the stubs for other driver files. */
static struct world {
	int hot_reset, wait_active, disable, enable, read;
	struct fv_link link;
	char did[64];
	u64 limit_ns;
	int preview, set;
	const char *preview_text;
	unsigned int previews_of_card, is_any_user;
	struct fv_policy policy;
} world;

static void did(const char *what)
{
	if (world.did[0])
		strncat(world.did, " ", sizeof(world.did) - strlen(world.did) - 1);
	strncat(world.did, what, sizeof(world.did) - strlen(world.did) - 1);
}

int fv_port_hot_reset(struct pci_dev *port)
{
	did("hot");
	return world.hot_reset;
}

int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait)
{
	kernel_assert(is_active);
	did("wait");
	world.limit_ns = wait->end - wait->began;
	return world.wait_active;
}

int fv_link_disable(struct pci_dev *port)
{
	did("disable");
	return world.disable;
}

int fv_link_enable(struct pci_dev *port)
{
	did("enable");
	return world.enable;
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	kernel_assert(!function_cap);
	*link = world.link;
	return world.read;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = world.policy;
}

int fv_scope_lock_own_set(struct fv_device *dev, unsigned int limit_ms, char *text, size_t size)
{
	kernel_assert(limit_ms <= 100);
	if (world.set) {
		snprintf(text, size, "set");
		return world.set;
	}
	return mutex_lock_killable(&dev->core.vdev.dev_set->lock);
}

int fv_scope_preview(struct fv_scope *scope, struct fv_device *dev, bool is_card, char *text,
		     size_t size)
{
	kernel_assert(dev->core.vdev.dev_set->lock.held && !scope->nr);
	world.previews_of_card += is_card;
	world.is_any_user = scope->is_any_user;
	scope->functions[0] = dev->core.pdev;
	scope->devices[0] = dev;
	scope->is_open[0] = dev->user;
	scope->nr = 1;
	if (is_card) {
		scope->functions[1] = fv_bus_next(dev->core.pdev->bus, pci_dev_get(dev->core.pdev));
		pci_dev_put(scope->functions[1]);
		scope->devices[1] = NULL;
		scope->nr = 2;
	}
	strscpy(scope->holders, "0000:01:00.1 is held by process 42");
	if (world.preview)
		snprintf(text, size, "%s", world.preview_text);
	return world.preview;
}

void fv_scope_end(struct fv_scope *scope)
{
	scope->nr = 0;
}

FIXTURE(ops)
{
	struct pci_bus root, bus, below;
	struct pci_dev port, card, other;
	struct fv_device dev;
	struct vfio_device_set set;
	struct fv_policy policy;
	struct fv_reset_report report;
	unsigned int order[FV_RESET_METHODS + 1];
	char text[128];
};

FIXTURE_SETUP(ops)
{
	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	pci_put_express(&self->port, 0x54, PCI_EXP_TYPE_ROOT_PORT, 2);
	pci_bus_add(&self->root, &self->port);
	pci_begins(&self->card, "0000:01:00.0");
	pci_begins(&self->other, "0000:01:00.1");
	pci_put_express(&self->card, EXP, PCI_EXP_TYPE_ENDPOINT, 2);
	pci_put(&self->card, EXP + PCI_EXP_DEVCTL, 2, 0x2810, 0xffff);
	pci_put_cap(&self->card, PCI_CAP_ID_PM, PMCAP);
	self->card.pm_cap = PMCAP;
	pci_put(&self->card, PMCAP + PCI_PM_CTRL, 2, 0x0100, 0xffff);
	self->card.devcap = PCI_EXP_DEVCAP_FLR;
	self->card.d3hot_delay = 10;
	pci_bus_add(&self->bus, &self->card);
	pci_bus_add(&self->bus, &self->other);
	self->bus.self = &self->port;
	self->port.link_active_reporting = true;
	self->dev.core.pdev = &self->card;
	self->dev.core.vdev.dev_set = &self->set;
	fv_reset_plan_init(&self->dev);
	fv_policy_init(&self->policy);
	world.policy = self->policy;
	world.link.is_active = true;
}

FIXTURE_TEARDOWN(ops)
{
	kernel_assert(!self->card.dev.usage);
	kernel_ends();
}

#define unavailable(_method) fv_reset_ops_of(_method)->unavailable(&self->card, &self->policy)
static int act_and_wait(const struct fv_reset_ops *ops, struct pci_dev *pdev,
			const struct fv_policy *policy, char *text, size_t size)
{
	int ret = ops->act(pdev, policy, text, size);

	return ret || !ops->wait_link ? ret : ops->wait_link(pdev, policy, text, size);
}

#define act(_method)							\
	({								\
		world.did[0] = '\0';					\
		self->text[0] = '\0';					\
		act_and_wait(fv_reset_ops_of(_method), &self->card, &self->policy,	\
			     self->text, sizeof(self->text));		\
	})

TEST_F(ops, each_method_is_what_it_is)
{
	static const struct {
		const char *name;
		bool is_card, is_verify_only;
		unsigned int expected_ms, limit_ms;
	} rows[] = {
		{ "flr", false, false, 100, 100 + 10000 },
		{ "pm", false, false, 20, 20 + 10000 },
		{ "hot", true, false, 101, 101 + 10000 + 60000 },
		{ "link", true, false, 100, 100 + 10000 + 60000 },
		{ "none", false, true, 0, 10000 },
		{ "none", true, true, 100, 100 + 10000 + 60000 },
	};
	static const enum fv_reset_method counters[] = {
		FV_RESET_FLR, FV_RESET_PM, FV_RESET_HOT, FV_RESET_LINK,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fv_reset_ops *ops = fv_reset_ops_of(i);

		EXPECT_STREQ(rows[i].name, ops->name);
		EXPECT_EQ(rows[i].is_card, ops->is_card);
		EXPECT_EQ(rows[i].is_verify_only, ops->is_verify_only);
		EXPECT_EQ(rows[i].expected_ms, ops->expected_ms);
		EXPECT_EQ(rows[i].limit_ms, fv_reset_limit_ms(ops, &self->policy));
		if (i < FV_RESET_METHODS) {
			EXPECT_TRUE(counters[i] == ops->counter);
			EXPECT_EQ((int)i, fv_reset_method_uapi(counters[i]));
		}
	}
	EXPECT_EQ(FV_METHOD_NONE, fv_reset_method_uapi(FV_RESET_AF_FLR));
	EXPECT_EQ(FV_METHOD_NONE, fv_reset_method_uapi(FV_RESET_OTHER));
}

TEST_F(ops, when_flr_cannot_be_used)
{
	EXPECT_EQ(NULL, unavailable(FLR));
	self->card.dev_flags = PCI_DEV_FLAGS_NO_FLR_RESET;
	EXPECT_STREQ("its Function Level Reset is broken (PCI quirk)", unavailable(FLR));
	self->card.dev_flags = ~PCI_DEV_FLAGS_NO_FLR_RESET;
	EXPECT_EQ(NULL, unavailable(FLR));
	self->card.devcap = ~PCI_EXP_DEVCAP_FLR;
	EXPECT_STREQ("it has no Function Level Reset", unavailable(FLR));
}

TEST_F(ops, when_pm_cannot_be_used)
{
	EXPECT_EQ(NULL, unavailable(PM));
	self->card.dev_flags = PCI_DEV_FLAGS_NO_PM_RESET;
	EXPECT_STREQ("its reset by D3hot is broken (PCI quirk)", unavailable(PM));
	self->card.dev_flags = 0;
	pci_put(&self->card, PMCAP + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, 0xffff);
	EXPECT_STREQ("D3hot does not reset it, or it does not answer", unavailable(PM));
	pci_put(&self->card, PMCAP + PCI_PM_CTRL, 2, 0, 0xffff);
	self->card.is_gone = true;
	EXPECT_STREQ("D3hot does not reset it, or it does not answer", unavailable(PM));
	self->card.pm_cap = 0;
	EXPECT_STREQ("it has no Power Management capability", unavailable(PM));
}

TEST_F(ops, when_the_port_cannot_be_used)
{
	static const unsigned int methods[] = { HOT, LINK };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(NULL, unavailable(methods[i]));
		self->card.dev_flags = PCI_DEV_FLAGS_NO_BUS_RESET;
		EXPECT_STREQ("its hot reset is broken (PCI quirk)", unavailable(methods[i]));
		self->card.dev_flags = 0;
		self->port.dev_flags = PCI_DEV_FLAGS_NO_BUS_RESET;
		EXPECT_STREQ("its hot reset is broken (PCI quirk)", unavailable(methods[i]));
		self->port.dev_flags = ~PCI_DEV_FLAGS_NO_BUS_RESET;
		EXPECT_EQ(NULL, unavailable(methods[i]));
		self->port.dev_flags = 0;
		self->card.is_virtfn = true;
		EXPECT_STREQ("there is no port above it", unavailable(methods[i]));
		self->card.is_virtfn = false;
		self->bus.self = NULL;
		EXPECT_STREQ("there is no port above it", unavailable(methods[i]));
		self->bus.self = &self->port;
	}
}

TEST_F(ops, when_link_disable_cannot_be_used)
{
	u32 *mode = &self->policy.value[FPGA_VFIO_A_POLICY_LINK_DISABLE];

	*mode = FPGA_VFIO_LINK_DISABLE_OFF;
	EXPECT_STREQ("Link Disable is off in the policy", unavailable(LINK));
	EXPECT_EQ(NULL, unavailable(HOT));
	*mode = FPGA_VFIO_LINK_DISABLE_ON;
	self->port.link_active_reporting = false;
	EXPECT_EQ(NULL, unavailable(LINK));
	*mode = FPGA_VFIO_LINK_DISABLE_AUTO;
	EXPECT_STREQ("the port cannot tell whether its link is up", unavailable(LINK));
	self->port.link_active_reporting = true;
	EXPECT_EQ(NULL, unavailable(LINK));
	EXPECT_EQ(NULL, unavailable(VERIFY));
	EXPECT_EQ(NULL, unavailable(VERIFY_CARD));
}

TEST_F(ops, flr_takes_100_ms)
{
	u64 began_ns = kernel_ns;

	EXPECT_EQ(0, act(FLR));
	EXPECT_EQ(100 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_EQ(1, self->card.nr_writes);
	EXPECT_EQ(EXP + PCI_EXP_DEVCTL, self->card.writes[0].where);
	EXPECT_EQ(0x2810 | PCI_EXP_DEVCTL_BCR_FLR, self->card.writes[0].value);
	EXPECT_EQ(1, self->card.pending_waits);
	self->card.is_pending = true;
	EXPECT_EQ(0, act(FLR));
	EXPECT_EQ(2, self->card.pending_waits);
	began_ns += 100 * NSEC_PER_MSEC;
	/* Immediate Readiness: no 100 ms */
	self->card.imm_ready = true;
	EXPECT_EQ(0, act(FLR));
	EXPECT_EQ(100 * NSEC_PER_MSEC, kernel_ns - began_ns);
	self->card.imm_ready = false;
	current->is_killed = true;
	EXPECT_EQ(-EINTR, act(FLR));
	EXPECT_EQ(4, self->card.nr_writes);
}

static u64 d3_ns, d0_ns;

static void note_state(struct pci_dev *pdev, int where, u32 value)
{
	if (where != PMCAP + PCI_PM_CTRL)
		return;
	if ((value & PCI_PM_CTRL_STATE_MASK) == 3)
		d3_ns = kernel_ns;
	else
		d0_ns = kernel_ns;
}

TEST_F(ops, pm_takes_10_ms_each_way)
{
	static const unsigned int rows[][2] = { { 0, 10 }, { 10, 10 }, { 11, 11 }, { 120, 120 } };
	unsigned int i;

	self->card.on_write = note_state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->card.d3hot_delay = rows[i][0];
		/* PME Status is RW1C and must stay; the initial state is ignored */
		pci_put(&self->card, PMCAP + PCI_PM_CTRL, 2, 0x8101, 0xffff);
		self->card.nr_writes = 0;
		EXPECT_EQ(0, act(PM));
		EXPECT_EQ(rows[i][1] * NSEC_PER_MSEC, d0_ns - d3_ns);
		EXPECT_EQ(rows[i][1] * NSEC_PER_MSEC, kernel_ns - d0_ns);
		EXPECT_EQ(2, self->card.nr_writes);
		EXPECT_EQ(0x0103, self->card.writes[0].value);
		EXPECT_EQ(0x0100, self->card.writes[1].value);
	}
	current->is_killed = true;
	EXPECT_EQ(-EINTR, act(PM));
	EXPECT_EQ(0x0100, pci_peek(&self->card, PMCAP + PCI_PM_CTRL, 2));
}

/* The caller waits for the 100 ms after link up. */
TEST_F(ops, a_hot_reset_waits_for_the_link)
{
	u64 began_ns = kernel_ns;

	self->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 4000;
	EXPECT_EQ(0, act(HOT));
	EXPECT_STREQ("hot wait", world.did);
	EXPECT_EQ(4000 * NSEC_PER_MSEC, world.limit_ns);
	world.wait_active = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, act(HOT));
	EXPECT_STREQ("the link below 0000:00:01.0 does not come up in 4000 ms", self->text);
	world.hot_reset = -EINTR;
	EXPECT_EQ(-EINTR, act(HOT));
	EXPECT_STREQ("hot", world.did);
	/* no link below a bridge to conventional PCI */
	world.hot_reset = 0;
	self->port.pcie_flags_reg = PCI_EXP_TYPE_PCI_BRIDGE << 4;
	EXPECT_EQ(0, act(HOT));
	EXPECT_STREQ("hot", world.did);
	self->port.pcie_cap = 0;
	self->port.pcie_flags_reg = PCI_EXP_TYPE_ROOT_PORT << 4;
	EXPECT_EQ(0, act(HOT));
	EXPECT_STREQ("hot", world.did);
	EXPECT_EQ(began_ns, kernel_ns);
}

TEST_F(ops, a_link_is_disabled_and_enabled)
{
	u64 began_ns = kernel_ns;

	EXPECT_EQ(0, act(LINK));
	EXPECT_STREQ("disable enable wait", world.did);
	EXPECT_EQ(began_ns, kernel_ns);
	/* without DLLLA reporting: 50 ms for the link to go down */
	self->port.link_active_reporting = false;
	EXPECT_EQ(0, act(LINK));
	EXPECT_STREQ("disable enable wait", world.did);
	EXPECT_EQ(50 * NSEC_PER_MSEC, kernel_ns - began_ns);
	world.enable = -EIO;
	EXPECT_EQ(-EIO, act(LINK));
	EXPECT_STREQ("disable enable", world.did);
	world.disable = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, act(LINK));
	EXPECT_STREQ("disable", world.did);
	EXPECT_STREQ("the link below 0000:00:01.0 cannot be disabled", self->text);
}

TEST_F(ops, verify_only_has_a_link)
{
	static const unsigned int methods[] = { VERIFY, VERIFY_CARD };
	static const char *const texts[] = {
		"the link below 0000:00:01.0 is down",
		"the link below 0000:00:01.0 does not come up in 60000 ms",
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		world.link.is_active = true;
		EXPECT_EQ(0, act(methods[i]));
		world.link.is_active = false;
		EXPECT_EQ(-ETIMEDOUT, act(methods[i]));
		EXPECT_STREQ(texts[i], self->text);
		world.read = -EOPNOTSUPP;
		EXPECT_EQ(0, act(methods[i]));
		world.read = 0;
		self->bus.self = NULL;
		EXPECT_EQ(0, act(methods[i]));
		self->bus.self = &self->port;
	}
	EXPECT_EQ(0, self->card.nr_writes + self->port.nr_writes);
}

/* A first method that only the PCI core implements: a quirk, firmware, AF FLR, CXL. */
TEST_F(ops, what_only_the_core_can_do)
{
	static const struct {
		u8 method;
		bool is_special;
	} rows[] = {
		{ 0, false }, { CORE_DEVICE_SPECIFIC, true }, { CORE_ACPI, true },
		{ CORE_FLR, false }, { CORE_AF_FLR, true }, { CORE_PM, false },
		{ CORE_BUS, false }, { CORE_CXL, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->card.reset_methods[0] = rows[i].method;
		EXPECT_EQ(rows[i].is_special, fv_reset_is_core_special(&self->card))
			TH_LOG("%u", rows[i].method);
	}
	/* only the first method counts */
	self->card.reset_methods[0] = CORE_FLR;
	self->card.reset_methods[1] = CORE_ACPI;
	EXPECT_FALSE(fv_reset_is_core_special(&self->card));
}

/* A bus reset is offered only for a sole function below its port. */
TEST_F(ops, a_reset_is_offered)
{
	u8 *methods = self->card.reset_methods;

	EXPECT_FALSE(fv_reset_is_offered(&self->card));
	methods[0] = CORE_BUS;
	EXPECT_FALSE(fv_reset_is_offered(&self->card));
	methods[1] = CORE_PM;
	EXPECT_TRUE(fv_reset_is_offered(&self->card));
	methods[1] = 0;
	/* the other one is on a bus below */
	self->other.bus = &self->below;
	self->below.self = &self->card;
	EXPECT_FALSE(fv_reset_is_offered(&self->card));
	/* on a bus of virtual functions; elsewhere */
	self->below.self = NULL;
	EXPECT_TRUE(fv_reset_is_offered(&self->card));
	/* another one leaves meanwhile, so the function is found twice */
	pci_leaves = &self->other;
	EXPECT_TRUE(fv_reset_is_offered(&self->card));
	EXPECT_EQ(NULL, pci_leaves);
	self->other.bus = &self->root;
	EXPECT_TRUE(fv_reset_is_offered(&self->card));
	methods[0] = 0;
	EXPECT_FALSE(fv_reset_is_offered(&self->card));
	/* the full list is searched, and no more */
	self->other.bus = &self->bus;
	memset(methods, CORE_BUS, PCI_NUM_RESET_METHODS);
	EXPECT_FALSE(fv_reset_is_offered(&self->card));
	methods[PCI_NUM_RESET_METHODS - 1] = CORE_FLR;
	EXPECT_TRUE(fv_reset_is_offered(&self->card));
}

#define ALL FV_RESET_ANY

/* Core methods, policy, requested methods, and resulting order; -1 ends a list. */
TEST_F(ops, each_order)
{
	static const struct {
		u8 core[4];
		int policy[5];
		unsigned long methods;
		int order[6];
	} rows[] = {
		{ { 0 }, { -1 }, ALL, { FLR, PM, HOT, LINK, -1 } },
		{ { CORE_FLR, CORE_PM, CORE_BUS }, { -1 }, ALL, { FLR, PM, HOT, LINK, -1 } },
		{ { CORE_BUS, CORE_FLR }, { -1 }, ALL, { HOT, FLR, PM, LINK, -1 } },
		{ { CORE_PM }, { -1 }, ALL, { PM, FLR, HOT, LINK, -1 } },
		{ { CORE_ACPI, CORE_BUS }, { -1 }, ALL, { HOT, FLR, PM, LINK, -1 } },
		{ { CORE_BUS, CORE_FLR }, { -1 }, FV_RESET_FUNCTION_ONLY, { FLR, PM, -1 } },
		{ { CORE_BUS, CORE_FLR }, { -1 }, BIT(LINK), { LINK, -1 } },
		/* the policy is a complete list */
		{ { CORE_FLR }, { LINK, FLR, -1 }, ALL, { LINK, FLR, -1 } },
		{ { CORE_FLR }, { LINK, PM, HOT, FLR, -1 }, ALL, { LINK, PM, HOT, FLR, -1 } },
		{ { CORE_FLR }, { LINK, FLR, -1 }, FV_RESET_FUNCTION_ONLY, { FLR, -1 } },
		{ { CORE_FLR }, { LINK, -1 }, FV_RESET_FUNCTION_ONLY, { -1 } },
		/* unless a single method is requested */
		{ { CORE_FLR }, { LINK, FLR, -1 }, BIT(PM), { PM, -1 } },
		{ { CORE_FLR }, { LINK, FLR, -1 }, BIT(FLR), { FLR, -1 } },
		/* verify only comes first */
		{ { CORE_FLR }, { -1 }, ALL | FV_RESET_VERIFY_FIRST,
		  { VERIFY, FLR, PM, HOT, LINK, -1 } },
		{ { CORE_BUS }, { -1 }, FV_RESET_VERIFY_CARD_FIRST | BIT(HOT) | BIT(LINK),
		  { VERIFY_CARD, HOT, LINK, -1 } },
		{ { CORE_BUS }, { LINK, -1 }, FV_RESET_VERIFY_CARD_FIRST | BIT(HOT) | BIT(LINK),
		  { VERIFY_CARD, LINK, -1 } },
		{ { CORE_BUS }, { LINK, -1 }, FV_RESET_VERIFY_FIRST | BIT(HOT),
		  { VERIFY, HOT, -1 } },
	};
	unsigned int i, j, nr;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(self->card.reset_methods, 0, sizeof(self->card.reset_methods));
		memcpy(self->card.reset_methods, rows[i].core, sizeof(rows[i].core));
		self->policy.nr_methods = 0;
		for (j = 0; rows[i].policy[j] >= 0; j++)
			self->policy.methods[self->policy.nr_methods++] = rows[i].policy[j];
		nr = fv_reset_order(&self->card, &self->policy, rows[i].methods, self->order);
		for (j = 0; rows[i].order[j] >= 0; j++)
			EXPECT_EQ(rows[i].order[j], (int)self->order[j])
				TH_LOG("row %u, %u", i, j);
		EXPECT_EQ(j, nr)
			TH_LOG("row %u", i);
	}
	/* the full list of the core is searched */
	self->policy.nr_methods = 0;
	memset(self->card.reset_methods, CORE_ACPI, PCI_NUM_RESET_METHODS);
	self->card.reset_methods[PCI_NUM_RESET_METHODS - 1] = CORE_BUS;
	EXPECT_EQ(4, fv_reset_order(&self->card, &self->policy, ALL, self->order));
	EXPECT_EQ(HOT, (int)self->order[0]);
}

/* The first method that is available, as in the order. */
TEST_F(ops, the_first_method)
{
	struct pci_dev *card = &self->card;

	card->reset_methods[0] = CORE_FLR;
	card->reset_methods[1] = CORE_BUS;
	card->devcap |= PCI_EXP_DEVCAP_FLR;
	EXPECT_EQ(BIT(FLR), fv_reset_first(card, &self->policy, ALL));
	EXPECT_EQ(BIT(HOT), fv_reset_first(card, &self->policy, ALL & ~BIT(FLR) & ~BIT(PM)));
	EXPECT_EQ(0, fv_reset_first(card, &self->policy, 0));
	self->policy.methods[0] = HOT;
	self->policy.methods[1] = FLR;
	self->policy.nr_methods = 2;
	EXPECT_EQ(BIT(HOT), fv_reset_first(card, &self->policy, ALL));
	EXPECT_EQ(BIT(FLR), fv_reset_first(card, &self->policy, FV_RESET_FUNCTION_ONLY));
	/* one that cannot be used does not count */
	card->devcap &= ~PCI_EXP_DEVCAP_FLR;
	EXPECT_EQ(0, fv_reset_first(card, &self->policy, FV_RESET_FUNCTION_ONLY));
	self->policy.methods[0] = FLR;
	self->policy.methods[1] = HOT;
	EXPECT_EQ(BIT(HOT), fv_reset_first(card, &self->policy, ALL));
}

#define plan(_methods) fv_reset_plan(&self->dev, _methods, &self->report)

/* A plan is made under locks of generic netlink. */
TEST_F(ops, a_plan_does_not_wait_for_long)
{
	world.set = -EAGAIN;
	EXPECT_EQ(-EAGAIN, plan(ALL));
	ASSERT_EQ(1, self->report.nr);
	EXPECT_EQ(-EAGAIN, self->report.steps[0].error);
	EXPECT_STREQ("set", self->report.steps[0].text);
	world.set = 0;
	EXPECT_EQ(0, plan(ALL));
	EXPECT_STREQ("", self->report.steps[0].text);
	EXPECT_EQ(0, self->card.dev.usage);
}

/* The PCI core may wait for a minute for a device in D3cold. */
TEST_F(ops, a_plan_has_a_device_resume)
{
	u64 began_ns = kernel_ns;

	self->card.dev.active_ns = began_ns + 1900 * NSEC_PER_MSEC;
	self->card.dev.wake_error = -EINPROGRESS;
	EXPECT_EQ(0, plan(ALL));
	EXPECT_LE(1900 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_EQ(0, self->card.dev.usage);
	self->card.dev.wake_error = 0;
	began_ns = kernel_ns;
	self->card.dev.active_ns = began_ns + 3000 * NSEC_PER_MSEC;
	EXPECT_EQ(-EAGAIN, plan(ALL));
	EXPECT_GT(2020 * NSEC_PER_MSEC, kernel_ns - began_ns);
	ASSERT_EQ(1, self->report.nr);
	EXPECT_EQ(-EAGAIN, self->report.steps[0].error);
	EXPECT_STREQ("it is still resuming after 2000 ms, try again", self->report.steps[0].text);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, self->report.steps[0].refusal.reason);
	/* it goes on to resume: the second try finds it awake, if not too late */
	EXPECT_EQ(1, self->card.dev.usage);
	kernel_ns += 60 * NSEC_PER_SEC;
	EXPECT_EQ(0, plan(ALL));
	EXPECT_EQ(1, self->card.dev.usage);
	EXPECT_EQ(70000, self->dev.plan_awake.delay);
	kernel_do(&self->dev.plan_awake);
	EXPECT_EQ(0, self->card.dev.usage);
	/* however often it is tried, once */
	self->card.dev.active_ns = U64_MAX;
	EXPECT_EQ(-EAGAIN, plan(ALL));
	EXPECT_EQ(-EAGAIN, plan(ALL));
	EXPECT_EQ(1, self->card.dev.usage);
	fv_reset_plan_exit(&self->dev);
	EXPECT_EQ(0, self->card.dev.usage);
	fv_reset_plan_exit(&self->dev);
	EXPECT_EQ(0, self->card.dev.usage);
}

/* One that has failed to resume, or below a port that has, is not kept awake in vain. */
TEST_F(ops, a_plan_of_a_device_that_does_not_resume)
{
	struct device *devices[] = { &self->card.dev, &self->port.dev };
	unsigned int i;

	self->card.dev.active_ns = U64_MAX;
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		devices[i]->resume_error = -EINVAL;
		EXPECT_EQ(-EIO, plan(ALL));
		ASSERT_EQ(1, self->report.nr);
		EXPECT_EQ(-EIO, self->report.steps[0].error);
		EXPECT_STREQ("it does not resume", self->report.steps[0].text);
		EXPECT_EQ(FPGA_VFIO_REFUSAL_NONE, self->report.steps[0].refusal.reason);
		EXPECT_EQ(0, self->card.dev.usage);
		devices[i]->resume_error = 0;
	}
	/* the next try finds that it has failed before */
	self->card.dev.wake_error = -EINVAL;
	EXPECT_EQ(-EIO, plan(ALL));
	EXPECT_STREQ("it does not resume", self->report.steps[0].text);
	EXPECT_EQ(0, self->card.dev.usage);
	/* a slow device, or a slow port */
	self->card.dev.wake_error = 0;
	self->card.dev.resume_error = -EINPROGRESS;
	self->port.dev.resume_error = -EINPROGRESS;
	EXPECT_EQ(-EAGAIN, plan(ALL));
	EXPECT_EQ(1, self->card.dev.usage);
	fv_reset_plan_exit(&self->dev);
	EXPECT_EQ(0, self->card.dev.usage);
}

TEST_F(ops, a_plan_has_each_step)
{
	struct fv_reset_report *report = &self->report;
	struct device_driver driver = { "fpga_vfio_pci" };
	struct pid user;

	self->card.pm_cap = 0;
	self->card.dev.driver = &driver;
	report->nr = 9;
	report->nr_functions = 9;
	EXPECT_EQ(0, plan(ALL));
	ASSERT_EQ(4, report->nr);
	EXPECT_EQ(FLR, (int)report->steps[0].method);
	EXPECT_EQ(0, report->steps[0].error);
	EXPECT_EQ(100, report->steps[0].expected_ms);
	EXPECT_EQ(10100, report->steps[0].limit_ms);
	EXPECT_EQ(1, report->steps[0].nr_functions);
	EXPECT_FALSE(report->steps[0].is_tried);
	EXPECT_EQ(PM, (int)report->steps[1].method);
	EXPECT_EQ(-EOPNOTSUPP, report->steps[1].error);
	EXPECT_STREQ("it has no Power Management capability", report->steps[1].text);
	EXPECT_EQ(20, report->steps[1].expected_ms);
	EXPECT_EQ(0, report->steps[1].nr_functions);
	EXPECT_EQ(0, report->steps[2].error);
	EXPECT_EQ(2, report->steps[2].nr_functions);
	EXPECT_EQ(70101, report->steps[2].limit_ms);
	EXPECT_EQ(LINK, (int)report->steps[3].method);
	EXPECT_EQ(2, world.previews_of_card);
	EXPECT_EQ(0, world.is_any_user);
	/* affected functions */
	EXPECT_EQ(2, report->nr_functions);
	EXPECT_STREQ("0000:01:00.0", report->functions[0].bdf);
	EXPECT_STREQ("fpga_vfio_pci", report->functions[0].driver);
	EXPECT_FALSE(report->functions[0].is_held);
	EXPECT_STREQ("0000:01:00.1", report->functions[1].bdf);
	EXPECT_STREQ("", report->functions[1].driver);
	EXPECT_FALSE(report->functions[1].is_held);
	self->dev.user = &user;
	EXPECT_EQ(0, plan(ALL));
	EXPECT_TRUE(report->functions[0].is_held);
	EXPECT_EQ(0, plan(FV_RESET_VERIFY_CARD_FIRST | BIT(HOT)));
	EXPECT_EQ(1, world.is_any_user);
	ASSERT_EQ(2, report->nr);
	EXPECT_EQ(VERIFY_CARD, (int)report->steps[0].method);
	/* no write */
	EXPECT_EQ(0, self->card.nr_writes + self->port.nr_writes);
}

TEST_F(ops, a_plan_follows_the_policy)
{
	world.policy.methods[0] = LINK;
	world.policy.nr_methods = 1;
	world.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 200;
	world.policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 3000;
	EXPECT_EQ(0, plan(ALL));
	ASSERT_EQ(1, self->report.nr);
	EXPECT_EQ(LINK, (int)self->report.steps[0].method);
	EXPECT_EQ(3300, self->report.steps[0].limit_ms);
}

TEST_F(ops, a_plan_says_what_would_be_refused)
{
	world.preview = -EBUSY;
	world.preview_text = "0000:01:00.1 is held by another VFIO user";
	EXPECT_EQ(0, plan(BIT(HOT)));
	ASSERT_EQ(1, self->report.nr);
	EXPECT_EQ(-EBUSY, self->report.steps[0].error);
	EXPECT_STREQ("0000:01:00.1 is held by another VFIO user", self->report.steps[0].text);
	EXPECT_STREQ("0000:01:00.1 is held by process 42", self->report.steps[0].holders);
	EXPECT_EQ(2, self->report.steps[0].nr_functions);
	world.preview = 0;
	EXPECT_EQ(0, plan(BIT(HOT)));
	EXPECT_STREQ("", self->report.steps[0].holders);
}

TEST_F(ops, a_plan_that_cannot_be_made)
{
	self->report.nr = 3;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, plan(ALL));
	EXPECT_EQ(0, self->report.nr);
	self->card.dev.wake_error = -EACCES;
	self->report.nr_functions = 3;
	EXPECT_EQ(-EACCES, plan(ALL));
	EXPECT_EQ(0, self->card.dev.usage);
	EXPECT_EQ(0, self->report.nr_functions);
	self->card.dev.wake_error = 0;
	current->is_killed = true;
	EXPECT_EQ(-EINTR, plan(ALL));
	EXPECT_EQ(1, self->report.nr);
	EXPECT_EQ(-EINTR, self->report.steps[0].error);
}

TEST_HARNESS_MAIN
