// SPDX-License-Identifier: GPL-2.0
/*
 * fv_uio: the kernel's part of the driver that a card has in the guest of the survival
 * table, built into that guest's kernel. It switches the card on and gives its one
 * interrupt to a program (../guest), which does all else. Like most drivers of FPGA cards
 * it never resets its card. It takes a device by driver_override only.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/uio_driver.h>

static irqreturn_t irq_handle(int irq, struct uio_info *info)
{
	return IRQ_HANDLED;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct uio_info *info;
	int ret;

	info = devm_kzalloc(&pdev->dev, sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX | PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	info->name = "fv_uio";
	info->version = "1";
	info->irq = pci_irq_vector(pdev, 0);
	info->handler = irq_handle;
	ret = uio_register_device(&pdev->dev, info);
	if (ret) {
		pci_free_irq_vectors(pdev);
		return ret;
	}
	pci_set_drvdata(pdev, info);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	uio_unregister_device(pci_get_drvdata(pdev));
	pci_free_irq_vectors(pdev);
}

static struct pci_driver fv_uio_driver = {
	.name = "fv_uio",
	.probe = probe,
	.remove = remove,
};
builtin_pci_driver(fv_uio_driver);
