// SPDX-License-Identifier: GPL-2.0
/* Interrupts: INTx, MSI, MSI-X, error and request events, and refusals. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "irq.h"
#include "nvme.h"
#include "probe.h"
#include "region.h"

#define MASK VFIO_IRQ_SET_ACTION_MASK
#define UNMASK VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER

/* An expected interrupt: true if exactly one; @came sums up all. */
static bool comes_once(int event, unsigned int *came)
{
	uint64_t count = event_wait(event, IRQ_LIMIT_MS);

	*came += count;
	return count == 1;
}

/*
 * Unexpected interrupts are not waited for: after the interrupt is disabled, all have been counted,
 * and the total must not exceed the expected ones.
 */
SECTION(irq_intx, "irq.intx", KIND_EDU)
{
	int event = event_new(), resample = event_new(), other = event_new();
	struct device *dev = &probe->dev;
	unsigned int came = 0;

	probe_enable(probe);
	irq_enable(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &event);
	edu_raise(dev, 0x11);
	must(comes_once(event, &came), "a raised INTx comes once, and masks itself");
	see("status", "%04x", config_read16(dev, PCI_STATUS));
	see("command", "%04x", config_read16(dev, PCI_COMMAND));
	see_ret("unmask", __irq_action(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, UNMASK));
	must(comes_once(event, &came), "unmasked while still raised, it comes again");
	edu_ack(dev, 0x11);
	see_ret("unmask2", __irq_action(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, UNMASK));
	must(!event_count(event), "acknowledged, it does not");

	see_ret("mask", __irq_action(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, MASK));
	edu_raise(dev, 0x22);
	must(!event_count(event), "masked, it does not come");
	see("pending", "%04x", config_read16(dev, PCI_STATUS));
	see_ret("unmask3", __irq_action(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, UNMASK));
	must(comes_once(event, &came), "unmasked, it does");

	see_ret("resample", __irq_set(dev, VFIO_IRQ_SET_DATA_EVENTFD | UNMASK,
				      VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &resample,
				      sizeof(resample)));
	event_signal(resample);
	must(comes_once(event, &came), "the resample event unmasks a raised INTx");
	edu_ack(dev, 0x22);
	event_signal(resample);
	must(!event_count(event), "and is quiet when acknowledged");
	config_command(dev, 0, PCI_COMMAND_INTX_DISABLE);
	edu_raise(dev, 0x33);
	must(!event_count(event), "INTx disable disables it");
	config_command(dev, PCI_COMMAND_INTX_DISABLE, 0);
	must(comes_once(event, &came), "and enable enables it");
	edu_ack(dev, 0x33);
	see_ret("disable", __irq_disable(dev, VFIO_PCI_INTX_IRQ_INDEX));
	came += event_count(event);
	must(came == 5, "and it came at no other time");
	/*
	 * Raised while no driver has the interrupt, but behind Interrupt Disable: QEMU's I/O APIC
	 * drops a level that rises while its pin is masked and edge-triggered (ioapic_set_irq()),
	 * as Linux leaves a pin without handler.
	 */
	config_command(dev, 0, PCI_COMMAND_INTX_DISABLE);
	edu_raise(dev, 0x44);
	see("down", "%04x", config_read16(dev, PCI_STATUS));
	see_ret("enable", __irq_enable(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &other));
	must(!event_count(other), "set up with INTx disable, it does not come");
	config_command(dev, PCI_COMMAND_INTX_DISABLE, 0);
	must(event_wait(other, IRQ_LIMIT_MS) == 1, "taken down, it is held for the next event");
	must(!event_count(event), "and the first is quiet");
	see_ret("disable2", __irq_disable(dev, VFIO_PCI_INTX_IRQ_INDEX));
	edu_ack(dev, 0x44);
}

