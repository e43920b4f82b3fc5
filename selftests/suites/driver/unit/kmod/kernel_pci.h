/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI part of the kernel stand-in, see kernel.h: PCI functions, each with a config space of
 * constant, writable and write-1-to-clear bits, and their VFIO structures.
 */
#ifndef FV_UNIT_KERNEL_PCI_H
#define FV_UNIT_KERNEL_PCI_H

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#ifndef FV_UNIT_KERNEL_H
#error "kernel.h includes this"
#endif

struct device;

struct dev_pm_ops {
	int (*runtime_suspend)(struct device *dev);
	int (*runtime_resume)(struct device *dev);
};

struct device_driver {
	const char *name;
	const struct dev_pm_ops *pm;
};

struct iommufd_ctx;

struct iommu_group {
	int id;
	int refs;
};

#define iommu_group_id(group)	((group)->id)
#define iommu_group_put(group)	((void)(group)->refs--)
#define iommu_group_get(dev)						\
	((dev)->iommu_group ? ((dev)->iommu_group->refs++, (dev)->iommu_group) : NULL)
/* Implemented by the test. */
struct device;
int kernel_walk_group(struct iommu_group *group, void *data,
		      int (*fn)(struct device *dev, void *data));
#define iommu_group_for_each_dev(group, data, fn)	kernel_walk_group(group, data, fn)

struct attribute_group;

struct class {
	const char *name;
	const struct attribute_group **dev_groups;
};

struct kobject {
	int unused;
};

enum kobject_action { KOBJ_CHANGE = 2 };

#define __IOMMU_DOMAIN_PAGING	1

struct iommu_domain {
	unsigned int type;
};

struct msi_desc;

struct device {
	struct kobject kobj;
	const struct class *class;
	char name[32];
	int refs;
	void (*release)(struct device *dev);
	struct mutex mutex;	/* the device lock */
	struct mutex msi_lock;
	struct msi_desc *descs;
	unsigned int nr_descs;
	struct iommu_group *iommu_group;
	bool is_platform;
	struct iommu_domain *domain;
	struct device_driver *driver;
	void *drvdata;
	int usage;		/* of runtime PM */
	int wake_error;		/* result of pm_runtime_get() and pm_runtime_resume_and_get() */
	u64 active_ns;		/* pm_runtime_active() from then on */
	int resume_error;	/* result of pm_request_resume() */
	int active;		/* result of pm_runtime_get_if_active() */
};

#define iommu_get_domain_for_dev(dev)	((dev)->domain)
#define dev_get_drvdata(dev)	((dev)->drvdata)
#define dev_set_drvdata(dev, data)	((void)((dev)->drvdata = (data)))
#define dev_driver_string(dev)	((dev)->driver ? (dev)->driver->name : "pci")
#define device_trylock(dev)	mutex_trylock(&(dev)->mutex)
#define device_unlock(dev)	mutex_unlock(&(dev)->mutex)
#define device_lock_assert(dev)	lockdep_assert_held(&(dev)->mutex)

#define device_initialize(dev)	((dev)->refs = 1)
#define put_device(dev)							\
	do {								\
		if (!--(dev)->refs)					\
			(dev)->release(dev);				\
	} while (0)
#define dev_set_name(dev, ...)	(snprintf((dev)->name, sizeof((dev)->name), __VA_ARGS__), 0)
/* Implemented by the test. */
int device_add(struct device *dev);
void device_del(struct device *dev);
int class_register(const struct class *class);
void class_unregister(const struct class *class);
int sysfs_create_link(struct kobject *from, struct kobject *to, const char *name);
void sysfs_remove_link(struct kobject *from, const char *name);
int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[]);

/* sysfs files. */
struct attribute {
	const char *name;
	unsigned short mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count);
};

struct dev_ext_attribute {
	struct device_attribute attr;
	void *var;
};

