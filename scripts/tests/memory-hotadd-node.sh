#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock
# vm: --nodes 2 --memoryless --mem 1G --dimm 512M --append memhp_default_state=offline
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# A node that has CPUs and no memory at load, node 1, is in the pool with nothing (1:0-MAX). Its requests
# fall back until memory is added to it. Then it grows, and gives all of it back. A node with memory may
# begin with nothing, too.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

memory=/sys/devices/system/memory
size=$((0x$(cat "$memory"/block_size_bytes)))
params=/sys/module/pbuddy/parameters
sysfs=/sys/class/misc/pbuddy/node1

# add N...: bring these blocks of the memory module online, counted from 0.
add() {
	for n in "$@"; do
		echo online_kernel >"$memory"/memory$((4294967296 / size + n))/state || return
	done
}

# A source that had nothing is not called again for a second.
alloc() { within 120 pbuddyctl alloc --touch --node 1 --strict "$@" >/tmp/out; }

is_so() { [ "$(cat /sys/devices/system/node/online)" = 0-1 ] && [ "$(cat /sys/devices/system/node/has_memory)" = 0 ]; }

no='pool: bad node "1": it has no memory; to grow when some is added, it needs 1:0-MAX and max_address='
refused() {
	fails_with 22 "$no" pool=0:16M,1:0-64M max_address=0 && fails_with 22 "$no" pool=0:16M,1:16M-64M max_address=6G &&
		fails_with 22 'pool: bad size "0": it is zero' pool=0:16M,1:0 max_address=6G &&
		fails_with 22 'pool: bad maximum "7G": it is too large, node 1 has 0 MiB' pool=0:16M,1:0-7G max_address=6G &&
		fails_with 22 'pool: no node begins with memory: a size above 0 is expected' pool=1:0-1G max_address=6G &&
		fails_with 22 'pool: bad size "0": it is zero' pool=0:16M,0:0-32M@reserve=pb
}

# max_address= is what the firmware declares.
begins_with_nothing() {
	load pool=0:64M,1:0-2G && owns 0 64 && owns 1 0 && [ -n "$(threads_of 1)" ] && verified &&
		cat "$params"/resize && [ "$(cat "$params"/resize)" = 0:64M,1:0M-2048M ] &&
		[ "$(cat "$sysfs"/size_kbytes)" -eq 0 ] && [ "$(cat "$sysfs"/max_kbytes)" -eq 2097152 ] &&
		[ "$(cat "$sysfs"/largest_order)" -eq -1 ] && [ -c /dev/dma_heap/pbuddy-node1 ] &&
		pbuddyctl info && pbuddyctl buddyinfo && pbuddyctl frag >/dev/null && pbuddyctl compact && pbuddyctl drain &&
		! grep '^Node 1' "$debugfs"/buddyinfo
}

falls_back() {
	requests 4 KERNEL 64,0 && requests 4 NOWAIT 64,0 && requests 8 'USER' 64,0 && requests 1 KERNEL 64,0 &&
		requests 4 'KERNEL|THISNODE|NOWARN' 0,0 && requests 4 'NOWAIT|THISNODE|NOWARN' 0,0 &&
		pbuddyctl alloc --touch --size 4M --node 1 && ! pbuddyctl alloc --size 4M --node 1 --strict &&
		owns 0 64 && owns 1 0 && verified
}

not_yet() {
	! pbuddyctl resize 1 64M-2G >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	[ "$status" -eq 0 ] && grep -q 'the source has no more memory' /tmp/out && owns 1 0 && owns 0 64
}

by_request() {
	add 0 1 && alloc --size 40M && owns_between 1 40 128 &&
		in_iomem && verified && requests 4 KERNEL 0,64 && requests 4 NOWAIT 0,64 &&
		requests 8 'KERNEL|THISNODE|NOWARN' 0,64
}

by_resize() {
	within 60 pbuddyctl resize 1 150M-2G && owns 1 150 && pbuddyctl resize 1 2M-2G && owns 1 2 && within 60 pbuddyctl resize 1 100M-2G &&
		owns 1 100 && alloc --size 90M && in_iomem && verified
}

unloads() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

# All of it, as the node began with nothing. Its requests fall back again where they may not wait.
all_goes_back() {
	load pool=0:64M,1:0-2G max_address=6G && alloc --size 40M && owns_between 1 40 128 &&
		echo 1 >"$params"/idle_seconds && within 60 owns 1 0 && verified && echo 0 >"$params"/idle_seconds && requests 4 NOWAIT 64,0 &&
		alloc --size 40M && owns_between 1 40 128 && verified
}

# A node with memory, and no more to be added.
with_memory() {
	load pool=0:64M,1:0-64M max_address=0 && owns 1 0 && alloc --size 60M && owns 1 64 && verified && pbuddyctl resize 1 16M && owns 1 16
}

# The reserve is a share of MAX, too.
with_watermarks() {
	load_default pool=0:64M,1:0-64M && owns 1 0 && alloc --size 64M &&
		owns_between 1 64 72 && verified
}

ktap_begin
t hotadd_node_without_memory is_so
t hotadd_node_refused refused
t hotadd_node_begins_with_nothing begins_with_nothing
t hotadd_node_falls_back falls_back
t hotadd_node_not_yet not_yet
t hotadd_node_by_request by_request
t hotadd_node_by_resize by_resize
t hotadd_node_unload unloads
t hotadd_node_all_goes_back all_goes_back
t hotadd_node_all_back_unload unloads
t hotadd_node_with_memory with_memory
t hotadd_node_with_memory_unload unloads
t hotadd_node_with_watermarks with_watermarks
t hotadd_node_with_watermarks_unload unloads
ktap_end
