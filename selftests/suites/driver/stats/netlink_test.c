// SPDX-License-Identifier: GPL-2.0
/* Netlink family: replies, permissions and refusals. */
#include <errno.h>
#include <linux/genetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "file.h"
#include "watch.h"

#define LIMIT_S 100

FIXTURE(netlink)
{
	struct genl genl;
};

FIXTURE_SETUP(netlink)
{
	bind_all();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
}

FIXTURE_TEARDOWN(netlink)
{
	genl_close(&self->genl);
}

#define NETLINK_TEST(_name) TEST_F_TIMEOUT(netlink, _name, LIMIT_S)

struct list {
	unsigned int nr;
	struct counted_device devices[32];
	struct counted_group groups[32];
};

static void list_device(const struct nlattr *attrs, size_t len, void *data)
{
	struct list *list = data;

	if (list->nr < 32)
		counters_parse_device(attrs, len, &list->devices[list->nr]);
	list->nr++;
}

static void list_group(const struct nlattr *attrs, size_t len, void *data)
{
	struct list *list = data;

	if (list->nr < 32)
		counters_parse_group(attrs, len, &list->groups[list->nr]);
	list->nr++;
}

static unsigned int nr_roles(void)
{
	unsigned int n = 0;

	while (roles[n])
		n++;
	return n;
}

/* Each device once, in order of address, with group, port and counters. */
NETLINK_TEST(device_dump_has_all)
{
	struct counted_device one;
	struct genl_answer answer;
	struct list list = { 0 };
	char port[64];
	unsigned int i;

	ASSERT_EQ(0, __genl_call(&self->genl, FPGA_VFIO_CMD_DEVICE_GET,
				 NLM_F_DUMP, NULL, list_device, &list,
				 &answer));
	EXPECT_FALSE(answer.interrupted);
	ASSERT_EQ(nr_roles(), list.nr);
	for (i = 0; i < list.nr; i++) {
		struct counted_device *device = &list.devices[i];

		if (i)
			EXPECT_LT(0, strcmp(device->bdf,
					    list.devices[i - 1].bdf));
		EXPECT_EQ(pci_group(device->bdf), device->group);
		ASSERT_EQ(0, pci_parent(device->bdf, port, sizeof(port)));
		EXPECT_STREQ(port, device->port);
		EXPECT_EQ(COUNTERS - 1, device->counters.seen);
		counters_device(&self->genl, device->bdf, &one);
		EXPECT_EQ(0, counters_differ("dump", &device->counters, "get",
					     &one.counters));
	}
}

NETLINK_TEST(group_dump_has_all)
{
	struct counted_group one;
	struct genl_answer answer;
	struct list list = { 0 };
	unsigned int i, members = 0;

	ASSERT_EQ(0, __genl_call(&self->genl, FPGA_VFIO_CMD_GROUP_GET,
				 NLM_F_DUMP, NULL, list_group, &list,
				 &answer));
	ASSERT_EQ(nr_roles() - 1, list.nr);
	for (i = 0; i < list.nr; i++) {
		members += list.groups[i].nr_members;
		counters_group(&self->genl, list.groups[i].id, &one);
		EXPECT_EQ(0, counters_differ("dump", &list.groups[i].counters,
					     "get", &one.counters));
		EXPECT_TRUE(file_exists("/sys/class/fpga_vfio/group%d",
					list.groups[i].id));
	}
	EXPECT_EQ(nr_roles(), members);
}

struct card {
	char port[64];
	unsigned int nr_devices;
	char last[64];
};

static void take_card(const struct nlattr *attrs, size_t len, void *data)
{
	struct card *card = data;
	const struct nlattr *attr;

	card->nr_devices = 0;
	genl_for_each(attr, attrs, len) {
		if (genl_type(attr) == FPGA_VFIO_A_CARD_PORT)
			snprintf(card->port, sizeof(card->port), "%s",
				 (const char *)genl_data(attr));
		if (genl_type(attr) == FPGA_VFIO_A_CARD_DEVICE) {
			snprintf(card->last, sizeof(card->last), "%s",
				 (const char *)genl_data(attr));
			card->nr_devices++;
		}
	}
}

NETLINK_TEST(cards_are_what_is_below_a_port)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	struct card card = { 0 };
	char port[64];

	ASSERT_EQ(0, pci_parent(role("FV_EDU1"), port, sizeof(port)));
	genl_put_string(&attrs, FPGA_VFIO_A_CARD_PORT, port);
	ASSERT_EQ(0, __genl_call(&self->genl, FPGA_VFIO_CMD_CARD_GET, 0,
				 &attrs, take_card, &card, &answer));
	EXPECT_STREQ(port, card.port);
	EXPECT_EQ(2, card.nr_devices);
	EXPECT_STREQ(role("FV_EDU2"), card.last);
	ASSERT_EQ(0, __genl_call(&self->genl, FPGA_VFIO_CMD_CARD_GET,
				 NLM_F_DUMP, NULL, take_card, &card, &answer));
	EXPECT_EQ(nr_roles() - 1, answer.messages);
}

