// SPDX-License-Identifier: GPL-2.0
/*
 * Readiness of a function and of its design after a reset.
 *
 * A function that is not ready completes a config read with Request Retry Status. Software
 * then reads vendor id 0x0001 if the root port has RRS Software Visibility, else all-ones,
 * the same as from a function that does not answer at all (PCIe r6.0, 2.3.2 and 6.6.1).
 * Both mean "not yet".
 */
#include <linux/io.h>
#include <linux/pci.h>

#include "base/policy.h"
#include "base/wait.h"
#include "pcie/bus.h"
#include "pcie/link.h"
#include "pcie/ready.h"

#define FV_VENDOR_ID_RRS	0x0001

/**
 * fv_ready_is_answering - Check once whether a function answers
 * @pdev: the function
 *
 * The vendor id of a virtual function always reads all-ones (PCIe r6.0, 9.3.4.1.1), so
 * only its Command register is read.
 *
 * Context: Any that may read configuration space.
 * Return: True if the function answers.
 */
bool fv_ready_is_answering(struct pci_dev *pdev)
{
	u32 value;

	if (!pdev->is_virtfn) {
		pci_read_config_dword(pdev, PCI_VENDOR_ID, &value);
		if (PCI_POSSIBLE_ERROR(value) || (u16)value == FV_VENDOR_ID_RRS ||
		    (u16)value == 0xffff || !(u16)value)
			return false;
	}
	pci_read_config_dword(pdev, PCI_COMMAND, &value);
	return !PCI_POSSIBLE_ERROR(value);
}

/**
 * fv_ready_wait - Wait until a function answers
 * @pdev: the function; the delay that PCIe requires before the first read has passed
 * @wait: the limit
 *
 * Context: Process context, may sleep.
 * Return: 0, -ETIMEDOUT, -EINTR when the process is being killed or @wait->is_over, -ENODEV
 * when the function was unplugged.
 */
int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	int ret;

	while (!fv_ready_is_answering(pdev)) {
		if (pci_dev_is_disconnected(pdev))
			return -ENODEV;
		ret = fv_wait_pause(wait);
		if (ret)
			return ret;
	}
	return 0;
}

/* Functions below a port that fv_ready_settle() keeps user space from: four devices without ARI. */
#define FV_READY_FUNCTIONS	32

/**
 * fv_ready_settle - Sleep from link up until the first configuration request
 * @port: the port above the link
 *
 * Keeps user space from configuration space of the functions below meanwhile.
 *
 * Context: Process context, may sleep; not with config access blocked.
 * Return: 0, or -EINTR when the process is being killed.
 */
int fv_ready_settle(struct pci_dev *port)
{
	struct pci_dev *blocked[FV_READY_FUNCTIONS], *pdev = NULL;
	struct pci_bus *bus = port->subordinate;
	unsigned int nr = 0;
	int ret;

	/* One that is blocked already is not waited for: its owner keeps user space from it. */
	while (bus && (pdev = fv_bus_next(bus, pdev)))
		if (nr < FV_READY_FUNCTIONS && pci_cfg_access_trylock(pdev))
			blocked[nr++] = pci_dev_get(pdev);
	ret = fv_wait_ms(FV_READY_SETTLE_MS);
	while (nr--) {
		pci_cfg_access_unlock(blocked[nr]);
		pci_dev_put(blocked[nr]);
	}
	return ret;
}

/**
 * fv_ready_wait_link - Wait for link up and the first configuration request
 * @port: the port above the link
 * @wait: the limit until the link is up
 * @on_up: called when it is, before the functions may be accessed; may be NULL
 * @data: for @on_up
 *
 * The link is up with Data Link Layer Link Active (PCIe r6.0, 7.5.3.8), or at once if the port does
 * not report that. FV_READY_SETTLE_MS (6.6.1) come on top of the limit. Reads the port only.
 *
 * A step of a reset waits for itself, as it keeps user space from all functions in its scope.
 *
 * Context: Process context, may sleep; not with config access blocked.
 * Return: 0, or an error of fv_link_wait_active() or fv_ready_settle().
 */
