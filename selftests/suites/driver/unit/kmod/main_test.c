// SPDX-License-Identifier: GPL-2.0
/* kmod/main.c: order of init, reverse order of exit, and the warning about newer kernels. */
#include "kselftest_harness.h"

#include "entry/netlink.h"
#include "entry/pci.h"
#include "entry/sysfs.h"
#include "entry/trace.h"
#include "object/group.h"
#include "object/history.h"
#include "object/stats.h"
#include "recover/open_close.h"
#include "recover/user_notify.h"

unsigned int kernel_version_code;

static struct world {
	char did[64];
	char fails;		/* init that fails */
	unsigned int warnings;
	char text[256];
} world;

static int did(char what)
{
	world.did[strlen(world.did)] = what;
	return world.fails == what ? -ENOMEM : 0;
}

const struct attribute_group *fv_sysfs_device_groups[1];

int fv_workqueue_init(void)
{
	return did('W');
}

int fv_sysfs_init(void)
{
	return did('S');
}

int fv_netlink_init(void)
{
	return did('N');
}

int fv_open_close_init(void)
{
	return did('O');
}

#define DOES(_fn, _what)	void _fn(void) { did(_what); }

DOES(fv_trace_init, 'T')
DOES(fv_user_notify_register, 'U')
DOES(fv_pci_exit, 'p')
DOES(fv_user_notify_unregister, 'u')
DOES(fv_trace_exit, 't')
DOES(fv_open_close_exit, 'o')
DOES(fv_netlink_exit, 'n')
DOES(fv_group_exit, 'g')
DOES(fv_sysfs_exit, 's')
DOES(fv_history_exit, 'h')
DOES(fv_stats_exit, 'c')
DOES(fv_workqueue_exit, 'w')

int fv_pci_init(const struct attribute_group **groups)
{
	kernel_assert(groups == fv_sysfs_device_groups);
	return did('P');
}

void pr_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
	world.warnings++;
}

FIXTURE(module)
{
	int unused;
};

FIXTURE_SETUP(module)
{
	kernel_begins();
	world = (struct world) {};
	kernel_version_code = KERNEL_VERSION(6, 12, 0);
}

FIXTURE_TEARDOWN(module)
{
	kernel_ends();
}

TEST_F(module, starts_and_ends_in_order)
{
	EXPECT_EQ(0, kernel_module_init());
	EXPECT_STREQ("WSNOTUP", world.did);
	kernel_module_exit();
	EXPECT_STREQ("WSNOTUPputongshcw", world.did);
}

TEST_F(module, undoes_what_it_started)
{
	static const struct {
		char fails;
		const char *did;
	} rows[] = {
		{ 'W', "W" }, { 'S', "WSw" }, { 'N', "WSNgshcw" }, { 'O', "WSNOngshcw" },
		{ 'P', "WSNOTUPutongshcw" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world = (struct world) { .fails = rows[i].fails };
		EXPECT_EQ(-ENOMEM, kernel_module_init());
		EXPECT_STREQ(rows[i].did, world.did);
	}
}

TEST_F(module, warns_of_kernels_that_were_not_read)
{
	static const struct {
		unsigned int version, warnings;
	} rows[] = {
		{ KERNEL_VERSION(6, 12, 0), 0 }, { KERNEL_VERSION(7, 3, 0), 0 },
		{ KERNEL_VERSION(7, 3, 255), 0 }, { KERNEL_VERSION(7, 4, 0), 1 },
		{ KERNEL_VERSION(8, 0, 0), 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world = (struct world) {};
		kernel_version_code = rows[i].version;
		EXPECT_EQ(0, kernel_module_init());
		EXPECT_EQ(rows[i].warnings, world.warnings);
		EXPECT_EQ(rows[i].warnings, !!strstr(world.text, "7.3"));
	}
}

TEST_HARNESS_MAIN
