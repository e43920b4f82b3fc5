// SPDX-License-Identifier: GPL-2.0
/*
 * entry/netlink_get.c, entry/netlink_put.c: attributes of devices, cards and groups, for whom, and
 * their dumps.
 */
#include "kselftest_harness.h"

#include <net/genetlink.h>

#include "base/profile.h"
#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "recover/fence_session.h"

#define DEVICES 3
#define FIRST_KEY 0x100

static struct genl_family family;
static const struct fv_profile profile = { .name = "generic" };

/* State and results of the stubs for other driver files. */
static struct world {
	bool is_admin, has_owner;
	struct fv_device *devices;
	unsigned int nr_devices;
	struct fv_card *card;
	struct fv_group *group;
	struct fv_times times;
	int link;			/* error of reading the link */
	unsigned int link_reads;
} world;

bool fv_nl_is_admin(struct sk_buff *request)
{
	return world.is_admin;
}

static unsigned int index_from(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	if (*key < FIRST_KEY)
		*key = FIRST_KEY;
	return *key - FIRST_KEY;
}

struct fv_device *fv_device_next(unsigned long *key)
{
	unsigned int i = index_from(key);

	return i < world.nr_devices ? &world.devices[i] : NULL;
}

struct fv_card *fv_card_next(unsigned long *key)
{
	return index_from(key) ? NULL : world.card;
}

struct fv_group *fv_group_next(unsigned long *key)
{
	return index_from(key) ? NULL : world.group;
}

struct fv_group *fv_group_find(unsigned int id)
{
	lockdep_assert_held(&fv_registry_lock);
	return world.group && world.group->id == id ? world.group : NULL;
}

bool fv_card_owner(struct fv_card *card, char *text, size_t size)
{
	if (world.has_owner)
		snprintf(text, size, "fenced by unit (pid 4711)");
	return world.has_owner;
}

void fv_stats_add_times(struct fv_stats *stats, struct fv_times *sum)
{
	*sum = world.times;
}

void fv_group_times(struct fv_group *group, struct fv_times *sum)
{
	*sum = world.times;
}

void fv_stats_sum(struct fv_stats *stats, u64 sums[FV_STATS_NR + 1])
{
	unsigned int i;

	for (i = 0; i <= FV_STATS_NR; i++)
		sums[i] = 1000 + i;
}

void fv_group_sum(struct fv_group *group, u64 sums[FV_STATS_NR + 1])
{
	unsigned int i;

	for (i = 0; i <= FV_STATS_NR; i++)
		sums[i] = 0x200000000 + i;
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	kernel_assert(port == world.card->port && function_cap == 0x43);
	world.link_reads++;
	*link = (struct fv_link) { .speed = 4, .width = 16, .max_speed = 5, .max_width = 16,
				   .target_speed = 5, .is_active = true };
	return world.link;
}

unsigned int fv_session_left_ms(const struct fv_session *session)
{
	return 1234;
}

FIXTURE(get)
{
	struct pci_dev port, pdevs[DEVICES];
	struct fv_device devices[DEVICES];
	struct fv_card card;
	struct fv_group group;
	struct genl_dumpit_info dump;
	struct nlattr *attrs[64];
	struct netlink_ext_ack extack;
	struct netlink_callback cb;
	struct sk_buff *skb;
};

FIXTURE_SETUP(get)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	self->card.port = &self->port;
	self->card.function_cap = 0x43;
	INIT_LIST_HEAD(&self->card.devices);
	self->group.id = 7;
	INIT_LIST_HEAD(&self->group.devices);
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].name[11] += i;
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].profile = &profile;
		self->devices[i].card = &self->card;
		self->devices[i].group = &self->group;
		self->devices[i].state = FPGA_VFIO_CARD_STATE_READY;
		list_add_tail(&self->devices[i].card_node, &self->card.devices);
		list_add_tail(&self->devices[i].group_node, &self->group.devices);
	}
	world = (struct world) {
		.devices = self->devices, .nr_devices = DEVICES,
		.card = &self->card, .group = &self->group,
	};
	self->dump.info = kernel_request(&family, self->attrs, &self->extack);
	self->cb.data = &self->dump;
	self->skb = genlmsg_new(KERNEL_DUMP_SIZE, 0);
}

