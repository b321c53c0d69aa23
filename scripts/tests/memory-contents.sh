#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test
# vm: --one-thread --nodes 2 --mem 6G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The parameters for the contents of free pages: a poison pattern, zeroes, and zeroing ahead of use.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters

# CPU time of node 0's thread.
thread_time() { awk '{ print $14 + $15 }' "/proc/$(threads_of 0)/stat"; }

# Buffers of several sizes, twice; each byte is zero, also where another buffer was before.
use() {
	for size in 4K 12K 256K 2M 2800K 4K 12K 256K 2M 2800K; do
		pbuddyctl alloc --size "$size" >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
	done
	pbuddy-test zero >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
	verified && [ "$(event bad_page)" -eq 0 ]
}

poison() {
	load pool=0:32M,1:32M page_poison=1 && [ "$(cat "$params/page_poison")" = Y ] && use
}

on_free() { load pool=0:32M init_on_free=1 && use; }

on_alloc() { load pool=0:32M init_on_alloc=1 && use; }

# Buffers have guards too, when their blocks are small.
guards() {
	load pool=0:32M,1:32M guard_minorder=3 && [ "$(cat "$params/guard_minorder")" = 3 ] && use
}

guards_and_poison() { load pool=0:32M guard_minorder=2 page_poison=1 && use; }

guards_bounds() {
	fails_with 22 'guard_minorder: bad order "10": 0 to 9 is expected' pool=0:32M guard_minorder=10
}

zeroed_ahead() { # PAGEBLOCKS
	echo "zeroed $(event prezero) pageblocks ahead"
	[ "$(event prezero)" -ge "$1" ]
}

# A short run may count as a tick now and then.
thread_rests() {
	time=$(thread_time)
	sleep 3
	echo "the thread ran for $time ticks, then $(thread_time)"
	[ "$(thread_time)" -eq "$time" ]
}

# The node thread zeroes as much as the share says, and allocations find those pageblocks.
prezero() {
	load pool=0:64M && sleep 2 && [ "$(event prezero)" -eq 0 ] || return
	echo 50 >"$params/prezero"
	within 120 zeroed_ahead 16 && sleep 2 && [ "$(event prezero)" -eq 16 ] || return
	within 2 thread_rests || return
	use && echo 1 >"$debugfs/prezero" && use || return
	echo "found $(event prezero_hit) zeroed blocks"
	[ "$(event prezero_hit)" -gt 0 ]
}

prezero_bounds() {
	! echo 101 >"$params/prezero" 2>/dev/null && [ "$(cat "$params/prezero")" = 50 ] &&
		echo 100 >"$params/prezero" && within 120 zeroed_ahead 33
}

# found_zeroed ORDER: a request on CPU 1 got a block that was zeroed before.
found_zeroed() {
	hits=$(event prezero_hit)
	taskset 2 insmod /pbuddy_requester.ko gfp="KERNEL|ZERO" order="$1" && rmmod pbuddy_requester || return
	echo "order $1: found $hits zeroed blocks, then $(event prezero_hit)"
	[ "$(event prezero_hit)" -gt "$hits" ]
}

# The share is less than a pageblock, so all that is found was zeroed for the lists of CPU 1. The node
# thread was on that CPU for it, and is on those of its node again.
prezero_lists() {
	load pool=0:64M prezero=1 || return
	for order in 0 3 7 9; do
		within 120 found_zeroed "$order" || return
	done
	echo "zeroed $(event prezero) pageblocks ahead"
	[ "$(event prezero)" -eq 0 ] && within 120 on_cpus_of_its_node 0
}

ktap_begin
t contents_poison poison
t contents_poison_unload gives_back 16384
t contents_init_on_free on_free
t contents_init_on_free_unload gives_back 8192
t contents_init_on_alloc on_alloc
t contents_init_on_alloc_unload gives_back 8192
t contents_guards guards
t contents_guards_unload gives_back 16384
t contents_guards_and_poison guards_and_poison
t contents_guards_and_poison_unload gives_back 8192
t contents_guards_bounds guards_bounds
t contents_prezero prezero
t contents_prezero_bounds prezero_bounds
t contents_prezero_unload gives_back 16384
t contents_prezero_lists prezero_lists
t contents_prezero_lists_unload gives_back 16384
ktap_end
