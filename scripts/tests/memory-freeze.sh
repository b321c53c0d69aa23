#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts
# vm: --one-thread --nodes 2 --mem 1G --append reserve_mem=16M:2M:pb
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Hibernation as far as it goes without swap: tasks and the node threads are frozen, devices are
# suspended, all CPUs but one go offline, a snapshot is made. There is no place to write it to, so
# the system resumes, and the node threads work as before. Then with /dev/snapshot: an image is saved
# and restored, and all buffers have their contents. Only Debian's configuration has a freezer.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# PF_NOFREEZE is clear; it is set for kernel threads that do not call set_freezable().
freezable() {
	[ "$(threads_of '*' | wc -l)" -eq 2 ] || return
	for pid in $(threads_of '*'); do
		awk '{ print $2, "flags", $9 }' "/proc/$pid/stat"
		[ $(($(awk '{ print $9 }' "/proc/$pid/stat") & 0x8000)) -eq 0 ] || return
	done
}

# An allocation takes both nodes below their low watermarks, so each thread is woken and balances its
# node. The last number of schedstat is how often a thread has run.
works() {
	runs=$(event pageoutrun)
	for pid in $(threads_of '*'); do
		awk '{ print $3 }' "/proc/$pid/schedstat" >"/tmp/ran.$pid"
	done
	within 120 both_run && verified
}

# The memory is held for a moment in which threads may run in vain; they then pause for a second.
both_run() {
	pbuddyctl alloc --size 46M >/dev/null || return
	echo "pageoutrun $runs -> $(event pageoutrun)"
	for pid in $(threads_of '*'); do
		echo "thread $pid ran $(cat "/tmp/ran.$pid") -> $(cut -d' ' -f3 "/proc/$pid/schedstat") times"
		[ "$(cut -d' ' -f3 "/proc/$pid/schedstat")" -gt "$(cat "/tmp/ran.$pid")" ] || return
	done
	[ "$(event pageoutrun)" -ge $((runs + 2)) ]
}

# The kernel gives up after 20 s, and names the thread, when a freezable thread does not freeze.
freezes() {
	grep -q disk /sys/power/state || return
	echo shutdown >/sys/power/disk
	dmesg -c >/dev/null
	echo disk 2>/dev/null >/sys/power/state
	dmesg | tail -n 40 | cut -c 1-120
	dmesg | grep -q 'Freezing remaining freezable tasks completed' &&
		dmesg | grep -q 'Cannot find swap device' &&
		[ "$(threads_of '*' | wc -l)" -eq 2 ] && verified
}

# The memory of contig and of reserve_mem=, whose node the kernel has chosen.
load_both() {
	for node in 0 1; do
		load "pool=0:16M,1:16M,$node:16M@reserve=pb" swap=0:86400,1:86400 && [ "$(node_pages "$node")" -eq 8192 ] && return
		unload_soon
	done
	return 1
}

# One of the buffers is swapped out, to a block device in memory.
swap_space() {
	insmod /pbuddy_ramdisk.ko kbytes=16384 && mkswap /dev/pbuddy_ramdisk >&2 &&
		swapon /dev/pbuddy_ramdisk
}

survives() {
	swap_space && load_both && pbuddy-test hibernate && verified &&
		swapoff /dev/pbuddy_ramdisk && rmmod pbuddy_ramdisk
}

ktap_begin
load pool=0:32M,1:32M && echo 16384 >/sys/module/pbuddy/parameters/min_free_kbytes
t freeze_threads_freezable freezable
t freeze_threads_work works
t freeze_and_thaw freezes
t freeze_threads_work_again works
t freeze_all_given_back gives_back 16384
t hibernation_contents survives
t hibernation_all_given_back gives_back 12288
ktap_end
