#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --one-thread --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: the tests of /dev/pbuddy from user space except races, moves, unloading, memory
# errors and fault injection: the edges of the ABI, allocation, mappings, descriptors, pins,
# zeroing, and security bugs that other drivers had.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

load pool=0:64M,1:64M || exit 1
# A driver that maps memory of pbuddy; only kernels with the samples have it.
[ ! -f /pbuddy_mapper.ko ] || insmod /pbuddy_mapper.ko || exit 1
# Some tests need a kernel without checks to do all they can in a bounded time.
slow=
if [ -e /sys/kernel/debug/kmemleak ]; then
	export PBUDDY_DEATHS=300
	# It makes a buffer of each page of a node, to see what pbuddyctl says then.
	slow='-x info.fragmentation_is_reported'
fi
# Ten thousand programs are ended on one kernel, which is enough.
case $(uname -r) in 6.1.* | 7.*) export PBUDDY_DEATHS=1000 ;; esac
# A test makes all the mappings the kernel allows; a quarter of the default shows the same, sooner.
maps=$(cat /proc/sys/vm/max_map_count)
echo 16384 >/proc/sys/vm/max_map_count
# shellcheck disable=SC2086 # words
pbuddy-test $slow -x race -x move -x unload -x inject -x hwpoison -x hibernate -x random -x purge -x purge_grown -x purge_group -x swap -x importer
status=$?
echo "$maps" >/proc/sys/vm/max_map_count
[ ! -f /pbuddy_mapper.ko ] || rmmod pbuddy_mapper
ends_with "$status"
