#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock test debug
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The contig source takes memory from the running kernel on the nodes of pool=, in large
# pieces, logs when it got less, and returns all of it.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

pool_64() { load pool=0:64M,1:64M && owns 0 64 && owns 1 64; }

# A machine that has just booted has 64 MiB in one piece.
large_orders() {
	cat "$debugfs/buddyinfo"
	awk '{ large = 0; for (i = 17; i <= NF; i++) large += $i; if (!large) bad = 1 }
		END { exit bad || NR < 2 }' "$debugfs/buddyinfo"
}

# With the pages in the caches of CPUs, which MemFree leaves out and pbuddy's allocation drains: tens
# of MiB after another pool was returned.
node_free_kib() { echo $(($(unused_pages "$1") * 4)); }

# The node has that much less free memory, and the other node has not.
right_node() {
	one=$(node_free_kib 1)
	zero=$(node_free_kib 0)
	load pool=1:96M || return
	one=$((one - $(node_free_kib 1)))
	zero=$((zero - $(node_free_kib 0)))
	echo "node 0 lost $zero KiB, node 1 lost $one KiB"
	[ "$one" -gt 65536 ] && [ "$zero" -lt 32768 ] && owns 1 96 && owns 0 0
}

rounds_up() { load pool=0:5M && owns 0 6 && gives_back 1536; }

same_node_twice() { load pool=0:16M,0:8M && owns 0 24 && gives_back 6144; }

# Without pool= every node gives between 16 MiB and a quarter of its free memory.
default_pool() {
	free_0=$(node_free_kib 0)
	load || return
	for node in 0 1; do
		mib=$(($(node_pages "$node") / 256))
		echo "node $node: $mib MiB of $((free_0 / 1024)) MiB free"
		[ "$mib" -ge 16 ] && [ "$mib" -le $((free_0 / 4096)) ] || return
	done
	verified
}

all_of_it() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

node_mib() { awk '/MemTotal/ { print int($4 / 1024) }' "/sys/devices/system/node/node$1/meminfo"; }

# A pool larger than the free memory: as much as there is, with a line in the log; an error with strict=1.
partly() {
	load pool=1:"$(node_mib 1)"M && said 'node 1: got [0-9]+ of [0-9]+ MiB from contig'
}
# Each zone of the node is above its low watermark, where no task has to reclaim. The kernel raises
# the watermarks for a while (boost) when it mixes migratetypes. A zone that has more than it keeps
# was not the reason to stop: then no other pageblock could be taken, and no line is logged. Free
# pages in the caches of CPUs count, tens of MiB at times.
host_comes_first() {
	awk 'function check() {
			if (managed) {
				keeps = high + int(managed / 64)
				print zone ": " free " free, low watermark " low ", boost " boost ", keeps " keeps
				n++
				if (free <= low) bad = 1
				if (free < keeps) print "at its limit"
			}
			managed = 0
		}
		/^Node/ { check(); on = $2 == "1,"; zone = $4 } !on { next }
		$2 == "free" { free = $3 } $1 == "boost" { boost = $2 } $1 == "high" { high = $2 }
		$1 == "low" { low = $2 - boost } $1 == "managed" { managed = $2 }
		$1 == "count:" { free += $2 }
		END { check(); exit bad || !n }' /proc/zoneinfo >/tmp/zones
	status=$?
	cat /tmp/zones
	dmesg | grep 'node 1: '
	[ "$status" -eq 0 ] || return
	! grep -q 'at its limit' /tmp/zones ||
		said 'node 1: zone [A-Za-z0-9]+ has [0-9]+ MiB free and keeps [0-9]+ MiB for the system'
}
alive_then() { [ "$(node_pages 1)" -gt 25600 ] && verified; }
strict() {
	fails_with 12 'node 1: got [0-9]+ of [0-9]+ MiB from contig, and strict=1' \
		strict=1 pool=0:16M,1:"$(node_mib 1)"M
}
strict_enough() { load strict=1 pool=0:16M && owns 0 16 && gives_back 4096; }

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
t contig_takes_what_is_asked pool_64
t contig_has_large_orders large_orders
t contig_verified verified
t contig_gives_all_back gives_back 32768
t contig_takes_from_the_right_node right_node
t contig_gives_one_node_back gives_back 24576
t contig_rounds_up_to_pageblocks rounds_up
t contig_same_node_twice same_node_twice
t contig_default_pool default_pool
t contig_gives_default_back all_of_it
t contig_says_how_much_it_got partly
t contig_leaves_the_watermarks host_comes_first
t contig_leaves_the_system_alive alive_then
t contig_gives_a_part_back all_of_it
t contig_strict_fails strict
t contig_strict_passes strict_enough
t contig_kernel_has_its_memory_again has_again "$before" 2048
ktap_end
