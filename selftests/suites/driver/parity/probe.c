// SPDX-License-Identifier: GPL-2.0
/* vfio_probe [-l] BDF [SECTION…]: observe the behaviour of a device through VFIO. */
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "nvme.h"
#include "probe.h"

/* The debug kernel is several times slower. */
#define SECTION_LIMIT_S 180
#define SECTION_LIMIT_DEBUG_S 180
#define READY_LIMIT_MS 30000

static struct section *sections, **sections_end = &sections;
static const char *now;		/* current section */

void section_register(struct section *section)
{
	*sections_end = section;
	sections_end = &section->next;
}

void probe_see(const char *key, const char *fmt, ...)
{
	va_list args;

	printf("%s.%s=", now, key);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void see_ret(const char *key, long long ret)
{
	if (ret < 0)
		see(key, "%s", errno_name(ret));
	else
		see(key, "%lld", ret);
}

void probe_must(bool holds, const char *fmt, ...)
{
	va_list args;

	printf("%s.must ", now);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("=%s\n", holds ? "yes" : "NO");
}

void probe_enable(struct probe *probe)
{
	config_command(&probe->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void probe_wait_ready(struct probe *probe)
{
	must(wait_until(config_read32(&probe->dev, PCI_VENDOR_ID) != 0xffffffff, READY_LIMIT_MS),
	     "it is ready after a reset");
}

const struct scratch *probe_scratch(const struct probe *probe)
{
	/* AQA; VLAN ether type of both network cards; liveness; status */
	static const struct scratch nvme = { 0, 0x24, 0x000f000f, 0x000f000f, 0 };
	static const struct scratch e1000e = { 0, 0x38, 0x1234, 0x1234, 0x8100 };
	static const struct scratch igb = { 0, 0x38, 0x1234, 0x1234, 0x81008100 };
	static const struct scratch edu = {
		EDU_BAR, EDU_LIVENESS, 0x12345678, 0xedcba987, 0,
	};
	static const struct scratch virtio = { 4, 0x14, 1, 1, 0 };

	switch (probe->kind) {
	case KIND_NVME:
		return &nvme;
	case KIND_E1000E:
		return &e1000e;
	case KIND_IGB:
		return &igb;
	case KIND_EDU:
		return &edu;
	case KIND_VIRTIO:
		return &virtio;
	default:
		return NULL;
	}
}

static enum kind find_kind(const char *bdf)
{
	unsigned int vendor = pci_attr(bdf, "vendor");
	unsigned int device = pci_attr(bdf, "device");

	if (pci_attr(bdf, "class") == NVME_CLASS)
		return KIND_NVME;
	switch (vendor << 16 | device) {
	case 0x8086 << 16 | 0x10d3:
		return KIND_E1000E;
	case 0x8086u << 16 | 0x10c9:
		return KIND_IGB;
	case EDU_VENDOR << 16 | EDU_DEVICE:
		return KIND_EDU;
	case 0x1af4 << 16 | 0x1041:
		return KIND_VIRTIO;
	}
	return KIND_OTHER;
}

static void run_here(struct probe *probe, const struct section *section)
{
	const char *kernel = getenv("FV_KERNEL");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(kernel && !strcmp(kernel, "debug") ? SECTION_LIMIT_DEBUG_S :
	      SECTION_LIMIT_S);
	iommu_open(&probe->iommu, iommu_mode_from_env());
	if (!section->is_raw)
		device_open(&probe->dev, &probe->iommu, probe->bdf);
	section->run(probe);
	fflush(stdout);
	_exit(0);
}

static void run(struct probe *probe, const struct section *section)
{
	int status;
	pid_t pid;

	now = section->name;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork failed");
	if (!pid)
		run_here(probe, section);
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid failed");
	if (WIFSIGNALED(status))
		see("end", "killed by signal %d", WTERMSIG(status));
	else
		see("end", "exit %d", WEXITSTATUS(status));
}

static bool is_selected(const struct section *section, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(section->name, *names, strlen(*names)))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct probe probe = { 0 };
	struct section *section;
	char driver[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "-l")) {
		for (section = sections; section; section = section->next)
			puts(section->name);
		return 0;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: %s -l | BDF [SECTION...]\n", argv[0]);
		return 2;
	}
	probe.bdf = argv[1];
	probe.kind = find_kind(probe.bdf);
	pci_driver(probe.bdf, driver, sizeof(driver));
	probe.driver = driver;
	for (section = sections; section; section = section->next)
		if (section->kinds & probe.kind && is_selected(section, argv + 2))
			run(&probe, section);
	return 0;
}
