// SPDX-License-Identifier: GPL-2.0
/* pcie/port.c: port isolation, restore, and hot reset. */
#include "kselftest_harness.h"

#include "pcie/port.h"

#define EXP 0x54
#define AER 0x100
#define DPC 0x160

/* Registers of the isolation, in the order of writes: bits cleared and bits set. */
static const struct control {
	int where, size;
	u32 off, on;
	bool is_root_only;
	const char *name;
} controls[] = {
	{ DPC + 6, 2, 0x3, 0, false, "DPC Control" },
	{ AER + 0x08, 4, 0, 0x001ff030, false, "Uncorrectable Error Mask" },
	{ AER + 0x14, 4, 0, 0x000031c1, false, "Correctable Error Mask" },
	{ AER + 0x2c, 4, 0x7, 0, true, "Root Error Command" },
	{ EXP + 0x08, 2, 0xf, 0, false, "Device Control" },
	{ EXP + 0x1c, 2, 0x7, 0, true, "Root Control" },
	{ EXP + 0x10, 2, 0x0c00, 0, false, "Link Control" },
	{ PCI_BRIDGE_CONTROL, 2, 0x2, 0, false, "Bridge Control" },
	{ PCI_COMMAND, 2, 0x0100, 0, false, "Command" },
};

/* Latched events and the bits that may be cleared. */
static const struct latch {
	int where, size;
	u32 bits;
	const char *name;
} latches[] = {
	{ AER + 0x04, 4, ~0, "Uncorrectable Error Status" },
	{ AER + 0x10, 4, ~0, "Correctable Error Status" },
	{ AER + 0x30, 4, 0x7f, "Root Error Status" },
	{ EXP + 0x0a, 2, 0xf, "Device Status" },
	{ EXP + 0x1a, 2, 0x108, "Slot Status" },
	{ EXP + 0x12, 2, 0xc000, "Link Status" },
	{ PCI_SEC_STATUS, 2, 0xf900, "Secondary Status" },
	{ PCI_STATUS, 2, 0xf900, "Status" },
};

FIXTURE(port)
{
	struct pci_dev port;
	struct fv_port_state state;
};

static void put_port(struct pci_dev *port, u8 type)
{
	size_t i;

	pci_begins(port, "0000:00:01.0");
	pci_put_express(port, EXP, type, 2);
	port->pcie_flags_reg |= PCI_EXP_FLAGS_SLOT;
	pci_put_ext_cap(port, PCI_EXT_CAP_ID_ERR, AER);
	pci_put_ext_cap(port, PCI_EXT_CAP_ID_DPC, DPC);
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		pci_put(port, controls[i].where, controls[i].size, 0xa5a5a5a5, ~0);
	for (i = 0; i < ARRAY_SIZE(latches); i++)
		pci_put_latch(port, latches[i].where, latches[i].size, 0, ~0);
}

FIXTURE_SETUP(port)
{
	kernel_begins();
	put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT);
}

FIXTURE_TEARDOWN(port)
{
	kernel_ends();
}

/* The bits of each control are changed and restored; other bits stay. */
TEST_F(port, each_control_is_isolated_and_restored)
{
	static const u32 values[] = { 0, ~0x8000u, 0xa5a5a5a5, 0x5a5a5a5a };
	struct pci_dev *port = &self->port;
	u32 mask, before;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			const struct control *c = &controls[i];

			put_port(port, PCI_EXP_TYPE_ROOT_PORT);
			mask = c->size == 2 ? 0xffff : ~0;
			before = values[j] & mask;
			pci_put(port, c->where, c->size, before, ~0);
			fv_port_isolate(port, &self->state);
			EXPECT_EQ((before & ~c->off) | c->on, pci_peek(port, c->where, c->size))
				TH_LOG("%s was %#x", c->name, before);
			fv_port_restore(port, &self->state);
			EXPECT_EQ(before, pci_peek(port, c->where, c->size))
				TH_LOG("%s was %#x", c->name, before);
		}
	}
}

