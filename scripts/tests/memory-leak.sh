#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test debug
# vm: --one-thread --nodes 2 --allow-splat pbuddy:.(leaked|module)
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Memory that an in-kernel user never freed: rmmod is refused while the user is loaded, each block is
# listed with its owner, its pageblocks are never returned or taken again, and all others are.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

leaker() { insmod /pbuddy_leaker.ko "$@"; }
where='insmod\[[0-9]+\] at leaker_init\+0x.* \[pbuddy_leaker\]'

# The module cannot go while another depends on it.
held() {
	load owner=1 pool=0:16M && leaker blocks=8 leak=3 order=1 || return
	! unload && loaded
}

owners_listed() {
	cat "$debugfs/owners"
	[ "$(grep -c '^pfn 0x[0-9a-f]* order 1, pid [0-9]* (insmod)' "$debugfs/owners")" -eq 8 ]
}

told_when_user_goes() {
	dmesg -c >/dev/null
	rmmod pbuddy_leaker &&
		said "module pbuddy_leaker leaves pfn 0x[0-9a-f]+ order 1 allocated by $where" &&
		said 'module pbuddy_leaker leaves 6 pages allocated in 3 blocks'
}

listed_at_the_end() {
	leaked=$(sed -n 's/^pfn 0x\([0-9a-f]*\) .*/\1/p' "$debugfs/owners")
	verified && unload_soon || return
	for pfn in $leaked; do
		said "leaked: pfn 0x$pfn order 1 owner $where" || return
	done
	[ "$(echo "$leaked" | wc -l)" -eq 3 ] &&
		said 'leaked: 6 pages in 3 blocks; their pageblocks are not given back'
}

rest_returned() { said 'returned 3584 of 4096 pages'; }

# The kernel does not get the pageblock, so the next pool cannot either.
not_taken_again() {
	load owner=1 pool=0:256M && leaker blocks=128 leak=0 order=9 || return
	sed -n 's/^pfn 0x\([0-9a-f]*\) order 9, .*/\1/p' "$debugfs/owners" >/tmp/pageblocks
	rmmod pbuddy_leaker
	echo "$(wc -l </tmp/pageblocks) pageblocks in the pool"
	[ "$(wc -l </tmp/pageblocks)" -eq 128 ] || return
	for pfn in $leaked; do
		! grep -x "$(printf %x $((0x$pfn & ~511)))" /tmp/pageblocks || return
	done
	! grep -q . "$debugfs/owners" && unload_soon && said 'returned 65536 of 65536 pages'
}

# A block larger than a pageblock: all pageblocks that it covers stay.
large_block() {
	load pool=0:64M && leaker blocks=3 leak=2 order=10 && rmmod pbuddy_leaker && unload_soon &&
		said 'leaked: pfn 0x[0-9a-f]+ order 10 owner unknown \(load with owner=1 to know\)' &&
		said 'leaked: 2048 pages in 2 blocks; .*' && said 'returned 14336 of 16384 pages'
}

# At most 32 blocks are listed; the total counts all.
many() {
	load pool=0:16M && leaker blocks=300 leak=100 order=0 && rmmod pbuddy_leaker &&
		unload_soon && said 'leaked: and 68 blocks more' &&
		said 'leaked: 100 pages in 100 blocks; .*' &&
		[ "$(dmesg | grep -c 'pbuddy: leaked: pfn')" -eq 32 ]
}

no_leak() {
	load owner=1 pool=0:16M && leaker blocks=20 leak=0 && rmmod pbuddy_leaker &&
		gives_back 4096 && ! dmesg | grep leaked
}

# Until the kernel uses the addresses of one again for the next.
load_others() {
	for _ in $(seq 10); do
		insmod /pbuddy_leaver.ko leak=0 && rmmod pbuddy_leaver || return
	done
}

# The next module has no leaks, and the name of the first, or its addresses.
same_name() {
	load owner=1 pool=0:16M && load_others && leaker blocks=8 leak=3 || return
	before=$(init_code pbuddy_leaker)
	rmmod pbuddy_leaker && said 'module pbuddy_leaker leaves 3 pages allocated in 3 blocks' &&
		dmesg -c >/dev/null && leaker blocks=8 leak=0 && rmmod pbuddy_leaker &&
		! said 'module .* leaves .*'
}

init_code() { cat "/sys/module/$1/sections/.init.text"; }

# The kernel uses addresses again after some time.
same_addresses() {
	dmesg -c >/dev/null
	for try in $(seq 30); do
		insmod /pbuddy_leaver.ko blocks=8 leak=0 || return
		after=$(init_code pbuddy_leaver)
		echo "load $try: $before $after"
		rmmod pbuddy_leaver && ! said 'module .* leaves .*' || return
		[ "$before" != "$after" ] || return 0
		sleep 0.1
	done
}

first_stays_listed() {
	unload_soon && said "leaked: pfn 0x[0-9a-f]+ order 0 owner $where" &&
		said 'leaked: 3 pages in 3 blocks; .*' && ! said 'leaked: .*pbuddy_leaver.*'
}

failed_to_load() {
	load owner=1 pool=0:16M && ! leaker blocks=3 leak=3 fail=1 &&
		said 'module pbuddy_leaker leaves 3 pages allocated in 3 blocks'
}

failed_is_listed() { unload_soon && said "leaked: pfn 0x[0-9a-f]+ order 0 owner $where"; }

ktap_begin
t leak_user_holds_the_module held
t leak_owners_in_debugfs owners_listed
t leak_told_when_the_user_goes told_when_user_goes
t leak_listed_with_owner listed_at_the_end
t leak_rest_is_returned rest_returned
t leak_is_not_taken_again not_taken_again
t leak_of_large_blocks large_block
t leak_of_many_blocks many
t leak_none no_leak
t leak_is_not_of_the_same_name same_name
t leak_is_not_of_the_same_addresses same_addresses
[ "$before" = "$after" ] || ktap_skip leak_addresses_again "$before was not used again"
t leak_stays_that_of_the_first first_stays_listed
t leak_told_when_the_user_fails_to_load failed_to_load
t leak_of_failed_user_is_listed failed_is_listed
ktap_end
