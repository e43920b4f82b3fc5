// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "card.h"
#include "compat.h"
#include "device.h"
#include "registry.h"
#include "stats.h"

/* By fv_registry_key() of the port; protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_cards);

static struct fv_card *fv_card_create(struct pci_dev *port, struct pci_dev *function)
{
	struct fv_card *card;
	struct fv_link link;
	int ret;

	card = kzalloc_obj(*card);
	if (!card)
		return ERR_PTR(-ENOMEM);

	ret = xa_err(xa_store(&fv_cards, fv_registry_key(port), card, GFP_KERNEL));
	if (ret) {
		kfree(card);
		return ERR_PTR(ret);
	}
	card->port = pci_dev_get(port);
	mutex_init(&card->link_lock);
	INIT_LIST_HEAD(&card->devices);
	card->function_cap = fv_link_function_cap(function);
	if (!fv_link_read(port, card->function_cap, &link) && link.is_active)
		card->link_goal = (struct fv_link_goal) {
			.speed = link.speed,
			.width = link.width,
			.tries = FV_LINK_TRIES_DEFAULT,
		};
	return card;
}

/**
 * fv_card_attach - Put a device on its card
 * @dev: the device; fv_device::card is set. It stays NULL for a device with no
 *	 port above it (root-complex integrated).
 *
 * A virtual function is on the card of its physical function.
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0 or -ENOMEM.
 */
int fv_card_attach(struct fv_device *dev)
{
	struct pci_dev *port = pci_upstream_bridge(dev->core.pdev);
	struct fv_card *card;

	if (!port)
		return 0;

	guard(mutex)(&fv_registry_lock);

	card = xa_load(&fv_cards, fv_registry_key(port));
	if (!card) {
		card = fv_card_create(port, dev->core.pdev);
		if (IS_ERR(card))
			return PTR_ERR(card);
	}
	list_add_tail(&dev->card_node, &card->devices);
	dev->card = card;
	return 0;
}

/**
 * fv_card_detach - Take a device off its card
 * @dev: the device; the card goes with its last one
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 */
void fv_card_detach(struct fv_device *dev)
{
	struct fv_card *card = dev->card;

	if (!card)
		return;

	guard(mutex)(&fv_registry_lock);

	dev->card = NULL;
	list_del_init(&dev->card_node);
	if (!list_empty(&card->devices))
		return;

	xa_erase(&fv_cards, fv_registry_key(card->port));
	pci_dev_put(card->port);
	kfree(card);
}

/**
 * fv_card_retrain - Retrain the link of a device's card, and count what came of it
 * @dev: the device, which cannot go meanwhile
 * @goal: what is wanted
 * @after: what it came to
 *
 * Context: Process context, may sleep.
 * Return: As fv_link_retrain(); -EOPNOTSUPP if the device is on no card.
 */
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal, struct fv_link *after)
{
	struct fv_card *card = dev->card;
	int ret;

	if (!card)
		return -EOPNOTSUPP;

	/* An idle function lets its port sleep, whose link is not to be trained then. */
	ret = pm_runtime_resume_and_get(&dev->core.pdev->dev);
	if (ret < 0)
		return ret;
	ret = mutex_lock_killable(&card->link_lock);
	if (!ret) {
		ret = fv_link_retrain(card->port, card->function_cap, goal, after);
		mutex_unlock(&card->link_lock);
	}
	pm_runtime_put(&dev->core.pdev->dev);
	if (ret == -EINTR)
		return ret;

	if (ret != -EOPNOTSUPP)
		fv_stats_inc(dev->stats, ret > 0 ? FPGA_VFIO_A_STATS_RETRAINS_OK :
			     FPGA_VFIO_A_STATS_RETRAINS_FAILED);
	return ret;
}

/**
 * fv_card_next - Find the first card from a key on
 * @key: fv_registry_key() of the port to start at; set to that of what is found
 *
 * Context: Under fv_registry_lock, which keeps what is found.
 * Return: The card, or NULL if there is none left.
 */
struct fv_card *fv_card_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_cards, key, ULONG_MAX, XA_PRESENT);
}