/* Concurrent changes of other bits survive. */
TEST_F(port, what_is_not_isolated_stays)
{
	struct pci_dev *port = &self->port;
	u32 mask, is;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		if (c->where == AER + 0x2c)
			continue;
		put_port(port, PCI_EXP_TYPE_ROOT_PORT);
		mask = c->size == 2 ? 0xffff : ~0;
		fv_port_isolate(port, &self->state);
		is = ~pci_peek(port, c->where, c->size) & mask;
		pci_put(port, c->where, c->size, is, ~0);
		fv_port_restore(port, &self->state);
		EXPECT_EQ((is & ~(c->off | c->on)) | (0xa5a5a5a5 & (c->off | c->on)),
			  pci_peek(port, c->where, c->size))
			TH_LOG("%s", c->name);
	}
}

/* The PCI core turns error reporting off during its link reset and on afterwards. */
TEST_F(port, error_reporting_is_not_lost)
{
	static const struct {
		u32 before, after, is;
	} rows[] = {
		/* reset starts before isolation, ends during or after it */
		{ 0, 7, 7 }, { 0, 0, 0 },
		/* reset starts during isolation */
		{ 7, 0, 7 }, { 7, 7, 7 },
		{ 0xf2, 0x100, 0x102 },
	};
	struct pci_dev *port = &self->port;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		put_port(port, PCI_EXP_TYPE_ROOT_PORT);
		pci_put(port, AER + 0x2c, 4, rows[i].before, ~0);
		fv_port_isolate(port, &self->state);
		EXPECT_EQ(0, pci_peek(port, AER + 0x2c, 4) & 7);
		pci_put(port, AER + 0x2c, 4, rows[i].after, ~0);
		fv_port_restore(port, &self->state);
		EXPECT_EQ(rows[i].is, pci_peek(port, AER + 0x2c, 4));
	}
}

/* Port services enable their interrupts when they resume, also if isolation began in a reset. */
TEST_F(port, it_is_isolated_again)
{
	struct pci_dev *port = &self->port;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		put_port(port, PCI_EXP_TYPE_ROOT_PORT);
		fv_port_isolate(port, &self->state);
		pci_put(port, c->where, c->size, c->off, c->off | c->on);
		fv_port_isolate_again(port, &self->state);
		/* the header is a hot reset's, and no port service enables anything there */
		EXPECT_EQ(c->where < 0x40 ? c->off : c->on,
			  pci_peek(port, c->where, c->size) & (c->off | c->on))
			TH_LOG("%s", c->name);
		fv_port_restore(port, &self->state);
		/* error reporting is not lost */
		EXPECT_EQ(c->where == AER + 0x2c ? c->off : 0xa5a5a5a5 & (c->off | c->on),
			  pci_peek(port, c->where, c->size) & (c->off | c->on))
			TH_LOG("%s", c->name);
	}
}

/* One that did not answer to the isolation, and does now, is isolated, but for the header. */
TEST_F(port, one_that_comes_back_is_isolated)
{
	struct pci_dev *port = &self->port;
	size_t i;

	port->is_gone = true;
	fv_port_isolate(port, &self->state);
	fv_port_isolate_again(port, &self->state);
	EXPECT_EQ(0, port->nr_writes);
	port->is_gone = false;
	fv_port_isolate_again(port, &self->state);
	EXPECT_EQ(ARRAY_SIZE(controls) - 2, port->nr_writes);
	for (i = 0; i < ARRAY_SIZE(controls) - 2; i++)
		EXPECT_EQ(controls[i].on, pci_peek(port, controls[i].where, controls[i].size) &
					  (controls[i].off | controls[i].on))
			TH_LOG("%s", controls[i].name);
	fv_port_restore(port, &self->state);
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		EXPECT_EQ(0xa5a5a5a5 & (controls[i].size == 2 ? 0xffff : ~0),
			  pci_peek(port, controls[i].where, controls[i].size))
			TH_LOG("%s", controls[i].name);
}

/* All-ones that a read gets while the port is gone for a moment are not restored. */
TEST_F(port, one_that_is_gone_for_a_moment_is_left_alone)
{
	struct pci_dev *port = &self->port;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		put_port(port, PCI_EXP_TYPE_ROOT_PORT);
		pci_put(port, c->where, c->size, ~0, ~0);
		port->nr_writes = 0;
		fv_port_isolate(port, &self->state);
		fv_port_restore(port, &self->state);
		EXPECT_EQ(0, port->nr_writes)
			TH_LOG("%s", c->name);
	}
}

