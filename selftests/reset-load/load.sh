#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The load test of suite reset with many iterations.
export FV_RESETS=1000 FV_ENDS=200
exec "$(dirname "$0")/load_test"
