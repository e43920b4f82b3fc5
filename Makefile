# SPDX-License-Identifier: GPL-2.0
# fpga-vfio. "make help" says what there is. The module itself is described by
# Kbuild; everything that is made goes to out/.

KDIR		?= /lib/modules/$(shell uname -r)/build
export PREFIX	?= /usr/local
export DESTDIR	?=
SUITE		?=
KERNEL		?=
V		?= 0

VERSION		:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' kmod/dkms.conf.in)
LAB		:= selftests/lab/lab
MODULE_OUT	:= out/module
MODULE		:= $(MODULE_OUT)/fpga_vfio_pci.ko
MODULE_SOURCES	:= Kbuild kmod include
TOOLS_OUT	:= out/tools
DKMS_TREE	= $(DESTDIR)/usr/src/fpga-vfio-$(VERSION)

Q		:= $(if $(filter 1,$(V)),,@)
ifneq ($(V),1)
MAKEFLAGS	+= --no-print-directory
endif

.PHONY: all modules tools check check-all demo bench survive shell regen style \
	install uninstall dkms-install dkms-uninstall clean help

all: modules tools

# The kernel's build writes next to the sources that it is given: give it a copy.
# cp -u keeps it incremental.
modules:
	$(Q)test -e $(KDIR)/Makefile || \
		{ echo "$(KDIR): not the build tree of a kernel; say KDIR=…" >&2; exit 1; }
	$(Q)mkdir -p $(MODULE_OUT)
	$(Q)cp -ru --preserve=timestamps $(MODULE_SOURCES) $(MODULE_OUT)/
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULE_OUT) V=$(V) modules
	$(Q)echo $(MODULE)

tools:
	$(Q)mkdir -p $(TOOLS_OUT)
	$(Q)$(MAKE) -C tools O=$(CURDIR)/$(TOOLS_OUT) V=$(V)

CHOICE = $(if $(SUITE),-s '$(SUITE)') $(if $(KERNEL),-k '$(KERNEL)') $(if $(REPEAT),-r '$(REPEAT)')

check:
ifneq ($(filter-out 0,$(LIST)),)
	$(Q)$(LAB) list
else
	$(Q)$(LAB) check $(CHOICE)
endif

check-all:
	$(Q)$(LAB) check -a $(CHOICE)

demo:
	$(Q)$(LAB) demo $(if $(KERNEL),-k '$(KERNEL)')

bench:
	$(Q)$(LAB) bench $(if $(KERNEL),-k '$(KERNEL)')

survive:
	$(Q)$(LAB) survive $(if $(KERNEL),-k '$(KERNEL)') $(if $(DRIVER),-d '$(DRIVER)') \
		$(if $(ROWS),-r '$(ROWS)') $(if $(LONG),-l '$(LONG)')
	$(if $(PAGE),$(Q)$(LAB) survive -p)

shell:
	$(Q)$(LAB) shell $(if $(KERNEL),-k '$(KERNEL)')

regen:
	$(Q)$(LAB) regen

style:
	$(Q)$(LAB) style

# Installs what "make" built before; the compilers need not run as root.
install:
	$(Q)test -e $(MODULE) || { echo "$(MODULE): not built; run make first" >&2; exit 1; }
	$(Q)test -e $(TOOLS_OUT)/fpgactl || { echo "fpgactl: not built; run make first" >&2; exit 1; }
	install -D -m 644 $(MODULE) \
		$(DESTDIR)/lib/modules/$$(modinfo -F vermagic $(MODULE) | cut -d ' ' -f 1)/updates/fpga_vfio_pci.ko
	$(Q)$(MAKE) -C tools O=$(CURDIR)/$(TOOLS_OUT) install
ifeq ($(DESTDIR),)
	depmod $$(modinfo -F vermagic $(MODULE) | cut -d ' ' -f 1)
endif

uninstall:
	rm -f $(DESTDIR)/lib/modules/*/updates/fpga_vfio_pci.ko
	$(Q)$(MAKE) -C tools O=$(CURDIR)/$(TOOLS_OUT) uninstall
ifeq ($(DESTDIR),)
	depmod
endif

# The module is rebuilt by DKMS whenever a kernel is installed.
dkms-install:
	$(Q)command -v dkms >/dev/null || { echo "dkms: not installed" >&2; exit 1; }
	rm -rf $(DKMS_TREE)
	mkdir -p $(DKMS_TREE)
	cp -r $(MODULE_SOURCES) $(DKMS_TREE)/
	install -m 644 kmod/dkms.conf.in $(DKMS_TREE)/dkms.conf
	dkms add fpga-vfio/$(VERSION)
	dkms build fpga-vfio/$(VERSION) $(DKMS_FLAGS)
	dkms install fpga-vfio/$(VERSION) $(DKMS_FLAGS)

dkms-uninstall:
	dkms remove fpga-vfio/$(VERSION) --all
	rm -rf $(DKMS_TREE)

clean:
	rm -rf out

help:
	@echo 'Build, for this machine:'
	@echo '  make                    module and fpgactl, into out/'
	@echo '  make modules [KDIR=]    the module, for the kernel with the build tree KDIR'
	@echo '  make tools              fpgactl'
	@echo '  make install            [DESTDIR=] [PREFIX=$(PREFIX)] what was built (uninstall takes it back)'
	@echo '  make dkms-install       the module by DKMS: rebuilt for each new kernel'
	@echo 'Prove, in emulated machines (as root; sets up what it needs in $${FPGA_VFIO_CACHE:-/var/cache/fpga-vfio}):'
	@echo '  make demo               a VM works with a card through fpga_vfio_pci'
	@echo '  make check              all suites on the new kernel, a core on stable [SUITE="name…"]'
	@echo '                          [KERNEL="stable|new|debug…"] [REPEAT=3] [LIST=1]'
	@echo '  make check-all          all suites, the slow ones too, on stable, new and debug'
	@echo '  make bench              what the driver costs against stock vfio-pci, and how soon a card is usable'
	@echo '  make survive            what each fault of a card does to host and VM, by vfio-pci and by fpga_vfio_pci'
	@echo '                          [KERNEL=] [DRIVER="stock fpga-vfio"|stock-bare] [ROWS="name…"] [LONG=70] [PAGE=1]'
	@echo '  make shell [KERNEL=]    a shell in such a machine'
	@echo 'Develop:'
	@echo '  make style              layers, words, checkpatch, sparse, W=1, shellcheck, clang-tidy'
	@echo '  make regen              generated files from Documentation/netlink/specs'
	@echo '  make clean              remove out/'