#define __ATTR(_name, _mode, _show, _store)				\
	{ .attr = { .name = #_name, .mode = (_mode) }, .show = (_show), .store = (_store) }
#define DEVICE_ATTR_RO(name)						\
	struct device_attribute dev_attr_##name = __ATTR(name, 0444, name##_show, NULL)
#define DEVICE_ATTR_WO(name)						\
	struct device_attribute dev_attr_##name = __ATTR(name, 0200, NULL, name##_store)
#define DEVICE_ATTR_RW(name)						\
	struct device_attribute dev_attr_##name = __ATTR(name, 0644, name##_show, name##_store)
#define sysfs_attr_init(attr)
#define sysfs_emit(buf, ...)	snprintf(buf, PAGE_SIZE, __VA_ARGS__)

#define IORESOURCE_IO		0x00000100
#define IORESOURCE_MEM		0x00000200
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_MEM_64	0x00100000
#define IORESOURCE_UNSET	0x20000000
#define IORESOURCE_PCI_FIXED	0x00000010

struct resource {
	u64 start, end;
	unsigned long flags;
};

#define resource_size(res)	((res)->end - (res)->start + 1)

struct pci_dev;

struct pci_host_bridge {
	bool native_aer;
};

struct pci_bus {
	struct pci_dev *self;
	struct pci_host_bridge *bridge;
	int domain;
	u8 number;
	u64 offset;		/* CPU address minus bus address */
};

enum { PCI_D0, PCI_D1, PCI_D2, PCI_D3hot, PCI_D3cold };

#define PCI_ROM_RESOURCE	6
#define PCI_IOV_RESOURCES	7
#define PCI_STD_NUM_BARS	6
#define PCI_NUM_RESET_METHODS	8
#define PCI_CFG_SPACE_SIZE	256
#define PCI_CFG_SPACE_EXP_SIZE	4096
#define PCI_DEV_FLAGS_NO_BUS_RESET	BIT(6)
#define PCI_DEV_FLAGS_NO_PM_RESET	BIT(7)
#define PCI_DEV_FLAGS_NO_FLR_RESET	BIT(10)
#define PCI_WRITES		64

typedef unsigned long pci_dev_flags_t;

struct pci_dev {
	struct device dev;
	char name[32];
	struct pci_bus *bus, *subordinate;
	struct pci_dev *physfn;
	unsigned int devfn;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class;
	int cfg_size;
	u8 pcie_cap, pm_cap, msi_cap, msix_cap;
	u16 pcie_flags_reg, aer_cap;
	u32 devcap;
	unsigned long dev_flags;
	unsigned int d3hot_delay;
	int current_state;
	bool ltr_path, state_saved;
	bool is_virtfn, multifunction, imm_ready, link_active_reporting, clear_retrain_link;
	bool msi_enabled, msix_enabled, no_command_memory;
	unsigned int ignore_hotplug:1;
	u8 reset_methods[PCI_NUM_RESET_METHODS];
	u32 saved_config_space[PCI_CFG_SPACE_SIZE / 64];
	struct resource resource[PCI_IOV_RESOURCES + PCI_SRIOV_NUM_BARS];

	/* Test-only fields. */
	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	u8 writable[PCI_CFG_SPACE_EXP_SIZE];
	u8 cleared[PCI_CFG_SPACE_EXP_SIZE];	/* by writing 1 */
	bool is_gone;				/* reads as all-ones, drops writes */
	bool is_unplugged;			/* and marked disconnected in the PCI core */
	bool is_pending;			/* transactions never complete */
	unsigned int refs, nr_vfs, saves, restores, block_cfg_access, pending_waits;
	unsigned int express_changes;		/* by the PCI core's locked accessors */
	unsigned int nr_writes;
	struct {
		int where, size;
		u32 value;
	} writes[PCI_WRITES];
	void (*on_read)(struct pci_dev *pdev, int where);
	void (*on_write)(struct pci_dev *pdev, int where, u32 value);
};

/* For tests: a responding function without capabilities, and its registers. */
void pci_begins(struct pci_dev *pdev, const char *name);
void pci_put(struct pci_dev *pdev, int where, int size, u32 value, u32 writable);
void pci_put_latch(struct pci_dev *pdev, int where, int size, u32 value, u32 cleared);
u32 pci_peek(struct pci_dev *pdev, int where, int size);
/* Append a capability to the function's list. */
void pci_put_cap(struct pci_dev *pdev, u8 id, u8 at);
void pci_put_ext_cap(struct pci_dev *pdev, u16 id, u16 at);
/* Add a PCIe capability of this type and version. */
void pci_put_express(struct pci_dev *pdev, u8 at, u8 type, u8 version);
/* @sized: value that the BAR reads after a write of all-ones; 0: none. */
void pci_put_bar(struct pci_dev *pdev, int where, u32 sized);
void pci_bus_add(struct pci_bus *bus, struct pci_dev *pdev);

/* The kernel's API. */
#define pci_name(pdev)		((const char *)(pdev)->name)
#define dev_is_pci(d)		(!(d)->is_platform)
#define to_pci_dev(d)		container_of(d, struct pci_dev, dev)
#define pci_domain_nr(b)	((b)->domain)
#define pci_dev_id(pdev)	((pdev)->bus->number << 8 | (pdev)->devfn)
#define pci_upstream_bridge(pdev)					\
	({ struct pci_bus *__bus = (pdev)->bus; __bus ? __bus->self : NULL; })
#define pci_find_host_bridge(b)	((b)->bridge)
#define pci_is_pcie(pdev)	(!!(pdev)->pcie_cap)
#define pci_pcie_cap(pdev)	((pdev)->pcie_cap)
#define pci_pcie_type(pdev)	(((pdev)->pcie_flags_reg & PCI_EXP_FLAGS_TYPE) >> 4)
#define pci_dev_is_disconnected(pdev)	((pdev)->is_unplugged)
#define pci_device_is_present(pdev)	(!(pdev)->is_gone && !(pdev)->is_unplugged)
#define pci_resource_n(pdev, n)	(&(pdev)->resource[n])
#define pci_resource_start(pdev, n)	((pdev)->resource[n].start)
#define pci_resource_flags(pdev, n)	((pdev)->resource[n].flags)
#define pci_resource_len(pdev, n)					\
	((pdev)->resource[n].end ? resource_size(&(pdev)->resource[n]) : 0)
#define pci_num_vf(pdev)	((pdev)->nr_vfs)
#define pci_physfn(pdev)	((pdev)->is_virtfn ? (pdev)->physfn : (pdev))
#define pci_dev_get(pdev)	((pdev)->refs++, (pdev))
#define pci_dev_put(pdev)	((void)(pdev)->refs--)
#define pci_wait_for_pending_transaction(pdev)	((pdev)->pending_waits++, !(pdev)->is_pending)
#define pci_dev_trylock(pdev)	device_trylock(&(pdev)->dev)
#define pci_dev_unlock(pdev)	device_unlock(&(pdev)->dev)
#define pci_cfg_access_lock(pdev)	((void)(pdev)->block_cfg_access++)
#define pci_cfg_access_trylock(pdev)					\
	((pdev)->block_cfg_access ? false : (pci_cfg_access_lock(pdev), true))
#define pci_cfg_access_unlock(pdev)	((void)(pdev)->block_cfg_access--)
#define pci_save_state(pdev)	((void)(pdev)->saves++)
#define pci_restore_state(pdev)	((void)(pdev)->restores++)
int pci_set_power_state(struct pci_dev *pdev, int state);
struct pci_saved_state;
struct pci_saved_state *pci_store_saved_state(struct pci_dev *pdev);
int pci_load_saved_state(struct pci_dev *pdev, struct pci_saved_state *state);
int pci_load_and_free_saved_state(struct pci_dev *pdev, void **state);
#define PCI_POSSIBLE_ERROR(value)	((value) == (__typeof__(value))~0ull)

static inline void pci_err(const struct pci_dev *pdev, const char *fmt, ...)
{
}

#define pci_warn		pci_err
#define pci_info		pci_err
#define pci_info_ratelimited	pci_err
#define dev_warn_ratelimited(dev, ...)	((void)(dev))
#define pci_dbg			pci_err
void dev_err_ratelimited(struct device *dev, const char *fmt, ...);

int pci_read_config_byte(struct pci_dev *pdev, int where, u8 *value);
int pci_read_config_word(struct pci_dev *pdev, int where, u16 *value);
int pci_read_config_dword(struct pci_dev *pdev, int where, u32 *value);
int pci_write_config_byte(struct pci_dev *pdev, int where, u8 value);
int pci_write_config_word(struct pci_dev *pdev, int where, u16 value);
int pci_write_config_dword(struct pci_dev *pdev, int where, u32 value);
u8 pci_find_capability(struct pci_dev *pdev, int id);
u16 pci_find_ext_capability(struct pci_dev *pdev, int id);
u64 pci_get_dsn(struct pci_dev *pdev);
int pcie_capability_read_word(struct pci_dev *pdev, int at, u16 *value);
int pcie_capability_read_dword(struct pci_dev *pdev, int at, u32 *value);
int pcie_capability_write_word(struct pci_dev *pdev, int at, u16 value);
int pcie_capability_clear_and_set_word(struct pci_dev *pdev, int at, u16 clear, u16 set);
#define pcie_capability_set_word(pdev, at, set)				\
	pcie_capability_clear_and_set_word(pdev, at, 0, set)
#define pcie_capability_clear_word(pdev, at, clear)			\
	pcie_capability_clear_and_set_word(pdev, at, clear, 0)
int pcibios_err_to_errno(int error);
/* Leaves while a walk is at it: the walk begins anew, once. */
extern struct pci_dev *pci_leaves;
struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from);

struct pci_bus_region {
	u64 start, end;
};

void pcibios_resource_to_bus(struct pci_bus *bus, struct pci_bus_region *region,
			     struct resource *res);

/* From include/linux/pci_ids.h, which is not in the UAPI. */
#define PCI_VENDOR_ID_XILINX			0x10ee
#define PCI_VENDOR_ID_AMAZON			0x1d0f
#define PCI_VENDOR_ID_INTEL			0x8086
#define PCI_DEVICE_ID_INTEL_QAT_DH895XCC	0x0435
#define PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF	0x0443
#define PCI_DEVICE_ID_INTEL_DSA_SPR0		0x0b25
#define PCI_DEVICE_ID_INTEL_IAX_SPR0		0x0cfe
#define PCI_DEVICE_ID_INTEL_QAT_C3XXX		0x19e2
#define PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF	0x19e3
#define PCI_DEVICE_ID_INTEL_QAT_C62X		0x37c8
#define PCI_DEVICE_ID_INTEL_QAT_C62X_VF		0x37c9

#define PCI_ANY_ID		(~0u)

struct pci_device_id {
	u32 vendor, device, subvendor, subdevice, class, class_mask;
	unsigned long driver_data;
	u32 override_only;
};

#define PCI_DEVICE(_vendor, _device)					\
	.vendor = (_vendor), .device = (_device), .subvendor = PCI_ANY_ID,	\
	.subdevice = PCI_ANY_ID
#define PCI_DEVICE_SUB(_vendor, _device, _subvendor, _subdevice)	\
	.vendor = (_vendor), .device = (_device), .subvendor = (_subvendor),	\
	.subdevice = (_subdevice)
#define PCI_ID_F_VFIO_DRIVER_OVERRIDE	1
#define PCI_DRIVER_OVERRIDE_DEVICE_VFIO(_vendor, _device)		\
	PCI_DEVICE(_vendor, _device), .override_only = PCI_ID_F_VFIO_DRIVER_OVERRIDE
const struct pci_device_id *pci_match_id(const struct pci_device_id *ids, struct pci_dev *pdev);

/* Runtime PM: counts, and returns the test's results. */
int pm_runtime_resume_and_get(struct device *dev);
#define pm_runtime_get(dev)		((dev)->usage++, (dev)->wake_error)
#define pm_request_resume(dev)		((dev)->resume_error)
#define pm_runtime_active(dev)		(kernel_ns >= (dev)->active_ns)
#define pm_runtime_get_sync(dev)	((void)(dev)->usage++)
#define pm_runtime_get_noresume(dev)	((void)(dev)->usage++)
#define pm_runtime_put(dev)		((void)(dev)->usage--)
#define pm_runtime_put_noidle(dev)	pm_runtime_put(dev)
int pm_runtime_get_if_active(struct device *dev);

/* BAR registers; implemented by the test. */
void __iomem *ioremap(u64 at, size_t size);
void iounmap(void __iomem *at);
u32 ioread32(void __iomem *at);

/* MSI and MSI-X descriptors of a function's vectors. */
struct msi_msg {
	u32 address_lo, address_hi, data;
};

struct msi_desc {
	u16 msi_index;
	struct msi_msg msg;
	struct {
		u32 msi_mask, msix_ctrl;
		struct {
			u8 multiple, multi_cap;
			bool can_mask, is_64, is_virtual;
		} msi_attrib;
		u8 mask_pos;
		void __iomem *mask_base;
	} pci;
};

#define MSI_DESC_ASSOCIATED	2
#define kernel_guard_msi_descs_lock(d)	kernel_guard(&(d)->msi_lock)
#define msi_first_desc(d, filter)					\
	(lockdep_assert_held(&(d)->msi_lock), (d)->nr_descs ? (d)->descs : NULL)
#define msi_for_each_desc(desc, d, filter)				\
	for ((desc) = msi_first_desc(d, filter);			\
	     (desc) && (desc) < (d)->descs + (d)->nr_descs; (desc)++)
/* Implemented by the test. */
void pci_restore_msi_state(struct pci_dev *pdev);
void pci_clear_master(struct pci_dev *pdev);

/* PCI error recovery. */
typedef enum {
	pci_channel_io_normal = 1,
	pci_channel_io_frozen,
	pci_channel_io_perm_failure,
} pci_channel_state_t;

typedef enum {
	PCI_ERS_RESULT_NONE = 1,
	PCI_ERS_RESULT_CAN_RECOVER,
	PCI_ERS_RESULT_NEED_RESET,
	PCI_ERS_RESULT_DISCONNECT,
	PCI_ERS_RESULT_RECOVERED,
} pci_ers_result_t;

/* Implemented by the test. */
pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state);
struct vfio_device;
void vfio_pci_core_request(struct vfio_device *vdev, unsigned int count);

