#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest
# vm: --nodes 2 --append isolcpus=3 --timeout 1500
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/chrt
#
# Per-CPU caches are drained whatever runs on their CPUs: a request that needs the pages in them does
# not wait for SCHED_FIFO tasks that never sleep. An isolated CPU is not interrupted for it; its caches
# do not decay.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

tracing=/sys/kernel/tracing

# cached CPU: pages in its caches.
cached() {
	awk -v cpu="$1" '$1 == "cpu:" { on = $2 == cpu } on && $1 == "count:" { n += $2 }
		END { print n + 0 }' "$debugfs/zoneinfo"
}

# on CPU COMMAND...
on() {
	mask=$((1 << $1))
	shift
	taskset "$mask" "$@"
}

# fill CPU: its caches keep pages of a buffer that is freed there, until they decay.
fill() { within 60 filled "$1"; }

filled() {
	on "$1" pbuddyctl alloc --size 1M || return
	echo "CPU $1 has $(cached "$1") pages cached"
	[ "$(cached "$1")" -gt 0 ]
}

# decayed CPU: how often its caches decayed since the trace began.
decayed() { grep -c "\[00$1\].*function decay_work" "$tracing/trace"; }

# The work for it waits while the CPU of its timer is idle.
has_decayed() {
	on 0 true && on 1 true && on 2 true
	[ "$(decayed "$1")" -gt 0 ]
}

isolated_left_alone() {
	mount -t tracefs none "$tracing" 2>/dev/null
	echo 1 >"$tracing/events/workqueue/workqueue_execute_start/enable" || return
	fill 2 && fill 3 && within 120 has_decayed 2 && sleep 2
	echo "decayed: CPU 2 $(decayed 2) times, isolated CPU 3 $(decayed 3) times"
	echo 0 >"$tracing/events/workqueue/workqueue_execute_start/enable"
	[ "$(decayed 2)" -gt 0 ] && [ "$(decayed 3)" -eq 0 ] && [ "$(cached 3)" -gt 0 ]
}

# hog CPU: a task there that never sleeps, and that no other task interrupts.
hog() {
	taskset $((1 << $1)) chrt -f 50 sh -c 'while :; do :; done' &
	hogs="$hogs $!"
}

# fails_in_time: a request for more than is free drains all caches and fails; 124: it took too long.
fails_in_time() {
	on 0 timeout -s KILL 240 pbuddyctl alloc --size 64M
	status=$?
	echo "status $status; CPU 2 has $(cached 2) pages cached, CPU 3 has $(cached 3)"
	[ "$status" -eq 1 ] && [ "$(cached 2)" -eq 0 ] && [ "$(cached 3)" -eq 0 ]
}

# interrupts CPU: function call interrupts that it got.
interrupts() { awk -v n="$(($1 + 2))" '$1 == "CAL:" { print $n }' /proc/interrupts; }

# A request that fails takes the cached pages of both CPUs, and interrupts CPU 2 alone for them. The
# kernel sends such interrupts for other reasons, too, the caches of CPU 2 may have decayed before, and
# grace periods are long on a slow machine, so one quiet round of several is enough.
isolated_not_interrupted() {
	hold --size 96M || return
	round=0
	quiet=1
	while [ "$round" -lt 30 ] && [ "$quiet" -ne 0 ]; do
		fill 2 && fill 3 || return
		two=$(interrupts 2)
		three=$(interrupts 3)
		fails_in_time || return
		echo "interrupts: CPU 2 $(($(interrupts 2) - two)), isolated CPU 3 $(($(interrupts 3) - three))"
		[ "$(interrupts 2)" -gt "$two" ] && [ "$(interrupts 3)" -eq "$three" ]
		quiet=$?
		round=$((round + 1))
		# After a grace period that took too long the module interrupts each CPU, for 10 seconds.
		[ "$quiet" -eq 0 ] || sleep 11
	done
	drop
	return "$quiet"
}

# drains PID: the task waits in a drain of all CPUs.
drains() {
	while read -r frame; do
		case $frame in *pb_pcp_work_drain*) return 0 ;; esac
	done <"/proc/$1/stack"
	return 1
}

# Requests that are killed while they drain, nearly all of them when they wait for a grace period, do not
# make the next requests interrupt the isolated CPU.
isolated_after_kill() {
	killed=0
	hold --size 96M || return
	for try in $(seq 100); do
		[ "$killed" -lt 2 ] || break
		fill 3 >/dev/null || return
		taskset 1 pbuddyctl alloc --size 64M &
		until drains $! || ! [ -d "/proc/$!" ]; do :; done 2>/dev/null
		kill -s KILL $! && killed=$((killed + 1))
		wait $!
	done 2>/dev/null
	drop
	echo "$killed requests killed in $try tries"
	[ "$killed" -gt 0 ] && isolated_not_interrupted
}

drains_beside_fifo() {
	hogs=
	hold --size 96M && fill 2 && fill 3 || return
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	hog 2
	hog 3
	sleep 1
	fails_in_time
	failed=$?
	# shellcheck disable=SC2086 # one word for each
	kill $hogs
	drop
	return "$failed"
}

ktap_begin
load pool=0:64M,1:64M || exit 1
t drain_isolated_left_alone isolated_left_alone
t drain_isolated_not_interrupted isolated_not_interrupted
t drain_isolated_after_kill isolated_after_kill
t drain_beside_fifo drains_beside_fifo
t drain_verified verified
t drain_unload gives_back 32768
ktap_end
