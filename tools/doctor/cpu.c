// SPDX-License-Identifier: GPL-2.0
/* doctor: the CPU's virtualisation and KVM */
#include <string.h>

#include "doctor/doctor.h"
#include "host/cmdline.h"
#include "host/cpu.h"
#include "host/sysfs.h"
#include "host/virt.h"

/*
 * Linux clears the flag of a CPU if firmware has switched the feature off:
 * arch/x86/kernel/cpu/feat_ctl.c, init_ia32_feat_ctl(); arch/x86/kernel/cpu/amd.c, init_amd().
 */
static void report_no_flag(struct doctor *d, const struct cpu *cpu)
{
	const char *fix = "Enable VT-x (Intel) or SVM (AMD) in firmware.";

	if (cpu->kind != CPU_OTHER)
		fix = cpu->kind == CPU_AMD ? "Enable SVM (AMD-V) in firmware." :
					     "Enable VT-x in firmware.";
	if (cpu->is_virtual)
		fix = "Switch on nested virtualisation in the hypervisor of this VM; for KVM: "
		      "kvm_intel.nested=1 or kvm_amd.nested=1 there, and CPU model "
		      "host-passthrough.";
	doctor_add(d, DOCTOR_WARNING, "cpu-no-virtualization", DOCTOR_HOST, fix,
		   "the CPU offers no virtualisation (no vmx or svm in /proc/cpuinfo), so QEMU "
		   "emulates a VM in software, many times slower");
}

/* Of Arm. */
static bool is_kvm_off(void)
{
	autostrv struct strv words = {};
	const char *mode;

	cmdline_read(&words);
	mode = cmdline_last(&words, "kvm-arm.mode");
	return mode && !strcmp(mode, "none");
}

static char *find_kvm_fix(const struct cpu *cpu)
{
	const char *module = cpu->kind == CPU_AMD ? "kvm_amd" : "kvm_intel";

	if (cpu->kind == CPU_ARM && is_kvm_off())
		return util_strdup("Remove kvm-arm.mode=none from the kernel command line.");
	if (cpu->kind == CPU_ARM)
		return util_strdup("Use a kernel with CONFIG_KVM, and firmware that starts it at "
				   "exception level 2 (EL2).");
	return util_printf("If the kernel log says 'disabled by bios', enable %s in firmware; else: "
			   "modprobe %s", cpu->kind == CPU_AMD ? "SVM (AMD-V)" : "VT-x", module);
}

static void report_no_kvm(struct doctor *d, const struct cpu *cpu)
{
	autofree char *fix = find_kvm_fix(cpu);

	doctor_add(d, DOCTOR_WARNING, "kvm-off", DOCTOR_HOST, fix,
		   "KVM is not running, so QEMU emulates a VM in software, many times slower");
	if (cpu->kind == CPU_ARM && is_kvm_off())
		doctor_set_words(d, "-kvm-arm.mode=none");
}

/*
 * KVM registers a misc device (virt/kvm/kvm_main.c, kvm_init()). Its class directory shows it also
 * in a container, which has no /dev/kvm. Variants of KVM for VMs run on a CPU without the flags.
 */
static void check_cpu(struct doctor *d)
{
	struct cpu cpu;

	/* Xen hides the CPU's virtualisation from the host that manages it */
	if (sysfs_exists("/sys/class/misc/kvm") || virt_is_xen_host())
		return;
	cpu_read(&cpu);
	if (cpu.has_flags && !cpu.can_virtualize)
		report_no_flag(d, &cpu);
	else if ((cpu.can_virtualize || cpu.kind == CPU_ARM) && sysfs_exists("/sys/class/misc"))
		report_no_kvm(d, &cpu);
}

DOCTOR_CHECK(cpu) = {
	.name = "CPU virtualisation",
	.host = check_cpu,
};
