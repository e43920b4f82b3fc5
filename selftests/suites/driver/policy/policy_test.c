// SPDX-License-Identifier: GPL-2.0
/* Policy of a device: read and set by netlink and sysfs, and refusals. */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "file.h"
#include "genl.h"
#include "module.h"
#include "pci.h"
#include "policy.h"

#define LIMIT_S 60
#define FILE_OF PCI_SYSFS "/%s/fpga_vfio/%s"

static const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

FIXTURE(policy)
{
	const char *bdf;
	struct genl genl;
	struct genl_answer answer;
};

FIXTURE_SETUP(policy)
{
	self->bdf = role("FV_CARD");
	/* provides the port's link */
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	if (!module_loaded("fpga_vfio_pci"))
		module_load_ours("");
	/* a rebind resets the policy */
	if (pci_driver_is(self->bdf, "fpga_vfio_pci"))
		pci_unbind(self->bdf);
	pci_bind(self->bdf, "fpga_vfio_pci");
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
}

FIXTURE_TEARDOWN(policy)
{
	genl_close(&self->genl);
}

#define POLICY_TEST(_name) TEST_F_TIMEOUT(policy, _name, LIMIT_S)

/* A policy as "key=value" texts. */
struct words {
	unsigned int nr;
	char text[16][POLICY_TEXT];
};

static void take_policy(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *policy = genl_find(attrs, len, FPGA_VFIO_A_DEVICE_POLICY);
	struct words *words = data;

	for (words->nr = 0; policy && policy_keys[words->nr]; words->nr++)
		policy_value(policy, policy_keys[words->nr], words->text[words->nr], POLICY_TEXT);
}

/* Read by netlink and sysfs; return the number of different keys, each printed. */
static unsigned int read_both(struct genl *genl, const char *bdf, struct words *words)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	unsigned int i, differ = 0;
	char text[POLICY_TEXT];

	memset(words, 0, sizeof(*words));
	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, bdf);
	__genl_call(genl, FPGA_VFIO_CMD_DEVICE_GET, 0, &attrs, take_policy, words, &answer);
	for (i = 0; i < words->nr; i++) {
		if (__file_read(text, sizeof(text), FILE_OF, bdf, policy_keys[i]) < 0)
			snprintf(text, sizeof(text), "(no such file)");
		if (!strcmp(text, words->text[i]))
			continue;
		printf("# %s: netlink \"%s\", sysfs \"%s\"\n", policy_keys[i], words->text[i],
		       text);
		differ++;
	}
	return differ;
}

static const char *word_of(const struct words *words, const char *key)
{
	unsigned int i;

	for (i = 0; i < words->nr; i++)
		if (!strcmp(policy_keys[i], key))
			return words->text[i];
	return "(no such key)";
}

/* Number of keys that differ between two policies, each printed. */
static unsigned int words_differ(const struct words *a, const struct words *b)
{
	unsigned int i, differ = 0;

	for (i = 0; i < a->nr; i++) {
		if (!strcmp(a->text[i], b->text[i]))
			continue;
		printf("# %s: \"%s\" and \"%s\"\n", policy_keys[i], a->text[i], b->text[i]);
		differ++;
	}
	return differ + (a->nr != b->nr);
}

/* Key of the last refusal; empty if it had none. */
static char refused_key[64];

static void take_refusal(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *refusal = genl_find(attrs, len, FPGA_VFIO_A_DEVICE_REFUSAL);

	(void)data;
	if (refusal && genl_number(genl_in(refusal, FPGA_VFIO_A_REFUSAL_REASON)) ==
		       FPGA_VFIO_REFUSAL_POLICY)
		snprintf(refused_key, sizeof(refused_key), "%s",
			 genl_text(genl_in(refusal, FPGA_VFIO_A_REFUSAL_KEY)));
}

