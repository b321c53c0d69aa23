#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --nodes 2 --timeout 1800
# vm@debug-6.12: --no-kmemleak
#
# In the guest: threads and processes racing over descriptors, mappings and memory of /dev/pbuddy.
# PBUDDY_SEED and PBUDDY_RACE_SECONDS are honoured.
insmod /pbuddy.ko pool=0:64M,1:64M || exit 1
pbuddy-test race