SECTION(irq_msi, "irq.msi", KIND_EDU)
{
	int event = event_new(), other = event_new(), none = -1;
	struct device *dev = &probe->dev;
	unsigned int cap = config_cap(dev, PCI_CAP_ID_MSI);

	probe_enable(probe);
	see("cap.off", "%#x %04x", cap, config_read16(dev, cap + PCI_MSI_FLAGS));
	irq_enable(dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event);
	see("cap.on", "%04x", config_read16(dev, cap + PCI_MSI_FLAGS));
	edu_raise(dev, 1);
	must(event_wait(event, IRQ_LIMIT_MS) == 1, "a raised MSI comes once");
	edu_ack(dev, 1);
	see_ret("swap", __irq_enable(dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &other));
	edu_raise(dev, 1);
	must(event_wait(other, IRQ_LIMIT_MS) == 1, "another event takes it over");
	must(!event_count(event), "and the first has nothing");
	edu_ack(dev, 1);
	see_ret("drop", __irq_enable(dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &none));
	edu_raise(dev, 1);
	edu_ack(dev, 1);
	see_ret("again", __irq_enable(dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event));
	edu_raise(dev, 1);
	must(event_wait(event, IRQ_LIMIT_MS) == 1, "with an event again, it comes once");
	must(!event_count(other), "without one it was quiet");
	edu_ack(dev, 1);
	see_ret("disable", __irq_disable(dev, VFIO_PCI_MSI_IRQ_INDEX));
	see("cap.end", "%04x", config_read16(dev, cap + PCI_MSI_FLAGS));
}

/* Each interrupt type, triggered by ioctl. */
SECTION(irq_loopback, "irq.loopback", KIND_ANY)
{
	struct device *dev = &probe->dev;
	struct vfio_irq_info info;
	unsigned int index, n, i;
	uint8_t yes = 1, no = 0;
	int events[16];
	char key[64];
	int ret;

	for (i = 0; i < 16; i++)
		events[i] = event_new();
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
		if (__irq_info(dev, index, &info) || !info.count)
			continue;
		n = info.count < 16 ? info.count : 16;
		snprintf(key, sizeof(key), "%u.enable", index);
		ret = __irq_enable(dev, index, 0, n, events);
		see_ret(key, ret);
		if (ret)
			continue;
		for (i = 0; i < n; i++) {
			ret = __irq_action(dev, index, i, TRIGGER);
			must(!ret && event_count(events[i]) == 1,
			     "index %u vector %u: triggered, it comes", index, i);
		}
		ret = __irq_set(dev, VFIO_IRQ_SET_DATA_BOOL | TRIGGER, index,
				0, 1, &yes, 1);
		snprintf(key, sizeof(key), "%u.bool1", index);
		see(key, "%s, count %llu", errno_name(ret),
		    (unsigned long long)event_count(events[0]));
		ret = __irq_set(dev, VFIO_IRQ_SET_DATA_BOOL | TRIGGER, index,
				0, 1, &no, 1);
		snprintf(key, sizeof(key), "%u.bool0", index);
		see(key, "%s, count %llu", errno_name(ret),
		    (unsigned long long)event_count(events[0]));
		snprintf(key, sizeof(key), "%u.disable", index);
		see_ret(key, __irq_disable(dev, index));
		snprintf(key, sizeof(key), "%u.after", index);
		see_ret(key, __irq_action(dev, index, 0, TRIGGER));
		must(!event_count(events[0]), "index %u: disabled, it is quiet",
		     index);
	}
	for (i = 0; i < 16; i++)
		close(events[i]);
}

