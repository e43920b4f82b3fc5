// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: fv_port/<port>/state shows the link model, the settings by software and the counters;
 * cut_after cuts the link in the middle of a software sequence; shutdown shuts down the functions
 * below, as a kexec does. Above a device that is not the
 * simulated card, the other files control the link model.
 */
#include <linux/pm_runtime.h>
#include <linux/seq_file.h>

#include "port.h"

static struct dentry *root;

static int state_show(struct seq_file *m, void *unused)
{
	struct fv_port *p = m->private;
	unsigned long flags;
	u32 link, status;

	raw_spin_lock_irqsave(&p->lock, flags);
	link = fv_link(p);
	status = p->truth->read(p, 0, FV_SB_STATUS);
	raw_spin_unlock_irqrestore(&p->lock, flags);

	seq_printf(m, "truth %s\n", p->truth->name);
	seq_printf(m, "buses %02x-%02x\n", p->secondary, p->subordinate);
	seq_printf(m, "speed %u\n", link & FV_SB_LINK_SPEED);
	seq_printf(m, "width %u\n", (link & FV_SB_LINK_WIDTH) >> FV_SB_LINK_WIDTH_SHIFT);
	seq_printf(m, "dllla %u\n", !!(link & FV_SB_LINK_DLLLA));
	seq_printf(m, "training %u\n", !!(link & FV_SB_LINK_TRAINING));
	seq_printf(m, "present %u\n", !!(link & FV_SB_LINK_PRESENT));
	seq_printf(m, "answers %u\n", !!(link & FV_SB_LINK_ANSWERS));
	seq_printf(m, "status %#x\n", status);
	seq_printf(m, "trainings %u\n", p->sim.trainings);
	seq_printf(m, "lnkctl %#06x\n", p->lnkctl);
	seq_printf(m, "lnkctl2 %#06x\n", p->lnkctl2);
	seq_printf(m, "dpc_at %#x\n", p->dpc);
	seq_printf(m, "dpc_status %#06x\n", p->dpc_status);
	seq_printf(m, "stale %u\n", p->fn[0].is_stale);
	seq_printf(m, "ones %llu\n", p->count.ones);
	seq_printf(m, "rrs_answers %llu\n", p->count.rrs);
	seq_printf(m, "dropped %llu\n", p->count.dropped);
	seq_printf(m, "losses %llu\n", p->count.losses);
	seq_printf(m, "images %llu\n", p->count.images);
	seq_printf(m, "retrains %llu\n", p->count.retrains);
	seq_printf(m, "disables %llu\n", p->count.disables);
	seq_printf(m, "resets %llu\n", p->count.resets);
	seq_printf(m, "surprises %llu\n", p->count.surprises);
	seq_printf(m, "interrupts %llu\n", p->count.interrupts);
	seq_printf(m, "link_reads %llu\n", p->count.link_reads);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int link_get(void *data, u64 *val)
{
	struct fv_port *p = data;

	*val = !p->sim.forced_down;
	return 0;
}

static int link_set(void *data, u64 val)
{
	struct fv_port *p = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&p->lock, flags);
	fv_sim_force(p, !val);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(link_fops, link_get, link_set, "%llu\n");

static int fail_get(void *data, u64 *val)
{
	struct fv_port *p = data;

	*val = p->sim.fail_first;
	return 0;
}

static int fail_set(void *data, u64 val)
{
	struct fv_port *p = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&p->lock, flags);
	p->sim.fail_first = val;
	p->sim.trainings = 0;
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(fail_fops, fail_get, fail_set, "%llu\n");

/* As device_shutdown() does for a kexec, with the functions below: the last one first. */
static int shutdown_set(void *data, u64 val)
{
	struct fv_port *p = data;
	struct pci_dev *pdev;
	int devfn;

	for (devfn = 255; devfn >= 0; devfn--) {
		pdev = pci_get_slot(p->pdev->subordinate, devfn);
		if (!pdev)
			continue;
		device_lock(&p->pdev->dev);
		device_lock(&pdev->dev);
		pm_runtime_get_noresume(&pdev->dev);
		pm_runtime_barrier(&pdev->dev);
		pdev->dev.bus->shutdown(&pdev->dev);
		pm_runtime_put_noidle(&pdev->dev);
		device_unlock(&pdev->dev);
		device_unlock(&p->pdev->dev);
		pci_dev_put(pdev);
	}
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(shutdown_fops, NULL, shutdown_set, "%llu\n");

/*
 * Leave the virtio-serial devices out of the suspends of the system: they have the output of a test
 * and the control sockets of the cards, and virtio_console's ports stay closed after a resume.
 */
static int awake_set(void *data, u64 val)
{
	struct pci_dev *pdev = NULL;

	fv_is_awake = val;
	while ((pdev = pci_get_class(PCI_CLASS_COMMUNICATION_OTHER << 8, pdev)))
		if (pdev->vendor == PCI_VENDOR_ID_REDHAT_QUMRANET)
			dev_pm_syscore_device(&pdev->dev, val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(awake_fops, NULL, awake_set, "%llu\n");

/**
 * fv_debug_init - Create the module's directory
 */
void fv_debug_init(void)
{
	root = debugfs_create_dir("fv_port", NULL);
	debugfs_create_file_unsafe("awake", 0200, root, NULL, &awake_fops);
	fv_log_debug(root);
}

/**
 * fv_debug_add - Create the files of a port
 * @p: port
 */
void fv_debug_add(struct fv_port *p)
{
	struct dentry *dir = debugfs_create_dir(pci_name(p->pdev), root);

	debugfs_create_file("state", 0400, dir, p, &state_fops);
	debugfs_create_u32("cut_after", 0600, dir, &p->cut_after);
	debugfs_create_file_unsafe("shutdown", 0200, dir, p, &shutdown_fops);
	if (p->truth != &fv_truth_sim)
		return;
	debugfs_create_file_unsafe("link", 0600, dir, p, &link_fops);
	debugfs_create_file_unsafe("fail_first", 0600, dir, p, &fail_fops);
	debugfs_create_u32("speed", 0600, dir, &p->sim.speed);
	debugfs_create_u32("width", 0600, dir, &p->sim.width);
	debugfs_create_u32("train_ms", 0600, dir, &p->sim.train_ms);
	debugfs_create_u32("ready_ms", 0600, dir, &p->sim.ready_ms);
	debugfs_create_u32("rrs", 0600, dir, &p->sim.rrs);
	debugfs_create_u32("hold_train", 0600, dir, &p->sim.hold_train);
	debugfs_create_u32("hold_ready", 0600, dir, &p->sim.hold_ready);
	debugfs_create_u32("bad_speed", 0600, dir, &p->sim.bad_speed);
	debugfs_create_u32("bad_width", 0600, dir, &p->sim.bad_width);
}

/**
 * fv_debug_exit - Remove all files
 *
 * No file is being accessed afterwards.
 */
void fv_debug_exit(void)
{
	debugfs_remove(root);
}
