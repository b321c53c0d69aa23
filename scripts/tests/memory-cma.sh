#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test
# vm: --one-thread --nodes 2 --append numa_cma=0:64M,1:64M --append cma=128M
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The cma source: by the DMA API on 6.12, by cma_alloc() and the DMA API on 7.3. There is
# a 64 MiB area on each node, and one of 128 MiB on the node the kernel chose.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# Pages that the areas have given out, by their own bitmaps.
cma_used() { cat /sys/kernel/debug/cma/*/used | awk '{ n += $1 } END { print n }'; }

both() { load pool=0:64M@cma,1:64M@cma && owns 0 64 && owns 1 64 && verified; }

# The pages come from the areas, not from the rest of the system.
from_the_areas() {
	load pool=0:64M@cma || return
	taken=$(($(cma_used) - used))
	echo "the areas gave $taken pages"
	[ "$taken" -eq 16384 ]
}

# All areas, on whichever node the one of 128 MiB is: never memory of the other node.
everything() {
	load pool=0:512M@cma,1:512M@cma || return
	zero=$(($(node_pages 0) / 256))
	one=$(($(node_pages 1) / 256))
	echo "node 0: $zero MiB, node 1: $one MiB"
	said 'node 0: got (64|192) of 512 MiB from cma' &&
		said 'node 1: got (64|192) of 512 MiB from cma' &&
		[ $((zero + one)) -eq 256 ] && verified
}

too_much_strict() {
	fails_with 12 'node 0: got (64|192) of 512 MiB from cma, and strict=1' \
		strict=1 pool=0:512M@cma
}

beside_contig() { load pool=0:16M@cma,0:16M && owns 0 32 && verified; }

odd_sizes() { load pool=0:6M@cma,0:10M@cma,0:2M@cma && owns 0 18 && verified; }

# A long-term pin fails at once, instead of never; others work.
pins() {
	load pool=0:64M@cma || return
	pbuddy-test pin.long_term_in_contiguous_area pin.short_term_in_contiguous_area >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	[ "$status" -eq 0 ]
}

areas_full_again() {
	echo "$used pages given out at first, $(cma_used) now"
	[ "$(cma_used)" -eq "$used" ]
}

# Parts of extents go back to their areas, and come from there again.
resized() {
	load pool=0:32M@cma,1:16M && pbuddyctl resize 0 10M && owns 0 10 && verified &&
		[ "$(cma_used)" -eq $((used + 2560)) ] && within 60 pbuddyctl resize 0 32M && owns 0 32 && verified &&
		[ "$(cma_used)" -eq $((used + 8192)) ] && pbuddyctl resize 0 10M && owns 0 10
}

# A request makes the pool grow from an area, up to the maximum and to the area's end.
grows() {
	load pool=0:16M-48M@cma && pbuddyctl alloc --touch --size 40M --node 0 --strict >/tmp/out &&
		owns 0 48 && [ "$(cma_used)" -eq $((used + 12288)) ] && verified &&
		! pbuddyctl alloc --touch --size 49M --node 0 --strict && owns 0 48 &&
		! pbuddyctl resize 0 512M && verified && [ "$(node_pages 0)" -eq $(($(cma_used) - used)) ]
}

gives_all_back() { gives_back "$(node_pages 0)"; }

# The device by which areas of a node are used stays while the module is loaded, also without an extent:
# removing it takes locks that must not be taken in reclaim.
device() { ls -d /sys/bus/platform/devices/pbuddy.*; }

keeps_device() {
	load pool=0:16M@cma,1:16M@cma && device >/tmp/before && echo 0-ffffffffff >/sys/module/pbuddy/parameters/vacate &&
		owns 0 0 && owns 1 0 && device >/tmp/after && cmp /tmp/before /tmp/after && gives_back 0 && ! device
}

# 4 MiB that are free from 1 MiB on have one whole pageblock, and the 6 MiB that are tried instead are
# elsewhere, three pageblocks of which two are wanted.
unaligned() {
	for area in /sys/kernel/debug/cma/*; do
		echo 1281 >"$area"/alloc && echo 1280 >"$area"/free && echo 256 >"$area"/alloc || return
	done
	now=$(cma_used)
	load strict=1 pool=0:4M@cma,1:4M@cma && owns 0 4 && owns 1 4 && [ "$(cma_used)" -eq $((now + 2048)) ] && verified
	status=$?
	for area in /sys/kernel/debug/cma/*; do
		echo 257 >"$area"/free
	done
	return "$status"
}

# Two sources of a node: what one lacks, the other provides.
grows_from_both() {
	load pool=0:16M-32M@cma,0:16M-32M && within 60 pbuddyctl resize 0 320M && owns 0 320 && verified &&
		echo "$(cma_used) pages of the areas" && [ "$(cma_used)" -ge $((used + 16384)) ]
}

ktap_begin
used=$(cma_used)
t cma_on_both_nodes both
t cma_gives_back gives_back 32768
t cma_takes_from_the_areas from_the_areas
t cma_gives_area_back gives_back 16384
t cma_has_again_what_it_had areas_full_again
t cma_pins pins
t cma_gives_back_after_pins gives_back 16384
t cma_everything everything
t cma_gives_everything_back gives_back 65536
t cma_strict too_much_strict
t cma_beside_contig beside_contig
t cma_gives_mixed_back gives_back 8192
t cma_odd_sizes odd_sizes
t cma_gives_odd_sizes_back gives_back 4608
t cma_unaligned unaligned
t cma_gives_unaligned_back gives_back 2048
t cma_resize resized
t cma_gives_rest_back gives_back 6656
t cma_grows grows
t cma_gives_grown_back gives_all_back
t cma_keeps_device keeps_device
t cma_grows_from_both grows_from_both
t cma_gives_both_back gives_back 81920
t cma_areas_are_full_at_the_end areas_full_again
ktap_end