FIXTURE_TEARDOWN(get)
{
	kernel_forget_reply();
	nlmsg_free(self->skb);
	kernel_ends();
}

/* The request's attribute, and the reply's message. */
static struct {
	struct nlattr attr;
	union {
		char text[16];
		u32 number;
	};
} request;

#define get(_kind, _attr)						\
	({								\
		kernel_forget_reply();					\
		memset(self->attrs, 0, sizeof(self->attrs));		\
		self->attrs[_attr] = &request.attr;			\
		fpga_vfio_nl_##_kind##_get_doit(NULL, &self->dump.info);	\
	})
#define get_device(_bdf)						\
	(strscpy(request.text, _bdf), get(device, FPGA_VFIO_A_DEVICE_BDF))
#define get_card(_port)							\
	(strscpy(request.text, _port), get(card, FPGA_VFIO_A_CARD_PORT))
#define get_group(_id)							\
	(request.number = (_id), get(group, FPGA_VFIO_A_GROUP_ID))

#define nth	kernel_reply_attr
#define of	kernel_nest_attr
#define device_attr(_attr)	nth(FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_##_attr, 0)
#define card_attr(_attr)	nth(FPGA_VFIO_CMD_CARD_GET, FPGA_VFIO_A_CARD_##_attr, 0)
#define group_attr(_attr)	nth(FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_A_GROUP_##_attr, 0)
#define text_of(_nla)		((const char *)nla_data(_nla))

static void expect_times(struct __test_metadata *_metadata, const struct nlattr *nest)
{
	unsigned int i;

	EXPECT_EQ(6, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_COUNT, 0)));
	EXPECT_EQ(1, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_LAST_NS, 0)));
	EXPECT_EQ(3, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_MIN_NS, 0)));
	EXPECT_EQ(0x400000000, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_MAX_NS, 0)));
	EXPECT_EQ(0x500000000, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_TOTAL_NS, 0)));
	for (i = 0; i < FV_TIMES_BUCKETS; i++)
		EXPECT_EQ(i * i,
			  nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_HISTOGRAM, i)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_RESET_TIME_HISTOGRAM, FV_TIMES_BUCKETS));
}

static void have_times(void)
{
	unsigned int i;

	world.times = (struct fv_times) {
		.count = 6, .last_ns = 1, .min_ns = 3, .max_ns = 0x400000000,
		.total_ns = 0x500000000,
	};
	for (i = 0; i < FV_TIMES_BUCKETS; i++)
		world.times.buckets[i] = i * i;
}

