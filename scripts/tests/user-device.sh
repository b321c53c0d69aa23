#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --nodes 2 --timeout 1800
#
# In the guest: the tests of /dev/pbuddy from user space, but for races, unloading, and fault injection:
# the ABI's edges, allocation, mappings, descriptors, pins, zeroing, other drivers' security holes.
insmod /pbuddy.ko pool=0:64M,1:64M || exit 1
# A test makes all the mappings the kernel allows; a quarter of the default shows the same, sooner.
echo 16384 >/proc/sys/vm/max_map_count
pbuddy-test -x race -x unload -x inject
