// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation of the port above a card, while the driver takes the link down or another program
 * reprograms the card. Everything that the port would raise because of that (interrupts, error
 * messages, System Error) or do (contain or remove the card) is disabled at its source, saved,
 * and restored afterwards.
 */
#include <linux/pci.h>

#include "base/wait.h"
#include "pcie/port.h"

/*
 * Time with Secondary Bus Reset set: Trst is 1 ms (PCI r3.0, 4.3.2), doubled as in
 * pci_reset_secondary_bus().
 */
#define FV_PORT_RESET_MS	2

/* Where a register's offset starts. */
enum fv_port_place {
	FV_PORT_HEADER,
	FV_PORT_PCIE,
	FV_PORT_EXT_CAP,
};

/**
 * struct fv_port_register - a register of a port
 * @place: base of @at
 * @cap: extended capability; only for FV_PORT_EXT_CAP
 * @at: offset
 * @size: size in bytes
 * @is_root_only: only root ports have it
 * @off: control: bits that isolation clears; latch: bits to save and clear
 * @on: control: bits that isolation sets
 */
struct fv_port_register {
	enum fv_port_place place;
	u16 cap;
	u16 at;
	u8 size;
	bool is_root_only;
	u32 off;
	u32 on;
};

/* All errors that a link down, or requests without completion, can cause. */
#define FV_PORT_UNCOR	(PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP |	\
			 PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT |	\
			 PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |	\
			 PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP)
#define FV_PORT_COR	(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |	\
			 PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT)

/* In the order of isolation: error masks before the enables of messages, interrupts and SERR. */
static const struct fv_port_register fv_port_controls[] = {
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_DPC, PCI_EXP_DPC_CTL, 2, false,
	  PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_EN_NONFATAL, 0 },
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_MASK, 4, false, 0, FV_PORT_UNCOR },
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_MASK, 4, false, 0, FV_PORT_COR },
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_ROOT_COMMAND, 4, true,
	  PCI_ERR_ROOT_CMD_COR_EN | PCI_ERR_ROOT_CMD_NONFATAL_EN | PCI_ERR_ROOT_CMD_FATAL_EN, 0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_DEVCTL, 2, false,
	  PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE,
	  0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_RTCTL, 2, true,
	  PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE, 0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_LNKCTL, 2, false,
	  PCI_EXP_LNKCTL_LBMIE | PCI_EXP_LNKCTL_LABIE, 0 },
	{ FV_PORT_HEADER, 0, PCI_BRIDGE_CONTROL, 2, false, PCI_BRIDGE_CTL_SERR, 0 },
	{ FV_PORT_HEADER, 0, PCI_COMMAND, 2, false, PCI_COMMAND_SERR, 0 },
};

static_assert(ARRAY_SIZE(fv_port_controls) <= FV_PORT_CONTROLS);

/*
 * All are write 1 to clear. Operator events in Slot Status (attention button) stay latched.
 * The bandwidth controller also clears LBMS, after counting it.
 */
static const struct fv_port_register fv_port_latches[] = {
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_STATUS, 4, false, ~0, 0 },
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_STATUS, 4, false, ~0, 0 },
	{ FV_PORT_EXT_CAP, PCI_EXT_CAP_ID_ERR, PCI_ERR_ROOT_STATUS, 4, true, 0x7f, 0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_DEVSTA, 2, false,
	  PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD, 0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_SLTSTA, 2, false,
	  PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC, 0 },
	{ FV_PORT_PCIE, 0, PCI_EXP_LNKSTA, 2, false, PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_LABS, 0 },
	{ FV_PORT_HEADER, 0, PCI_SEC_STATUS, 2, false, 0xf900, 0 },
	{ FV_PORT_HEADER, 0, PCI_STATUS, 2, false, 0xf900, 0 },
};

static_assert(ARRAY_SIZE(fv_port_latches) <= FV_PORT_LATCHES);