struct pci_error_handlers {
	pci_ers_result_t (*error_detected)(struct pci_dev *pdev, pci_channel_state_t state);
	pci_ers_result_t (*slot_reset)(struct pci_dev *pdev);
	void (*resume)(struct pci_dev *pdev);
	void (*reset_prepare)(struct pci_dev *pdev);
	void (*reset_done)(struct pci_dev *pdev);
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	const struct attribute_group **dev_groups;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	void (*shutdown)(struct pci_dev *pdev);
	int (*sriov_configure)(struct pci_dev *pdev, int nr_virtfn);
	const struct pci_error_handlers *err_handler;
	bool driver_managed_dma;
};

/* Implemented by the test. */
int pci_register_driver(struct pci_driver *driver);
void pci_unregister_driver(struct pci_driver *driver);
extern bool *kernel_param_enable_sriov;

struct vfio_device_set {
	struct mutex lock;	/* of opens and closes */
	struct list_head device_list;
};

struct address_space {
	int unused;
};

struct file {
	struct address_space *f_mapping;
};

struct inode {
	struct address_space *i_mapping;
};

struct vfio_device {
	struct vfio_device_set *dev_set;
	struct list_head dev_set_list;
	unsigned int open_count;
	struct inode *inode;
	struct iommufd_ctx *ictx;
};

