// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_bench BDF DRIVER: print the time of each operation as "@row" lines. With -icount, the clock
 * counts instructions and the numbers are reproducible.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "region.h"

#define REPEATS 10000
#define OPENS 200
#define LIMIT_S 240

struct bench {
	const char *bdf;
	const char *driver;
	struct iommu iommu;
	struct device dev;
	unsigned long long times[REPEATS];
};

static int by_size(const void *a, const void *b)
{
	unsigned long long x = *(const unsigned long long *)a;
	unsigned long long y = *(const unsigned long long *)b;

	return x < y ? -1 : x > y;
}

static void report(struct bench *bench, const char *name, unsigned int n)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += bench->times[i];
	qsort(bench->times, n, sizeof(bench->times[0]), by_size);
	printf("# @row name=%s_mean driver=%s value=%.1f unit=ns\n", name,
	       bench->driver, (double)sum / n);
	printf("# @row name=%s_p50 driver=%s value=%llu unit=ns\n", name,
	       bench->driver, bench->times[n / 2]);
	printf("# @row name=%s_min driver=%s value=%llu unit=ns\n", name,
	       bench->driver, bench->times[0]);
}

/* Time each of @_n calls of @_op. The first ones fill caches and take page faults: not counted. */
#define measure(_bench, _name, _n, _op) do {				\
	unsigned long long __from;					\
	unsigned int __i;						\
									\
	for (__i = 0; __i < (_n) / 100 + 1; __i++)			\
		_op;							\
	for (__i = 0; __i < (_n); __i++) {				\
		__from = now_ns();					\
		_op;							\
		(_bench)->times[__i] = now_ns() - __from;		\
	}								\
	report(_bench, _name, _n);					\
} while (0)

static void bench_accesses(struct bench *bench)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	struct device *dev = &bench->dev;
	uint64_t bar, config = dev->config_offset;
	volatile uint32_t *map;
	uint32_t value = 0;
	size_t size;

	bar = dev->offsets[EDU_BAR] + EDU_LIVENESS;
	config_write16(dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	map = region_map(dev, EDU_BAR, &size);
	measure(bench, "empty_syscall", REPEATS, getppid());
	measure(bench, "config_read", REPEATS, pread(dev->fd, &value, 4, config));
	measure(bench, "config_read_command", REPEATS,
		pread(dev->fd, &value, 2, config + PCI_COMMAND));
	value = PCI_COMMAND_MEMORY;
	measure(bench, "config_write", REPEATS,
		pwrite(dev->fd, &value, 2, config + PCI_COMMAND));
	measure(bench, "bar_read", REPEATS, pread(dev->fd, &value, 4, bar));
	measure(bench, "bar_write", REPEATS, pwrite(dev->fd, &value, 4, bar));
	measure(bench, "bar_read_mapped", REPEATS, map[EDU_LIVENESS / 4]);
	measure(bench, "region_info", REPEATS,
		ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	munmap((void *)map, size);
}

static void open_and_close(struct bench *bench, int group)
{
	int fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bench->bdf);

	if (fd < 0)
		fail("open %s: %m", bench->bdf);
	close(fd);
}

/*
 * Map, fault once, unmap: measures the fault path. Accesses to a faulted mapping cost nothing, as
 * bar_read_mapped shows.
 */
static void map_and_touch(struct device *dev)
{
	volatile uint32_t *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				      dev->fd, dev->offsets[EDU_BAR]);

	(void)map[0];
	munmap((void *)map, 4096);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	int group;

	if (argc != 4) {
		fprintf(stderr, "usage: %s BDF DRIVER accesses|open\n", argv[0]);
		return 2;
	}
	alarm(LIMIT_S);
	bench.bdf = argv[1];
	bench.driver = argv[2];
	if (!pci_driver_is(bench.bdf, bench.driver))
		fail("%s is not bound to %s", bench.bdf, bench.driver);
	iommu_open(&bench.iommu, IOMMU_CONTAINER);
	device_open(&bench.dev, &bench.iommu, bench.bdf);
	if (!strcmp(argv[3], "accesses")) {
		bench_accesses(&bench);
		measure(&bench, "map_and_touch", 1000, map_and_touch(&bench.dev));
	}
	device_close(&bench.dev);
	group = bench.iommu.groups[0].fd;
	if (!strcmp(argv[3], "open"))
		measure(&bench, "open_and_close", OPENS, open_and_close(&bench, group));
	iommu_close(&bench.iommu);
	return 0;
}