/* Returns 0 if the port does not have the register. */
static int fv_port_where(struct pci_dev *port, const struct fv_port_register *reg)
{
	int cap;

	if (reg->is_root_only &&
	    (!pci_is_pcie(port) || pci_pcie_type(port) != PCI_EXP_TYPE_ROOT_PORT))
		return 0;
	switch (reg->place) {
	case FV_PORT_HEADER:
		return reg->at;
	case FV_PORT_PCIE:
		if (!pci_is_pcie(port) || (reg->at == PCI_EXP_SLTSTA &&
					   !(port->pcie_flags_reg & PCI_EXP_FLAGS_SLOT)))
			return 0;
		return pci_pcie_cap(port) + reg->at;
	default:
		cap = pci_find_ext_capability(port, reg->cap);
		return cap ? cap + reg->at : 0;
	}
}

static u32 fv_port_read(struct pci_dev *port, const struct fv_port_register *reg, int where)
{
	u32 value;
	u16 word;

	if (reg->size == sizeof(word)) {
		pci_read_config_word(port, where, &word);
		return word;
	}
	pci_read_config_dword(port, where, &value);
	return value;
}

/* The PCI core also writes Link Control and Root Control: use its locked accessors. */
static void fv_port_change(struct pci_dev *port, const struct fv_port_register *reg, int where,
			   u32 clear, u32 set)
{
	u32 value;

	if (reg->place == FV_PORT_PCIE) {
		pcie_capability_clear_and_set_word(port, reg->at, clear, set);
		return;
	}
	value = (fv_port_read(port, reg, where) & ~clear) | set;
	if (reg->size == sizeof(u16))
		pci_write_config_word(port, where, value);
	else
		pci_write_config_dword(port, where, value);
}

static void fv_port_clear(struct pci_dev *port, const struct fv_port_register *reg, int where,
			  u32 bits)
{
	if (reg->size == sizeof(u16))
		pci_write_config_word(port, where, bits);
	else
		pci_write_config_dword(port, where, bits);
}

static bool fv_port_is_there(struct pci_dev *port)
{
	u16 vendor;

	pci_read_config_word(port, PCI_VENDOR_ID, &vendor);
	return vendor != 0xffff;
}

/*
 * Value to restore. While the PCI core resets a link after an error, it clears the enables of Root
 * Error Command and sets them afterwards. That may begin before isolation and end during it.
 */
static u32 fv_port_control(struct pci_dev *port, const struct fv_port_register *reg, int where,
			   u32 before)
{
	if (reg->cap == PCI_EXT_CAP_ID_ERR && reg->at == PCI_ERR_ROOT_COMMAND)
		before |= fv_port_read(port, reg, where);
	return before & (reg->off | reg->on);
}

/*
 * Read what fv_port_restore() needs. All-ones from a port that is gone, if only for some of the
 * reads, are no register values and must not be restored: no control register has all bits set.
 */
static void fv_port_save(struct pci_dev *port, struct fv_port_state *state)
{
	const struct fv_port_register *reg;
	bool is_there = true;
	unsigned int i;
	int where;

	for (i = 0; i < ARRAY_SIZE(fv_port_latches); i++) {
		reg = &fv_port_latches[i];
		where = fv_port_where(port, reg);
		if (where)
			state->latches[i] = fv_port_read(port, reg, where) & reg->off;
	}
	for (i = 0; i < ARRAY_SIZE(fv_port_controls); i++) {
		reg = &fv_port_controls[i];
		where = fv_port_where(port, reg);
		if (!where)
			continue;
		state->controls[i] = fv_port_read(port, reg, where);
		if (state->controls[i] == (reg->size == sizeof(u16) ? 0xffff : U32_MAX))
			is_there = false;
	}
	state->is_saved = is_there && fv_port_is_there(port);
}

/**
 * fv_port_isolate - Mask a port's reactions to events below it
 * @port: the port, awake
 * @state: saved registers for fv_port_restore()
 *
 * A port that does not answer is left alone, then and when it is restored, unless
 * fv_port_isolate_again() finds that it answers.
 *
 * Does not stop the hotplug driver: see fv_card_hotplug_ignore().
 *
 * Context: Process context; one at a time for one port, see fv_card_isolate().
 */