/* Set "key=value" words, separated by blanks; "default" is allowed. */
static int set_netlink(struct genl *genl, const char *bdf, const char *words,
		       struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 }, policy = { 0 };
	char copy[256], *rest = copy, *word;
	int ret;

	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, bdf);
	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " "))) {
		if (!strcmp(word, "default"))
			genl_put(&attrs, FPGA_VFIO_A_DEVICE_POLICY_DEFAULT, NULL, 0);
		else
			policy_put(&policy, word);
	}
	if (policy.len)
		genl_put_nest(&attrs, FPGA_VFIO_A_DEVICE_POLICY, &policy);
	refused_key[0] = '\0';
	ret = __genl_call(genl, FPGA_VFIO_CMD_DEVICE_SET, 0, &attrs, take_refusal, NULL, answer);
	printf("# %s: %s %s\n", words, errno_name(ret), answer->text);
	return ret;
}

static int set_sysfs(const char *bdf, const char *key, const char *value)
{
	char text[POLICY_TEXT + 2];
	int ret;

	snprintf(text, sizeof(text), "%s\n", value);
	ret = __file_write(text, FILE_OF, bdf, key);
	printf("# %s \"%s\" by sysfs: %s\n", key, value, errno_name(ret));
	return ret;
}

/* Set one key by netlink; the value has the sysfs format. */
static int set_key(struct genl *genl, const char *bdf, const char *key, const char *value,
		   struct genl_answer *answer)
{
	char word[128], *at;

	snprintf(word, sizeof(word), "%s=%s", key, value);
	for (at = word; *at; at++)
		if (*at == ' ')
			*at = ',';
	return set_netlink(genl, bdf, word, answer);
}

static const struct begin {
	const char *key, *value;
} begin[] = {
	{ "reset_methods", "default" }, { "load_limit_ms", "60000" },
	{ "ready_limit_ms", "10000" }, { "link_speed", "0" }, { "link_width", "0" },
	{ "retrain_tries", "3" }, { "monitor_interval_ms", "100" }, { "auto_retrain", "0" },
	{ "identity", "strict" }, { "user_notification", "none" }, { "aer", "recover" },
	{ "link_disable", "auto" }, { "reset_at_open", "auto" }, { "open_limit_ms", "30000" },
	{ 0 },
};

POLICY_TEST(begins_with_what_is_good_for_any_card)
{
	const struct begin *is;
	struct words words;

	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &words));
	EXPECT_EQ(15, words.nr);
	for (is = begin; is->key; is++)
		EXPECT_STREQ(is->value, word_of(&words, is->key));
	EXPECT_NE('\0', word_of(&words, "ready_register")[0]);
}

