#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test-6.12 debug-6.12 test-7.3
# vm: --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# What can be watched of the per-CPU caches: the tracepoints, and that caches are emptied by
# a drain, when their CPU goes offline, and after a while without use.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

tracing=/sys/kernel/tracing
events=$tracing/events/pbuddy

events_there() {
	mount -t tracefs tracefs "$tracing" 2>/dev/null
	for event in mm_page_alloc mm_page_free mm_page_pcp_refill mm_page_pcp_drain; do
		cat "$events/$event/format" || return
	done
}

# A hundred pages are allocated and freed, on one CPU.
use_pages() {
	taskset "$1" insmod /pbuddy_leaker.ko blocks=100 leak=0 && taskset "$1" rmmod pbuddy_leaker
}

record() {
	echo >"$tracing/trace"
	echo 1 >"$events/enable"
	use_pages 1
	echo 1 >"$debugfs/drain"
	echo 0 >"$events/enable"
	cp "$tracing/trace" /tmp/trace
	head -n 20 /tmp/trace
}

# events_of NAME REGEX: prints how many there are, all of that form.
events_of() {
	grep -v "$2" /tmp/trace | grep -m 5 " $1: " && return 1
	grep -c " $1: $2" /tmp/trace
}

allocs() {
	[ "$(events_of mm_page_alloc \
		'pfn=0x[0-9a-f]* order=0 migratetype=0 gfp_flags=GFP_KERNEL')" -eq 100 ]
}
frees() { [ "$(events_of mm_page_free 'pfn=0x[0-9a-f]* order=0$')" -eq 100 ]; }

# What comes in by refills and frees goes out by allocations and drains.
pages_of() { sed -n "s/.* $1: .* order=0 .*count=\([0-9]*\)$/\1/p" /tmp/trace | awk '{ n += $1 } END { print n + 0 }'; }
balanced() {
	events_of mm_page_pcp_refill 'nid=[01] zone=[A-Za-z0-9]* order=0 migratetype=0 count=[0-9]*$'
	events_of mm_page_pcp_drain 'nid=[01] zone=[A-Za-z0-9]* order=0 migratetype=0 count=[0-9]*$'
	echo "$(pages_of mm_page_pcp_refill) pages in, $(pages_of mm_page_pcp_drain) out"
	[ "$(pages_of mm_page_pcp_refill)" -ge 100 ] &&
		[ "$(pages_of mm_page_pcp_refill)" -eq "$(pages_of mm_page_pcp_drain)" ]
}

quiet_when_off() {
	echo >"$tracing/trace"
	use_pages 1
	! grep mm_page "$tracing/trace"
}

cached() { sed -n 's/.* pcp=\([0-9]*\) .*/\1/p' "$debugfs/verify"; }

drained() {
	use_pages 8
	[ "$(cached)" -gt 0 ] && echo 1 >"$debugfs/drain" && [ "$(cached)" -eq 0 ] && verified
}

cpu() { echo "$1" >/sys/devices/system/cpu/cpu3/online; }

dead_cpu_drained() {
	use_pages 8
	before=$(cached)
	cpu 0
	after=$(cached)
	verified
	cpu 1
	echo "$before pages cached, $after without the CPU"
	[ "$before" -gt 0 ] && [ "$after" -eq 0 ] && verified
}

# The work looks once a second, and more slowly on a machine that is idle.
decayed() {
	use_pages 8
	[ "$(cached)" -gt 0 ] || return
	for _ in $(seq 60); do
		sleep 1
		[ "$(cached)" -ne 0 ] || return 0
	done
	echo "$(cached) pages are still cached"
	return 1
}

ktap_begin
load pool=0:32M,1:32M
t trace_events_exist events_there
t trace_records record
t trace_allocs allocs
t trace_frees frees
t trace_refills_and_drains_balance balanced
t trace_off_is_quiet quiet_when_off
t pcp_drained_on_request drained
t pcp_of_dead_cpu_drained dead_cpu_drained
t pcp_decays_when_idle decayed
t pcp_all_given_back gives_back 16384
ktap_end
