// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches to the ports named by the parameter, and detaches from all of them at module exit:
 * fv_ports is constant while our ops are installed.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "port.h"

static char *ports[FV_PORT_MAX - 1];
static int nports;
module_param_array(ports, charp, &nports, 0444);
MODULE_PARM_DESC(ports, "downstream ports, as 0000:00:11.0,… (none: all above a simulated card)");

static struct pci_ops fv_ops;

static struct fv_port *port_alloc(struct pci_dev *pdev)
{
	struct fv_port *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->wire = kzalloc(sizeof(*p->wire), GFP_KERNEL);
	if (!p->wire) {
		kfree(p);
		return NULL;
	}
	p->wire->sysdata = pdev->bus->sysdata;
	p->wire->ops = fv_orig;
	raw_spin_lock_init(&p->lock);
	p->pdev = pci_dev_get(pdev);
	p->domain = pci_domain_nr(pdev->bus);
	p->bus = pdev->bus->number;
	p->devfn = pdev->devfn;
	p->exp = pci_pcie_cap(pdev);
	if (pci_pcie_type(pdev) == PCI_EXP_TYPE_ROOT_PORT)
		p->root = p->exp;
	p->aer = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ERR);
	fv_event_init(p);
	return p;
}

static void port_free(struct fv_port *p)
{
	pci_dev_put(p->pdev);
	kfree(p->wire);
	kfree(p);
}

/* called before our ops are installed */
static void port_init(struct fv_port *p)
{
	unsigned long flags;
	unsigned int fn;

	raw_spin_lock_irqsave(&p->lock, flags);
	p->secondary = fv_own_read(p, PCI_SECONDARY_BUS, 1);
	p->subordinate = fv_own_read(p, PCI_SUBORDINATE_BUS, 1);
	p->sltctl = fv_own_read(p, p->exp + PCI_EXP_SLTCTL, 2) &
		    (PCI_EXP_SLTCTL_PIC | PCI_EXP_SLTCTL_PCC);
	p->off = p->sltctl & PCI_EXP_SLTCTL_PCC;
	p->truth = fv_card_there(p) ? &fv_truth_card : &fv_truth_sim;
	if (p->truth == &fv_truth_sim)
		fv_sim_init(p);
	else
		for (fn = 0; fn < FV_FN_MAX; fn++)
			if (p->truth->read(p, fn, FV_SB_MAGIC) == FV_SB_MAGIC_VALUE)
				fv_below_init(p, fn);
	fv_link_init(p);
	fv_dpc_init(p);
	fv_acs_init(p);
	raw_spin_unlock_irqrestore(&p->lock, flags);

	/* as enumeration would set these fields */
	p->was_rrs_sv = p->pdev->config_rrs_sv;
	p->pdev->config_rrs_sv = 1;
#ifdef CONFIG_PCIE_DPC
	p->was_dpc_cap = p->pdev->dpc_cap;
	p->pdev->dpc_cap = p->dpc;
#endif
}

/* called after our ops are removed */
static void port_exit(struct fv_port *p)
{
	unsigned long flags;

	p->pdev->config_rrs_sv = p->was_rrs_sv;
#ifdef CONFIG_PCIE_DPC
	p->pdev->dpc_cap = p->was_dpc_cap;
#endif
	raw_spin_lock_irqsave(&p->lock, flags);
	if (p->is_held)
		fv_upper_release(p);
	p->lnkctl &= ~PCI_EXP_LNKCTL_LD;
	p->dpc_status = 0;
	fv_link_control(p, false);
	if (p->sbr)
		p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_SBR_OFF);
	if (p->off && fv_is_card(p))
		p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_POWER_ON);
	raw_spin_unlock_irqrestore(&p->lock, flags);
}

static int add(struct pci_dev *pdev, bool only_card)
{
	unsigned long flags;
	struct fv_port *p;
	bool is_card;
	u16 vendor;
	int i = 0;

	while (fv_ports[i])
		i++;
	if (i == FV_PORT_MAX - 1)
		return -ENOSPC;
	p = port_alloc(pdev);
	if (!p)
		return -ENOMEM;
	raw_spin_lock_irqsave(&p->lock, flags);
	vendor = fv_own_read(p, PCI_VENDOR_ID, 2);
	p->secondary = fv_own_read(p, PCI_SECONDARY_BUS, 1);
	is_card = fv_card_there(p);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	/* ops that look up the bus by pointer, such as aer_inject's, fail on the fake bus */
	if (vendor != pdev->vendor) {
		port_free(p);
		return -EBUSY;
	}
	if (only_card && !is_card) {
		port_free(p);
		return 0;
	}
	port_init(p);
	fv_ports[i] = p;
	pci_info(pdev, "fv_port: link of the port is that of the %s\n", p->truth->name);
	return 0;
}

