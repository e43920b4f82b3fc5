// SPDX-License-Identifier: GPL-2.0
#include <linux/pci_regs.h>
#include <stdio.h>

#include "bytes.h"
#include "pcicfg.h"

/* Reset value and write mask of a register. */
static void reg16(struct cfg *cfg, unsigned int at, uint16_t value, uint16_t mask)
{
	le16_put(cfg->init + at, value);
	le16_put(cfg->mask + at, mask);
}

static void reg32(struct cfg *cfg, unsigned int at, uint32_t value, uint32_t mask)
{
	le32_put(cfg->init + at, value);
	le32_put(cfg->mask + at, mask);
}

static void reg32_sticky(struct cfg *cfg, unsigned int at, uint32_t value, uint32_t mask,
			 uint32_t w1c)
{
	reg32(cfg, at, value, mask);
	le32_put(cfg->w1c + at, w1c);
	le32_put(cfg->sticky + at, mask | w1c);
}

static void build_header(struct cfg *cfg, const struct image *image, unsigned int nr)
{
	const struct image_fn *fn = &image->fn[nr];

	reg16(cfg, PCI_VENDOR_ID, fn->vendor, 0);
	reg16(cfg, PCI_DEVICE_ID, fn->device, 0);
	reg16(cfg, PCI_COMMAND, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
	      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	reg16(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	le16_put(cfg->w1c + PCI_STATUS, PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
		 PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |
		 PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY);
	reg32(cfg, PCI_CLASS_REVISION, fn->class_code << 8 | fn->revision, 0);
	cfg->mask[PCI_CACHE_LINE_SIZE] = 0xff;
	cfg->init[PCI_HEADER_TYPE] = image->fn_count > 1 ? 0x80 : 0;
	reg16(cfg, PCI_SUBSYSTEM_VENDOR_ID, fn->subsystem_vendor, 0);
	reg16(cfg, PCI_SUBSYSTEM_ID, fn->subsystem, 0);
	cfg->mask[PCI_INTERRUPT_LINE] = 0xff;
}

static void build_bars(struct cfg *cfg, const struct image_fn *fn)
{
	unsigned int i, at;

	for (i = 0; i < IMAGE_BARS; i++) {
		const struct image_bar *bar = &fn->bar[i];
		uint64_t mask = ~(bar->size - 1) & ~0xfull;

		if (!bar->size)
			continue;
		at = PCI_BASE_ADDRESS_0 + 4 * i;
		reg32(cfg, at, bar->kind, (uint32_t)mask);
		if (bar->kind & BAR_KIND_64)
			reg32(cfg, at + 4, 0, (uint32_t)(mask >> 32));
	}
	if (fn->rom)
		reg32(cfg, PCI_ROM_ADDRESS, 0, (uint32_t)~(fn->rom - 1) | PCI_ROM_ADDRESS_ENABLE);
}

static void build_pm(struct cfg *cfg, const struct image_cap *cap)
{
	cfg->pm = cap->at;
	cfg->has_pm_reset = cap->soft_reset;
	reg16(cfg, cap->at + PCI_PM_PMC, 3, 0);
	reg16(cfg, cap->at + PCI_PM_CTRL, cap->soft_reset ? 0 : PCI_PM_CTRL_NO_SOFT_RESET,
	      PCI_PM_CTRL_STATE_MASK);
}

static void build_msi(struct cfg *cfg, const struct image_cap *cap)
{
	unsigned int order = (unsigned int)__builtin_ctz(cap->vectors);
	uint32_t all = (uint32_t)((1ull << cap->vectors) - 1);

	cfg->msi = cap->at;
	cfg->msi_vectors = cap->vectors;
	reg16(cfg, cap->at + PCI_MSI_FLAGS, (uint16_t)(order << 1 | PCI_MSI_FLAGS_64BIT |
	      (cap->per_vector_mask ? PCI_MSI_FLAGS_MASKBIT : 0)),
	      PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	reg32(cfg, cap->at + PCI_MSI_ADDRESS_LO, 0, 0xfffffffc);
	reg32(cfg, cap->at + PCI_MSI_ADDRESS_HI, 0, 0xffffffff);
	reg16(cfg, cap->at + PCI_MSI_DATA_64, 0, 0xffff);
	if (cap->per_vector_mask)
		reg32(cfg, cap->at + PCI_MSI_MASK_64, 0, all);
}

static void build_msix(struct cfg *cfg, const struct image_cap *cap)
{
	cfg->msix = cap->at;
	cfg->msix_vectors = cap->vectors;
	reg16(cfg, cap->at + PCI_MSIX_FLAGS, (uint16_t)(cap->vectors - 1),
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	reg32(cfg, cap->at + PCI_MSIX_TABLE, cap->table | cap->table_bar, 0);
	reg32(cfg, cap->at + PCI_MSIX_PBA, cap->pba | cap->pba_bar, 0);
}

/* PCIe endpoint, capability version 2 */
static void build_exp(struct cfg *cfg, const struct image_cap *cap, const struct image *image)
{
	unsigned int at = cap->at;
	uint32_t payload = (uint32_t)__builtin_ctz(cap->payload / 128);

	cfg->exp = cap->at;
	cfg->has_flr = cap->flr;
	reg16(cfg, at + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 0);
	reg32(cfg, at + PCI_EXP_DEVCAP, payload | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER |
	      (cap->flr ? PCI_EXP_DEVCAP_FLR : 0), 0);
	reg16(cfg, at + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
	      PCI_EXP_DEVCTL_READRQ_512B, 0x7fff);
	le16_put(cfg->w1c + at + PCI_EXP_DEVSTA, PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED |
		 PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD);
	reg32(cfg, at + PCI_EXP_LNKCAP, image->speed | (uint32_t)image->width << 4, 0);
	reg16(cfg, at + PCI_EXP_LNKCTL, 0, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB |
	      PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	reg16(cfg, at + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_SLC, 0);
	reg32(cfg, at + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS | 0xf, 0);
	reg16(cfg, at + PCI_EXP_DEVCTL2, 0, 0x1f);
	reg32(cfg, at + PCI_EXP_LNKCAP2, (2u << image->speed) - 2, 0);
	reg16(cfg, at + PCI_EXP_LNKCTL2, image->speed, PCI_EXP_LNKCTL2_TLS);
}

static void build_aer(struct cfg *cfg, const struct image_cap *cap)
{
	const uint32_t ue = PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP |
		PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT |
		PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |
		PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_INTN;
	const uint32_t ce = PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |
		PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT |
		PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER;
	unsigned int at = cap->at;

	cfg->aer = cap->at;
	reg32_sticky(cfg, at + PCI_ERR_UNCOR_STATUS, 0, 0, ue);
	reg32_sticky(cfg, at + PCI_ERR_UNCOR_MASK, PCI_ERR_UNC_INTN, ue, 0);
	reg32_sticky(cfg, at + PCI_ERR_UNCOR_SEVER, PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN |
		     PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |
		     PCI_ERR_UNC_INTN, ue, 0);
	reg32_sticky(cfg, at + PCI_ERR_COR_STATUS, 0, 0, ce);
	reg32_sticky(cfg, at + PCI_ERR_COR_MASK, PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL |
		     PCI_ERR_COR_LOG_OVER, ce, 0);
	reg32_sticky(cfg, at + PCI_ERR_CAP, PCI_ERR_CAP_ECRC_GENC | PCI_ERR_CAP_ECRC_CHKC,
		     PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE, 0);
}

static void build_vsec(struct cfg *cfg, const struct image_cap *cap, const struct image *image)
{
	reg32(cfg, cap->at + 4u, cap->vsec_id | cap->vsec_rev << 16 | cap->length << 20, 0);
	if (cap->length >= 16)
		reg32(cfg, cap->at + 8u, image->build, 0);
}

/* Contents of a capability, without its header. */
static void build_cap(struct cfg *cfg, const struct image_cap *cap, const struct image *image)
{
	switch (cap->id) {
	case CAP_PM:
		build_pm(cfg, cap);
		break;
	case CAP_MSI:
		build_msi(cfg, cap);
		break;
	case CAP_MSIX:
		build_msix(cfg, cap);
		break;
	case CAP_EXP:
		build_exp(cfg, cap, image);
		break;
	case CAP_AER:
		build_aer(cfg, cap);
		break;
	case CAP_DSN:
		reg32(cfg, cap->at + 4u, (uint32_t)image->serial, 0);
		reg32(cfg, cap->at + 8u, (uint32_t)(image->serial >> 32), 0);
		break;
	case CAP_VSEC:
		build_vsec(cfg, cap, image);
		break;
	case CAP_VENDOR:
		cfg->init[cap->at + 2] = (uint8_t)cap->length;
		break;
	}
}

static const struct {
	uint16_t id;
	uint8_t version;	/* of extended ones */
} headers[] = {
	[CAP_PM] = { PCI_CAP_ID_PM, 0 },
	[CAP_MSI] = { PCI_CAP_ID_MSI, 0 },
	[CAP_VENDOR] = { PCI_CAP_ID_VNDR, 0 },
	[CAP_EXP] = { PCI_CAP_ID_EXP, 0 },
	[CAP_MSIX] = { PCI_CAP_ID_MSIX, 0 },
	[CAP_AER] = { PCI_EXT_CAP_ID_ERR, 2 },
	[CAP_DSN] = { PCI_EXT_CAP_ID_DSN, 1 },
	[CAP_VSEC] = { PCI_EXT_CAP_ID_VNDR, 1 },
};

/* Next capability after @at in the same list, or 0. */
static unsigned int next_cap(const struct image_fn *fn, unsigned int at, bool is_extended)
{
	unsigned int next = 0, i;

	for (i = 0; i < fn->cap_count; i++) {
		unsigned int other = fn->cap[i].at;
		bool is_same = is_extended == (other >= 0x100);

		if (!is_same || other <= at)
			continue;
		if (!next || other < next)
			next = other;
	}
	return next;
}

static void link_caps(struct cfg *cfg, const struct image_fn *fn)
{
	unsigned int i;

	cfg->init[PCI_CAPABILITY_LIST] = (uint8_t)next_cap(fn, 0, false);
	for (i = 0; i < fn->cap_count; i++) {
		const struct image_cap *cap = &fn->cap[i];

		if (headers[cap->id].version) {
			le32_put(cfg->init + cap->at, headers[cap->id].id |
				 (uint32_t)headers[cap->id].version << 16 |
				 next_cap(fn, cap->at, true) << 20);
		} else {
			cfg->init[cap->at] = (uint8_t)headers[cap->id].id;
			cfg->init[cap->at + 1] = (uint8_t)next_cap(fn, cap->at, false);
		}
	}
}

void cfg_build(struct cfg *cfg, const struct image *image, unsigned int nr)
{
	const struct image_fn *fn = &image->fn[nr];
	unsigned int i;

	memset(cfg, 0, sizeof(*cfg));
	build_header(cfg, image, nr);
	build_bars(cfg, fn);
	for (i = 0; i < fn->cap_count; i++)
		build_cap(cfg, &fn->cap[i], image);
	link_caps(cfg, fn);
	memcpy(cfg->val, cfg->init, CFG_SIZE);
}

void cfg_read(const struct cfg *cfg, unsigned int at, size_t len, uint8_t *bytes)
{
	memcpy(bytes, cfg->val + at, len);
}

static bool is_within(unsigned int reg, unsigned int at, size_t len)
{
	return reg >= at && reg < at + len;
}

static bool is_touched(unsigned int reg, unsigned int size, unsigned int at, size_t len)
{
	return reg && at < reg + size && reg < at + len;
}

unsigned int cfg_write(struct cfg *cfg, unsigned int at, size_t len, const uint8_t *bytes)
{
	unsigned int flr_byte = cfg->exp + PCI_EXP_DEVCTL + 1u, effects = 0, state = 0;
	size_t i;

	if (cfg->pm)
		state = cfg->val[cfg->pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
	for (i = 0; i < len; i++) {
		unsigned int reg = at + (unsigned int)i;
		uint8_t value = cfg->val[reg] & (uint8_t)~(bytes[i] & cfg->w1c[reg]);

		cfg->val[reg] = (uint8_t)((value & ~cfg->mask[reg]) | (bytes[i] & cfg->mask[reg]));
	}
	if (cfg->has_flr && is_within(flr_byte, at, len) &&
	    (bytes[flr_byte - at] & (PCI_EXP_DEVCTL_BCR_FLR >> 8)))
		effects |= CFG_DO_FLR;
	if (cfg->has_pm_reset && state == 3 &&
	    !(cfg->val[cfg->pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK))
		effects |= CFG_DO_PM_RESET;
	if (is_touched(PCI_COMMAND, 2, at, len))
		effects |= CFG_DO_COMMAND;
	if (is_touched(cfg->msix, 4, at, len) || is_touched(cfg->msi, 24, at, len))
		effects |= CFG_DO_IRQ;
	return effects;
}

void cfg_reset(struct cfg *cfg, bool is_power_on)
{
	unsigned int i;

	for (i = 0; i < CFG_SIZE; i++) {
		uint8_t keep = is_power_on ? 0 : cfg->sticky[i];

		cfg->val[i] = (uint8_t)((cfg->init[i] & ~keep) | (cfg->val[i] & keep));
	}
}

void cfg_set_link(struct cfg *cfg, unsigned int speed, unsigned int width)
{
	uint8_t *p = cfg->val + cfg->exp + PCI_EXP_LNKSTA;

	le16_put(p, (uint16_t)((le16_get(p) & ~(PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW)) |
			       speed | width << 4));
}

bool cfg_set_aer(struct cfg *cfg, bool is_uncorrectable, uint32_t bits)
{
	unsigned int at = cfg->aer + (is_uncorrectable ? PCI_ERR_UNCOR_STATUS : PCI_ERR_COR_STATUS);
	uint8_t *devsta = cfg->val + cfg->exp + PCI_EXP_DEVSTA;
	uint32_t fatal;

	if (!cfg->aer)
		return false;
	bits &= le32_get(cfg->w1c + at);
	le32_put(cfg->val + at, le32_get(cfg->val + at) | bits);
	fatal = bits & le32_get(cfg->val + cfg->aer + PCI_ERR_UNCOR_SEVER);
	if (!is_uncorrectable)
		*devsta |= bits ? PCI_EXP_DEVSTA_CED : 0;
	else
		*devsta |= (fatal ? PCI_EXP_DEVSTA_FED : 0) |
			   (bits & ~fatal ? PCI_EXP_DEVSTA_NFED : 0);
	return true;
}

static bool has_msi_mask(const struct cfg *cfg)
{
	return cfg->msi && (le16_get(cfg->val + cfg->msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_MASKBIT);
}

void cfg_set_msi_pending(struct cfg *cfg, uint32_t bits)
{
	if (has_msi_mask(cfg))
		le32_put(cfg->val + cfg->msi + PCI_MSI_PENDING_64, bits);
}

bool cfg_is_memory_on(const struct cfg *cfg)
{
	return cfg->val[PCI_COMMAND] & PCI_COMMAND_MEMORY;
}

bool cfg_is_master(const struct cfg *cfg)
{
	return cfg->val[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

bool cfg_is_msi_on(const struct cfg *cfg)
{
	return cfg->msi && (cfg->val[cfg->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE);
}

bool cfg_is_msix_on(const struct cfg *cfg)
{
	return cfg->msix && (le16_get(cfg->val + cfg->msix + PCI_MSIX_FLAGS) &
			     PCI_MSIX_FLAGS_ENABLE);
}

unsigned int cfg_msi_enabled(const struct cfg *cfg)
{
	unsigned int order = (cfg->val[cfg->msi + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_QSIZE) >> 4;
	unsigned int count = 1u << order;

	return count < cfg->msi_vectors ? count : cfg->msi_vectors;
}

bool cfg_is_held(const struct cfg *cfg, bool is_msix, unsigned int vector)
{
	if (is_msix)
		return le16_get(cfg->val + cfg->msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_MASKALL;
	if (!has_msi_mask(cfg))
		return false;
	return vector < 32 && le32_get(cfg->val + cfg->msi + PCI_MSI_MASK_64) >> vector & 1;
}

static const struct {
	unsigned int reg;
	const char *name;
} exp_names[] = {
	{ PCI_EXP_DEVCTL, "devctl" },
	{ PCI_EXP_DEVCTL + 1, "devctl+1" },
	{ PCI_EXP_DEVSTA, "devsta" },
	{ PCI_EXP_LNKCTL, "lnkctl" },
	{ PCI_EXP_DEVCTL2, "devctl2" },
	{ PCI_EXP_LNKCTL2, "lnkctl2" },
};

const char *cfg_name(const struct cfg *cfg, unsigned int at, char buf[32])
{
	if (at >= PCI_COMMAND && at < PCI_COMMAND + 2)
		return "command";
	if (at >= PCI_BASE_ADDRESS_0 && at < PCI_BASE_ADDRESS_0 + 24) {
		snprintf(buf, 32, "bar%u", (at - PCI_BASE_ADDRESS_0) / 4);
		return buf;
	}
	if (cfg->exp && at >= cfg->exp) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(exp_names); i++)
			if (at - cfg->exp == exp_names[i].reg)
				return exp_names[i].name;
	}
	if (cfg->pm && at == cfg->pm + 0u + PCI_PM_CTRL)
		return "pmcsr";
	if (cfg->msi && at >= cfg->msi + 2u && at < cfg->msi + 24u) {
		snprintf(buf, 32, "msi+%#x", at - cfg->msi);
		return buf;
	}
	if (cfg->msix && at >= cfg->msix + 2u && at < cfg->msix + 4u)
		return "msix";
	if (cfg->aer && at >= cfg->aer && at < cfg->aer + 0x48u) {
		snprintf(buf, 32, "aer+%#x", at - cfg->aer);
		return buf;
	}
	return NULL;
}