int fv_ready_wait_link(struct pci_dev *port, struct fv_wait *wait, void (*on_up)(void *data),
		       void *data)
{
	int ret = fv_link_wait_active(port, true, wait);

	if (ret)
		return ret;
	if (on_up)
		on_up(data);
	return fv_ready_settle(port);
}

/**
 * fv_ready_has_register - Check that a ready register exists
 * @pdev: the function
 * @ready: the register; mask 0 is always valid
 * @text: error text
 * @size: size of @text
 *
 * Context: Any.
 * Return: 0, or -EINVAL if the BAR is no memory BAR or ends before the register.
 */
int fv_ready_has_register(struct pci_dev *pdev, const struct fv_ready_register *ready, char *text,
			  size_t size)
{
	if (!ready->mask)
		return 0;
	if (!(pci_resource_flags(pdev, ready->bar) & IORESOURCE_MEM) ||
	    !pci_resource_start(pdev, ready->bar))
		snprintf(text, size, "ready_register: BAR %u is not a memory BAR", ready->bar);
	else if (ready->offset > pci_resource_len(pdev, ready->bar) - sizeof(u32))
		snprintf(text, size, "ready_register: BAR %u ends at %#llx, before %#llx",
			 ready->bar, (u64)pci_resource_len(pdev, ready->bar), ready->offset);
	else
		return 0;
	return -EINVAL;
}

/* User space may disable memory decoding between two polls. */
static void fv_ready_decode(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (!(command & PCI_COMMAND_MEMORY))
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
}

/* Poll until the design is ready; @last is the last value. */
static int fv_ready_poll(struct pci_dev *pdev, void __iomem *at,
			 const struct fv_ready_register *ready, struct fv_wait *wait, u32 *last)
{
	int ret;

	for (;;) {
		fv_ready_decode(pdev);
		*last = ioread32(at);
		/* A function that does not answer reads all-ones, which may match. */
		if (!PCI_POSSIBLE_ERROR(*last) && (*last & ready->mask) == ready->value)
			return 0;
		ret = fv_wait_pause(wait);
		if (ret)
			return ret;
	}
}

/**
 * fv_ready_wait_register - Wait until a function's design is ready
 * @pdev: the function, which answers and has its BARs restored, not in use
 * @ready: the ready register; mask 0 if there is none
 * @wait: the limit
 * @text: error text
 * @size: size of @text
 *
 * Reads through a kernel mapping, which cannot fault: a function that is gone reads
 * all-ones. Enables memory decoding meanwhile.
 *
 * Context: Process context, may sleep; under the device lock.
 * Return: 0, -ETIMEDOUT, -EINTR when the process is being killed, -ENOMEM, -EIO if the
 * function has no such register or does not answer.
 */
int fv_ready_wait_register(struct pci_dev *pdev, const struct fv_ready_register *ready,
			   struct fv_wait *wait, char *text, size_t size)
{
	void __iomem *at;
	u16 command;
	u32 last;
	int ret;

	if (!ready->mask)
		return 0;
	if (fv_ready_has_register(pdev, ready, text, size))
		return -EIO;
	at = ioremap(pci_resource_start(pdev, ready->bar) + ready->offset, sizeof(last));
	if (!at)
		return -ENOMEM;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command)) {
		ret = -EIO;
	} else {
		ret = fv_ready_poll(pdev, at, ready, wait, &last);
		pci_write_config_word(pdev, PCI_COMMAND, command);
	}
	iounmap(at);

	if (ret == -EIO)
		snprintf(text, size, "%s no longer responds", pci_name(pdev));
	else if (ret == -ETIMEDOUT)
		snprintf(text, size, "its design is not ready: BAR %u at %#llx reads %#x",
			 ready->bar, ready->offset, last);
	return ret;
}