void fv_port_isolate(struct pci_dev *port, struct fv_port_state *state)
{
	const struct fv_port_register *reg;
	unsigned int i;
	int where;

	fv_port_save(port, state);
	if (!state->is_saved)
		return;
	for (i = 0; i < ARRAY_SIZE(fv_port_controls); i++) {
		reg = &fv_port_controls[i];
		where = fv_port_where(port, reg);
		if (where)
			fv_port_change(port, reg, where, reg->off, reg->on);
	}
}

/**
 * fv_port_isolate_again - Mask the reactions that another part of the kernel has enabled meanwhile
 * @port: the port, awake, after fv_port_isolate()
 * @state: its saved registers
 *
 * Drivers of port services enable theirs when they resume. Bridge Control and Command are not
 * theirs, and are left alone: fv_port_hot_reset() may be under way. A port that was gone has its
 * reset values; one that did not answer to fv_port_isolate() is saved as it is now.
 *
 * Context: Process context; as fv_port_isolate().
 */
void fv_port_isolate_again(struct pci_dev *port, struct fv_port_state *state)
{
	const struct fv_port_register *reg;
	unsigned int i;
	int where;

	if (!state->is_saved)
		fv_port_save(port, state);
	if (!state->is_saved || !fv_port_is_there(port))
		return;
	for (i = 0; i < ARRAY_SIZE(fv_port_controls); i++) {
		reg = &fv_port_controls[i];
		where = reg->place == FV_PORT_HEADER ? 0 : fv_port_where(port, reg);
		if (!where)
			continue;
		state->controls[i] = fv_port_control(port, reg, where, state->controls[i]);
		fv_port_change(port, reg, where, reg->off, reg->on);
	}
}

/**
 * fv_port_restore - Undo fv_port_isolate()
 * @port: the port, awake
 * @state: saved registers
 *
 * Status bits latched since isolation come from the card: they are cleared before the enables are
 * restored, so that they raise nothing. Control bits that isolation does not change keep their
 * current values, as do enables of Root Error Command that were set meanwhile.
 *
 * Context: Process context; as fv_port_isolate().
 */
void fv_port_restore(struct pci_dev *port, const struct fv_port_state *state)
{
	const struct fv_port_register *reg;
	unsigned int i;
	int where;
	u32 bits;

	if (!state->is_saved || !fv_port_is_there(port))
		return;
	for (i = 0; i < ARRAY_SIZE(fv_port_latches); i++) {
		reg = &fv_port_latches[i];
		where = fv_port_where(port, reg);
		bits = where ? fv_port_read(port, reg, where) & reg->off & ~state->latches[i] : 0;
		if (bits)
			fv_port_clear(port, reg, where, bits);
	}
	for (i = ARRAY_SIZE(fv_port_controls); i--;) {
		reg = &fv_port_controls[i];
		where = fv_port_where(port, reg);
		if (where)
			fv_port_change(port, reg, where, reg->off | reg->on,
				       fv_port_control(port, reg, where, state->controls[i]));
	}
}

/**
 * fv_port_hot_reset - Issue a secondary bus reset
 * @port: the port, isolated
 *
 * Context: Process context, may sleep.
 * Return: 0, -EINTR when the process is being killed (the reset is done all the same),
 * -EIO if the port does not answer.
 */
int fv_port_hot_reset(struct pci_dev *port)
{
	u16 control;
	int ret;

	pci_read_config_word(port, PCI_BRIDGE_CONTROL, &control);
	if (control == 0xffff)
		return -EIO;

	pci_write_config_word(port, PCI_BRIDGE_CONTROL, control | PCI_BRIDGE_CTL_BUS_RESET);
	ret = fv_wait_ms(FV_PORT_RESET_MS);
	pci_write_config_word(port, PCI_BRIDGE_CONTROL, control & ~PCI_BRIDGE_CTL_BUS_RESET);
	return ret;
}