TEST_F(get, a_device)
{
	struct fv_device *dev = &self->devices[1];
	const struct nlattr *nest;
	unsigned int attr;

	dev->policy.nr_methods = 2;
	dev->policy.methods[0] = FPGA_VFIO_RESET_METHOD_LINK;
	dev->policy.methods[1] = FPGA_VFIO_RESET_METHOD_FLR;
	dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 5000;
	EXPECT_EQ(0, get_device("0000:01:00.1"));
	EXPECT_STREQ("0000:01:00.1", text_of(device_attr(BDF)));
	EXPECT_EQ(7, nla_get_u32(device_attr(GROUP)));
	EXPECT_STREQ("0000:00:01.0", text_of(device_attr(PORT)));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, nla_get_u32(device_attr(STATE)));
	EXPECT_EQ(NULL, device_attr(REASON));
	EXPECT_STREQ("generic", text_of(device_attr(PROFILE)));
	nest = device_attr(POLICY);
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_LINK,
		  nla_get_u32(of(nest, FPGA_VFIO_A_POLICY_RESET_METHOD, 0)));
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_FLR,
		  nla_get_u32(of(nest, FPGA_VFIO_A_POLICY_RESET_METHOD, 1)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_POLICY_RESET_METHOD, 2));
	EXPECT_EQ(5000, nla_get_u32(of(nest, FPGA_VFIO_A_POLICY_READY_LIMIT_MS, 0)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_POLICY_READY_REGISTER, 0));
	/* it was never reset */
	nest = device_attr(RESET_TIME);
	EXPECT_EQ(0, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_COUNT, 0)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_RESET_TIME_LAST_NS, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_RESET_TIME_HISTOGRAM, 0));
	nest = device_attr(STATS);
	for (attr = 1; attr <= FV_STATS_NR; attr++)
		EXPECT_EQ(1000 + attr, nla_get_uint(of(nest, attr, 0)));

	have_times();
	dev->policy.ready = (struct fv_ready_register) {
		.bar = 2, .offset = 0x300000004, .mask = 0xff, .value = 0x5a,
	};
	EXPECT_EQ(0, get_device("0000:01:00.1"));
	expect_times(_metadata, device_attr(RESET_TIME));
	nest = of(device_attr(POLICY), FPGA_VFIO_A_POLICY_READY_REGISTER, 0);
	EXPECT_EQ(2, nla_get_u32(of(nest, FPGA_VFIO_A_READY_REGISTER_BAR, 0)));
	EXPECT_EQ(0x300000004, nla_get_uint(of(nest, FPGA_VFIO_A_READY_REGISTER_OFFSET, 0)));
	EXPECT_EQ(0xff, nla_get_u32(of(nest, FPGA_VFIO_A_READY_REGISTER_MASK, 0)));
	EXPECT_EQ(0x5a, nla_get_u32(of(nest, FPGA_VFIO_A_READY_REGISTER_VALUE, 0)));

	/* no-IOMMU mode; conventional PCI */
	dev->group = NULL;
	dev->card = NULL;
	EXPECT_EQ(0, get_device("0000:01:00.1"));
	EXPECT_EQ(NULL, device_attr(GROUP));
	EXPECT_EQ(NULL, device_attr(PORT));
}

/* The process that fenced it is told to administrators, as long as it is fenced. */
TEST_F(get, a_reason)
{
	struct fv_device *dev = &self->devices[0];

	dev->state = FPGA_VFIO_CARD_STATE_FENCED;
	strscpy(dev->reason, "fenced");
	world.has_owner = true;
	EXPECT_EQ(0, get_device("0000:01:00.0"));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, nla_get_u32(device_attr(STATE)));
	EXPECT_STREQ("fenced", text_of(device_attr(REASON)));
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_STREQ("fenced", text_of(card_attr(REASON)));
	world.is_admin = true;
	EXPECT_EQ(0, get_device("0000:01:00.0"));
	EXPECT_STREQ("fenced by unit (pid 4711)", text_of(device_attr(REASON)));
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_STREQ("fenced by unit (pid 4711)", text_of(card_attr(REASON)));
	dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	EXPECT_EQ(0, get_device("0000:01:00.0"));
	EXPECT_STREQ("fenced", text_of(device_attr(REASON)));
	dev->state = FPGA_VFIO_CARD_STATE_FENCED;
	world.has_owner = false;
	EXPECT_EQ(0, get_device("0000:01:00.0"));
	EXPECT_STREQ("fenced", text_of(device_attr(REASON)));
}

