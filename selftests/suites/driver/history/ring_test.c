// SPDX-License-Identifier: GPL-2.0
/* Wraparound of the history ring: read after each event around the one that fills it. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "check.h"
#include "event.h"
#include "file.h"
#include "genl.h"
#include "module.h"
#include "pci.h"

#define LIMIT_S 120
#define RING 128

FIXTURE(ring)
{
	const char *bdf;
	char port[BDF_LEN];
	struct genl genl;
};

/* Reload the module to start with empty histories. */
FIXTURE_SETUP(ring)
{
	self->bdf = getenv("FV_CARD");
	ASSERT_NE(NULL, self->bdf);
	if (module_loaded("fpga_vfio_pci")) {
		pci_unbind(self->bdf);
		module_unload("fpga_vfio_pci");
	}
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	module_load_ours("");
	pci_bind(self->bdf, "fpga_vfio_pci");
	ASSERT_EQ(0, pci_parent(self->bdf, self->port, sizeof(self->port)));
	/* no other events during the test */
	file_write("0", PCI_SYSFS "/%s/fpga_vfio/monitor_interval_ms", self->bdf);
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
}

FIXTURE_TEARDOWN(ring)
{
	genl_close(&self->genl);
	pci_unbind(self->bdf);
	module_unload("fpga_vfio_pci");
}

/* Result of a dump; @wrong counts gaps and events with a wrong text. */
struct seen {
	unsigned int nr, wrong;
	uint64_t first, last;
};

/* Event number N has the text load_limit_ms=1000 + N. */
static void take(const struct nlattr *attrs, size_t len, void *data)
{
	struct seen *seen = data;
	struct event event;
	char text[32];

	event_parse(attrs, len, &event);
	if (!seen->nr++)
		seen->first = event.seq;
	else if (event.seq != seen->last + 1)
		seen->wrong++;
	seen->last = event.seq;
	snprintf(text, sizeof(text), "load_limit_ms=%llu", 1000ull + event.seq);
	if (event.seq > 2 && strcmp(text, event.text))
		seen->wrong++;
}

static void dump(struct genl *genl, const char *port, struct seen *seen)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	int ret;

	*seen = (struct seen) { 0 };
	genl_put_string(&attrs, FPGA_VFIO_A_EVENT_PORT, port);
	ret = __genl_call(genl, FPGA_VFIO_CMD_HISTORY_GET, NLM_F_DUMP, &attrs, take, seen,
			  &answer);
	if (ret)
		fail("history-get %s: %s", port, errno_name(ret));
}

TEST_F_TIMEOUT(ring, ends_where_it_should, LIMIT_S)
{
	struct seen seen;
	uint64_t last;
	char text[16];

	/* bound, and the policy change above */
	dump(&self->genl, self->port, &seen);
	ASSERT_EQ(2, seen.last);
	for (last = 3; last <= 2 * RING + 3; last++) {
		snprintf(text, sizeof(text), "%llu", 1000ull + last);
		file_write(text, PCI_SYSFS "/%s/fpga_vfio/load_limit_ms", self->bdf);
		if (last > 3 && (last + 4) % RING > 8)
			continue;
		dump(&self->genl, self->port, &seen);
		EXPECT_EQ(last, seen.last);
		EXPECT_EQ(last <= RING ? 1 : last - RING + 1, seen.first)
			TH_LOG("after event %llu", (unsigned long long)last);
		EXPECT_EQ(last <= RING ? last : RING, seen.nr);
		EXPECT_EQ(0, seen.wrong);
	}
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
