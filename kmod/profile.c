// SPDX-License-Identifier: GPL-2.0
/*
 * What is publicly known of boards and shells, and where it is said.
 *
 * A profile is where to begin, not what to believe: whatever resets a card, it is
 * verified. So a profile changes the order of the methods and takes none away, as a
 * design that bears the ids of a shell need not be that shell; and it allows more time
 * than the defaults, never less, as an image may come by JTAG.
 *
 * Ids that several designs share have no profile: what XDMA has of 10ee:70xx, 80xx and
 * 90xx, LitePCIe has too, and QDMA of the last (Xilinx/dma_ip_drivers, XDMA/linux-kernel/
 * xdma/xdma_mod.c and QDMA/linux-kernel/driver/src/pci_ids.h; enjoy-digital/litepcie,
 * litepcie/software/kernel/config.h). Nor has the Alveo U50: an old shell of it
 * (gen3x4-xdma-base_2) can hang the host after a hot reset, unless XRT has opened a gate
 * in it before anything else (Xilinx/XRT, src/runtime_src/core/pcie/driver/linux/xocl/
 * mgmtpf/mgmt-utils.c, xocl_match_slot_and_restore()), so that hot is not the first
 * choice there.
 *
 * No register is known yet that tells for all designs behind an id that they are ready.
 */
#include <linux/pci.h>
#include <linux/fpga_vfio.h>

#include "profile.h"

#define FV_PROFILE_HOT_FIRST	{					\
	FPGA_VFIO_RESET_METHOD_HOT, FPGA_VFIO_RESET_METHOD_LINK,	\
	FPGA_VFIO_RESET_METHOD_FLR, FPGA_VFIO_RESET_METHOD_PM,		\
}

/*
 * U200, U250 and U280 hold their image in 1 Gb of flash (UG1289 v1.1, "Quad SPI Flash
 * Memory", for the first two; firesim/firesim, docs/Getting-Started-Guides/
 * On-Premises-FPGA-Getting-Started/Initial-Setup/Xilinx-Alveo-U280.rst: an mt25qu01g).
 * As much by JTAG at the 15 MHz of UG908 ("Opening a Hardware Target Using Tcl
 * Commands") is 2^30 / 15e6 = 72 s; a quarter more for the programmer's own work.
 */
#define FV_PROFILE_ALVEO_LOAD_MS	90000

enum fv_profile_index {
	FV_PROFILE_DEFAULT,
	FV_PROFILE_ALVEO_U200,
	FV_PROFILE_ALVEO_U250,
	FV_PROFILE_ALVEO_U280,
	FV_PROFILE_ALVEO_U55C,
	FV_PROFILE_ALVEO_V80,
	FV_PROFILE_CORUNDUM,
	FV_PROFILE_INTEL_OFS,
};

static const struct fv_profile fv_profiles[] = {
	[FV_PROFILE_DEFAULT] = {
		.name = "default",
	},

	/*
	 * XRT, the vendor's driver, resets these by a secondary bus reset, which "is known
	 * to work better" than a fundamental one: Xilinx/XRT, src/runtime_src/core/pcie/
	 * driver/linux/xocl/mgmtpf/mgmt-utils.c, xclmgmt_hot_reset(), xclmgmt_reset_pci().
	 * None is marked XOCL_DSAFLAG_PCI_RESET_OFF in ../devices.h, which has the ids.
	 */
	[FV_PROFILE_ALVEO_U200] = {
		.name = "alveo-u200",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
		.load_limit_ms = FV_PROFILE_ALVEO_LOAD_MS,
	},
	[FV_PROFILE_ALVEO_U250] = {
		.name = "alveo-u250",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
		.load_limit_ms = FV_PROFILE_ALVEO_LOAD_MS,
	},
	[FV_PROFILE_ALVEO_U280] = {
		.name = "alveo-u280",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
		.load_limit_ms = FV_PROFILE_ALVEO_LOAD_MS,
	},
	[FV_PROFILE_ALVEO_U55C] = {
		.name = "alveo-u55c",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
	},

	/*
	 * Has neither FLR nor a reset by D3hot (FLReset-, NoSoftRst+: Xilinx/AVED, issue
	 * 24). The vendor's tool resets by the secondary bus (Xilinx/AVED, sw/AMI/api/src/
	 * ami_device.c, ami_dev_hot_reset()), on which the card loads its image anew; 5 s
	 * are allowed for that, and 25 s more until the link stays (Xilinx/SLASH, pull
	 * request 203). The link may be seen before the load takes it away, hence the 30 s
	 * also here.
	 */
	[FV_PROFILE_ALVEO_V80] = {
		.name = "alveo-v80",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
		.ready_limit_ms = 30000,
	},

	/*
	 * An FLR reaches no logic and is never acknowledged, should a design offer one:
	 * cfg_flr_in_process is open and cfg_flr_done is 0 (corundum/corundum,
	 * fpga/mqnic/AU250/fpga_100g/rtl/fpga.v). Its tool resets by the secondary bus
	 * (utils/mqnic-fw.c, from "Preparing to reset device").
	 */
	[FV_PROFILE_CORUNDUM] = {
		.name = "corundum",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
	},

	/*
	 * "FLR has no meaning for PF0 management": it goes to the functions in the port
	 * gasket only (OFS/ofs-agx7-pcie-attach, src/afu_top/afu_top.sv, pf0_flr), while a
	 * reset from the bus becomes the warm reset of the whole design (src/top/rst_ctrl.sv,
	 * pcie_reset_status; seen on hardware in OFS/opae-sdk, pull request 3144, of the
	 * vendor's tool that resets so).
	 */
	[FV_PROFILE_INTEL_OFS] = {
		.name = "intel-ofs",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
	},
};