TEST_F(get, a_card)
{
	unsigned int i;

	self->devices[1].state = FPGA_VFIO_CARD_STATE_FAILED;
	strscpy(self->devices[1].reason, "does not answer");
	strscpy(self->devices[2].reason, "of another one");
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_STREQ("0000:00:01.0", text_of(card_attr(PORT)));
	for (i = 0; i < DEVICES; i++)
		EXPECT_STREQ(self->pdevs[i].name, text_of(nth(FPGA_VFIO_CMD_CARD_GET,
							      FPGA_VFIO_A_CARD_DEVICE, i)));
	EXPECT_EQ(NULL, nth(FPGA_VFIO_CMD_CARD_GET, FPGA_VFIO_A_CARD_DEVICE, DEVICES));
	/* the worst of its functions */
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, nla_get_u32(card_attr(STATE)));
	EXPECT_STREQ("does not answer", text_of(card_attr(REASON)));
	EXPECT_EQ(NULL, card_attr(FENCE));
}

/* Its owner is told to administrators. */
TEST_F(get, a_fence_session)
{
	struct fv_session *session = &self->card.session;
	const struct nlattr *nest;

	session->is_on = true;
	session->pid = 4711;
	strscpy(session->comm, "unit");
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	nest = card_attr(FENCE);
	EXPECT_EQ(1234, nla_get_u32(of(nest, FPGA_VFIO_A_FENCE_OWNER_LEFT_MS, 0)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_PID, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_COMM, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_DETACHED, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED, 0));
	world.is_admin = true;
	session->is_detached = true;
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	nest = card_attr(FENCE);
	EXPECT_EQ(4711, nla_get_u32(of(nest, FPGA_VFIO_A_FENCE_OWNER_PID, 0)));
	EXPECT_STREQ("unit", text_of(of(nest, FPGA_VFIO_A_FENCE_OWNER_COMM, 0)));
	EXPECT_NE(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_DETACHED, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED, 0));
	session->is_detached = false;
	session->is_link_disabled = true;
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	nest = card_attr(FENCE);
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_DETACHED, 0));
	EXPECT_NE(NULL, of(nest, FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED, 0));
}

/* Only administrators cause accesses to hardware. */
TEST_F(get, a_link)
{
	const struct nlattr *nest;

	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_EQ(NULL, card_attr(LINK));
	self->card.monitor.has_link = true;
	self->card.monitor.link = (struct fv_link) { .width = 1, .is_training = true };
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	nest = card_attr(LINK);
	EXPECT_EQ(0, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_SPEED, 0)));
	EXPECT_EQ(1, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_WIDTH, 0)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_LINK_ACTIVE, 0));
	EXPECT_NE(NULL, of(nest, FPGA_VFIO_A_LINK_TRAINING, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_LINK_DISABLED, 0));
	EXPECT_EQ(0, world.link_reads);

	world.is_admin = true;
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_EQ(1, world.link_reads);
	nest = card_attr(LINK);
	EXPECT_EQ(4, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_SPEED, 0)));
	EXPECT_EQ(16, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_WIDTH, 0)));
	EXPECT_EQ(5, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_MAX_SPEED, 0)));
	EXPECT_EQ(16, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_MAX_WIDTH, 0)));
	EXPECT_EQ(5, nla_get_u32(of(nest, FPGA_VFIO_A_LINK_TARGET_SPEED, 0)));
	EXPECT_NE(NULL, of(nest, FPGA_VFIO_A_LINK_ACTIVE, 0));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_LINK_TRAINING, 0));
	world.link = -EOPNOTSUPP;
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_EQ(NULL, card_attr(LINK));
}

