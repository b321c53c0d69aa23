#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test
# vm: --nodes 2
# vm: --allow-splat cut.here|WARNING:.*linux/request/gfp\.c:
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# gfp flags that pbuddy does not honour are refused or ignored, with one line in the log however
# often they are used; all others leave no line. A __GFP_NOFAIL request waits for memory.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# ask PARAMETERS...: requests of a module. $served is how many succeeded, /tmp/said has the lines of
# pbuddy and the kernel.
ask() {
	dmesg -c >/dev/null
	insmod /pbuddy_requester.ko "$@" || return
	served=$(cat /sys/module/pbuddy_requester/parameters/served)
	rmmod pbuddy_requester
	dmesg | sed 's/^[^]]*\] *//' | grep -E 'WARNING: |pbuddy: ' >/tmp/said
	echo "served $served; said:"
	cat /tmp/said
}

# told SERVED LINES REGEX PARAMETERS...: so many requests succeed, and leave so many lines, which
# all match.
told() {
	want_served=$1 want_lines=$2 regex=$3
	shift 3
	ask "$@" || return
	[ "$served" -eq "$want_served" ] && [ "$(grep -cE "$regex" /tmp/said)" -eq "$want_lines" ] &&
		[ "$(wc -l </tmp/said)" -eq "$want_lines" ]
}

# Three times, and later three times more.
once() { # SERVED LINES REGEX PARAMETERS...
	once_served=$1 once_lines=$2 once_regex=$3
	shift 3
	told "$once_served" "$once_lines" "$once_regex" times=3 "$@" &&
		told "$once_served" 0 . times=3 "$@"
}

silent() { told 3 0 . times=3 "$@"; }

all_others() {
	for flag in HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO DIRECT_RECLAIM KSWAPD_RECLAIM \
		WRITE NOWARN RETRY_MAYFAIL NOFAIL NORETRY MEMALLOC NOMEMALLOC HARDWALL THISNODE \
		ACCOUNT ZEROTAGS SKIP_ZERO SKIP_KASAN; do
		for base in KERNEL ATOMIC NOWAIT; do
			# __GFP_NOFAIL without __GFP_DIRECT_RECLAIM is tested by the suites.
			[ "$flag" != NOFAIL ] || [ "$base" = KERNEL ] || continue
			case $base-$flag-$(uname -r) in
			ATOMIC-DIRECT_RECLAIM-* | NOWAIT-DIRECT_RECLAIM-*) continue ;;
			*-SKIP_KASAN-6.1.*) continue ;; # two flags there
			esac
			silent gfp="$base|$flag" order=1 || { echo "$base|$flag"; return 1; }
		done
	done
}

# __GFP_ATOMIC, which Linux 6.1 has, contradicts DIRECT_RECLAIM: one warning, and the flag is dropped.
# In later kernels ATOMIC is HIGH, which may be used with it.
atomic_that_sleeps() {
	case $(uname -r) in
	6.1.*) once 3 1 'WARNING: .*linux/request/gfp\.c' gfp='ATOMIC|DIRECT_RECLAIM' || return ;;
	*) silent gfp='ATOMIC|DIRECT_RECLAIM'; return ;;
	esac
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	event=/sys/kernel/tracing/events/pbuddy/mm_page_alloc
	echo 1 >"$event/enable"
	insmod /pbuddy_requester.ko gfp='ATOMIC|DIRECT_RECLAIM' && rmmod pbuddy_requester
	echo 0 >"$event/enable"
	grep mm_page_alloc: /sys/kernel/tracing/trace >/tmp/trace
	cat /tmp/trace
	[ "$(grep -c 'gfp_flags=.*HIGH' /tmp/trace)" -eq 1 ] && ! grep ATOMIC /tmp/trace
}

# moved_requests FLAGS ORDER: again when the CPU of the thread that moves the task did not run.
moved_requests() {
	for _ in $(seq 20); do
		insmod /pbuddy_requester.ko times=500000 context=moved_task node=0 order="$2" gfp="NOWAIT|NOWARN|$1" || return
		got=$(cat /sys/module/pbuddy_requester/parameters/on_node)
		moves=$(cat /sys/module/pbuddy_requester/parameters/moves)
		rmmod pbuddy_requester
		echo "$1: on nodes $got, moved $moves times"
		[ "$got" = 500000,0,0,0 ] || return
		[ "$moves" -eq 0 ] || return 0
	done
	return 1
}

# THISNODE is for the node that the request names, also when the task moves to another meanwhile.
# Where the kernel is not preemptible, it hardly ever moves at the wrong moment.
thisnode_of_a_moved_task() {
	moved_requests THISNODE 0 && moved_requests 'THISNODE|ZERO' 0 && moved_requests 'THISNODE|ACCOUNT' 0 &&
		moved_requests 'THISNODE|COMP' 3
}

# waits PARAMETERS...: the whole pool is allocated; such a request with NOFAIL waits until memory is
# freed.
waits() {
	dmesg -c >/dev/null
	insmod /pbuddy_leaker.ko blocks=16384 leak=0 || return
	insmod /pbuddy_requester.ko gfp='KERNEL|NOWARN' "$@" || return
	[ "$(cat /sys/module/pbuddy_requester/parameters/served)" -eq 0 ] || return
	rmmod pbuddy_requester
	insmod /pbuddy_requester.ko gfp='KERNEL|NOFAIL|NOWARN' "$@" &
	asker=$!
	sleep 2
	kill -0 "$asker" || { echo "it did not wait"; return 1; }
	rmmod pbuddy_leaker || return
	wait "$asker" || return
	[ "$(cat /sys/module/pbuddy_requester/parameters/served)" -eq 1 ] && rmmod pbuddy_requester
}

# At a limit of one page a request with ACCOUNT fails, and one with NOFAIL exceeds the limit.
exceeds_the_limit() {
	echo 4 >/sys/module/pbuddy/parameters/account_limit_kbytes
	told 0 0 . times=3 order=1 gfp='KERNEL|ACCOUNT|NOWARN' &&
		silent order=1 gfp='KERNEL|ACCOUNT|NOFAIL' &&
		silent exact=8192 gfp='KERNEL|ACCOUNT|NOFAIL'
	result=$?
	echo default >/sys/module/pbuddy/parameters/account_limit_kbytes
	return "$result"
}

ktap_begin
load pool=0:32M,1:32M
t flags_honoured_silently all_others
t flags_dma_nowarn told 0 0 . times=3 gfp='KERNEL|DMA|NOWARN'
t flags_dma_refused_once once 0 1 'GFP_DMA is refused' gfp='KERNEL|DMA'
t flags_comp_of_one_page silent gfp='KERNEL|COMP'
t flags_comp_silent silent gfp='KERNEL|COMP' order=1
t flags_two_types_once once 3 1 'WARNING: .*linux/request/gfp\.c' gfp='KERNEL|MOVABLE|RECLAIMABLE'
t flags_order_nowarn told 0 0 . times=3 order=19 gfp='KERNEL|NOWARN'
t flags_order_refused_once once 0 2 'order 19 is above the largest, 18|WARNING: .*linux/request/gfp\.c' \
	order=19
t flags_no_node_refused_once once 0 2 'there is no node 1000|WARNING: .*linux/request/gfp\.c' node=1000
t flags_atomic_with_direct_reclaim atomic_that_sleeps
t flags_thisnode_of_a_moved_task thisnode_of_a_moved_task
t nofail_waits waits
t nofail_waits_for_a_range waits exact=8192
t nofail_exceeds_the_limit exceeds_the_limit
t flags_leave_nothing gives_back 16384
ktap_end