/* Error sources are masked before error signalling; restored in reverse order. */
TEST_F(port, controls_are_written_in_order)
{
	struct pci_dev *port = &self->port;
	size_t i, nr = ARRAY_SIZE(controls);

	fv_port_isolate(port, &self->state);
	fv_port_restore(port, &self->state);
	ASSERT_EQ(2 * nr, port->nr_writes);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(controls[i].where, port->writes[i].where)
			TH_LOG("%s", controls[i].name);
		EXPECT_EQ(controls[i].size, port->writes[i].size);
		EXPECT_EQ(controls[i].where, port->writes[2 * nr - 1 - i].where)
			TH_LOG("%s", controls[i].name);
		EXPECT_EQ(controls[i].size, port->writes[2 * nr - 1 - i].size);
	}
	/* shared registers, both ways under the PCI core's lock */
	EXPECT_EQ(2 * 3, port->express_changes);
	EXPECT_LE(nr, FV_PORT_CONTROLS);
	EXPECT_LE(ARRAY_SIZE(latches), FV_PORT_LATCHES);
}

/* Only events latched during isolation are cleared, only bits owned by the isolation. */
TEST_F(port, each_event_of_meanwhile_is_cleared)
{
	static const u32 values[] = { 0, 0x55555555, 0xaaaaaaaa };
	struct pci_dev *port = &self->port;
	u32 mask, was;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(latches); i++) {
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			const struct latch *l = &latches[i];

			put_port(port, PCI_EXP_TYPE_ROOT_PORT);
			mask = l->size == 2 ? 0xffff : ~0;
			was = values[j] & mask;
			memcpy(&port->config[l->where], &was, l->size);
			fv_port_isolate(port, &self->state);
			EXPECT_EQ(was, pci_peek(port, l->where, l->size));
			memcpy(&port->config[l->where], &mask, l->size);
			fv_port_restore(port, &self->state);
			EXPECT_EQ(mask & ~(l->bits & ~was), pci_peek(port, l->where, l->size))
				TH_LOG("%s was %#x", l->name, was);
		}
	}
}

/* Events latched before the isolation stay for their reader. */
TEST_F(port, events_of_before_stay)
{
	struct pci_dev *port = &self->port;
	size_t i, nr;

	for (i = 0; i < ARRAY_SIZE(latches); i++)
		memset(&port->config[latches[i].where], 0xff, latches[i].size);
	fv_port_isolate(port, &self->state);
	nr = port->nr_writes;
	fv_port_restore(port, &self->state);
	EXPECT_EQ(2 * nr, port->nr_writes);
	for (i = 0; i < ARRAY_SIZE(latches); i++)
		EXPECT_EQ(latches[i].size == 2 ? 0xffff : ~0,
			  pci_peek(port, latches[i].where, latches[i].size))
			TH_LOG("%s", latches[i].name);
}

/* A switch port has no root port registers; that space is not touched. */
TEST_F(port, only_root_ports_have_root_registers)
{
	struct pci_dev *port = &self->port;
	size_t i, nr = 0;

	put_port(port, PCI_EXP_TYPE_DOWNSTREAM);
	fv_port_isolate(port, &self->state);
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		nr += !controls[i].is_root_only;
	EXPECT_EQ(nr, port->nr_writes);
	for (i = 0; i < ARRAY_SIZE(latches); i++)
		memset(&port->config[latches[i].where], 0xff, latches[i].size);
	fv_port_restore(port, &self->state);
	EXPECT_EQ(2 * nr + ARRAY_SIZE(latches) - 1, port->nr_writes);
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		EXPECT_EQ(0xa5a5a5a5 & (controls[i].size == 2 ? 0xffff : ~0),
			  pci_peek(port, controls[i].where, controls[i].size));
	for (i = 0; i < ARRAY_SIZE(latches); i++) {
		const struct latch *l = &latches[i];

		EXPECT_EQ((l->size == 2 ? 0xffff : ~0) &
			  ~(l->where == AER + 0x30 ? 0 : l->bits),
			  pci_peek(port, l->where, l->size))
			TH_LOG("%s", l->name);
	}
}

