# SPDX-License-Identifier: GPL-2.0
# The tests of fpgactl, for suites cli and cli-san. CLI is this directory.

TOP := $(CLI)/../..
STATS_H := $(TOP)/include/uapi/linux/fpga_vfio_stats.h
MAN := $(notdir $(basename $(wildcard $(TOP)/Documentation/man/*.rst)))

TEST_PROGS := $(addprefix $(CLI)/,list.sh show.sh bind.sh unbind.sh stats.sh usage.sh \
	docs.sh fence.sh history.sh link.sh policy.sh recover.sh reprogram.sh \
	rescan.sh reset.sh retrain.sh)
TEST_FILES := $(addprefix $(CLI)/,cli.sh) $(STATS_H)
TEST_GEN_FILES += fakekernel.so tree.tar $(MAN)

include $(KSFT)/lib.mk

$(OUTPUT)/fakekernel.so: $(addprefix $(CLI)/,fakeclock.c fakekernel.c fakenetlink.c fakeroot.c)
	$(call msg,CC,,$@)
	$(Q)$(CC) -std=gnu11 -O2 -g -Wall -Wextra -Werror -I$(TOP)/include/uapi -fPIC -shared \
		-o $@ $^

# The recorded system as an archive, because make does not handle its names and symlinks.
$(OUTPUT)/tree.tar: $(CLI)/mktree.sh $(STATS_H)
	$(call msg,GEN,,$@)
	$(Q)rm -rf $(OUTPUT)/tree
	$(Q)FV_STATS_H=$(STATS_H) bash $< $(OUTPUT)/tree
	$(Q)tar -cf $@ -C $(OUTPUT) tree

$(addprefix $(OUTPUT)/,$(MAN)): $(OUTPUT)/%: $(TOP)/Documentation/man/%.rst
	$(call msg,MAN,,$@)
	$(Q)rst2man --strict $< $@

EXTRA_CLEAN += $(OUTPUT)/tree
