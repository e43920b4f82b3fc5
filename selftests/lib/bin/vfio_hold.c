// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_hold [-r] BDF: open a device and hold it. Says "held" when it has it. Ends
 * on SIGTERM, and with -r also when the kernel asks for the device.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "irq.h"

#define LIMIT_S 250

static void on_term(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	bool leaves = argc == 3 && !strcmp(argv[1], "-r");
	struct sigaction action = { .sa_handler = on_term };
	struct pollfd request = { .events = POLLIN };
	struct iommu iommu;
	struct device dev;
	int ret;

	if (argc != 2 + leaves) {
		fprintf(stderr, "usage: %s [-r] BDF\n", argv[0]);
		return 2;
	}
	alarm(LIMIT_S);
	sigaction(SIGTERM, &action, NULL);
	iommu_open(&iommu, iommu_mode_from_env());
	device_open(&dev, &iommu, argv[argc - 1]);
	request.fd = event_new();
	ret = __irq_enable(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &request.fd);
	if (ret)
		fail("request event: %s", errno_name(ret));
	puts("held");
	fflush(stdout);
	poll(&request, leaves, -1);
	device_close(&dev);
	iommu_close(&iommu);
	return 0;
}
