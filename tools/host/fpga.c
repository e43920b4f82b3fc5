// SPDX-License-Identifier: GPL-2.0
/* Which devices are FPGAs, or used as such. */
#include "host/fpga.h"

#define ANY	0xffff

/*
 * Vendors that make nothing but FPGAs and cards with them (/usr/share/misc/pci.ids), and ids
 * of cards of other vendors. A card that is missing here is listed once it is bound to the
 * driver.
 */
static const struct {
	unsigned int vendor, device;
} fpgas[] = {
	{ 0x10ee, ANY },	/* Xilinx; also the ids of LitePCIe and XDMA designs */
	{ 0x1172, ANY },	/* Altera */
	{ 0x11aa, ANY },	/* Actel, Microchip's PolarFire */
	{ 0x1204, ANY },	/* Lattice */
	{ 0x12ba, ANY },	/* BittWare */
	{ 0x17df, ANY },	/* Dini Group */
	{ 0x198a, ANY },	/* Nallatech */
	{ 0x1a4a, ANY },	/* slaclab/axi-pcie-core */
	{ 0x1bad, ANY },	/* ReFLEX CES */
	{ 0x1f7a, ANY },	/* Efinix */
	{ 0x1234, 0x1001 },	/* Corundum: corundum/corundum, fpga/mqnic */
	{ 0x1d0f, 0xf000 },	/* aws/aws-fpga, sdk/linux_kernel_drivers/xdma/xdma_mod.c */
	{ 0x1d0f, 0xf001 },
	/* Linux, drivers/fpga/dfl-pci.c */
	{ 0x8086, 0xbcbd }, { 0x8086, 0xbcc0 }, { 0x8086, 0x09c4 }, { 0x8086, 0x0b30 },
	{ 0x8086, 0x0b2b }, { 0x8086, 0xbcce }, { 0x1c2c, 0x1000 }, { 0x1c2c, 0x1001 },
	/* and its virtual functions */
	{ 0x8086, 0xbcbf }, { 0x8086, 0xbcc1 }, { 0x8086, 0x09c5 }, { 0x8086, 0x0b2c },
	{ 0x8086, 0xbccf },
};

/* Bridges of an FPGA's vendor are none. */
bool device_is_fpga(const struct pci_func *d)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fpgas) && !d->is_bridge; i++)
		if (d->vendor == fpgas[i].vendor &&
		    (fpgas[i].device == ANY || fpgas[i].device == d->device))
			return true;
	return false;
}

/* An FPGA, or any device that is bound to the driver. */
bool device_is_card(const struct pci_func *d)
{
	return device_is_fpga(d) || device_is_bound(d);
}