POLICY_TEST(files_have_the_right_modes)
{
	static const char *const read_only[] = {
		"state", "reason", "profile", "reset_last_ns", "reset_min_ns", "reset_max_ns",
		"reset_total_ns", NULL,
	};
	char path[256];
	struct stat st;
	unsigned int i;

	for (i = 0; policy_keys[i]; i++) {
		snprintf(path, sizeof(path), FILE_OF, self->bdf, policy_keys[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0644, st.st_mode & 07777);
	}
	for (i = 0; read_only[i]; i++) {
		snprintf(path, sizeof(path), FILE_OF, self->bdf, read_only[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0444, st.st_mode & 07777);
	}
	snprintf(path, sizeof(path), FILE_OF, self->bdf, "reset");
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0200, st.st_mode & 07777);
}

/* Valid values, set and read in both ways. */
static const struct begin right[] = {
	{ "load_limit_ms", "1000" }, { "load_limit_ms", "600000" },
	{ "ready_limit_ms", "100" }, { "ready_limit_ms", "120000" },
	/* the card has 8 GT/s x8, which is the maximum */
	{ "link_speed", "1" }, { "link_speed", "3" }, { "link_speed", "0" },
	{ "link_width", "1" }, { "link_width", "8" }, { "link_width", "0" },
	{ "retrain_tries", "1" }, { "retrain_tries", "10" },
	{ "monitor_interval_ms", "10" }, { "monitor_interval_ms", "60000" },
	{ "monitor_interval_ms", "0" },
	{ "auto_retrain", "0" }, { "auto_retrain", "1" },
	{ "identity", "build" }, { "identity", "strict" },
	{ "user_notification", "error" }, { "user_notification", "request" },
	{ "user_notification", "none" },
	{ "aer", "stop" }, { "aer", "ignore-data-errors" }, { "aer", "recover" },
	{ "link_disable", "on" }, { "link_disable", "off" }, { "link_disable", "auto" },
	{ "reset_at_open", "always" }, { "reset_at_open", "auto" },
	{ "open_limit_ms", "1000" }, { "open_limit_ms", "600000" },
	{ "reset_methods", "hot" }, { "reset_methods", "flr hot link" },
	{ "reset_methods", "link hot pm flr" },
	/* BAR 0 has 64 KiB, BAR 2 1 MiB and 64 bits */
	{ "ready_register", "0 0x20 0x1 0x1" },
	{ "ready_register", "0 0xfffc 0xffffffff 0xfffffffe" },
	{ "ready_register", "2 0xffffc 0xf0 0x30" }, { "ready_register", "none" }, { 0 },
};

POLICY_TEST(right_values_are_set)
{
	const struct begin *is;
	struct words words;
	int way;

	for (is = right; is->key; is++) {
		for (way = 0; way < 2; way++) {
			ASSERT_EQ(0, set_netlink(&self->genl, self->bdf, "default",
						 &self->answer));
			EXPECT_EQ(0, way ? set_sysfs(self->bdf, is->key, is->value) :
				  set_key(&self->genl, self->bdf, is->key, is->value,
					  &self->answer));
			EXPECT_EQ(0, read_both(&self->genl, self->bdf, &words));
			EXPECT_STREQ(is->value, word_of(&words, is->key));
		}
	}
	EXPECT_EQ(0, set_sysfs(self->bdf, "reset_methods", "hot"));
	EXPECT_EQ(0, set_sysfs(self->bdf, "reset_methods", "default"));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &words));
	EXPECT_STREQ("default", word_of(&words, "reset_methods"));
}

/* Invalid values, with errno and parts of the text. */
static const struct wrong {
	const char *key, *value;
	int error;
	const char *text[3];
} wrong[] = {
	{ "load_limit_ms", "999", -ERANGE, { "999", "1000", "600000" } },
	{ "load_limit_ms", "600001", -ERANGE, { "600001", "1000", "600000" } },
	{ "load_limit_ms", "0", -ERANGE, { "1000", "600000" } },
	{ "load_limit_ms", "4294967295", -ERANGE, { "4294967295", "1000", "600000" } },
	{ "ready_limit_ms", "99", -ERANGE, { "99", "100", "120000" } },
	{ "ready_limit_ms", "120001", -ERANGE, { "120001", "100", "120000" } },
	{ "open_limit_ms", "999", -ERANGE, { "999", "1000", "600000" } },
	{ "open_limit_ms", "600001", -ERANGE, { "600001", "1000", "600000" } },
	{ "link_speed", "7", -ERANGE, { "7", "1", "6" } },
	{ "link_speed", "4", -ERANGE, { "16 GT/s", "8 GT/s" } },
	{ "link_width", "33", -ERANGE, { "33", "1", "32" } },
	{ "link_width", "16", -ERANGE, { "16", "8" } },
	{ "retrain_tries", "0", -ERANGE, { "0", "1", "10" } },
	{ "retrain_tries", "11", -ERANGE, { "11", "1", "10" } },
	{ "monitor_interval_ms", "9", -ERANGE, { "9", "10", "60000" } },
	{ "monitor_interval_ms", "60001", -ERANGE, { "60001", "10", "60000" } },
	{ "auto_retrain", "2", -ERANGE, { "2", "0", "1" } },
	{ "reset_methods", "flr hot flr", -EINVAL, { "flr" } },
	{ "ready_register", "1 0x0 0x1 0x1", -EINVAL, { "BAR 1" } },
	/* the upper half of a 64-bit BAR */
	{ "ready_register", "3 0x0 0x1 0x1", -EINVAL, { "BAR 3" } },
	{ "ready_register", "6 0x0 0x1 0x1", -EINVAL, { "BAR 6" } },
	{ "ready_register", "0 0x10000 0x1 0x1", -EINVAL, { "0x10000" } },
	{ "ready_register", "0 0xfffffffffffffffc 0x1 0x1", -EINVAL, { "0xfffffffffffffffc" } },
	{ "ready_register", "0 0x22 0x1 0x1", -EINVAL, { "0x22", "4" } },
	{ "ready_register", "0 0x20 0x1 0x2", -EINVAL, { "0x2", "0x1" } },
	{ 0 },
};

