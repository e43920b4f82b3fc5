// SPDX-License-Identifier: GPL-2.0
/* Importer of BAR dma-bufs for tests; see importer.h. */
#include <linux/module.h>

#ifdef CONFIG_VFIO_PCI_DMABUF

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "importer.h"

/**
 * struct importer - an open file of /dev/fv_importer
 * @lock: serializes ioctls, except FV_IMPORTER_STATE
 * @pdev: the function that would do DMA
 * @attach: attachment to the dma-buf, or NULL
 * @sgt: the mapping, or NULL; protected by the dma-buf's reservation lock
 * @is_keeping: invalidations keep the mapping; protected by the reservation lock
 * @nr_invalidations: written under the reservation lock
 */
struct importer {
	struct mutex lock;	/* serializes ioctls */
	struct pci_dev *pdev;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	bool is_keeping;
	unsigned int nr_invalidations;
};

static void importer_unmap(struct importer *importer)
{
	dma_resv_assert_held(importer->attach->dmabuf->resv);
	if (!importer->sgt)
		return;
	dma_buf_unmap_attachment(importer->attach, importer->sgt, DMA_BIDIRECTIONAL);
	WRITE_ONCE(importer->sgt, NULL);
}

static void importer_invalidate(struct dma_buf_attachment *attach)
{
	struct importer *importer = attach->importer_priv;

	WRITE_ONCE(importer->nr_invalidations, importer->nr_invalidations + 1);
	if (!importer->is_keeping)
		importer_unmap(importer);
}

static const struct dma_buf_attach_ops importer_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = importer_invalidate,
};

static struct pci_dev *importer_function(const char *bdf)
{
	unsigned int domain, bus, slot, fn;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
}

static long importer_attach(struct importer *importer, unsigned long arg)
{
	struct fv_importer_attach what;
	struct dma_buf *dmabuf;
	int ret;

	if (importer->attach)
		return -EBUSY;
	if (copy_from_user(&what, (void __user *)arg, sizeof(what)))
		return -EFAULT;
	what.bdf[sizeof(what.bdf) - 1] = '\0';
	importer->pdev = importer_function(what.bdf);
	if (!importer->pdev)
		return -ENXIO;
	dmabuf = dma_buf_get(what.fd);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_pdev;
	}
	importer->attach = dma_buf_dynamic_attach(dmabuf, &importer->pdev->dev,
						  &importer_attach_ops, importer);
	if (!IS_ERR(importer->attach))
		return 0;
	ret = PTR_ERR(importer->attach);
	importer->attach = NULL;
	dma_buf_put(dmabuf);
err_pdev:
	pci_dev_put(importer->pdev);
	importer->pdev = NULL;
	return ret;
}

/* All ioctls except the first; caller holds the reservation lock. */
static long importer_do(struct importer *importer, unsigned int cmd, unsigned long arg)
{
	struct sg_table *sgt;

	switch (cmd) {
	case FV_IMPORTER_MAP:
		if (importer->sgt)
			return -EBUSY;
		sgt = dma_buf_map_attachment(importer->attach, DMA_BIDIRECTIONAL);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
		WRITE_ONCE(importer->sgt, sgt);
		return 0;
	case FV_IMPORTER_UNMAP:
		importer_unmap(importer);
		return 0;
	case FV_IMPORTER_KEEP:
		importer->is_keeping = arg;
		return 0;
	default:
		return -ENOTTY;
	}
}

static long importer_locked(struct importer *importer, unsigned int cmd, unsigned long arg)
{
	struct dma_resv *resv;
	long ret;

	if (cmd == FV_IMPORTER_ATTACH)
		return importer_attach(importer, arg);
	if (!importer->attach)
		return -EINVAL;
	resv = importer->attach->dmabuf->resv;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = importer_do(importer, cmd, arg);
	dma_resv_unlock(resv);
	return ret;
}

static long importer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct importer *importer = file->private_data;
	struct fv_importer_state state = {
		.is_mapped = !!READ_ONCE(importer->sgt),
		.nr_invalidations = READ_ONCE(importer->nr_invalidations),
	};
	long ret;

	/* without importer->lock, to work during waits for exporter or mapping */
	if (cmd == FV_IMPORTER_STATE)
		return copy_to_user((void __user *)arg, &state, sizeof(state)) ? -EFAULT : 0;
	if (mutex_lock_interruptible(&importer->lock))
		return -EINTR;
	ret = importer_locked(importer, cmd, arg);
	mutex_unlock(&importer->lock);
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer = kzalloc(sizeof(*importer), GFP_KERNEL);

	if (!importer)
		return -ENOMEM;
	mutex_init(&importer->lock);
	file->private_data = importer;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *importer = file->private_data;
	struct dma_buf *dmabuf;

	if (importer->attach) {
		dmabuf = importer->attach->dmabuf;
		dma_resv_lock(dmabuf->resv, NULL);
		importer_unmap(importer);
		dma_resv_unlock(dmabuf->resv);
		dma_buf_detach(dmabuf, importer->attach);
		dma_buf_put(dmabuf);
		pci_dev_put(importer->pdev);
	}
	kfree(importer);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
};

static struct miscdevice importer_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = FV_IMPORTER_NAME,
	.fops = &importer_fops,
};
module_misc_device(importer_device);

MODULE_IMPORT_NS("DMA_BUF");

#else /* BARs are not exported */

static int __init importer_init(void)
{
	return -EOPNOTSUPP;
}
module_init(importer_init);

#endif

MODULE_DESCRIPTION("Importer of dma-bufs of BARs, for tests");
MODULE_LICENSE("GPL");
