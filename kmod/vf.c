// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual functions of a physical function. Its reset clears VF Enable, and with that all of
 * them lose their configuration (PCIe r6.0, 9.3.3.3.1); they are there again when its SR-IOV
 * capability is restored. So they are reset, restored and verified with it, and not by themselves
 * before it is ready.
 */
#include <linux/pci.h>

#include "device.h"
#include "state.h"
#include "vf.h"

/**
 * fv_vf_next - Go through the virtual functions of a function
 * @pf: the function; its device lock keeps others from enabling and disabling them
 * @vf: the one before, its reference is dropped; NULL at first
 *
 * They may be on buses that no bridge leads to, where pci_walk_bus() does not come.
 *
 * Context: Process context.
 * Return: The next one, referenced, or NULL if there is none left.
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
 * fv_vf_is_waiting - Is a function to be brought back with its physical function?
 * @vf: the function; one that is not virtual waits for no other
 * @text: if so, why, for the administrator
 * @size: of @text
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: True while its physical function, if that is bound to this driver, is not ready.
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

static int fv_vf_add(struct pci_dev *pdev, void *arg)
{
	unsigned int *nr = arg;

	*nr += pci_num_vf(pdev);
	return 0;
}

/**
 * fv_vf_are_below - Would a reset of the port hit virtual functions?
 * @pdev: a function below the port
 *
 * Context: Process context.
 * Return: True if a function on its bus has some.
 */
bool fv_vf_are_below(struct pci_dev *pdev)
{
	unsigned int nr = 0;

	pci_walk_bus(pdev->bus, fv_vf_add, &nr);
	return nr;
}