POLICY_TEST(wrong_values_are_refused_with_a_text)
{
	struct words before, after;
	const struct wrong *is;
	unsigned int i;

	/* no default values, to detect a reset to defaults */
	ASSERT_EQ(0, set_netlink(&self->genl, self->bdf,
				 "load_limit_ms=2000 reset_methods=hot retrain_tries=7 aer=stop",
				 &self->answer));
	ASSERT_EQ(0, set_netlink(&self->genl, self->bdf, "ready_register=0,0x20,1,1",
				 &self->answer));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &before));
	for (is = wrong; is->key; is++) {
		EXPECT_EQ(is->error, set_key(&self->genl, self->bdf, is->key, is->value,
					     &self->answer))
			TH_LOG("%s=%s", is->key, is->value);
		EXPECT_STREQ(is->key, refused_key)
			TH_LOG("%s=%s", is->key, is->value);
		EXPECT_NE(NULL, strstr(self->answer.text, self->bdf))
			TH_LOG("%s=%s: no device in \"%s\"", is->key, is->value, self->answer.text);
		if (is->error == -ERANGE)
			EXPECT_NE(NULL, strstr(self->answer.text, is->key))
				TH_LOG("%s=%s: no key in \"%s\"", is->key, is->value,
				       self->answer.text);
		for (i = 0; i < 3 && is->text[i]; i++)
			EXPECT_NE(NULL, strstr(self->answer.text, is->text[i]))
				TH_LOG("%s=%s: no \"%s\" in \"%s\"", is->key, is->value,
				       is->text[i], self->answer.text);
		EXPECT_EQ(is->error, set_sysfs(self->bdf, is->key, is->value))
			TH_LOG("%s=%s by sysfs", is->key, is->value);
	}
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(0, words_differ(&before, &after));
}

/* Invalid numbers by netlink, and invalid words by sysfs. */
POLICY_TEST(what_has_no_sense_is_refused)
{
	static const char *const numbers[] = {
		"identity=2", "user_notification=3", "aer=3", "link_disable=3", "reset_at_open=2",
		"identity=99999", "reset_methods=flr,9", NULL,
	};
	static const char *const texts[] = { "", "nonsense", "1 2", "-1", "0x", "1x", " ", NULL };
	struct words before, after;
	unsigned int i, j;
	int ret;

	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &before));
	for (i = 0; numbers[i]; i++) {
		ret = set_netlink(&self->genl, self->bdf, numbers[i], &self->answer);
		EXPECT_TRUE(ret == -ERANGE || ret == -EINVAL);
		EXPECT_NE('\0', self->answer.text[0]);
	}
	for (i = 0; policy_keys[i]; i++) {
		for (j = 0; texts[j]; j++) {
			ret = set_sysfs(self->bdf, policy_keys[i], texts[j]);
			EXPECT_TRUE(ret == -EINVAL || (ret == -ERANGE && texts[j][0] == '-'))
				TH_LOG("%s \"%s\": %s", policy_keys[i], texts[j], errno_name(ret));
		}
	}
	for (i = 0; policy_keys[i]; i++)
		if (strcmp(policy_keys[i], "load_limit_ms"))
			EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, policy_keys[i], "strictx"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "reset_methods", "flr nonsense"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "reset_methods", "default flr"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "ready_register", "0 0x20 1"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "ready_register", "0 0x20 1 1 1"));
	/* more than 32 bits, valid only for the offset */
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "ready_register", "0x100000000 0x20 1 1"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "ready_register", "0 0x20 0x100000001 1"));
	EXPECT_EQ(-EINVAL, set_sysfs(self->bdf, "ready_register", "0 0x20 1 0x100000001"));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(0, words_differ(&before, &after));
}

