#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# load.sh [IMAGE] MS: stands for a programmer with its cable, under "fpgactl reprogram": loads
# an image into the simulated card that its environment names, which takes so long; "hold": until
# the card is told to release it.
set -eu

loads=$(fv-fault "$FPGA_VFIO_BDF" status .image.loads)
fv-fault "$FPGA_VFIO_BDF" reprogram "$@"
# not by one "wait": it would keep all others from the card
until [ "$(fv-fault "$FPGA_VFIO_BDF" status .image.loads)" -gt "$loads" ]; do
	read -rt 0.05 <> <(:) || :
done
echo "loaded $FPGA_VFIO_VENDOR:$FPGA_VFIO_DEVICE"
