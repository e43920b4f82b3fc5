/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_IDENTITY_H
#define FV_IDENTITY_H

#include <linux/pci.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

/* More than real functions have; 48 of 4 bytes would fit behind the header. */
#define FV_IDENTITY_CAPS	24
#define FV_IDENTITY_EXT_CAPS	40
#define FV_IDENTITY_BARS	(PCI_STD_NUM_BARS + 1)	/* the last is the ROM */

/**
 * struct fv_identity - identity of a function, from its configuration space
 * @serial: Device Serial Number, 0 if it has none
 * @class: class code and revision, as at PCI_CLASS_REVISION
 * @bars: kind and size of the BARs and the ROM: value read after writing all-ones
 * @vendor: vendor id
 * @device: device id
 * @subsystem_vendor: subsystem vendor id
 * @subsystem: subsystem id
 * @header: header type, with the multi-function bit
 * @nr_caps: capabilities in @caps
 * @nr_ext_caps: extended capabilities in @ext_caps
 * @caps: capabilities in chain order: id and offset
 * @ext_caps: extended capabilities in chain order: id and offset
 */
struct fv_identity {
	u64 serial;
	u32 class;
	u32 bars[FV_IDENTITY_BARS];
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem;
	u8 header;
	u8 nr_caps;
	u8 nr_ext_caps;
	struct fv_identity_cap {
		u16 id;
		u16 at;
	} caps[FV_IDENTITY_CAPS], ext_caps[FV_IDENTITY_EXT_CAPS];
};

int fv_identity_read(struct pci_dev *pdev, struct fv_identity *identity);
bool fv_identity_differs(const struct fv_identity *was, const struct fv_identity *is,
			 enum fpga_vfio_identity_check check, char *text, size_t size);

#endif /* FV_IDENTITY_H */
