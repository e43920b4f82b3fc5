// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles: published properties of boards and shells, with their sources.
 *
 * A profile sets defaults only; every reset is verified. It changes the order of the
 * methods and removes none, as a design with the ids of a shell need not be that shell.
 * It only allows more time than the defaults, as an image may be loaded by JTAG.
 *
 * Ids that several designs share have no profile: XDMA shares 10ee:70xx, 80xx and 90xx
 * with LitePCIe, and 90xx also with QDMA (Xilinx/dma_ip_drivers, XDMA/linux-kernel/
 * xdma/xdma_mod.c and QDMA/linux-kernel/driver/src/pci_ids.h; enjoy-digital/litepcie,
 * litepcie/software/kernel/config.h). The Alveo U50 has none either: an old shell
 * (gen3x4-xdma-base_2) can hang the host after a hot reset, unless XRT first opens a gate
 * in it (Xilinx/XRT, src/runtime_src/core/pcie/driver/linux/xocl/mgmtpf/mgmt-utils.c,
 * xocl_match_slot_and_restore()), so a hot reset must not come first there.
 *
 * No ready register is known that is valid for all designs with one id.
 */
#include <linux/pci.h>
#include <linux/fpga_vfio.h>

#include "base/profile.h"

#define FV_PROFILE_HOT_FIRST	{					\
	FPGA_VFIO_RESET_METHOD_HOT, FPGA_VFIO_RESET_METHOD_LINK,	\
	FPGA_VFIO_RESET_METHOD_FLR, FPGA_VFIO_RESET_METHOD_PM,		\
}

/*
 * U200, U250 and U280 hold their image in 1 Gb of flash (UG1289 v1.1, "Quad SPI Flash
 * Memory", for the first two; firesim/firesim, docs/Getting-Started-Guides/
 * On-Premises-FPGA-Getting-Started/Initial-Setup/Xilinx-Alveo-U280.rst: an mt25qu01g).
 * An image of that size by JTAG at 15 MHz (UG908, "Opening a Hardware Target Using Tcl
 * Commands") takes 2^30 / 15e6 = 72 s; plus a quarter for the programmer's overhead.
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
	 * Neither FLR nor a reset by D3hot (FLReset-, NoSoftRst+: Xilinx/AVED, issue 24).
	 * The vendor's tool does a secondary bus reset (Xilinx/AVED, sw/AMI/api/src/
	 * ami_device.c, ami_dev_hot_reset()), on which the card reloads its image: it allows
	 * 5 s for that, and 25 s more until the link is stable (Xilinx/SLASH, pull request
	 * 203). The link may be up before the load takes it down again, so 30 s here, too.
	 * An open allows both, and half as much again.
	 */
	[FV_PROFILE_ALVEO_V80] = {
		.name = "alveo-v80",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
		.ready_limit_ms = 30000,
		.open_limit_ms = 45000,
	},

	/*
	 * If a design offers FLR, it resets no logic and is never acknowledged:
	 * cfg_flr_in_process is open and cfg_flr_done is 0 (corundum/corundum,
	 * fpga/mqnic/AU250/fpga_100g/rtl/fpga.v). Its tool does a secondary bus reset
	 * (utils/mqnic-fw.c, from "Preparing to reset device").
	 */
	[FV_PROFILE_CORUNDUM] = {
		.name = "corundum",
		.methods = FV_PROFILE_HOT_FIRST,
		.nr_methods = FV_POLICY_METHODS,
	},

	/*
	 * "FLR has no meaning for PF0 management": it reaches only the functions in the port
	 * gasket (OFS/ofs-agx7-pcie-attach, src/afu_top/afu_top.sv, pf0_flr), while a bus
	 * reset becomes the warm reset of the whole design (src/top/rst_ctrl.sv,
	 * pcie_reset_status; the vendor's tool does that, seen on hardware in OFS/opae-sdk,
	 * pull request 3144).
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

	/* N6000 and N6001, the boards of that design; Linux, drivers/fpga/dfl-pci.c. */
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_INTEL, 0xbcce, PCI_VENDOR_ID_INTEL, 0x1770, INTEL_OFS),
	FV_PROFILE_ID_SUB(PCI_VENDOR_ID_INTEL, 0xbcce, PCI_VENDOR_ID_INTEL, 0x1771, INTEL_OFS),
	{}
};

/**
 * fv_profile_of - Find the profile of a function's board or shell
 * @pdev: the function
 *
 * Context: Any.
 * Return: Its profile, or the one named "default".
 */
const struct fv_profile *fv_profile_of(struct pci_dev *pdev)
{
	const struct pci_device_id *id = pci_match_id(fv_profile_ids, pdev);
	unsigned long index = id ? id->driver_data : FV_PROFILE_DEFAULT;

	/* The other functions have the same ids, but an FLR does reset them. */
	if (index == FV_PROFILE_INTEL_OFS && pdev->devfn)
		index = FV_PROFILE_DEFAULT;
	return &fv_profiles[index];
}

/**
 * fv_profile_policy - Set a policy to a profile's defaults
 * @profile: the profile
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
	if (profile->open_limit_ms)
		policy->value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] = profile->open_limit_ms;
}
