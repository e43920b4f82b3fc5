#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Keep other drivers from cards of fpga_vfio_pci, before udev is started. Sourced by dracut. What
# goes wrong is in the kernel log.

@BINDIR@/fpgactl apply --early >/dev/null 2>&1 || :