/* Add, change and remove single MSI-X vectors. */
SECTION(irq_msix_dynamic, "irq.msix_dynamic", KIND_ANY & ~KIND_EDU)
{
	int a = event_new(), b = event_new(), none = -1;
	unsigned int index = VFIO_PCI_MSIX_IRQ_INDEX;
	struct device *dev = &probe->dev;
	struct vfio_irq_info info;
	unsigned int last;

	if (__irq_info(dev, index, &info) || info.count < 2)
		return;
	last = info.count - 1;
	see_ret("first", __irq_enable(dev, index, 0, 1, &a));
	see_ret("last", __irq_enable(dev, index, last, 1, &b));
	see_ret("trigger.last", __irq_action(dev, index, last, TRIGGER));
	if (!(info.flags & VFIO_IRQ_INFO_NORESIZE))
		must(event_count(b) == 1, "a vector can be added");
	see_ret("drop.first", __irq_enable(dev, index, 0, 1, &none));
	see_ret("trigger.first", __irq_action(dev, index, 0, TRIGGER));
	must(!event_count(a), "a dropped vector is quiet");
	see_ret("swap.last", __irq_enable(dev, index, last, 1, &a));
	see_ret("trigger.swapped", __irq_action(dev, index, last, TRIGGER));
	see("counts", "%llu %llu", (unsigned long long)event_count(a),
	    (unsigned long long)event_count(b));
	see_ret("disable", __irq_disable(dev, index));
	see_ret("after", __irq_action(dev, index, last, TRIGGER));
}

SECTION(irq_refused, "irq.refused", KIND_ANY)
{
	struct device *dev = &probe->dev;
	int event = event_new(), many[130];
	struct vfio_irq_info info;
	unsigned int index, i;
	int bad = 4000, ret;
	char key[64];

	for (i = 0; i < 130; i++)
		many[i] = event;
	for (index = 0; index < VFIO_PCI_NUM_IRQS + 1; index++) {
#define try(_name, _expr) do {						\
	ret = _expr;							\
	snprintf(key, sizeof(key), "%u." _name, index);			\
	see_ret(key, ret);						\
} while (0)
		try("start", __irq_enable(dev, index, 4096, 1, &event));
		must(ret < 0, "index %u: a start too high is refused", index);
		if (__irq_info(dev, index, &info))
			info.count = 0;
		if (info.count < 129) {
			try("count", __irq_enable(dev, index, 0,
						  info.count + 1, many));
			must(ret < 0, "index %u: a count too high is refused",
			     index);
		}
		try("bad_fd", __irq_enable(dev, index, 0, 1, &bad));
		must(ret < 0, "index %u: a bad descriptor is refused", index);
		try("not_eventfd", __irq_enable(dev, index, 0, 1, &dev->fd));
		must(ret < 0, "index %u: a descriptor of something else is refused",
		     index);
		try("mask", __irq_action(dev, index, 0, MASK));
		try("unmask", __irq_action(dev, index, 0, UNMASK));
		try("trigger", __irq_action(dev, index, 0, TRIGGER));
		try("no_action", __irq_set(dev, VFIO_IRQ_SET_DATA_NONE, index,
					   0, 1, NULL, 0));
		try("no_data", __irq_set(dev, TRIGGER, index, 0, 1, NULL, 0));
		try("two_actions", __irq_set(dev, VFIO_IRQ_SET_DATA_NONE |
					     MASK | UNMASK, index, 0, 1, NULL,
					     0));
		try("short", __irq_set(dev, VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER,
				       index, 0, 1, NULL, 0));
		try("flags", __irq_set(dev, 1 << 20, index, 0, 1, NULL, 0));
		try("disable", __irq_disable(dev, index));
#undef try
	}
}

/* Two interrupt types at a time. */
SECTION(irq_exclusive, "irq.exclusive", KIND_ANY)
{
	struct device *dev = &probe->dev;
	int event = event_new();
	unsigned int one, two;
	char key[64];

	for (one = 0; one <= VFIO_PCI_MSIX_IRQ_INDEX; one++) {
		if (__irq_enable(dev, one, 0, 1, &event))
			continue;
		for (two = 0; two <= VFIO_PCI_MSIX_IRQ_INDEX; two++) {
			snprintf(key, sizeof(key), "%u_and_%u", one, two);
			see_ret(key, __irq_enable(dev, two, 0, 1, &event));
		}
		snprintf(key, sizeof(key), "%u.disable", one);
		see_ret(key, __irq_disable(dev, one));
	}
	see("command", "%04x", config_read16(dev, PCI_COMMAND));
}
