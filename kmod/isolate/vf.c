// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions of a physical function. A reset of the PF clears VF Enable, and all VFs lose
 * their configuration (PCIe r6.0, 9.3.3.3.1); they answer again when the PF's SR-IOV capability is
 * restored. So they are reset, restored and verified with the PF, and never alone before it is
 * ready.
 */
#include <linux/pci.h>

#include "base/state.h"
#include "isolate/vf.h"
#include "object/device.h"
#include "pcie/bus.h"

/**
 * fv_vf_next - Iterate over the virtual functions of a function
 * @pf: the function; its device lock keeps the set of virtual functions stable
 * @vf: the previous one, its reference is dropped; NULL to begin
 *
 * They may be on virtual buses, which fv_bus_next() does not visit.
 *
 * Context: Process context.
 * Return: The next virtual function, referenced, or NULL.
 */
struct pci_dev *fv_vf_next(struct pci_dev *pf, struct pci_dev *vf)
{
	if (!vf && !pci_num_vf(pf))
		return NULL;
	do {
		vf = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, vf);
	} while (vf && !(vf->is_virtfn && pci_physfn(vf) == pf));
	return vf;
}

/**
 * fv_vf_is_waiting - Check whether a VF waits for its physical function
 * @vf: the function; may also be a physical one
 * @text: the reason, if true
 * @size: size of @text
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: True if @vf is virtual and its PF is bound to this driver but not ready.
 */
bool fv_vf_is_waiting(struct pci_dev *vf, char *text, size_t size)
{
	enum fpga_vfio_card_state state;
	struct fv_device *pf;

	if (!vf->is_virtfn)
		return false;
	pf = fv_device_get(pci_name(pci_physfn(vf)));
	if (!pf)
		return false;
	state = fv_device_state(pf);
	fv_device_put(pf);
	if (state == FPGA_VFIO_CARD_STATE_READY)
		return false;
	snprintf(text, size, "its physical function %s is %s", pci_name(pci_physfn(vf)),
		 fv_state_name(state));
	return true;
}

/**
 * fv_vf_are_below - Check for virtual functions below a port
 * @pdev: a function below the port
 *
 * Context: Process context.
 * Return: True if a function on the same bus has virtual functions.
 */
bool fv_vf_are_below(struct pci_dev *pdev)
{
	struct pci_dev *other = NULL;
	unsigned int nr = 0;

	while ((other = fv_bus_next(pdev->bus, other)))
		nr += pci_num_vf(other);
	return nr;
}