/* An invalid request, with the expected errno and part of the text. */
struct refusal {
	const char *name;
	uint8_t cmd;
	uint16_t type;		/* 0: no attribute */
	const void *data;
	size_t len;
	int error;
	const char *text;	/* part of the text; NULL: any */
};

#define LONG_TEXT "0000:00:00.0-and-much-more-than-fits"

static const struct refusal refusals[] = {
	{ "device-get without an address", FPGA_VFIO_CMD_DEVICE_GET, 0, NULL, 0,
	  -EINVAL, "no PCI address" },
	{ "card-get without a port", FPGA_VFIO_CMD_CARD_GET, 0, NULL, 0,
	  -EINVAL, "port" },
	{ "group-get without a number", FPGA_VFIO_CMD_GROUP_GET, 0, NULL, 0,
	  -EINVAL, "number" },
	{ "unknown address", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF,
	  "0000:ff:1f.7", 13, -ENODEV, "0000:ff:1f.7" },
	{ "no address at all", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF,
	  "%s%n", 5, -ENODEV, "%s%n" },
	{ "empty address", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF,
	  "", 1, -ENODEV, NULL },
	{ "unknown port", FPGA_VFIO_CMD_CARD_GET, FPGA_VFIO_A_CARD_PORT,
	  "0000:ff:1f.7", 13, -ENODEV, "0000:ff:1f.7" },
	{ "unknown group", FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_A_GROUP_ID,
	  "\xff\xff\x00\x00", 4, -ENODEV, "65535" },
	{ "greatest group", FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_A_GROUP_ID,
	  "\xff\xff\xff\xff", 4, -ENODEV, "4294967295" },
	{ "address too long", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF,
	  LONG_TEXT, sizeof(LONG_TEXT), -EINVAL, NULL },
	{ "address without its end", FPGA_VFIO_CMD_DEVICE_GET,
	  FPGA_VFIO_A_DEVICE_BDF, "0000:01:00.0", 12, -EINVAL, NULL },
	{ "address of no length", FPGA_VFIO_CMD_DEVICE_GET,
	  FPGA_VFIO_A_DEVICE_BDF, "", 0, -EINVAL, NULL },
	{ "group number of one byte", FPGA_VFIO_CMD_GROUP_GET,
	  FPGA_VFIO_A_GROUP_ID, "\x01", 1, -EINVAL, NULL },
	{ "group number of eight bytes", FPGA_VFIO_CMD_GROUP_GET,
	  FPGA_VFIO_A_GROUP_ID, "\x01\x00\x00\x00\x00\x00\x00\x00", 8, -EINVAL,
	  NULL },
	{ "attribute of a reply in a request", FPGA_VFIO_CMD_DEVICE_GET,
	  FPGA_VFIO_A_DEVICE_GROUP, "\x01\x00\x00\x00", 4, -EINVAL, NULL },
	{ "unknown attribute", FPGA_VFIO_CMD_DEVICE_GET, 99, "", 0, -EINVAL,
	  NULL },
	{ "nested where none is meant", FPGA_VFIO_CMD_DEVICE_GET,
	  FPGA_VFIO_A_DEVICE_STATS | NLA_F_NESTED, "", 0, -EINVAL, NULL },
	{ 0 },
};

NETLINK_TEST(wrong_requests_are_refused_with_a_text)
{
	const struct refusal *r;
	struct counters before, after;
	int group = pci_group(role("FV_NVME"));

	counters_sysfs(group, &before);
	for (r = refusals; r->name; r++) {
		struct genl_attrs attrs = { 0 };
		struct genl_answer answer;

		if (r->type)
			genl_put(&attrs, r->type, r->data, r->len);
		__genl_call(&self->genl, r->cmd, 0, &attrs, NULL, NULL,
			    &answer);
		printf("# %s: %s \"%s\"\n", r->name, errno_name(answer.error),
		       answer.text);
		EXPECT_EQ(r->error, answer.error)
			TH_LOG("%s", r->name);
		EXPECT_NE('\0', answer.text[0])
			TH_LOG("%s: no text", r->name);
		if (r->text)
			EXPECT_NE(NULL, strstr(answer.text, r->text))
				TH_LOG("%s: expected \"%s\" in \"%s\"",
				       r->name, r->text, answer.text);
		EXPECT_EQ(0, answer.messages);
	}
	counters_sysfs(group, &after);
	EXPECT_EQ(0, counters_differ("before", &before, "after", &after));
}