#define FV_PROFILE_ID(vendor, device, profile)	\
	{ PCI_DEVICE(vendor, device), .driver_data = FV_PROFILE_##profile }
#define FV_PROFILE_ID_SUB(vendor, device, subvendor, subdevice, profile)	\
	{ PCI_DEVICE_SUB(vendor, device, subvendor, subdevice),		\
	  .driver_data = FV_PROFILE_##profile }

#define FV_VENDOR_CORUNDUM	0x1234

static const struct pci_device_id fv_profile_ids[] = {
	/* Management and user function, and the golden image. */
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x5000, ALVEO_U200),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x5001, ALVEO_U200),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0xd000, ALVEO_U200),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x5004, ALVEO_U250),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x5005, ALVEO_U250),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0xd004, ALVEO_U250),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x500c, ALVEO_U280),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x500d, ALVEO_U280),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0xd00c, ALVEO_U280),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x505c, ALVEO_U55C),
	FV_PROFILE_ID(PCI_VENDOR_ID_XILINX, 0x505d, ALVEO_U55C),

	/* Ids as lspci shows them in Xilinx/AVED, issue 21. */
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_XILINX, 0x50b4, PCI_VENDOR_ID_XILINX, 0x000e, ALVEO_V80),
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_XILINX, 0x50b5, PCI_VENDOR_ID_XILINX, 0x000e, ALVEO_V80),

	/* corundum/corundum, fpga/mqnic/AU250/fpga_100g/fpga/config.tcl. */
	FV_PROFILE_ID(FV_VENDOR_CORUNDUM, 0x1001, CORUNDUM),

	/* N6000 and N6001, which that design is for; Linux, drivers/fpga/dfl-pci.c. */
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_INTEL, 0xbcce, PCI_VENDOR_ID_INTEL, 0x1770, INTEL_OFS),
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_INTEL, 0xbcce, PCI_VENDOR_ID_INTEL, 0x1771, INTEL_OFS),
	{}
};

/**
 * fv_profile_of - Find what is known of a function's board or shell
 * @pdev: the function
 *
 * Context: Any.
 * Return: Its profile, or the one named "default".
 */
const struct fv_profile *fv_profile_of(struct pci_dev *pdev)
{
	const struct pci_device_id *id = pci_match_id(fv_profile_ids, pdev);
	unsigned long index = id ? id->driver_data : FV_PROFILE_DEFAULT;

	/* Its other functions bear the same ids, and an FLR resets those. */
	if (index == FV_PROFILE_INTEL_OFS && pdev->devfn)
		index = FV_PROFILE_DEFAULT;
	return &fv_profiles[index];
}

/**
 * fv_profile_policy - Begin a policy with what is known of a board
 * @profile: what is known
 * @policy: the policy
 *
 * Context: Any.
 */
void fv_profile_policy(const struct fv_profile *profile, struct fv_policy *policy)
{
	fv_policy_init(policy);
	memcpy(policy->methods, profile->methods, sizeof(policy->methods));
	policy->nr_methods = profile->nr_methods;
	policy->ready = profile->ready;
	if (profile->load_limit_ms)
		policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = profile->load_limit_ms;
	if (profile->ready_limit_ms)
		policy->value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = profile->ready_limit_ms;
}
