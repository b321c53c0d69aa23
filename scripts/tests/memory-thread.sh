#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+newest debug rt
# vm: --nodes 2 --timeout 1200
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The node threads and reclaim: each node has a thread on its CPUs, which has a registered reclaimer
# (the sample pbuddy_cache) free memory when a zone is below its low watermark, and which uses no CPU
# time otherwise.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy_cache/parameters
wmark=/sys/module/pbuddy/parameters

threads_there() { [ -n "$(threads_of 0)" ] && [ -n "$(threads_of 1)" ]; }

on_their_nodes() { on_cpus_of_its_node 0 && on_cpus_of_its_node 1; }

cpu() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

# All CPUs of node 1 go offline and online again: the thread runs elsewhere, and then on them again.
follows_hotplug() {
	cpu 2 0 && cpu 3 0 || return
	away=$(allowed 1)
	cpu 3 1 && cpu 2 1 || return
	echo "without CPUs: $away; with them: $(allowed 1)"
	[ "$(allowed 1)" = 2-3 ]
}

# Of both threads: nanoseconds run, nanoseconds waited, times run.
used() {
	for node in 0 1; do
		cat "/proc/$(threads_of "$node")/schedstat"
	done | paste -sd' '
}

idle_for_six_seconds() {
	before=$(used)
	sleep 6
	after=$(used)
	echo "time and switches of both: $before; six seconds later: $after"
	[ "$before" = "$after" ]
}

# Several tries, since the drain after loading may take longer on a slow machine. Proactive
# compaction finds nothing to do.
idle_is_idle() {
	sleep 2
	for _ in $(seq 10); do
		! idle_for_six_seconds || return 0
	done
	return 1
}

held() { cat "$params/held"; }

# The cache allocates down to the low watermark; further requests wake the threads.
cache_is_filled() {
	insmod /pbuddy_cache.ko && echo 100000 >"$params/fill" || return
	echo "$(held) pages held, $(event nr_free_pages) free"
	[ "$(held)" -gt 10000 ]
}

# An allocation takes a zone below the low watermark: the thread reclaims memory from the cache. Again
# when the caches of the CPUs have given so many pages back since the cache was filled that none does.
thread_reclaims() {
	run=$(event pageoutrun)
	for _ in $(seq 20); do
		echo 100000 >"$params/fill"
		hold --size 1M || return
		within 6 has_reclaimed
		status=$?
		drop
		[ "$status" -ne 0 ] || break
	done
	[ "$status" -eq 0 ] && [ "$(held)" -gt 0 ]
}

has_reclaimed() {
	echo "pageoutrun $(event pageoutrun), pgsteal_kswapd $(event pgsteal_kswapd)," \
		"allocstall $(event allocstall), cache $(held), scans $(cat "$params/scans")"
	[ "$(event pageoutrun)" -gt "$run" ] && [ "$(event pgsteal_kswapd)" -gt 0 ]
}

zone_above() { # MARK: every zone has that many pages free
	awk -v mark="$1" '$1 == "pages" && $2 == "free" { free = $3 } $1 == mark { if (free < $2) bad = 1 }
		END { exit bad }' "$debugfs/zoneinfo"
}

# Again because a request may leave a zone between the marks, after its thread has slept.
balanced_to_high() {
	for _ in $(seq 20); do
		! within 6 zone_above high || return 0
		echo 100000 >"$params/fill"
		pbuddyctl alloc --size 1M >/dev/null || return
	done
	grep -E 'pages free|min|low|high' "$debugfs/zoneinfo"
	return 1
}

# The thread shares its CPU with the request and has a lower priority, so it seldom runs in time: the
# request reclaims by itself, and succeeds.
direct_reclaim() {
	taskset -p 1 "$(threads_of 0)" && renice -n 19 -p "$(threads_of 0)" || return
	direct=$(event pgsteal_direct)
	for _ in $(seq 20); do
		echo 100000 >"$params/fill"
		before=$(held)
		taskset 1 pbuddyctl alloc --size 40M --node 0 --strict || return
		echo "cache $before -> $(held), pgsteal_direct $direct -> $(event pgsteal_direct)"
		[ "$(held)" -lt "$before" ] && verified || return
		[ "$(event pgsteal_direct)" -le "$direct" ] || return 0
	done
	return 1
}

boosts() { awk '$1 == "boost" { n += $2 } END { print n + 0 }' "$debugfs/zoneinfo"; }

