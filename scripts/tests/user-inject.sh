#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: debug
# vm: --one-thread --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: each system call of /dev/pbuddy with its n-th inner allocation failing, for all n; none
# of these failures may lose memory. Needs a kernel with fault injection.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

insmod /pbuddy_ramdisk.ko kbytes=16384 || exit 1
mkswap /dev/pbuddy_ramdisk >&2 && swapon /dev/pbuddy_ramdisk || exit 1
load pool=0:64M,1:64M swap=0:86400,1:86400 || exit 1
pbuddy-test inject
status=$?
verified >&2 || status=1
swapoff /dev/pbuddy_ramdisk && rmmod pbuddy_ramdisk || exit 1
ends_with $status
