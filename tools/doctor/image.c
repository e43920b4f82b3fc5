// SPDX-License-Identifier: GPL-2.0
/* doctor: cards that run a factory image or a design with the ids that a tool sets by default */
#include "doctor/doctor.h"
#include "host/bars.h"

#define XILINX	0x10ee

/* Entries XBB_MFG ("manufacturing image", golden in messages) of XRT's table; names in pci.ids. */
static const struct {
	unsigned int vendor, device;
	const char *board;
} factory[] = {
	{ XILINX, 0xd000, "Alveo U200" },
	{ XILINX, 0xd004, "Alveo U250" },
	{ XILINX, 0xd008, "Alveo U280 ES1" },
	{ XILINX, 0xd00c, "Alveo U280" },
	{ XILINX, 0xd020, "Alveo U50" },
	{ XILINX, 0xd03c, "Alveo U30" },
	{ XILINX, 0xd04c, "Alveo U25" },
};

static void check_factory(struct doctor *d, const struct pci_func *dev)
{
	autofree char *fix = NULL;
	size_t i;

	fix = util_printf("Load your design or shell: fpgactl bind %s && fpgactl reprogram %s -- "
			  "PROGRAMMER", dev->bdf, dev->bdf);
	for (i = 0; i < ARRAY_SIZE(factory); i++) {
		if (dev->vendor != factory[i].vendor || dev->device != factory[i].device)
			continue;
		doctor_add(d, DOCTOR_WARNING, "factory-image", dev->bdf,
			   doctor_host_use(d, dev) ? NULL : fix,
			   "runs the factory (golden) image of an %s: a VM gets no design to use",
			   factory[i].board);
		doctor_set_source(d, "Xilinx/XRT, "
				  "src/runtime_src/core/pcie/driver/linux/xocl/devices.h");
	}
}

/*
 * Subsystem and class as the PCIe IP sets them unless told otherwise. drivers/tty/8250/8250_pci.c
 * takes a serial port by its class if it has an I/O region (serial_pci_guess_board()).
 */
static void check_defaults(struct doctor *d, const struct pci_func *dev)
{
	if (dev->vendor != XILINX || dev->subvendor != XILINX || dev->subdevice != 0x0007 ||
	    dev->class != 0x070001)
		return;
	doctor_add(d, DOCTOR_NOTE, "default-ids", dev->bdf,
		   "If a shell was expected, its image was not loaded. Give your own designs ids "
		   "and a class of their own.",
		   "has the class (serial port) and subsystem that the PCIe IP sets by default: "
		   "example designs and factory images look the same%s",
		   bars_have_io(dev->bdf) ? ", and the serial driver may take it" : "");
	doctor_set_source(d, "https://github.com/Xilinx/XRT/issues/9454");
}

static void check_image(struct doctor *d, const struct pci_func *dev)
{
	check_factory(d, dev);
	check_defaults(d, dev);
}

DOCTOR_CHECK(image) = {
	.name = "factory images",
	.device = check_image,
};
