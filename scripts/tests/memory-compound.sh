#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test
# vm: --one-thread --nodes 2 --append memmap=64M$0x70000000 --append memmap=16M$0x300000000
# vm: --append reserve_mem=64M:2M:pb --append reserve_mem=5M:4K:odd
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Compound pages (__GFP_COMP) that are mapped into a process, pinned there, and freed while they are
# pinned: kunit/samples/pbuddy_pinner.c. The range of memmap= has struct pages of
# memremap_pages(). scripts/example-test runs this on other kernels, with the module built outside
# of the tree and without the range. (reserve_mem= is for memory-reserve, which shares the guest.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

deferred() { awk '$1 == "nr_compound_deferred_pages" { print $2 }' "$debugfs/vmstat"; }

# pinned ORDERS PARAMETERS...: on a pool with these parameters all goes well and nothing is left.
pinned() {
	orders=$1
	shift
	load "$@" || return
	insmod /pbuddy_pinner.ko orders="$orders" || { dmesg | tail -n 5; return 1; }
	rmmod pbuddy_pinner && [ "$(deferred)" -eq 0 ] && verified
}

# Blocks that are charged and compound: the account is empty again.
charged() {
	load pool=0:32M || return
	insmod /pbuddy_requester.ko gfp='KERNEL|COMP|ACCOUNT' order=3 times=5 || return
	[ "$(cat /sys/module/pbuddy_requester/parameters/served)" -eq 5 ] && rmmod pbuddy_requester &&
		verified && ! grep -v '^all - - 0 ' "$debugfs/accounts"
}

in_range() {
	for node in 1 0; do
		load pool="$node":64M@reserve=0x70000000 2>/dev/null && break
	done
	unload_soon && pinned 1,3,9,10 pool="$node":64M@reserve=0x70000000
}

ktap_begin
t compound_pinned pinned 1,2,3,6,9 pool=0:64M,1:64M
t compound_gives_back gives_back 32768
t compound_pinned_in_movable pinned 1,3,9 pool=0:64M,1:64M movable=50
t compound_gives_back_movable gives_back 32768
t compound_with_poison_and_guards pinned 1,3,9 pool=0:64M,1:64M page_poison=1 guard_minorder=5 owner=1
t compound_gives_back_poisoned gives_back 32768
if [ -f /pbuddy_requester.ko ]; then
	t compound_charged charged
	t compound_gives_back_charged gives_back 8192
fi
if grep -q 'memmap=' /proc/cmdline; then
	t compound_pinned_in_range in_range
	t compound_gives_back_range gives_back 16384
fi
ktap_end
