#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: buffers are swapped out, by their programs and when they are idle, and come back
# with their contents. The swap space is a block device in memory; the tests run in a memory cgroup.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 none /sys/fs/cgroup || exit 1
echo +memory >/sys/fs/cgroup/cgroup.subtree_control && mkdir /sys/fs/cgroup/swap || exit 1
# The memory of the tests themselves is charged, too, and a huge page of it can be all that they may have.
thp=/sys/kernel/mm/transparent_hugepage/enabled
thp_was=$(sed 's/.*\[\(.*\)\].*/\1/' $thp 2>/dev/null)
[ ! -e $thp ] || echo madvise >$thp
# Without readahead, by which a read error meets pages of other processes, too.
echo 0 >/proc/sys/vm/page-cluster
insmod /pbuddy_ramdisk.ko kbytes=131072 || exit 1
mkswap /dev/pbuddy_ramdisk >&2 && swapon /dev/pbuddy_ramdisk || exit 1
load pool=0:64M,1:64M swap=0:1,1:1 || exit 1
insmod /pbuddy_reader.ko || exit 1
(echo 0 >/sys/fs/cgroup/swap/cgroup.procs && exec pbuddy-test swap)
status=$?
swapoff /dev/pbuddy_ramdisk || exit 1
rmmod pbuddy_reader || exit 1
unload_soon >&2 || exit 1
rmmod pbuddy_ramdisk || exit 1
rmdir /sys/fs/cgroup/swap
[ ! -e $thp ] || echo "$thp_was" >$thp
exit $status
