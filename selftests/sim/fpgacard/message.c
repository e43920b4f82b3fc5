// SPDX-License-Identifier: GPL-2.0
#include <linux/pci_regs.h>

#include "bytes.h"
#include "message.h"

static const struct image_cap *own_cap(const struct fn *fn, enum irq_type type)
{
	const struct image_cap *cap = image_cap(&fn->card->image.fn[fn->nr],
						type == IRQ_MSIX ? CAP_MSIX : CAP_MSI);

	return cap && cap->is_own ? cap : NULL;
}

bool message_is_own(const struct fn *fn, enum irq_type type)
{
	return own_cap(fn, type);
}

void message_reset(struct fn *fn)
{
	unsigned int i;

	memset(fn->table, 0, sizeof(fn->table));
	for (i = 0; i < IRQ_VECTORS; i++)
		fn->table[i][PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

bool message_is_table(const struct fn *fn, unsigned int bar, uint64_t at, unsigned int *offset)
{
	const struct image_cap *cap = own_cap(fn, IRQ_MSIX);

	if (!cap || cap->table_bar != bar || at < cap->table ||
	    at >= cap->table + (uint64_t)PCI_MSIX_ENTRY_SIZE * cap->vectors)
		return false;
	*offset = (unsigned int)(at - cap->table);
	return true;
}

uint32_t message_table_read(const struct fn *fn, unsigned int offset)
{
	return fn->table[offset / PCI_MSIX_ENTRY_SIZE][offset % PCI_MSIX_ENTRY_SIZE / 4];
}

void message_table_write(struct fn *fn, unsigned int offset, uint32_t value)
{
	const struct fault *fault = &fn->card->fault;
	unsigned int vector = offset / PCI_MSIX_ENTRY_SIZE;

	if (!fault->has_stuck_table || vector < fault->stuck_vector)
		fn->table[vector][offset % PCI_MSIX_ENTRY_SIZE / 4] = value;
}

bool message_is_stuck(const struct fn *fn, unsigned int at)
{
	return fn->card->fault.is_msi_stuck && fn->cfg.msi &&
		at >= fn->cfg.msi + PCI_MSI_ADDRESS_LO + 0u && at < fn->cfg.msi + 24u;
}

void message_raise(struct fn *fn, uint32_t vector)
{
	if (!card_is_master(fn))
		return;
	fn->raised++;
	if (cfg_is_msix_on(&fn->cfg)) {
		if (vector < fn->cfg.msix_vectors)
			irq_raise(&fn->irq, IRQ_MSIX, vector,
				  message_is_own(fn, IRQ_MSIX) ||
				  cfg_is_held(&fn->cfg, true, vector));
	} else if (cfg_is_msi_on(&fn->cfg)) {
		/* vectors share the enabled messages */
		vector %= cfg_msi_enabled(&fn->cfg);
		irq_raise(&fn->irq, IRQ_MSI, vector, message_is_own(fn, IRQ_MSI) ||
			  cfg_is_held(&fn->cfg, false, vector));
	}
}

void message_unmasked(struct fn *fn)
{
	unsigned int i;

	if (cfg_is_msix_on(&fn->cfg) && !cfg_is_held(&fn->cfg, true, 0) &&
	    !message_is_own(fn, IRQ_MSIX))
		irq_release(&fn->irq, IRQ_MSIX);
	if (!cfg_is_msi_on(&fn->cfg) || message_is_own(fn, IRQ_MSI))
		return;
	for (i = 0; i < fn->cfg.msi_vectors; i++)
		if ((irq_pending(&fn->irq, IRQ_MSI, i) & 1) && !cfg_is_held(&fn->cfg, false, i))
			irq_raise(&fn->irq, IRQ_MSI, i, false);
}

/* Posted write: no completion. */
static void send(struct fn *fn, uint64_t address, uint32_t data)
{
	uint8_t bytes[4];

	le32_put(bytes, data);
	if (dma_write(&fn->dma, address, bytes, sizeof(bytes), NULL, NULL))
		fn->irq.lost++;
	else
		fn->irq.raised++;
}

static bool take_pending(struct fn *fn, enum irq_type type, unsigned int vector)
{
	struct irq_vector *v = &fn->irq.vector[type][vector];
	bool was = v->is_pending;

	v->is_pending = false;
	return was;
}

static void send_msix(struct fn *fn)
{
	unsigned int i;

	for (i = 0; i < fn->cfg.msix_vectors; i++) {
		const uint32_t *entry = fn->table[i];

		if (entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] & PCI_MSIX_ENTRY_CTRL_MASKBIT ||
		    !take_pending(fn, IRQ_MSIX, i))
			continue;
		send(fn, (uint64_t)entry[PCI_MSIX_ENTRY_UPPER_ADDR / 4] << 32 |
		     entry[PCI_MSIX_ENTRY_LOWER_ADDR / 4], entry[PCI_MSIX_ENTRY_DATA / 4]);
	}
}

static void send_msi(struct fn *fn)
{
	const uint8_t *cap = fn->cfg.val + fn->cfg.msi;
	unsigned int i;

	for (i = 0; i < fn->cfg.msi_vectors; i++)
		if (!cfg_is_held(&fn->cfg, false, i) && take_pending(fn, IRQ_MSI, i))
			send(fn, (uint64_t)le32_get(cap + PCI_MSI_ADDRESS_HI) << 32 |
			     le32_get(cap + PCI_MSI_ADDRESS_LO),
			     le16_get(cap + PCI_MSI_DATA_64) | i);
}

void message_send(struct fn *fn)
{
	if (!card_is_master(fn))
		return;
	if (cfg_is_msix_on(&fn->cfg) && message_is_own(fn, IRQ_MSIX) &&
	    !cfg_is_held(&fn->cfg, true, 0))
		send_msix(fn);
	else if (cfg_is_msi_on(&fn->cfg) && message_is_own(fn, IRQ_MSI))
		send_msi(fn);
}