/* Slot Status exists only with a slot. */
TEST_F(port, slot_events_are_a_slots)
{
	struct pci_dev *port = &self->port;

	port->pcie_flags_reg &= ~PCI_EXP_FLAGS_SLOT;
	fv_port_isolate(port, &self->state);
	EXPECT_EQ(ARRAY_SIZE(controls), port->nr_writes);
	memset(&port->config[EXP + 0x1a], 0xff, 2);
	fv_port_restore(port, &self->state);
	EXPECT_EQ(0xffff, pci_peek(port, EXP + 0x1a, 2));
}

/* A bridge to conventional PCI has only header registers. */
TEST_F(port, conventional_bridges_have_a_header)
{
	struct pci_dev *port = &self->port;

	pci_begins(port, "0000:00:02.0");
	pci_put(port, PCI_BRIDGE_CONTROL, 2, 0x0fff, 0xffff);
	pci_put(port, PCI_COMMAND, 2, 0x0547, 0x547);
	fv_port_isolate(port, &self->state);
	EXPECT_EQ(2, port->nr_writes);
	EXPECT_EQ(0x0ffd, pci_peek(port, PCI_BRIDGE_CONTROL, 2));
	EXPECT_EQ(0x0447, pci_peek(port, PCI_COMMAND, 2));
	fv_port_restore(port, &self->state);
	EXPECT_EQ(0x0fff, pci_peek(port, PCI_BRIDGE_CONTROL, 2));
	EXPECT_EQ(0x0547, pci_peek(port, PCI_COMMAND, 2));
}

/* A port that is gone is not written. */
TEST_F(port, one_that_is_gone_is_left_alone)
{
	struct pci_dev *port = &self->port;

	fv_port_isolate(port, &self->state);
	port->is_gone = true;
	port->nr_writes = 0;
	fv_port_restore(port, &self->state);
	EXPECT_EQ(0, port->nr_writes);
	EXPECT_EQ(-EIO, fv_port_hot_reset(port));
	EXPECT_EQ(0, port->nr_writes);
}

/* A port that answers again: the all-ones that were read before are not written to it. */
TEST_F(port, one_that_comes_back_is_left_alone)
{
	struct pci_dev *port = &self->port;

	port->is_gone = true;
	fv_port_isolate(port, &self->state);
	EXPECT_EQ(0, port->nr_writes);
	port->is_gone = false;
	fv_port_restore(port, &self->state);
	EXPECT_EQ(0, port->nr_writes);
	/* the next isolation works */
	fv_port_isolate(port, &self->state);
	EXPECT_NE(0, port->nr_writes);
}

/* Secondary Bus Reset is asserted for 2 ms; other bits stay. */
static u64 set_ns, cleared_ns;

static void note_reset(struct pci_dev *pdev, int where, u32 value)
{
	if (where != PCI_BRIDGE_CONTROL)
		return;
	if (value & PCI_BRIDGE_CTL_BUS_RESET)
		set_ns = kernel_ns;
	else
		cleared_ns = kernel_ns;
}

TEST_F(port, a_hot_reset_lasts_2_ms)
{
	struct pci_dev *port = &self->port;

	port->on_write = note_reset;
	pci_put(port, PCI_BRIDGE_CONTROL, 2, 0x0013, 0xffff);
	EXPECT_EQ(0, fv_port_hot_reset(port));
	EXPECT_EQ(2, port->nr_writes);
	EXPECT_EQ(0x0053, port->writes[0].value);
	EXPECT_EQ(0x0013, port->writes[1].value);
	EXPECT_EQ(2 * NSEC_PER_MSEC, cleared_ns - set_ns);
	/* also deasserted if it was set before */
	pci_put(port, PCI_BRIDGE_CONTROL, 2, 0x0053, 0xffff);
	EXPECT_EQ(0, fv_port_hot_reset(port));
	EXPECT_EQ(0x0013, pci_peek(port, PCI_BRIDGE_CONTROL, 2));
}

/* A killed task does not leave the card in reset. */
TEST_F(port, a_killed_hot_reset_ends)
{
	struct pci_dev *port = &self->port;

	pci_put(port, PCI_BRIDGE_CONTROL, 2, 0x0013, 0xffff);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_port_hot_reset(port));
	EXPECT_EQ(2, port->nr_writes);
	EXPECT_EQ(0x0013, pci_peek(port, PCI_BRIDGE_CONTROL, 2));
}

TEST_HARNESS_MAIN
