// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs fv_port/writes: the writes by software to those registers of all ports (root ports and
 * those of switches) that have an owner, the kernel or firmware: AER, DPC, Slot Control and Status,
 * Root Control. One line each, the callers from the inner one to the outer:
 *
 *	NR PORT aer|dpc|slot|root+OFFSET VALUE COMMAND CALLER<CALLER<…
 *
 * A function of a module has its name behind it: "fv_port_save [fpga_vfio_pci]". The last LOG_MAX
 * writes are kept; any write to the file forgets them.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>

#include "port.h"

#define LOG_MAX		1024
#define CALLERS		24
/* within this file and pci_ops */
#define CALLERS_SKIP	2
#define PORTS		64

/* without the header, up to Error Source Identification */
#define AER_FIRST	PCI_ERR_UNCOR_STATUS
#define AER_END		0x38
#define DPC_FIRST	PCI_EXP_DPC_CAP
#define DPC_END		0x0c

struct owned {
	const char *name;
	u16 cap;
	u16 first;
	u16 end;
};

/* A port; bridges that are enumerated later are not logged. */
struct log_port {
	int domain;
	u8 bus;
	u8 devfn;
	struct owned owned[4];
};

struct log_write {
	u64 nr;
	const struct log_port *port;
	const struct owned *owned;
	int where;
	int size;
	u32 val;
	unsigned int callers;
	unsigned long caller[CALLERS];
	char comm[TASK_COMM_LEN];
};

/* constant while our ops are installed */
static struct log_port *log_ports;
static int nports;
/* protects the fields below */
static DEFINE_RAW_SPINLOCK(log_lock);
static struct log_write *writes;
static u64 nwrites;
/* number of the first write to show */
static u64 first;

static void port_add(struct log_port *p, struct pci_dev *pdev)
{
	u16 exp = pci_pcie_cap(pdev), aer = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ERR);
	u16 dpc = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_DPC);
	bool is_root = pci_pcie_type(pdev) == PCI_EXP_TYPE_ROOT_PORT;
	bool is_upstream = pci_pcie_type(pdev) == PCI_EXP_TYPE_UPSTREAM;
	struct fv_port **q;

	p->domain = pci_domain_nr(pdev->bus);
	p->bus = pdev->bus->number;
	p->devfn = pdev->devfn;
	/* our ops, with our DPC, are not installed yet */
	for (q = fv_ports; *q; q++)
		if ((*q)->pdev == pdev && (*q)->dpc)
			dpc = (*q)->dpc;
	p->owned[0] = (struct owned){ "aer", aer, AER_FIRST, AER_END };
	p->owned[1] = (struct owned){ "dpc", dpc, DPC_FIRST, DPC_END };
	p->owned[2] = (struct owned){ "slot", is_upstream ? 0 : exp, PCI_EXP_SLTCTL,
				      PCI_EXP_RTCTL };
	p->owned[3] = (struct owned){ "root", is_root ? exp : 0, PCI_EXP_RTCTL, PCI_EXP_RTCAP };
}

/**
 * fv_log_init - Find the ports to log
 *
 * Called before our ops are installed, after fv_ports is filled.
 * Return: 0 or -ENOMEM.
 */
int fv_log_init(void)
{
	struct pci_dev *pdev = NULL;
	int type;

	log_ports = kcalloc(PORTS, sizeof(*log_ports), GFP_KERNEL);
	writes = kvcalloc(LOG_MAX, sizeof(*writes), GFP_KERNEL);
	if (!log_ports || !writes) {
		fv_log_exit();
		return -ENOMEM;
	}
	for_each_pci_dev(pdev) {
		type = pci_is_pcie(pdev) ? pci_pcie_type(pdev) : -1;
		if (nports < PORTS &&
		    (type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_UPSTREAM ||
		     type == PCI_EXP_TYPE_DOWNSTREAM))
			port_add(&log_ports[nports++], pdev);
	}
	return 0;
}

/**
 * fv_log_exit - Free the log
 */
void fv_log_exit(void)
{
	kvfree(writes);
	kfree(log_ports);
}

static const struct owned *owned_at(const struct log_port *p, int where, int size)
{
	const struct owned *o;

	for (o = p->owned; o < p->owned + ARRAY_SIZE(p->owned); o++)
		if (o->cap && where < o->cap + o->end && where + size > o->cap + o->first)
			return o;
	return NULL;
}

/**
 * fv_log_write - Log a write if it is to a register that has an owner
 * @bus: bus of the function
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: value
 *
 * Context: any.
 */
void fv_log_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	const struct log_port *p, *port = NULL;
	const struct owned *owned;
	struct log_write *w;
	unsigned long flags;

	for (p = log_ports; p < log_ports + nports && !port; p++)
		if (p->bus == bus->number && p->devfn == devfn && p->domain == pci_domain_nr(bus))
			port = p;
	owned = port ? owned_at(port, where, size) : NULL;
	if (!owned)
		return;
	raw_spin_lock_irqsave(&log_lock, flags);
	w = &writes[nwrites % LOG_MAX];
	w->nr = nwrites++;
	w->port = port;
	w->owned = owned;
	w->where = where;
	w->size = size;
	w->val = val;
	w->callers = stack_trace_save(w->caller, CALLERS, CALLERS_SKIP);
	memcpy(w->comm, current->comm, sizeof(w->comm));
	raw_spin_unlock_irqrestore(&log_lock, flags);
}

static void write_show(struct seq_file *m, const struct log_write *w)
{
	const struct log_port *p = w->port;
	unsigned int i;

	seq_printf(m, "%llu %04x:%02x:%02x.%x %s+%02x %0*x %.*s", w->nr, p->domain, p->bus,
		   PCI_SLOT(p->devfn), PCI_FUNC(p->devfn), w->owned->name,
		   w->where - w->owned->cap, 2 * w->size, w->val, TASK_COMM_LEN, w->comm);
	for (i = 0; i < w->callers; i++)
		seq_printf(m, "%c%ps", i ? '<' : ' ', (void *)w->caller[i]);
	seq_putc(m, '\n');
}

static int writes_show(struct seq_file *m, void *unused)
{
	struct log_write *w = kmalloc(sizeof(*w), GFP_KERNEL);
	u64 nr, end;

	if (!w)
		return -ENOMEM;
	raw_spin_lock_irq(&log_lock);
	end = nwrites;
	nr = max(first, end > LOG_MAX ? end - LOG_MAX : 0);
	raw_spin_unlock_irq(&log_lock);
	for (; nr < end; nr++) {
		raw_spin_lock_irq(&log_lock);
		*w = writes[nr % LOG_MAX];
		raw_spin_unlock_irq(&log_lock);
		if (w->nr == nr)
			write_show(m, w);
	}
	kfree(w);
	return 0;
}

static int writes_open(struct inode *inode, struct file *file)
{
	return single_open(file, writes_show, NULL);
}

static ssize_t writes_forget(struct file *file, const char __user *buf, size_t len, loff_t *at)
{
	raw_spin_lock_irq(&log_lock);
	first = nwrites;
	raw_spin_unlock_irq(&log_lock);
	return len;
}

static const struct file_operations writes_fops = {
	.owner = THIS_MODULE,
	.open = writes_open,
	.read = seq_read,
	.write = writes_forget,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * fv_log_debug - Create the log's file
 * @root: directory of the module
 */
void fv_log_debug(struct dentry *root)
{
	debugfs_create_file("writes", 0600, root, NULL, &writes_fops);
}