/* Extack points to the missing or invalid attribute. */
NETLINK_TEST(the_wrong_attribute_is_named)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;

	__genl_call(&self->genl, FPGA_VFIO_CMD_DEVICE_GET, 0, NULL, NULL, NULL,
		    &answer);
	EXPECT_TRUE(answer.has_miss);
	EXPECT_EQ(FPGA_VFIO_A_DEVICE_BDF, answer.miss);
	genl_put(&attrs, FPGA_VFIO_A_GROUP_ID, "", 1);
	__genl_call(&self->genl, FPGA_VFIO_CMD_GROUP_GET, 0, &attrs, NULL,
		    NULL, &answer);
	EXPECT_TRUE(answer.has_offset);
}

NETLINK_TEST(unknown_commands_are_refused)
{
	struct genl_answer answer;
	unsigned int cmd;

	for (cmd = 0; cmd < 256; cmd++) {
		if (cmd >= 1 && cmd <= FPGA_VFIO_CMD_MAX)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, __genl_call(&self->genl, cmd, 0, NULL,
						   NULL, NULL, &answer));
		EXPECT_EQ(-EOPNOTSUPP, __genl_call(&self->genl, cmd,
						   NLM_F_DUMP, NULL, NULL,
						   NULL, &answer));
	}
}

/* Attributes with wrong lengths, and random data. */
NETLINK_TEST(garbage_is_survived)
{
	struct genl_answer answer;
	struct list list = { 0 };
	unsigned int seed = 1, i, n;

	for (i = 0; i < 3000; i++) {
		struct genl_attrs attrs = { 0 };

		attrs.len = rand_r(&seed) % 256 & ~3;
		for (n = 0; n < attrs.len; n++)
			attrs.data[n] = rand_r(&seed) % 4 ? rand_r(&seed) % 8 :
					rand_r(&seed);
		__genl_call(&self->genl, 1 + rand_r(&seed) % FPGA_VFIO_CMD_MAX,
			    rand_r(&seed) % 2 ? NLM_F_DUMP : 0, &attrs, NULL,
			    NULL, &answer);
	}
	ASSERT_EQ(0, __genl_call(&self->genl, FPGA_VFIO_CMD_DEVICE_GET,
				 NLM_F_DUMP, NULL, list_device, &list,
				 &answer));
	EXPECT_EQ(nr_roles(), list.nr);
}

/* Run in a child process; return its exit status. */
static int apart(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(fn());
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid failed");
	return status;
}

static int read_as_nobody(void)
{
	struct counted_device device;
	struct genl_answer answer;
	struct list list = { 0 };
	struct counters sysfs;
	struct genl genl;

	if (setgid(65534) || setuid(65534))
		return 2;
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	counters_device(&genl, role("FV_NVME"), &device);
	counters_sysfs(device.group, &sysfs);
	if (__genl_call(&genl, FPGA_VFIO_CMD_GROUP_GET, NLM_F_DUMP, NULL,
			list_group, &list, &answer))
		return 3;
	return list.nr ? 0 : 4;
}

TEST_F_TIMEOUT(netlink, everybody_may_read, LIMIT_S)
{
	EXPECT_EQ(0, apart(read_as_nobody));
}

static int read_from_elsewhere(void)
{
	struct genl genl;
	int ret;

	if (unshare(CLONE_NEWNET))
		return 2;
	ret = __genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	printf("# in another network namespace: %s\n", errno_name(ret));
	fflush(stdout);
	return ret == -ENOENT ? 0 : 3;
}

NETLINK_TEST(other_network_namespaces_have_no_family)
{
	EXPECT_EQ(0, apart(read_from_elsewhere));
}

/* A client may stop in the middle of a dump. */
NETLINK_TEST(dumps_can_be_given_up)
{
	struct counted_device device;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		struct {
			struct nlmsghdr nl;
			struct genlmsghdr genl;
		} request = {
			.nl.nlmsg_len = sizeof(request),
			.nl.nlmsg_type = self->genl.family,
			.nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.genl.cmd = 1 + i % FPGA_VFIO_CMD_MAX,
		};
		struct genl genl;

		genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
		ASSERT_EQ(sizeof(request), write(genl.fd, &request,
						 sizeof(request)));
		genl_close(&genl);
	}
	counters_device(&self->genl, role("FV_NVME"), &device);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
