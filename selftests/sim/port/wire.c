// SPDX-License-Identifier: GPL-2.0
/* The wire to QEMU: config accesses through the original ops. */
#include "port.h"

/* A sleep leaves out devices and bits; see awake_set(). */
bool fv_is_awake;

struct pci_ops *fv_orig;

/* Ports with a link model, terminated by NULL; constant while our ops are installed. */
struct fv_port *fv_ports[FV_PORT_MAX];

/* a fake bus suffices: ports and buses below may lack a struct pci_bus */
static struct pci_bus *wire(struct fv_port *p, u8 bus)
{
	p->wire->number = bus;
	return p->wire;
}

/**
 * fv_wire_read - Read config space through the original ops
 * @p: port at or above the function
 * @bus: its bus
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 *
 * Context: port's lock held.
 * Return: the value; all-ones if the access failed.
 */
u32 fv_wire_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size)
{
	u32 val = ~0;

	if (fv_orig->read(wire(p, bus), devfn, where, size, &val))
		val = ~0;
	return val & (~0U >> (32 - 8 * size));
}

/**
 * fv_wire_write - Write config space through the original ops
 * @p: port at or above the function
 * @bus: its bus
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: value
 *
 * Context: port's lock held.
 */
void fv_wire_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val)
{
	fv_orig->write(wire(p, bus), devfn, where, size, val);
}

/**
 * fv_own_read - Read the port's own config space from QEMU
 * @p: port
 * @where: offset
 * @size: 1, 2 or 4 bytes
 *
 * Context: port's lock held.
 * Return: QEMU's value; all-ones if the access failed.
 */
u32 fv_own_read(struct fv_port *p, int where, int size)
{
	return fv_wire_read(p, p->bus, p->devfn, where, size);
}

/**
 * fv_own_write - Write the port's own config space in QEMU
 * @p: port
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: value for QEMU
 *
 * Context: port's lock held.
 */
void fv_own_write(struct fv_port *p, int where, int size, u32 val)
{
	fv_wire_write(p, p->bus, p->devfn, where, size, val);
}
