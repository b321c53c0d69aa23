#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --nodes 2 --timeout 900
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /usr/bin/chrt /usr/bin/setpriv
#
# A pool that may grow (pool=NODE:SIZE-MAX) takes more memory from the running kernel when a request
# needs it, up to the maximum, and returns all of it at the end.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

alloc() { # ARGUMENTS of pbuddyctl alloc
	pbuddyctl alloc --touch "$@" >/tmp/out 2>&1 || { tail -n 3 /tmp/out; return 1; }
}

on_demand() {
	load pool=0:16M-96M,1:16M && owns 0 16 && alloc --size 12M --node 0 --strict && owns 0 16 &&
		alloc --size 40M --node 0 --strict && owns_between 0 40 95 &&
		said 'node 0: grew by [0-9]+ MiB from contig, [0-9]+ MiB are left' &&
		within 60 growth_is_counted && [ "$(event grow_fail)" -eq 0 ]
}

# Also what the thread, which a request has woken, may add now.
growth_is_counted() { [ "$(event grow)" -eq $(($(node_pages 0) - 4096)) ]; }

# A request above the maximum fails from every context.
to_the_maximum() {
	alloc --size 96M --node 0 --strict && owns 0 96 && ! alloc --size 97M --node 0 --strict &&
		owns 0 96 && owns 1 16
}

not_without_waiting() {
	load pool=0:16M-96M && ! alloc --nowait --size 24M --node 0 --strict && owns_between 0 16 48
}

# Node 1 is at its maximum, and used; node 0 does not grow for requests that have to be on node 1.
right_node() {
	load pool=0:16M-64M,1:16M && ! alloc --size 24M --node 1 --strict && owns 0 16 || return
	hold --size 14M --node 1 --strict || return
	! alloc --size 4M --node 1 --strict && owns 0 16
	status=$?
	drop
	[ "$status" -eq 0 ] && owns 1 16 && alloc --size 60M && owns_between 0 44 64 && owns 1 16
}

# One page, with these gfp flags: 1 or 0.
served() {
	insmod /pbuddy_requester.ko node=0 gfp="$1|THISNODE|NOWARN" || return
	cat /sys/module/pbuddy_requester/parameters/served
	rmmod pbuddy_requester
}

# It does not grow for a request without __GFP_IO and __GFP_FS: taking memory may use both.
not_without_io() {
	load pool=0:16M-96M || return
	hold --nowait --size 16M --order 9 --node 0 --strict || return
	[ "$(served DIRECT_RECLAIM)" -eq 0 ] && [ "$(served 'DIRECT_RECLAIM|IO')" -eq 0 ] &&
		[ "$(served NOWAIT)" -eq 0 ] && owns 0 16 &&
		[ "$(served 'DIRECT_RECLAIM|IO|FS')" -eq 1 ] && owns_between 0 18 96
	status=$?
	drop
	return "$status"
}

# A request that may not sleep wakes the node thread, unless it is for one node alone. The thread
# grows the pool, and the next request succeeds. The request has a real-time priority and the CPU of
# the thread, which therefore does not run before the request has failed.
by_the_thread() {
	load pool=0:16M-96M && taskset -p 1 "$(threads_of 0)" || return
	hold --nowait --size 16M --order 9 --node 0 --strict || return
	! /chrt -f 1 taskset 1 pbuddyctl alloc --nowait --size 4M --order 9 --node 0 &&
		within 120 owns_between 0 18 96
	status=$?
	drop
	# Such a request has no pages of the caches of other CPUs.
	[ "$status" -eq 0 ] && owns_between 0 18 96 && echo 1 >"$debugfs/drain" && alloc --nowait --size 18M --order 9 --node 0
}

six_have_it() { [ "$(cat /tmp/held.* | grep -c BUFFER)" -eq 6 ]; }

parallel() {
	load pool=0:16M-128M min_free_kbytes=512 watermark_scale_factor=100 || return
	low=$(awk '$1 == "low" { n += $2 } END { print n }' "$debugfs/zoneinfo")
	pids=
	for i in 1 2 3 4 5 6; do
		pbuddyctl alloc --touch --size 16M --node 0 --strict --hold forever >"/tmp/held.$i" 2>&1 &
		pids="$pids $!"
	done
	within 120 six_have_it
	status=$?
	# shellcheck disable=SC2086 # several
	kill $pids
	wait
	now=$(awk '$1 == "low" { n += $2 } END { print n }' "$debugfs/zoneinfo")
	echo "low mark $low, then $now"
	[ "$status" -eq 0 ] && verified && owns_between 0 96 128 && [ "$now" -gt "$low" ]
}

with_debugging() {
	load pool=0:16M-64M owner=1 page_poison=1 guard_minorder=2 || return
	hold --touch --size 48M --node 0 --strict || return
	cat "$debugfs/owners" >/tmp/owners
	drop
	# Each block has its owner, also in memory that came later.
	sed -n 's/^pfn [^ ]* order \([0-9]*\).*(pbuddyctl).*/\1/p' /tmp/owners |
		awk '{ p = 1; for (i = 0; i < $1; i++) p *= 2; n += p } END { print n " pages"; exit n != 12288 }' && verified &&
		[ "$(event bad_page)" -eq 0 ]
}

load_for_users() {
	load "$@" && chmod 666 /dev/pbuddy && chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	[ -c /dev/pbuddy ]
}

