#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+newest debug
# vm: --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/sbin/memtester
#
# OOM policy: with oom=fail a request fails and no process is killed. With oom=kill one process is
# killed, the one that created most buffers of the user that has most of the pool; a process without
# pages is not killed. tools/tests/test_oom.c has processes of several users. All are on one CPU: another
# one, if it did not run for ten seconds, could keep a victim from exiting, and a second one is killed then.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

policy=/sys/module/pbuddy/parameters/oom

# Pages in the CPU caches are free too, so they are drained first.
at_most_free() { # MIB
	echo 1 >"$debugfs/drain"
	echo "$(event nr_free_pages) pages are free"
	[ "$(event nr_free_pages)" -le $(($1 * 256)) ]
}

# Of 64 MiB, 16 and 32 are held; 30 more do not fit.
holders() {
	sleep 600 &
	bystander=$!
	hold --size 16M && small=$holder && hold --size 32M && large=$holder
}

alive() { kill -0 "$1" 2>/dev/null; }

by_sigkill() { # PID
	wait "$1" 2>/dev/null
	status=$?
	echo "status $status"
	[ "$status" -eq 137 ]
}

fails() {
	[ "$(cat "$policy")" = fail ] && holders || return
	! pbuddyctl alloc --size 30M && alive "$small" && alive "$large" && alive "$bystander" &&
		[ "$(event oom_kill)" -eq 0 ]
}

kills_the_larger() {
	dmesg -c >/dev/null
	echo kill >"$policy"
	pbuddyctl alloc --size 30M || return
	by_sigkill "$large" && alive "$small" && alive "$bystander" && [ "$(event oom_kill)" -eq 1 ] &&
		said 'Out of memory: Killed process [0-9]* \(pbuddyctl\) pool-pages:32768kB, UID:0, oom_score_adj:0, for pbuddyctl\[[0-9]*\] order:0'
}

# oom_score_adj moves the choice by that many thousandths of the pool: 16 MiB and half of the pool
# are more than 32 MiB, and 32 MiB less half of the pool are less than 16 MiB. Begins and ends with
# the small holder alone.
adjusted() {
	hold --size 32M && large=$holder || return
	echo 500 >"/proc/$small/oom_score_adj"
	pbuddyctl alloc --size 30M || return
	by_sigkill "$small" && alive "$large" || return
	hold --size 16M && small=$holder || return
	echo -500 >"/proc/$large/oom_score_adj"
	pbuddyctl alloc --size 30M || return
	by_sigkill "$small" && alive "$large" || return
	echo 0 >"/proc/$large/oom_score_adj"
	hold --size 16M && small=$holder || return
	pbuddyctl alloc --size 30M || return
	by_sigkill "$large" && alive "$small"
}

# A process that is exempt from the kernel's OOM killer is exempt here, too.
spares_the_exempt() {
	hold --size 32M && large=$holder || return
	echo -1000 >"/proc/$large/oom_score_adj"
	pbuddyctl alloc --size 30M || return
	by_sigkill "$small" && alive "$large" && alive "$bystander"
}

# A process is killed only for requests of up to 8 pages (PAGE_ALLOC_COSTLY_ORDER).
not_for_large_blocks() {
	kills=$(event oom_kill)
	! pbuddyctl alloc --size 48M --contig && alive "$large" && [ "$(event oom_kill)" -eq "$kills" ]
}

# No process is left to kill, so the request fails.
fails_without_candidates() {
	kills=$(event oom_kill)
	! pbuddyctl alloc --size 40M && alive "$large" && alive "$bystander" || return
	kill "$large"
	wait "$large" 2>/dev/null
	[ "$(event oom_kill)" -le $((kills + 1)) ]
}

# Memory that is mapped, with its descriptor closed, counts.
finds_mappings() {
	/memtester -p 0 -d /dev/pbuddy 40M 1000 >/dev/null 2>&1 &
	mapper=$!
	within 60 at_most_free 24 && hold --size 8M && small=$holder || return
	pbuddyctl alloc --size 30M || return
	by_sigkill "$mapper" && alive "$small"
}

refuses_other_policies() { ! echo maybe >"$policy" && [ "$(cat "$policy")" = kill ]; }

ends() {
	kill "$small" "$bystander"
	wait 2>/dev/null
	verified && gives_back 16384
}

ktap_begin
taskset -p 1 $$ >/dev/null
load pool=0:64M
t oom_fail_fails fails
t oom_kill_takes_the_larger kills_the_larger
t oom_kill_heeds_score_adj adjusted
t oom_kill_spares_the_exempt spares_the_exempt
t oom_not_for_large_blocks not_for_large_blocks
t oom_fails_without_candidates fails_without_candidates
t oom_kill_finds_mappings finds_mappings
t oom_refuses_other_policies refuses_other_policies
t oom_all_given_back ends
ktap_end