#define vfio_iommufd_device_ictx(vdev)	((vdev)->ictx)

struct vm_area_struct;
struct vfio_info_cap;

struct vfio_device_ops {
	const char *name;
	int (*init)(struct vfio_device *vdev);
	void (*release)(struct vfio_device *vdev);
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx, u32 *id);
	void (*unbind_iommufd)(struct vfio_device *vdev);
	int (*attach_ioas)(struct vfio_device *vdev, u32 *id);
	void (*detach_ioas)(struct vfio_device *vdev);
	int (*pasid_attach_ioas)(struct vfio_device *vdev, u32 pasid, u32 *id);
	void (*pasid_detach_ioas)(struct vfio_device *vdev, u32 pasid);
	int (*open_device)(struct vfio_device *vdev);
	void (*close_device)(struct vfio_device *vdev);
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos);
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf, size_t count,
			 loff_t *ppos);
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);
	int (*get_region_info_caps)(struct vfio_device *vdev, struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	void (*request)(struct vfio_device *vdev, unsigned int count);
	int (*match)(struct vfio_device *vdev, char *buf);
	int (*match_token_uuid)(struct vfio_device *vdev, const void *uuid);
	int (*device_feature)(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz);
};

struct vfio_pci_core_device {
	struct vfio_device vdev;
	struct pci_dev *pdev;
	struct rw_semaphore memory_lock;
	u8 *vconfig;
	bool pm_runtime_engaged, needs_pm_restore, has_vga, reset_works, needs_reset;
	struct mutex irqlock;	/* a spinlock in the kernel */
	bool virq_disabled, pci_2_3, pm_intx_masked;
	int irq_type;
	void *pm_save;
	const struct vfio_pci_device_ops *pci_ops;
	struct list_head dmabufs;
};

