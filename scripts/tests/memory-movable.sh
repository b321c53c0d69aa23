#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts debug
# vm: --one-thread --nodes 2
# vm@test-6.12: --mem 6G --append memmap=2G$0x140000000
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Compaction of movable pages, those of kunit/samples/pbuddy_movable.c: its objects fill the memory,
# half of them are freed at random, and then blocks and ranges are requested that only migration can
# make. Contents are compared each time. The largest blocks come from 2 GiB that memmap= keeps from
# the kernel. Debug kernels skip those, and so does scripts/example-test, which runs this test on
# other kernels with the module built outside of the tree.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

movable=/sys/module/pbuddy_movable/parameters
with_thread=
size=128
[ ! -d /sys/kernel/debug/failslab ] || size=32 # a debug kernel: ten times slower

checked() { sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$movable/check"; }
free_pages_of_pool() { event nr_free_pages; }

# All objects are there, with their contents, and pbuddy is in order.
intact() {
	cat "$movable/check"
	[ "$(checked wrong)" -eq 0 ] && [ "$(checked held)" -eq "$objects" ] && verified
}

# fragmented POOL FREE-PERCENT [PARAMETERS...]: half free, or so, as single pages.
fragmented() {
	pool=$1 share=$2
	shift 2
	load pool="$pool" "$@" && no_thread && insmod /pbuddy_movable.ko objects=1000000 free="$share" || return
	dmesg | tail -n 1
	objects=$(checked held)
	echo 1 >"$debugfs/drain"
	verified
}

no_thread() { [ -n "$with_thread" ] || echo 0 >/sys/module/pbuddy/parameters/compaction_proactiveness; }

let_go() { rmmod pbuddy_movable && verified && unload_soon; }

# wanted FILE NUMBER PAGES: make the request as often as it would fit if all free memory were in one
# piece. /tmp/figures gets the percentage that succeeded, and the pages moved for each. Two
# pageblocks are not counted as free: the node thread takes some at times, to zero or return them.
wanted() {
	before=$(event pgmigrate_success)
	fits=$((($(free_pages_of_pool) - 1024) / $3))
	got=0
	while [ "$got" -lt "$fits" ] && asked "$1" "$2"; do
		got=$((got + 1))
	done
	moved=$(($(event pgmigrate_success) - before))
	percent=0
	[ "$fits" -eq 0 ] || percent=$((100 * got / fits))
	echo "$1 $2: $got of $fits that fit, $percent %; $moved pages moved, $((moved / (got + !got))) each" |
		tee -a /tmp/figures
}

# asked FILE NUMBER: make the request. What the node thread moves at that moment it may not have.
asked() {
	for _ in $(seq $((with_thread ? 5 : 1))); do
		! echo "$2" 2>/dev/null >"$movable/$1" || return 0
	done
	return 1
}

score_of() { sed -n 's/.* score \([0-9]*\) .*/\1/p' "$debugfs/extfrag" | head -n 1; }

# Without proactive compaction, which would have undone some of it by now.
fragments() {
	fragmented "0:${size}M" "${1:-50}" && [ "$(score_of)" -ge 90 ] && [ "$objects" -ge $((size * 110)) ]
}

# As /proc/sys/vm/compact_memory: afterwards all free memory is in whole pageblocks.
compacts_all() {
	before=$(event pgmigrate_success)
	echo 1 >"$debugfs/compact" || return
	moved=$(($(event pgmigrate_success) - before))
	gained=$(($(free_pages_of_pool) / 512))
	echo "compact: $gained blocks, $moved pages moved, $((moved / gained)) each" | tee -a /tmp/figures
	[ "$(score_of)" -le 1 ] && [ "$moved" -gt 1000 ] && [ "$(checked moved)" -eq "$moved" ] && intact
}

# served ORDER PERCENT: that share of the blocks that fit, all with their contents intact.
served() {
	wanted alloc "$1" $((1 << $1)) && [ "$fits" -gt 0 ] && [ "$percent" -ge "$2" ] && intact &&
		echo 1 >"$movable/release" && intact
}

ranges() {
	wanted contig 1024 1024 && [ "$percent" -ge 99 ] && intact &&
		echo 1 >"$movable/release" && intact
}

# All memory outside of the CMA pageblocks is allocated as unmovable, so a range can only come from
# those, and movable objects have to be migrated out of them.
cma_is_emptied() {
	load pool=0:64M cma=25 && no_thread && insmod /pbuddy_leaker.ko blocks=12280 leak=0 &&
		insmod /pbuddy_movable.ko objects=1000000 free=50 || return
	objects=$(checked held)
	echo 1 >"$debugfs/drain"
	cma=$(event nr_free_cma)
	echo "$objects objects, $cma pages free in contiguous areas"
	[ "$cma" -ge 2000 ] && [ "$cma" -le 2052 ] || return
	echo 1024 >"$movable/contig" || return
	cat "$debugfs/pagetypeinfo"
	[ $((cma - $(event nr_free_cma))) -eq 1024 ] && [ "$(checked moved)" -gt 100 ] && intact
}

cma_is_given_back() {
	echo 1 >"$movable/release" && [ "$(event nr_free_cma)" -eq "$cma" ] &&
		rmmod pbuddy_leaker && let_go
}

# The GiB first, when nothing has been compacted yet; beside the node thread.
large_blocks() { with_thread=1 && fragmented 1:2G@reserve=0x140000000 55 && served 18 90 && served 13 95; }

ktap_begin
: >/tmp/figures
t movable_fragments fragments
t movable_compact_all compacts_all
t movable_lets_go let_go
t movable_fragments_again fragments 55
t movable_order_9 served 9 99
t movable_ranges ranges
t movable_lets_go_again let_go
t movable_cma_is_emptied cma_is_emptied
t movable_cma_is_given_back cma_is_given_back
if ! grep -q 'memmap=2G' /proc/cmdline || [ $size -ne 128 ]; then
	ktap_skip movable_orders_13_and_18 "no memory for it, or a debug kernel"
else
	t movable_orders_13_and_18 large_blocks
	t movable_all_let_go let_go
fi
ktap_comment </tmp/figures
ktap_end
