#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/trace-cmd
# copy: /usr/bin/perf
#
# The tracepoints, by tracefs, trace-cmd and perf: they have the fields of the kernel's own. And the
# CPU caches: they are emptied by a drain, when their CPU goes offline, and after a while without use.
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
# Each allocation has an entry event before it.
entries() {
	[ "$(events_of mm_page_alloc_entry 'order=0 migratetype=0 gfp_flags=GFP_KERNEL')" -eq 100 ]
}
frees() { [ "$(events_of mm_page_free 'pfn=0x[0-9a-f]* order=0$')" -eq 100 ]; }

# A bulk allocation has one entry event, and each page its own events.
pfns_of() { sed -n "s/.* $1: pfn=\(0x[0-9a-f]*\) .*/\1/p" /tmp/trace | sort -u; }
bulk() {
	echo >"$tracing/trace"
	echo 1 >"$events/enable"
	insmod /pbuddy_leaker.ko blocks=100 leak=0 bulk=1 && rmmod pbuddy_leaker
	echo 0 >"$events/enable"
	cp "$tracing/trace" /tmp/trace
	pfns_of mm_page_alloc >/tmp/allocated
	pfns_of mm_page_free >/tmp/freed
	echo "$(wc -l </tmp/allocated) pages allocated, $(wc -l </tmp/freed) freed"
	[ "$(events_of mm_page_alloc_entry 'order=0 migratetype=0 gfp_flags=GFP_KERNEL')" -eq 1 ] &&
		allocs && frees && [ "$(wc -l </tmp/allocated)" -eq 100 ] &&
		cmp /tmp/allocated /tmp/freed
}

# As many pages enter the caches by refills as leave them by drains.
pages_of() { sed -n "s/.* $1: .* order=0 .*count=\([0-9]*\)$/\1/p" /tmp/trace | awk '{ n += $1 } END { print n + 0 }'; }
balanced() {
	events_of mm_page_pcp_refill 'nid=[01] zone=[A-Za-z0-9]* order=0 migratetype=0 count=[0-9]*$'
	events_of mm_page_pcp_drain 'nid=[01] zone=[A-Za-z0-9]* order=0 migratetype=0 count=[0-9]*$'
	echo "$(pages_of mm_page_pcp_refill) pages in, $(pages_of mm_page_pcp_drain) out"
	[ "$(pages_of mm_page_pcp_refill)" -ge 100 ] &&
		[ "$(pages_of mm_page_pcp_refill)" -eq "$(pages_of mm_page_pcp_drain)" ]
}

# Names of an event's own fields: SYSTEM EVENT. Without memcg_id of 7.3, because pbuddy does not
# reclaim from memory cgroups.
fields() {
	sed -n 's/^	field:.*[ *]\([a-z_]*\);	offset.*/\1/p' "$tracing/events/$1/$2/format" |
		grep -v '^common_\|^memcg_id$' | sort
}