POLICY_TEST(all_of_a_request_or_nothing)
{
	static const char *const bad[] = {
		"load_limit_ms=3000 retrain_tries=99 aer=stop",
		"load_limit_ms=3000 ready_register=3,0,1,1 aer=stop",
		"load_limit_ms=3000 reset_methods=hot,hot aer=stop",
		"load_limit_ms=3000 identity=7 aer=stop",
		"default retrain_tries=99", "default reset_methods=flr,flr", NULL,
	};
	struct words first, before, after;
	unsigned int i;

	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &first));
	ASSERT_EQ(0, set_netlink(&self->genl, self->bdf, "load_limit_ms=2000 reset_methods=hot,flr",
				 &self->answer));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &before));
	for (i = 0; bad[i]; i++) {
		EXPECT_NE(0, set_netlink(&self->genl, self->bdf, bad[i], &self->answer));
		EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
		EXPECT_EQ(0, words_differ(&before, &after));
	}
	/* keys that are not in the request stay */
	EXPECT_EQ(0, set_netlink(&self->genl, self->bdf, "retrain_tries=7 aer=stop",
				 &self->answer));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(2, words_differ(&before, &after));
	EXPECT_STREQ("7", word_of(&after, "retrain_tries"));
	EXPECT_STREQ("stop", word_of(&after, "aer"));
	/* "default" applies first, in any order */
	EXPECT_EQ(0, set_netlink(&self->genl, self->bdf, "aer=stop default", &self->answer));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(1, words_differ(&first, &after));
	EXPECT_STREQ("stop", word_of(&after, "aer"));
	EXPECT_EQ(0, set_netlink(&self->genl, self->bdf, "default", &self->answer));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(0, words_differ(&first, &after));
}

POLICY_TEST(lasts_while_the_device_is_bound)
{
	struct words first, after;

	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &first));
	EXPECT_EQ(0, set_netlink(&self->genl, self->bdf,
				 "reset_methods=hot identity=build ready_register=0,0x20,1,1",
				 &self->answer));
	pci_unbind(self->bdf);
	pci_bind(self->bdf, "fpga_vfio_pci");
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &after));
	EXPECT_EQ(0, words_differ(&first, &after));
}

/* Runs unprivileged; return 0 or the number of the failed check. */
static int try_as_nobody(void)
{
	const char *bdf = role("FV_CARD");
	struct genl_answer answer;
	struct words words;
	struct genl genl;

	if (setgid(65534) || setuid(65534))
		return 2;
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	if (read_both(&genl, bdf, &words) || words.nr != 15)
		return 3;
	if (set_netlink(&genl, bdf, "aer=stop", &answer) != -EPERM)
		return 4;
	/* -EPERM comes before -ENODEV */
	if (set_netlink(&genl, "0000:ff:1f.7", "aer=stop", &answer) != -EPERM)
		return 5;
	if (set_sysfs(bdf, "aer", "stop") != -EACCES)
		return 6;
	if (set_sysfs(bdf, "reset", "any") != -EACCES)
		return 7;
	return 0;
}

POLICY_TEST(everybody_may_read_but_not_set)
{
	struct words words;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		status = try_as_nobody();
		fflush(stdout);
		_exit(status);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(0, read_both(&self->genl, self->bdf, &words));
	EXPECT_STREQ("recover", word_of(&words, "aer"));
}

POLICY_TEST(unknown_devices_are_named)
{
	struct genl_answer answer;

	EXPECT_EQ(-ENODEV, set_netlink(&self->genl, "0000:ff:1f.7", "aer=stop", &answer));
	EXPECT_NE(NULL, strstr(answer.text, "0000:ff:1f.7"));
	EXPECT_EQ(-EINVAL, __genl_call(&self->genl, FPGA_VFIO_CMD_DEVICE_SET, 0, NULL, NULL, NULL,
				       &answer));
	EXPECT_NE('\0', answer.text[0]);
	EXPECT_TRUE(answer.has_miss);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
