#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# load.sh [IMAGE] MS: stands for a programmer with its cable, under "fpgactl reprogram": loads
# an image into the simulated card that its environment names, which takes so long.
set -eu

loads=$(fv-fault "$FPGA_VFIO_BDF" status .image.loads)
fv-fault "$FPGA_VFIO_BDF" reprogram "$@"
fv-fault "$FPGA_VFIO_BDF" wait loads $((loads + 1)) 60000
echo "loaded $FPGA_VFIO_VENDOR:$FPGA_VFIO_DEVICE"