# Programs that read the kernel's events can read pbuddy's.
same_fields() {
	for event in kmem:mm_page_alloc kmem:mm_page_free kmem:mm_page_alloc_zone_locked \
		kmem:mm_page_alloc_extfrag vmscan:mm_vmscan_direct_reclaim_begin \
		vmscan:mm_vmscan_direct_reclaim_end vmscan:mm_vmscan_kswapd_wake \
		vmscan:mm_vmscan_kswapd_sleep vmscan:mm_vmscan_wakeup_kswapd \
		vmscan:mm_shrink_slab_start vmscan:mm_shrink_slab_end \
		compaction:mm_compaction_try_to_compact_pages \
		compaction:mm_compaction_begin compaction:mm_compaction_end \
		compaction:mm_compaction_isolate_migratepages \
		compaction:mm_compaction_isolate_freepages compaction:mm_compaction_migratepages \
		compaction:mm_compaction_finished compaction:mm_compaction_suitable \
		compaction:mm_compaction_deferred compaction:mm_compaction_defer_compaction \
		compaction:mm_compaction_defer_reset; do
		system=${event%%:*} name=${event#*:}
		fields "$system" "$name" >/tmp/theirs
		fields pbuddy "$name" >/tmp/ours
		echo "$name: $(paste -sd' ' /tmp/ours)"
		[ -s /tmp/theirs ] && diff /tmp/theirs /tmp/ours || return
	done
}

# Blocks of orders without CPU caches come from the zone, and the first one of a migratetype from a
# pageblock of another.
zone_level() {
	echo >"$tracing/trace"
	echo 1 >"$events/enable"
	insmod /pbuddy_leaker.ko blocks=2 order=11 leak=0 && rmmod pbuddy_leaker
	echo 0 >"$events/enable"
	cp "$tracing/trace" /tmp/trace
	[ "$(events_of mm_page_alloc_zone_locked \
		'pfn=0x[0-9a-f]* order=11 migratetype=0 percpu_refill=0$')" -eq 2 ] &&
		[ "$(events_of mm_page_alloc_extfrag 'pfn=0x[0-9a-f]* alloc_order=11 .*')" -ge 1 ]
}

# sum_of EVENT FIELD: of all such events.
sum_of() { sed -n "s/.* $1: .*$2=*\([0-9]*\).*/\1/p" /tmp/trace | awk '{ n += $1 } END { print n + 0 }'; }

# served ORDER FLAGS: a request that wakes no node thread, which could do its work first.
served() {
	insmod /pbuddy_requester.ko order="$1" gfp="DIRECT_RECLAIM|IO|FS|NOWARN|$2" || return
	blocks=$(cat /sys/module/pbuddy_requester/parameters/served)
	rmmod pbuddy_requester && [ "$blocks" -eq 1 ]
}

# Half of the memory is free, in single pages, and a block of order 9 is requested: the events of
# compaction add up to its counters.
compaction() {
	echo 0 >/sys/module/pbuddy/parameters/compaction_proactiveness
	insmod /pbuddy_movable.ko objects=1000000 free=50 || return
	echo 1 >"$debugfs/drain"
	settled event pgmigrate_success
	before=$(event pgmigrate_success)
	echo >"$tracing/trace"
	for event in "$events"/mm_compaction_*; do
		echo 1 >"$event/enable"
	done
	served 9 'HIGHMEM|MOVABLE|HARDWALL|RETRY_MAYFAIL' && got=0 || got=1
	echo 0 >"$events/enable"
	moved=$(($(event pgmigrate_success) - before))
	rmmod pbuddy_movable
	grep mm_compaction "$tracing/trace" >/tmp/trace
	grep -v 'mm_compaction_isolate' /tmp/trace | cut -c 1-180 | head -n 12
	echo "got $got; $moved pages moved, by events $(sum_of mm_compaction_migratepages nr_migrated)"
	events_of mm_compaction_try_to_compact_pages 'order=[0-9]* gfp_mask=.*GFP.* priority=[0-2]$' &&
		events_of mm_compaction_suitable 'node=[01] zone=[A-Za-z0-9]* *order=[0-9]* ret=[a-z]*$' &&
		events_of mm_compaction_isolate_freepages 'range=(0x[0-9a-f]* ~ 0x[0-9a-f]*) nr_scanned=[0-9]* nr_taken=[0-9]*$' &&
		events_of mm_compaction_begin 'zone_start=0x[0-9a-f]* migrate_pfn=0x[0-9a-f]* free_pfn=0x[0-9a-f]* zone_end=0x[0-9a-f]*, mode=a*sync$' &&
		grep -q 'mm_compaction_end: .* status=success$' /tmp/trace &&
		grep -q 'mm_compaction_finished: .* order=9 ret=success$' /tmp/trace &&
		grep -q 'mm_compaction_defer_reset: .* order=9 order_failed=[0-9]* consider=0 limit=1$' /tmp/trace &&
		[ "$got" -eq 0 ] && [ "$moved" -gt 100 ] &&
		[ "$(sum_of mm_compaction_migratepages nr_migrated)" -eq "$moved" ] &&
		[ "$(sum_of mm_compaction_isolate_migratepages nr_taken)" -ge "$moved" ] &&
		[ "$(sum_of mm_compaction_isolate_freepages nr_taken)" -ge "$moved" ] && verified
}

has_run() { [ "$(event pageoutrun)" -gt "$run" ]; }

# A cache holds all of the pool. A request that wakes no thread has to reclaim, then a program allocates
# half of the pool: there are events of the wakeups, and those of reclaim add up to the counters, once
# the threads have finished.
reclaim() {
	insmod /pbuddy_cache.ko && echo 100000 >/sys/module/pbuddy_cache/parameters/fill || return
	before=$(($(event pgsteal_direct) + $(event pgsteal_kswapd))) run=$(event pageoutrun)
	echo >"$tracing/trace"
	for event in "$events"/mm_vmscan_* "$events"/mm_shrink_slab_*; do
		echo 1 >"$event/enable"
	done
	served 9 HARDWALL
	pbuddyctl alloc --size 32M >/dev/null && got=0 || got=1
	within 60 has_run && settled event pgsteal_kswapd
	echo 0 >"$events/enable"
	gone=$(($(event pgsteal_direct) + $(event pgsteal_kswapd) - before))
	grep 'mm_vmscan\|mm_shrink' "$tracing/trace" >/tmp/trace
	rmmod pbuddy_cache
	cut -c 1-200 /tmp/trace | head -n 12
	echo "got $got; $gone pages given up, by events $(sum_of mm_shrink_slab_end 'return val ')"
	events_of mm_vmscan_wakeup_kswapd 'nid=[01] order=[0-9]* gfp_flags=.*__GFP_\|GFP_' &&
		events_of mm_vmscan_kswapd_wake 'nid=[01] order=[0-9]*$' &&
		events_of mm_vmscan_direct_reclaim_begin 'order=[0-9]* gfp_flags=.*GFP_' &&
		events_of mm_vmscan_direct_reclaim_end 'nr_reclaimed=[1-9][0-9]*$' &&
		events_of mm_shrink_slab_start 'scan_pages.* .pbuddy_cache. .*: nid: [01] objects to shrink [0-9]* gfp_flags .* cache items [0-9]* delta [0-9]* total_scan [0-9]* priority [0-9]*$' &&
		[ "$(grep -c 'mm_shrink_slab_start: ' /tmp/trace)" -eq \
			"$(grep -c 'mm_shrink_slab_end: ' /tmp/trace)" ] &&
		[ "$got" -eq 0 ] && [ "$gone" -gt 1000 ] &&
		[ "$(sum_of mm_shrink_slab_end 'return val ')" -eq "$gone" ] && verified
}

# The recipe of pbuddy(4) with trace-cmd: the allocations of a program while it runs.
recipe() {
	/trace-cmd record -q -o /tmp/trace.dat -e pbuddy:mm_page_alloc -e pbuddy:mm_page_free \
		pbuddyctl alloc --size 4M >/dev/null || return
	/trace-cmd report -i /tmp/trace.dat >/tmp/report || return
	head -n 5 /tmp/report
	grep -q 'pbuddyctl.*mm_page_alloc: *pfn=0x[0-9a-f]* order=[0-9]* ' /tmp/report &&
		grep -q 'mm_page_free: ' /tmp/report
}

# The recipe with perf: processes, counts and call traces.
perf_recipe() {
	/perf record -q -g -o /tmp/perf.data -e pbuddy:mm_page_alloc -e pbuddy:mm_page_free \
		pbuddyctl alloc --size 4M >/dev/null || return
	/perf script -i /tmp/perf.data >/tmp/report || return
	head -n 12 /tmp/report
	/perf stat -a -e pbuddy:mm_page_alloc pbuddyctl alloc --size 4M 2>&1 >/dev/null |
		grep ' pbuddy:mm_page_alloc' || return
	grep -q '^pbuddyctl .*pbuddy:mm_page_alloc: .*pfn=0x[0-9a-f]* order=[0-9]* ' /tmp/report &&
		grep -q 'pbuddy:mm_page_free: ' /tmp/report &&
		grep -q 'pbuddy_alloc\|\[pbuddy\]' /tmp/report
}

quiet_when_off() {
	echo >"$tracing/trace"
	use_pages 1
	! grep mm_page "$tracing/trace"
}

cached() { sed -n 's/.* pcp=\([0-9]*\) .*/\1/p' "$debugfs/verify"; }

# stay_cached: pages of CPU 3 are in its caches now, until these decay.
stay_cached() {
	use_pages 8
	before=$(cached)
	[ "$before" -gt 0 ]
}

drained() { within 60 stay_cached && echo 1 >"$debugfs/drain" && [ "$(cached)" -eq 0 ] && verified; }

cpu() { echo "$1" >/sys/devices/system/cpu/cpu3/online; }

dead_cpu_drained() {
	within 60 stay_cached || return
	cpu 0
	after=$(cached)
	verified
	cpu 1
	echo "$before pages cached, $after without the CPU"
	[ "$after" -eq 0 ] && verified
}

# The work runs once a second, and less often while the CPU of its timer is idle.
decayed() { within 60 stay_cached && within 240 none_cached; }

none_cached() {
	for cpus in 1 2 4 8; do
		taskset "$cpus" true
	done
	echo "$(cached) pages are still cached"
	[ "$(cached)" -eq 0 ]
}

ktap_begin
load pool=0:32M,1:32M
t trace_events_exist events_there
t trace_records record
t trace_allocs allocs
t trace_entries entries
t trace_frees frees
t trace_refills_and_drains_balance balanced
t trace_fields_are_the_kernels same_fields
t trace_zone_level zone_level
t trace_bulk bulk
t trace_compaction compaction
t trace_reclaim reclaim
t trace_cmd_recipe recipe
t trace_perf_recipe perf_recipe
t trace_off_is_quiet quiet_when_off
t pcp_drained_on_request drained
t pcp_of_dead_cpu_drained dead_cpu_drained
t pcp_decays_when_idle decayed
t pcp_all_given_back gives_back 16384
ktap_end
