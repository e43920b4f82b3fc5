# SPDX-License-Identifier: GPL-2.0
#
# The library of the suites. A suite's Makefile includes this after lib.mk and
# gets each of TEST_GEN_PROGS and TEST_GEN_FILES linked with it:
#
#	TEST_GEN_PROGS := stats_test
#	include $(KSFT)/lib.mk
#	include ../../../lib/libfv.mk

LIBFV_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
LIBFV_C := $(sort $(wildcard $(LIBFV_DIR)*.c))
# all suites share the objects
LIBFV_OUT ?= $(OUTPUT)/lib
LIBFV_O := $(patsubst $(LIBFV_DIR)%.c,$(LIBFV_OUT)/%.o,$(LIBFV_C))

CFLAGS += -std=gnu11 -O2 -g -Wall -Wextra -Wno-sign-compare -Werror -MMD -pthread
# the harness: lib.mk of older kernels does not say where it is
CFLAGS += -isystem $(KSFT) -I$(LIBFV_DIR) -I$(LIBFV_DIR)../../include/uapi
LDLIBS += -lpthread
# without the flags of one suite
LIBFV_CFLAGS := $(CFLAGS)

$(LIBFV_OUT)/%.o: $(LIBFV_DIR)%.c
	$(call msg,CC,,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBFV_CFLAGS) -c $< -o $@

# A user of a simulated card: for programs that have these among their prerequisites, and
# LIBFV_CARD_CFLAGS among their flags. There are two engine.h: here the client of the engine
# comes before the engine.
LIBFV_CARD_DIR := $(LIBFV_DIR)card/
LIBFV_CARD_CFLAGS := -I$(LIBFV_CARD_DIR) -I$(LIBFV_DIR)../sim/fpgacard
LIBFV_CARD_O := $(patsubst %,$(LIBFV_OUT)/card/%.o,control dmabuf engine hammer orders sigbus sleep ticks user)

$(LIBFV_CARD_O): $(LIBFV_OUT)/card/%.o: $(LIBFV_CARD_DIR)%.c
	$(call msg,CC,,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LIBFV_CFLAGS) $(LIBFV_CARD_CFLAGS) -c $< -o $@

# programs that more than one suite uses
$(OUTPUT)/vfio_hold $(OUTPUT)/fv_sleep: $(LIBFV_CARD_O)
$(OUTPUT)/vfio_hold $(OUTPUT)/fv_sleep: CFLAGS += $(LIBFV_CARD_CFLAGS)
$(addprefix $(OUTPUT)/,vfio_hold fv_act fv_sleep uevents cfg): $(OUTPUT)/%: $(LIBFV_DIR)bin/%.c $(LIBFV_O)
	$(call msg,CC,,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# suite.sh and what it sources, for TEST_FILES
LIBFV_CARD_SH := $(addprefix $(LIBFV_DIR),fv.sh act.sh events.sh) \
	$(addprefix $(LIBFV_CARD_DIR),suite.sh card.sh trace.sh)

# A file that is gone, or has moved, is not missed: what was made from it is made again
%.h: ;
%.c: ;

LIBFV_PROGS := $(TEST_GEN_PROGS) $(TEST_GEN_FILES)
$(LIBFV_PROGS): $(LIBFV_O)

EXTRA_CLEAN += $(LIBFV_O) $(LIBFV_O:.o=.d) $(LIBFV_CARD_O) $(LIBFV_CARD_O:.o=.d) \
	$(addsuffix .d,$(LIBFV_PROGS))
-include $(wildcard $(LIBFV_O:.o=.d) $(LIBFV_CARD_O:.o=.d))
