#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock-6.12 stock-6.1 test-7.3 debug-6.12
# vm: --nodes 2 --timeout 900
#
# In the guest: the tests of /dev/pbuddy from user space, but for races, unloading, and fault injection:
# the ABI's edges, allocation, mappings, descriptors, pins, zeroing, other drivers' security holes.
insmod /pbuddy.ko pool=0:64M,1:64M || exit 1
pbuddy-test -x race -x unload -x inject
