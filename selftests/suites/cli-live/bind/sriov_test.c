// SPDX-License-Identifier: GPL-2.0
/* A PF and a VF with the same user: both are reset and restored. */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "device.h"
#include "event.h"
#include "file.h"
#include "iommu.h"
#include "irq.h"
#include "module.h"
#include "pci.h"

#define TOKEN "83d8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define LIMIT_MS 60000
#define LIMIT_S 200

FIXTURE(sriov)
{
	const char *bdf;
	struct iommu iommu;
	struct device pf, vf;
	int event;
};

FIXTURE_SETUP(sriov)
{
	char vf[BDF_LEN];

	self->bdf = getenv("FV_IGB");
	if (!self->bdf)
		SKIP(return, "no FV_IGB in this topology");
	module_load_ours("enable_sriov=Y");
	pci_bind(self->bdf, "fpga_vfio_pci");
	iommu_open(&self->iommu, iommu_mode_from_env());
	/* the first user sets the token */
	ASSERT_EQ(0, __device_open_token(&self->pf, &self->iommu, self->bdf, TOKEN));
	file_write("2", PCI_SYSFS "/%s/sriov_numvfs", self->bdf);
	ASSERT_EQ(0, __link_read(vf, sizeof(vf), PCI_SYSFS "/%s/virtfn0", self->bdf));
	ASSERT_EQ(0, __device_open_token(&self->vf, &self->iommu, vf, TOKEN));
	config_command(&self->vf, 0, PCI_COMMAND_MASTER);
	self->event = event_new();
	irq_enable(&self->vf, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &self->event);
}

FIXTURE_TEARDOWN(sriov)
{
	device_close(&self->vf);
	device_close(&self->pf);
	iommu_close(&self->iommu);
	file_write("0", PCI_SYSFS "/%s/sriov_numvfs", self->bdf);
	__pci_unbind(self->bdf);
	module_unload("fpga_vfio_pci");
}

/* VF configuration that a reset of its PF clears. */
static bool is_configured(struct device *vf)
{
	unsigned int msix = config_cap(vf, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;

	return config_read16(vf, PCI_COMMAND) & PCI_COMMAND_MASTER &&
	       config_read16(vf, msix) & PCI_MSIX_FLAGS_ENABLE;
}

TEST_F_TIMEOUT(sriov, vfio_device_reset_restores_both, LIMIT_S)
{
	ASSERT_TRUE(is_configured(&self->vf));
	EXPECT_EQ(0, __device_reset(&self->pf));
	EXPECT_TRUE(is_configured(&self->vf));
	EXPECT_EQ(0, __device_reset(&self->vf));
}

TEST_F_TIMEOUT(sriov, a_guests_flr_restores_both, LIMIT_S)
{
	unsigned int control = config_cap(&self->pf, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL + 1;
	unsigned int command = PCI_COMMAND_MASTER;

	config_command(&self->pf, 0, command);
	config_write8(&self->pf, control,
		      config_read8(&self->pf, control) | PCI_EXP_DEVCTL_BCR_FLR >> 8);
	/* behind the fence all registers read as all-ones */
	EXPECT_TRUE(wait_until(config_read16(&self->pf, PCI_COMMAND) != 0xffff, LIMIT_MS));
	EXPECT_TRUE(wait_until(config_read16(&self->vf, PCI_COMMAND) != 0xffff, LIMIT_MS));
	EXPECT_TRUE(is_configured(&self->vf));
}

TEST_HARNESS_MAIN