TEST_F(get, a_group)
{
	const struct nlattr *nest;
	unsigned int i;

	EXPECT_EQ(0, get_group(7));
	EXPECT_EQ(7, nla_get_u32(group_attr(ID)));
	for (i = 0; i < DEVICES; i++)
		EXPECT_STREQ(self->pdevs[i].name, text_of(nth(FPGA_VFIO_CMD_GROUP_GET,
							      FPGA_VFIO_A_GROUP_DEVICE, i)));
	EXPECT_EQ(NULL, nth(FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_A_GROUP_DEVICE, DEVICES));
	nest = group_attr(RESET_TIME);
	EXPECT_EQ(0, nla_get_uint(of(nest, FPGA_VFIO_A_RESET_TIME_COUNT, 0)));
	EXPECT_EQ(NULL, of(nest, FPGA_VFIO_A_RESET_TIME_MIN_NS, 0));
	nest = group_attr(STATS);
	for (i = 1; i <= FV_STATS_NR; i++)
		EXPECT_EQ(0x200000000 + i, nla_get_uint(of(nest, i, 0)));
	have_times();
	EXPECT_EQ(0, get_group(7));
	expect_times(_metadata, group_attr(RESET_TIME));
	/* all are unbound */
	INIT_LIST_HEAD(&self->group.devices);
	EXPECT_EQ(0, get_group(7));
	EXPECT_EQ(NULL, group_attr(DEVICE));
}

TEST_F(get, what_is_not_there)
{
	EXPECT_EQ(-EINVAL, get(device, 0));
	EXPECT_STREQ("device-get: no PCI address given", self->extack.text);
	EXPECT_EQ(-EINVAL, get(card, 0));
	EXPECT_STREQ("card-get: no PCI address of a port given", self->extack.text);
	EXPECT_EQ(-EINVAL, get(group, 0));
	EXPECT_STREQ("group-get: no group number given", self->extack.text);
	EXPECT_EQ(-ENODEV, get_device("0000:00:01.0"));
	EXPECT_STREQ("0000:00:01.0: not bound to fpga_vfio_pci", self->extack.text);
	EXPECT_EQ(-ENODEV, get_card("0000:01:00.0"));
	EXPECT_STREQ("port 0000:01:00.0: no device of fpga_vfio_pci below it", self->extack.text);
	EXPECT_EQ(-ENODEV, get_group(8));
	EXPECT_STREQ("group 8: never had a device of fpga_vfio_pci", self->extack.text);
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, get_device("0000:01:00.0"));
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(NULL, kernel_reply);
}

/* As large as each can become. */
static void make_large(struct fv_device *devices, struct fv_card *card)
{
	static const struct fv_profile large = { .name = "name_of_a_profil" };
	unsigned int i;

	world.is_admin = true;
	world.times = (struct fv_times) {
		.count = U64_MAX, .last_ns = U64_MAX, .min_ns = U64_MAX, .max_ns = U64_MAX,
		.total_ns = U64_MAX,
	};
	memset(world.times.buckets, 0xff, sizeof(world.times.buckets));
	for (i = 0; i < DEVICES; i++) {
		devices[i].profile = &large;
		devices[i].policy.nr_methods = FV_POLICY_METHODS;
		devices[i].policy.ready.mask = ~0;
		devices[i].policy.ready.offset = U64_MAX;
		memset(devices[i].reason, 'x', sizeof(devices[i].reason) - 1);
		memset(devices[i].core.pdev->name, 'x', FPGA_VFIO_NAME_MAX);
	}
	card->session.is_on = true;
	card->session.is_detached = true;
	card->session.is_link_disabled = true;
	memset(card->session.comm, 'x', sizeof(card->session.comm) - 1);
}

TEST_F(get, the_largest_fits)
{
	char name[FPGA_VFIO_NAME_MAX + 1];

	make_large(self->devices, &self->card);
	strscpy(name, self->pdevs[0].name);
	memset(self->attrs, 0, sizeof(self->attrs));
	EXPECT_EQ(0, get_group(7));
	EXPECT_EQ(0, get_card("0000:00:01.0"));
	EXPECT_NE(NULL, card_attr(LINK));
	self->pdevs[0].name[12] = '\0';
	EXPECT_EQ(0, get_device(self->pdevs[0].name));
	EXPECT_NE(NULL, device_attr(STATS));
}

