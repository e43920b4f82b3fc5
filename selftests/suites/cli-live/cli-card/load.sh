#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# load.sh [IMAGE] MS: stand-in for a programmer below "fpgactl reprogram": load an image into the
# card that the environment names, in MS milliseconds; "hold": until the card is told to release it.
set -eu

loads=$(fv-fault "$FPGA_VFIO_BDF" status .image.loads)
fv-fault "$FPGA_VFIO_BDF" reprogram "$@"
# poll, because a "wait" would block other commands to the card
until [ "$(fv-fault "$FPGA_VFIO_BDF" status .image.loads)" -gt "$loads" ]; do
	read -rt 0.05 <> <(:) || :
done
echo "loaded $FPGA_VFIO_VENDOR:$FPGA_VFIO_DEVICE"