user_alloc() { su -s /bin/sh nobody -c "pbuddyctl alloc --node 0 --strict $*"; }

# A user may have half of the maximum, also when the pool has become smaller.
for_a_user() {
	load_for_users pool=0:16M-128M || return
	user_alloc --touch --size 60M && owns_between 0 60 128 && ! user_alloc --size 66M &&
		pbuddyctl resize 0 16M-128M && owns 0 16 && user_alloc --touch --size 60M
}

take_from_kernel() { echo "$1" >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages; }

# Programs leave 6 % of what there is: while the source refuses, at the maximum, and below it.
leaves_the_reserve() {
	load_for_users pool=0:16M-64M account_limit_kbytes=unlimited && take_from_kernel 9999 || return
	user_alloc --size 15M && ! user_alloc --size 15800K && owns 0 16
	status=$?
	take_from_kernel 0
	[ "$status" -eq 0 ] && within 120 user_alloc --size 60M && owns 0 64 && ! user_alloc --size 61M &&
		pbuddyctl resize 0 32M && user_alloc --size 30M && ! user_alloc --size 31M && owns 0 32
}

# What a module allocates for a task without the privilege, too.
for_charged_blocks() {
	load_for_users pool=0:16M-64M account_limit_kbytes=unlimited || return
	hold_by /setpriv --bounding-set=-sys_resource pbuddyctl alloc --size 14M --order 9 --node 0 --strict || return
	/setpriv --bounding-set=-sys_resource insmod /pbuddy_requester.ko node=0 order=9 gfp='KERNEL|ACCOUNT|THISNODE'
	served=$(cat /sys/module/pbuddy_requester/parameters/served)
	rmmod pbuddy_requester
	drop
	[ "$served" -eq 1 ] && owns_between 0 18 64
}

# A limit of the user itself refuses a block however large the pool is.
not_for_a_limited_user() {
	load_for_users pool=0:16M-64M account_limit_kbytes=14336 || return
	hold_by /setpriv --bounding-set=-sys_resource pbuddyctl alloc --size 14M --order 9 --node 0 --strict || return
	/setpriv --bounding-set=-sys_resource insmod /pbuddy_requester.ko node=0 order=9 \
		gfp='KERNEL|ACCOUNT|THISNODE|NOWARN'
	served=$(cat /sys/module/pbuddy_requester/parameters/served)
	rmmod pbuddy_requester
	drop
	[ "$served" -eq 0 ] && owns 0 16
}

# The module returns as many pages as it owned, those of growing included.
gives_what_it_owns() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

# Each step of growing fails in turn, where the kernel has fault injection. Fifteen faults at a time:
# the maximum of 512 MiB is enough for that many. The node thread sleeps, because ZONE_MOVABLE stays
# free: otherwise it would race with the requests to grow the pool.
undone() {
	failed=0 fault=1
	until [ "$fault" -gt 300 ]; do
		load pool=0:16M-512M movable=25 || return
		PBUDDY_FAULTS=$fault-$((fault + 14)) pbuddy-test inject.grow >/tmp/out 2>&1
		status=$?
		grep -v '^KTAP' /tmp/out | tail -n 6
		failed=$((failed + $(event grow_fail)))
		[ "$status" -eq 0 ] && verified && [ "$(event pageoutrun)" -eq 0 ] || return
		grep -qE 'has fewer than|SKIP' /tmp/out && break
		gives_what_it_owns || return
		fault=$((fault + 15))
	done
	echo "growing failed $failed times"
	[ "$fault" -le 300 ] && { [ ! -e /sys/kernel/debug/failslab ] || [ "$failed" -gt 0 ]; }
}

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
t grow_on_demand on_demand
t grow_up_to_the_maximum to_the_maximum
t grow_is_verified verified
t grow_gives_all_back gives_what_it_owns
t grow_not_without_waiting not_without_waiting
t grow_not_without_waiting_unload gives_what_it_owns
t grow_on_the_right_node right_node
t grow_on_the_right_node_unload gives_what_it_owns
if [ -f /pbuddy_requester.ko ]; then
	t grow_not_without_io not_without_io
	t grow_not_without_io_unload gives_what_it_owns
	t grow_for_charged_blocks for_charged_blocks
	t grow_for_charged_blocks_unload gives_what_it_owns
	t grow_not_for_a_limited_user not_for_a_limited_user
	t grow_not_for_a_limited_user_unload gives_what_it_owns
else
	ktap_skip grow_for_charged_blocks "no pbuddy_requester.ko here"
	ktap_skip grow_not_for_a_limited_user "no pbuddy_requester.ko here"
	ktap_skip grow_not_without_io "no pbuddy_requester.ko here"
fi
t grow_by_the_thread by_the_thread
t grow_by_the_thread_unload gives_what_it_owns
t grow_for_a_user for_a_user
t grow_for_a_user_unload gives_what_it_owns
t grow_leaves_the_reserve leaves_the_reserve
t grow_leaves_the_reserve_unload gives_what_it_owns
t grow_in_parallel parallel
t grow_in_parallel_unload gives_what_it_owns
t grow_with_owner_and_poison with_debugging
t grow_with_owner_and_poison_unload gives_what_it_owns
t grow_is_undone undone
t grow_is_undone_unload gives_what_it_owns
t grow_kernel_has_its_memory_again has_again "$before" 4096
ktap_end