static bool is_port(struct pci_dev *pdev)
{
	return pci_is_pcie(pdev) && pdev->subordinate &&
	       (pci_pcie_type(pdev) == PCI_EXP_TYPE_ROOT_PORT ||
		pci_pcie_type(pdev) == PCI_EXP_TYPE_DOWNSTREAM);
}

static int add_named(const char *name)
{
	unsigned int domain, bus, slot, fn;
	struct pci_dev *pdev;
	int ret;

	if (sscanf(name, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (!pdev)
		return -ENODEV;
	ret = is_port(pdev) ? add(pdev, false) : -EINVAL;
	pci_dev_put(pdev);
	return ret;
}

static bool is_added(const struct pci_dev *pdev)
{
	int i;

	for (i = 0; fv_ports[i]; i++)
		if (fv_ports[i]->pdev == pdev)
			return true;
	return false;
}

/* the root ports above switches with cards */
static int add_above(void)
{
	struct pci_dev *root;
	int i, ret = 0;

	for (i = 0; fv_ports[i] && !ret; i++) {
		root = pcie_find_root_port(fv_ports[i]->pdev);
		if (root && !is_added(root))
			ret = add(root, false);
	}
	return ret;
}

static int add_cards(void)
{
	struct pci_dev *pdev = NULL;
	int ret = 0;

	for_each_pci_dev(pdev) {
		if (is_port(pdev))
			ret = add(pdev, true);
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return fv_ports[0] ? add_above() : -ENODEV;
}

/* the bus and all buses below; caller holds the rescan lock */
static void set_below(struct pci_bus *bus)
{
	struct pci_bus *child;

	if (bus->ops == fv_orig)
		pci_bus_set_ops(bus, &fv_ops);
	else if (bus->ops != &fv_ops)
		dev_warn(&bus->dev, "fv_port: has other operations, left alone\n");
	list_for_each_entry(child, &bus->children, node)
		set_below(child);
}

/*
 * Restore the original ops on every bus, including those that inherited ours. False if other ops
 * (aer_inject) are stacked on ours: retry until they are removed.
 */
static bool unset_below(struct pci_bus *bus)
{
	struct pci_bus *child;
	bool is_clean = true;

	if (bus->ops == &fv_ops)
		pci_bus_set_ops(bus, fv_orig);
	else if (bus->ops != fv_orig)
		is_clean = false;
	list_for_each_entry(child, &bus->children, node)
		is_clean &= unset_below(child);
	return is_clean;
}

static bool unset_all(void)
{
	struct pci_bus *bus = NULL;
	bool is_clean = true;

	pci_lock_rescan_remove();
	while ((bus = pci_find_next_bus(bus)))
		is_clean &= unset_below(bus);
	pci_unlock_rescan_remove();
	return is_clean;
}

static void free_all(void)
{
	int i;

	for (i = 0; fv_ports[i]; i++) {
		port_free(fv_ports[i]);
		fv_ports[i] = NULL;
	}
}

static int __init fv_port_init(void)
{
	struct pci_bus *root = pci_find_next_bus(NULL);
	int i, ret = 0;

	if (!root)
		return -ENODEV;
	fv_orig = root->ops;
	fv_ops = *fv_orig;
	fv_ops.read = fv_access_read;
	fv_ops.write = fv_access_write;

	for (i = 0; i < nports && !ret; i++) {
		ret = add_named(ports[i]);
		if (ret)
			pr_err("fv_port: %s: %pe\n", ports[i], ERR_PTR(ret));
	}
	if (!nports)
		ret = add_cards();
	if (ret) {
		free_all();
		return ret;
	}

	ret = fv_log_init();
	if (ret) {
		free_all();
		return ret;
	}
	fv_upper_init();
	fv_debug_init();
	pci_lock_rescan_remove();
	for (i = 0; fv_ports[i]; i++)
		set_below(fv_ports[i]->pdev->bus);
	pci_unlock_rescan_remove();
	for (i = 0; fv_ports[i]; i++) {
		fv_debug_add(fv_ports[i]);
		fv_event_start(fv_ports[i]);
	}
	return 0;
}
module_init(fv_port_init);

static void __exit fv_port_exit(void)
{
	int i;

	fv_debug_exit();
	for (i = 0; fv_ports[i]; i++)
		fv_event_stop(fv_ports[i]);
	while (!unset_all()) {
		pr_warn_once("fv_port: waiting: other operations are set upon ours (rmmod aer_inject)\n");
		msleep(100);
	}
	/*
	 * No lock excludes running accesses (x86 takes none for config space), but they never
	 * sleep: after every task has scheduled once, none is inside our ops.
	 */
	synchronize_rcu_tasks();
	for (i = 0; fv_ports[i]; i++)
		port_exit(fv_ports[i]);
	free_all();
	fv_log_exit();
}
module_exit(fv_port_exit);

MODULE_DESCRIPTION("Link of a PCIe port below QEMU, for tests");
MODULE_LICENSE("GPL");