/* A reply that does not fit is not sent, nor kept. */
TEST_F(get, one_that_does_not_fit)
{
	make_large(self->devices, &self->card);
	self->pdevs[0].name[12] = '\0';
	for (kernel_skb_short = 4; kernel_skb_short < 4096; kernel_skb_short *= 2) {
		get_device(self->pdevs[0].name);
		get_card("0000:00:01.0");
		get_group(7);
	}
	EXPECT_EQ(-EMSGSIZE, get_device(self->pdevs[0].name));
	EXPECT_EQ(-EMSGSIZE, get_card("0000:00:01.0"));
	EXPECT_EQ(-EMSGSIZE, get_group(7));
	EXPECT_EQ(NULL, kernel_reply);
	kernel_skb_short = 0;
}

/*
 * Calls a dump until its end, as netlink does, with messages of @size bytes. Returns the number of
 * objects, or an error.
 */
static int dump(int (*dumpit)(struct sk_buff *skb, struct netlink_callback *cb),
		struct sk_buff *skb, struct netlink_callback *cb, unsigned int size, int *flags)
{
	struct kernel_message message;
	unsigned int nr = 0;
	int ret;

	memset(cb->ctx, 0, sizeof(cb->ctx));
	cb->prev_seq = 0;
	skb->size = size;
	*flags = 0;
	for (;;) {
		skb->len = 0;
		ret = dumpit(skb, cb);
		if (ret <= 0)
			return ret ?: nr;
		kernel_assert(ret == skb->len);
		message = (struct kernel_message) {};
		while (kernel_next_message(skb, &message)) {
			*flags |= message.hdr->nlmsg_flags;
			kernel_assert(message.hdr->nlmsg_flags & NLM_F_MULTI);
			kernel_assert(kernel_answers_request(&message));
			nr++;
		}
		/* a device is added */
		if (world.link == -EAGAIN)
			fv_registry_changes++;
	}
}

#define dump_of(_kind, _size)						\
	dump(fpga_vfio_nl_##_kind##_get_dumpit, self->skb, &self->cb, _size, &flags)

TEST_F(get, dumps)
{
	unsigned int size;
	int flags;

	make_large(self->devices, &self->card);
	fv_registry_changes = 1;
	EXPECT_EQ(DEVICES, dump_of(device, KERNEL_DUMP_SIZE));
	EXPECT_EQ(NLM_F_MULTI, flags);
	EXPECT_EQ(1, dump_of(card, KERNEL_DUMP_SIZE));
	EXPECT_EQ(1, dump_of(group, KERNEL_DUMP_SIZE));
	/* the room that the dump requests suffices, and less may be an error, but is no loss */
	EXPECT_EQ(0, fpga_vfio_nl_card_get_start(&self->cb));
	EXPECT_EQ(1, dump_of(card, self->cb.min_dump_alloc));
	EXPECT_EQ(0, fpga_vfio_nl_group_get_start(&self->cb));
	EXPECT_EQ(1, dump_of(group, self->cb.min_dump_alloc));
	EXPECT_EQ(0, fpga_vfio_nl_device_get_start(&self->cb));
	ASSERT_LE(self->cb.min_dump_alloc, KERNEL_DUMP_SIZE);
	for (size = 64; size < KERNEL_DUMP_SIZE; size += 4) {
		int nr = dump_of(device, size);

		ASSERT_TRUE(nr == DEVICES ||
			    (nr == -EMSGSIZE && size < self->cb.min_dump_alloc)) {
			TH_LOG("%u: %d", size, nr);
		}
	}
	/* what changes meanwhile has it read again */
	world.link = -EAGAIN;
	EXPECT_EQ(DEVICES, dump_of(device, self->cb.min_dump_alloc));
	EXPECT_TRUE(flags & NLM_F_DUMP_INTR);
	world.nr_devices = 0;
	EXPECT_EQ(0, dump_of(device, KERNEL_DUMP_SIZE));
}

TEST_HARNESS_MAIN
