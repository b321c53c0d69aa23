#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: rt
# vm: --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Requests where a task may not sleep: with preemption off, with a raw spinlock held, and in an
# interrupt. They are served, fail and wake the node threads there without a lock that sleeps on
# PREEMPT_RT: the function tracer shows each such lock, with the context in which it was taken.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

tracing=/sys/kernel/tracing

# Trace the locks that sleep on PREEMPT_RT.
trace_locks() {
	echo rt_spin_lock >"$tracing/set_ftrace_filter" &&
		echo rt_read_lock >>"$tracing/set_ftrace_filter" &&
		echo rt_write_lock >>"$tracing/set_ftrace_filter" &&
		echo function >"$tracing/current_tracer"
}

# No such lock was taken in an interrupt or with preemption off, the 4th and 5th of the flags.
no_sleeping_lock() {
	grep -q 'rt_spin_lock <-' "$tracing/trace" || return
	! grep -E '\] +...([hHzZ].|.[^.])[^ ]* +[0-9.]+: rt_' "$tracing/trace"
}

# request CONTEXT PARAMETERS...: on CPU 0; prints how many requests were served.
request() {
	context=$1
	shift
	echo >"$tracing/trace"
	taskset 1 insmod /pbuddy_requester.ko context="$context" "$@" || return
	no_sleeping_lock >&2 || : >/tmp/sleeping
	cat /sys/module/pbuddy_requester/parameters/served
	rmmod pbuddy_requester
}

# served_all CONTEXT NUMBER PARAMETERS...
served_all() {
	context=$1 number=$2
	shift 2
	served=$(request "$context" times="$number" "$@")
	echo "$context $*: $served of $number"
	[ "$served" = "$number" ]
}

# From the caches, from the zone, and zeroed.
serves() {
	served_all "$1" 300 gfp=NOWAIT && served_all "$1" 100 gfp=ATOMIC order=3 &&
		served_all "$1" 3 gfp=NOWAIT order=11 && served_all "$1" 20 'gfp=NOWAIT|ZERO' && verified
}

# wakes CONTEXT ORDER: a request that finds no memory wakes the thread of each node that could serve
# it. After two failures requests of the same or a higher order are deferred, so each test has an order
# of its own, lower than that of the test before.
wakes() {
	run=$(event pageoutrun)
	[ "$(request "$1" 'gfp=NOWAIT|NOWARN' order="$2")" = 0 ] && within 120 has_run
}

has_run() {
	echo "pageoutrun $run -> $(event pageoutrun)"
	[ "$(event pageoutrun)" -gt "$run" ]
}

# All pageblocks are movable and none is free, so an unmovable request boosts a zone. The boosted mark
# may refuse the request itself.
boosts() {
	unload_soon && load pool=0:62M,1:62M min_free_kbytes=256 || return
	hold --size 129536K --class movable || return
	boosted=$(event watermark_boost) run=$(event pageoutrun)
	request "$1" 'gfp=NOWAIT|NOWARN' order=4 && within 120 has_run &&
		[ "$(event watermark_boost)" -gt "$boosted" ]
	status=$?
	drop
	return "$status"
}

# The first request, of the task, allocates the account and its array.
charges() {
	served_all task 1 'gfp=NOWAIT|ACCOUNT' && served_all "$1" 1 'gfp=NOWAIT|ACCOUNT'
}

# On PREEMPT_RT no stack is recorded where the stack depot may not allocate.
records() {
	unload_soon && load pool=0:64M,1:64M owner=1 && served_all "$1" 10 gfp=NOWAIT
}

ktap_begin
load pool=0:62M,1:62M min_free_kbytes=256 || exit 1
mount -t tracefs tracefs "$tracing" 2>/dev/null
echo 1 >"$tracing/events/pbuddy/enable"
t contexts_trace_locks trace_locks
t contexts_serve_preempt_off serves preempt_off
t contexts_serve_raw_lock serves raw_lock
t contexts_serve_interrupt serves interrupt
t contexts_charge_preempt_off charges preempt_off
t contexts_charge_raw_lock charges raw_lock
t contexts_charge_interrupt charges interrupt
hold --size 120M
t contexts_wake_preempt_off wakes preempt_off 13
t contexts_wake_raw_lock wakes raw_lock 12
t contexts_wake_interrupt wakes interrupt 11
drop
echo 0 >"$tracing/events/pbuddy/enable"
t contexts_boost_preempt_off boosts preempt_off
t contexts_boost_raw_lock boosts raw_lock
t contexts_boost_interrupt boosts interrupt
t contexts_owner_preempt_off records preempt_off
t contexts_owner_raw_lock records raw_lock
t contexts_owner_interrupt records interrupt
t contexts_no_sleeping_lock [ ! -e /tmp/sleeping ]
echo nop >"$tracing/current_tracer"
t contexts_unload unload_soon
ktap_end