struct vfio_pci_device_ops {
	int (*get_dmabuf_phys)(struct vfio_pci_core_device *core);
};

/* Implemented by the test. */
struct vfio_device *kernel_vfio_alloc(size_t size, struct device *dev,
				      const struct vfio_device_ops *ops);
#define vfio_alloc_device(type, member, dev, ops)			\
	({								\
		struct vfio_device *__vdev = kernel_vfio_alloc(sizeof(struct type), dev, ops);	\
									\
		IS_ERR(__vdev) ? (void *)__vdev :			\
				 (void *)container_of(__vdev, struct type, member);	\
	})
void vfio_put_device(struct vfio_device *vdev);
int vfio_pci_core_register_device(struct vfio_pci_core_device *core);
void vfio_pci_core_unregister_device(struct vfio_pci_core_device *core);
int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *core, int nr_virtfn);

#define VFIO_PCI_OFFSET_SHIFT	40
#define VFIO_PCI_OFFSET_TO_INDEX(at)	((u64)(at) >> VFIO_PCI_OFFSET_SHIFT)
#define VFIO_PCI_INDEX_TO_OFFSET(index)	((u64)(index) << VFIO_PCI_OFFSET_SHIFT)
#define VFIO_PCI_OFFSET_MASK	(((u64)1 << VFIO_PCI_OFFSET_SHIFT) - 1)
/* Implemented by the test. */
int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *core);
int vfio_pci_core_ioctl_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				size_t argsz);
ssize_t vfio_pci_core_read(struct vfio_device *vdev, char __user *buf, size_t count,
			   loff_t *ppos);
ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos);
long vfio_pci_core_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);
int vfio_pci_ioctl_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
				   struct vfio_info_cap *caps);
