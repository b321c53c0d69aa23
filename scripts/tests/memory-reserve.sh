#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts test+newest
# vm: --one-thread --nodes 2 --append memmap=64M$0x70000000 --append memmap=16M$0x300000000
# vm: --append reserve_mem=64M:2M:pb --append reserve_mem=5M:4K:odd
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The reserve source with regions that reserve_mem= kept since boot, and with addresses that it has
# to refuse. (The memory of memmap= is for memory-range, which shares the guest.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# The kernel decides on which node a region is.
home=
find_home() {
	for node in 0 1; do
		load "pool=$node:64M@reserve=$1" 2>/dev/null || continue
		home=$node
		head -n 12 "$debugfs/zoneinfo"
		unload_soon
	done
	[ -n "$home" ]
}

other() { echo $((1 - home)); }

whole() { load pool="$home":64M@reserve=pb && owns "$home" 64 && verified; }
some() { load pool="$home":10M@reserve=pb && owns "$home" 10; }

# Two elements of one region never get the same pages.
two_shares() {
	load pool="$home":40M@reserve=pb,"$home":40M@reserve=pb &&
		said "node $home: got 24 of 40 MiB from reserve" && owns "$home" 64 && verified
}

# The default of min_free_kbytes is taken from the region, not beside it.
with_watermarks() {
	load_default pool="$home":64M@reserve=pb strict=1 && said "node $home: got 64 MiB from reserve" && owns "$home" 64
}

mixed() { load pool="$home":64M@reserve=pb,"$home":16M,"$(other)":16M && owns "$home" 80; }

wrong_node() {
	status=0
	load pool="$(other)":64M@reserve=pb || status=$?
	[ "$status" -eq 12 ] && said "reserve: \"pb\" has no free memory on node $(other)" &&
		said 'no memory available' && ! loaded
}

# Neither its begin nor its end is a pageblock's.
odd_region() {
	find_home odd && load strict=0 pool="$home":4M@reserve=odd || return
	have=$(node_pages "$home")
	echo "$have pages"
	{ [ "$have" -eq 512 ] || [ "$have" -eq 1024 ]; } && gives_back "$have"
}

# memmap= has reserved addresses at which the guest has no memory.
no_ram() {
	grep '300000000-300ffffff : Reserved' /proc/iomem &&
		fails_with 22 'reserve: 0x300000000-0x300ffffff is not all RAM, see .*' \
			pool=0:16M@reserve=0x300000000
}
# Nor behind what it has reserved.
beyond_memmap() {
	fails_with 22 'reserve: 0x300000000-0x301ffffff is not all RAM, see .*' \
		pool=0:32M@reserve=0x300000000
}

# stays_at_64: a smaller size is refused with a line, and the memory stays.
stays_at_64() {
	! pbuddyctl resize "$home" 8M >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	[ "$status" -eq 0 ] && grep -q 'this memory is not given back' /tmp/out && owns "$home" 64 && verified
}

# Memory that was reserved at boot is not the system's to have; that by which the node grew is.
# As no page that is freed could help, reclaimers keep theirs.
stays() {
	cache=/sys/module/pbuddy_cache/parameters
	load pool="$home":64M@reserve=pb || return
	[ ! -f /pbuddy_cache.ko ] || { insmod /pbuddy_cache.ko && echo 1000 >"$cache"/fill; } || return
	stays_at_64
	kept=$?
	if [ -d "$cache" ]; then
		[ "$(cat "$cache"/held) $(cat "$cache"/scans)" = '1000 0' ] || kept=1
		rmmod pbuddy_cache
	fi
	[ "$kept" -eq 0 ] && pbuddyctl resize "$home" 96M && owns "$home" 96 && in_iomem && verified && stays_at_64
}

ktap_begin
t reserve_region_found find_home pb
before=$(free_pages)
t reserve_whole_region whole
t reserve_gives_back gives_back 16384
t reserve_kernel_does_not_get_it has_again "$before" 1024
t reserve_stays stays
t reserve_stays_unload gives_back 16384
t reserve_with_watermarks with_watermarks
t reserve_with_watermarks_unload gives_back 16384
t reserve_part_of_region some
t reserve_gives_part_back gives_back 2560
t reserve_two_elements_share two_shares
t reserve_gives_shares_back gives_back 16384
t reserve_beside_contig mixed
t reserve_gives_mixed_back gives_back 24576
t reserve_on_the_wrong_node wrong_node
t reserve_unknown_label fails_with 22 'reserve: unknown label "nope": .*' \
	pool="$home":2M@reserve=nope
t reserve_odd_region odd_region
case $(uname -r) in
[1-5].* | 6.?.* | 6.1[0-7].*)
	t reserve_address_without_ram no_ram
	t reserve_beyond_memmap beyond_memmap
	;;
*)
	ktap_skip reserve_address_without_ram "only KVM can read the firmware's map on this kernel"
	;;
esac
ktap_end
