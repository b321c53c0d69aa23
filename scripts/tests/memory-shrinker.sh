#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --nodes 2 --timeout 900
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# When the system is short of memory it gets the free pageblocks of the pool above the minimum, before
# the OOM killer runs; with idle_seconds= also without a need. The pool grows again when it needs them.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

available_kib() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo; }

killed() { dmesg | grep -iE 'out of memory|oom-kill|Killed process'; }

# leave MIB free on each node: the rest becomes huge pages, which is sooner done than to fill it.
leave() {
	for node in /sys/devices/system/node/node[01]; do
		free=$(awk '$3 == "MemFree:" { print int($4 / 1024) }' "$node/meminfo")
		echo $(((free - $1) / 2)) >"$node/hugepages/hugepages-2048kB/nr_hugepages" || return
	done
}

# fill KIB MORE THAN AVAILABLE: with pages that cannot be reclaimed.
fill() {
	want=$(($(available_kib) / 1024 + $1 / 1024))
	echo "$want MiB into tmpfs, $(available_kib) KiB available"
	mkdir -p /tmp/full && mount -t tmpfs -o size=4G none /tmp/full || return
	dd if=/dev/zero of=/tmp/full/file bs=1M count="$want" 2>&1
}

empty() {
	umount /tmp/full
	echo 0 >/proc/sys/vm/nr_hugepages
}

# The pool has grown to more than 256 MiB, and all of it is free.
grown() {
	load pool=0:16M-320M,1:16M && pbuddyctl alloc --touch --size 288M --node 0 --strict >/tmp/out || return
	echo 1 >"$debugfs/drain"
	[ "$(node_pages 0)" -ge $((280 * 256)) ]
}

given_before_oom() {
	grown && leave 160 && fill $((160 * 1024)) || return
	echo "$(event shrink) pages given back"
	status=0
	! killed && [ "$(event shrink)" -ge $((64 * 256)) ] && [ "$(node_pages 0)" -ge $((16 * 256)) ] &&
		verified || status=1
	empty
	return "$status"
}

again() {
	pbuddyctl alloc --touch --size 200M --node 0 --strict >/tmp/out && verified
}

# Down to the minimum and not below; memory in use stays.
minimum_stays() {
	load pool=0:64M-256M,1:16M && hold --touch --size 128M --node 0 --strict || return
	pbuddyctl alloc --touch --size 100M --node 0 --strict >/tmp/out
	status=0
	within 60 given_back 128 159 && verified || status=1
	drop
	[ "$status" -eq 0 ] && within 60 given_back 64 64 && owns 1 16 && verified
}

# given_back MIB MIB: the node has between so much and so much after the kernel has called all shrinkers.
# The one of pbuddy gives nothing while another task changes the size of the pool.
given_back() {
	echo 2 >/proc/sys/vm/drop_caches
	owns_between 0 "$1" "$2"
}

# Free pageblocks above the minimum go back by themselves; memory in use and the minimum stay.
idle() {
	load pool=0:16M-160M,1:16M idle_seconds=4 && hold --touch --size 24M --node 0 --strict || return
	pbuddyctl alloc --touch --size 100M --node 0 --strict >/tmp/out && [ "$(event grow)" -ge $((80 * 256)) ] || return
	within 60 at_most 32 &&
		within 60 said 'node 0: gave [0-9]+ MiB back that were idle' && verified
	status=$?
	drop
	[ "$status" -eq 0 ] && within 60 owns 0 16 && verified && owns 1 16
}

at_most() { [ "$(node_pages 0)" -le $(($1 * 256)) ]; }

idle_again() {
	pbuddyctl alloc --touch --size 100M --node 0 --strict >/tmp/out && within 60 owns 0 16 && verified
}

# A write begins anew, so any number of them gives nothing back that was just used.
idle_anew() {
	echo 0 >/sys/module/pbuddy/parameters/idle_seconds || return
	pbuddyctl alloc --touch --size 60M --node 0 --strict >/tmp/out
	had=$(node_pages 0)
	for _ in 1 2 3 4 5 6 7 8; do
		echo 86400 >/sys/module/pbuddy/parameters/idle_seconds
		sleep 1
	done
	[ "$had" -ge $((60 * 256)) ] && [ "$(node_pages 0)" -eq "$had" ]
}

# 0 ends it.
idle_off() {
	echo 0 >/sys/module/pbuddy/parameters/idle_seconds || return
	pbuddyctl alloc --touch --size 60M --node 0 --strict >/tmp/out
	had=$(node_pages 0)
	sleep 8
	[ "$had" -ge $((60 * 256)) ] && [ "$(node_pages 0)" -eq "$had" ]
}

idle_bad() {
	dmesg -c >/dev/null
	! echo 86401 >/sys/module/pbuddy/parameters/idle_seconds &&
		said 'idle_seconds: bad number "86401": 0 to 86400 is expected' &&
		! echo x >/sys/module/pbuddy/parameters/idle_seconds
}

# Buffers that are purgeable lose their memory, too; without the advice they keep it.
purges() {
	load pool=0:16M-320M,1:16M || return
	pbuddy-test purge_grown >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	return "$status"
}

unloads() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
t shrinker_given_before_oom given_before_oom
t shrinker_grows_again again
t shrinker_unload unloads
t shrinker_minimum_stays minimum_stays
t shrinker_minimum_unload unloads
t shrinker_purges purges
t shrinker_purges_unload unloads
t shrinker_idle_goes_back idle
t shrinker_idle_again idle_again
t shrinker_idle_anew idle_anew
t shrinker_idle_off idle_off
t shrinker_idle_bad idle_bad
t shrinker_idle_unload unloads
t shrinker_kernel_has_its_memory_again has_again "$before" 4096
ktap_end