int vfio_pci_core_enable(struct vfio_pci_core_device *core);
void vfio_pci_core_finish_enable(struct vfio_pci_core_device *core);
void vfio_pci_core_close_device(struct vfio_device *vdev);
int vfio_pci_core_init_dev(struct vfio_device *vdev);
void vfio_pci_core_release_dev(struct vfio_device *vdev);
int vfio_pci_core_match(struct vfio_device *vdev, char *buf);
int vfio_pci_core_match_token_uuid(struct vfio_device *vdev, const void *uuid);
int vfio_iommufd_physical_bind(struct vfio_device *vdev, struct iommufd_ctx *ictx, u32 *id);
void vfio_iommufd_physical_unbind(struct vfio_device *vdev);
int vfio_iommufd_physical_attach_ioas(struct vfio_device *vdev, u32 *id);
void vfio_iommufd_physical_detach_ioas(struct vfio_device *vdev);
int vfio_iommufd_physical_pasid_attach_ioas(struct vfio_device *vdev, u32 pasid, u32 *id);
void vfio_iommufd_physical_pasid_detach_ioas(struct vfio_device *vdev, u32 pasid);

/* compat.h uses the APIs of 6.12, unless the test sets a newer version. */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#ifndef LINUX_VERSION_CODE
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 12, 0)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define KERNEL_IS_NEW		/* 6.18 or later */
#define system_dfl_wq		NULL
#endif

/* User mappings; the test maps and unmaps them. */
typedef unsigned int vm_fault_t;
typedef unsigned long pgprot_t;

struct vm_area_struct {
	unsigned long vm_flags, vm_start, vm_end, vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
	const struct vm_operations_struct *vm_ops;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long pgoff, address;
	unsigned int flags;
};

struct vm_operations_struct {
	void (*close)(struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*huge_fault)(struct vm_fault *vmf, unsigned int order);
};

struct follow_pfnmap_args {
	struct vm_area_struct *vma;
	unsigned long address;
};

#define FAULT_FLAG_WRITE	0x1

/* 6.12 has a type for PFNs. */
typedef struct {
	u64 val;
} pfn_t;

#define PFN_DEV			BIT(61)
#define __pfn_to_pfn_t(pfn, flags)	((pfn_t) { (pfn) | (flags) })
#ifdef KERNEL_IS_NEW
vm_fault_t vmf_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write);
#else
vm_fault_t vmf_insert_pfn_pmd(struct vm_fault *vmf, pfn_t pfn, bool write);
#endif

#define VM_FAULT_OOM		0x0001
#define VM_FAULT_SIGBUS		0x0002
#define VM_FAULT_NOPAGE		0x0100
#define VM_FAULT_RETRY		0x0400
#define VM_FAULT_FALLBACK	0x0800
#define FAULT_FLAG_VMA_LOCK	0x1000
#define vm_get_page_prot(flags)	((pgprot_t)(flags) << 8)
vm_fault_t vmf_insert_pfn_prot(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
			       pgprot_t prot);
void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, int even_cows);
void zap_vma_ptes(struct vm_area_struct *vma, unsigned long address, unsigned long size);
int follow_pfnmap_start(struct follow_pfnmap_args *args);
void follow_pfnmap_end(struct follow_pfnmap_args *args);
void vma_end_read(struct vm_area_struct *vma);
int vfio_pci_core_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

#endif