# All pageblocks are movable and none is free, so an unmovable block steals one. That boosts the
# watermarks; the thread wakes although the node is balanced, and takes the boost back.
boost_wakes() {
	unload_soon && load pool=0:62M,1:62M min_free_kbytes=256 || return # 64M each
	hold --size 129536K --class movable || return
	boosted=$(event watermark_boost) run=$(event pageoutrun)
	insmod /pbuddy_leaker.ko blocks=1 order=4 leak=0 && rmmod pbuddy_leaker &&
		within 120 boost_taken_back
	status=$?
	drop
	return "$status"
}

boost_taken_back() {
	echo "watermark_boost $boosted -> $(event watermark_boost), pageoutrun $run ->" \
		"$(event pageoutrun), boost left: $(boosts)"
	[ "$(event watermark_boost)" -gt "$boosted" ] && [ "$(event pageoutrun)" -gt "$run" ] &&
		[ "$(boosts)" -eq 0 ]
}

# Less than half of the min watermark is free and no reclaimer frees pages: a request that
# reclaims is throttled for a short time, and then fails.
throttles() {
	echo 256 >"$wmark/min_free_kbytes"
	hold --size 120M || return
	echo 65536 >"$wmark/min_free_kbytes"
	before=$(event pgscan_direct_throttle) begin=$(cut -d' ' -f1 /proc/uptime)
	pbuddyctl alloc --size 1M
	status=$? end=$(cut -d' ' -f1 /proc/uptime)
	echo 2048 >"$wmark/min_free_kbytes"
	echo "waited $before -> $(event pgscan_direct_throttle) times, from $begin to $end"
	drop
	[ "$status" -ne 0 ] && [ "$(event pgscan_direct_throttle)" -gt "$before" ] &&
		echo "$begin $end" | awk '{ exit $2 - $1 < 0.09 }'
}

# Each is a program, which takes a debug kernel long; more than the limits below are enough.
requests=200
[ ! -e /sys/kernel/debug/kmemleak ] || requests=80

# Requests for a block that node 0 cannot have: the thread runs, and all caches are drained, for a few
# of them only. There are enough free single pages.
failures_are_deferred() {
	hold --size 58M --node 0 --strict || return
	run=$(event pageoutrun) drains=$(event drain_all) time=$(used)
	for _ in $(seq "$requests"); do
		! pbuddyctl alloc --size 8M --order 11 --node 0 --strict 2>/dev/null || return
	done
	within 60 has_run_since "$run"
	run=$(($(event pageoutrun) - run)) drains=$(($(event drain_all) - drains))
	echo "runs $run, drains $drains; time and switches of both: $time, then $(used)"
	drop
	[ "$run" -gt 0 ] && [ "$run" -le 20 ] && [ "$drains" -gt 0 ] && [ "$drains" -le 30 ]
}

# Node 0 has little free memory and the thread finds nothing to free, sixteen times. When the memory
# was freed it is woken again, although nothing has been reclaimed.
recovers_after_failures() {
	before=$(event pageoutrun)
	hold --size 62M --node 0 --strict && within 240 fails_often
	status=$?
	drop
	[ "$status" -eq 0 ] || return
	sleep 1.5
	failed=$(event pageoutrun)
	hold --size 62M --node 0 --strict && within 120 runs_again
	status=$?
	drop
	echo "runs before $before, while requests failed $failed"
	return "$status"
}

request_fails() { ! pbuddyctl alloc --size 4M --order 0 --node 0 --strict 2>/dev/null; }

# A thread that runs seldom makes one run for many requests.
fails_often() {
	for _ in $(seq 20); do
		request_fails || return
	done
	has_run_since $((before + 15))
}

# Until a second after its last run it is not woken.
runs_again() { request_fails && has_run_since "$failed"; }

has_run_since() {
	echo "pageoutrun $1 -> $(event pageoutrun)"
	[ "$(event pageoutrun)" -gt "$1" ]
}

stays_registered_until_gone() {
	rmmod pbuddy_cache && verified
}

stops() {
	unload_soon && within 60 none_left
}

# A thread is listed for a moment after it has stopped.
none_left() { [ -z "$(threads_of 0)$(threads_of 1)" ]; }

ktap_begin
load pool=0:62M,1:62M min_free_kbytes=2048 # 64M each
t thread_per_node threads_there
t thread_on_cpus_of_its_node on_their_nodes
t thread_follows_cpu_hotplug follows_hotplug
t thread_idle_uses_no_cpu idle_is_idle
t reclaim_cache_fills cache_is_filled
t thread_wakes_below_low_and_reclaims thread_reclaims
t thread_balances_to_high balanced_to_high
t reclaim_direct direct_reclaim
t reclaim_unregister stays_registered_until_gone
t thread_deferred_after_failures failures_are_deferred
t thread_woken_by_boost boost_wakes
t reclaim_throttled throttles
t thread_recovers_after_failures recovers_after_failures
t thread_stops_at_rmmod stops
ktap_end
