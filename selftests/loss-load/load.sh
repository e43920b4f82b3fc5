#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The load test of suite loss with many iterations.
export FV_DROPS=1000 FV_KILLS=300
exec "$(dirname "$0")/loss_test"
