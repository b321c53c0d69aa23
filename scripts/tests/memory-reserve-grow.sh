#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock debug
# vm: --one-thread --nodes 1 --mem 5G --append memmap=64M$0x70000000 --append memmap=64M$0x140000000
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# A node that has only memory that was set aside at boot grows by memory of the running kernel, and
# gives that back. What was set aside stays. Node 0 has memory below and above 4 GiB; the kernel gives
# the highest first, so that the zone that grows has no memory at load in most of these tests.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

low=0x70000000
high=0x140000000
params=/sys/module/pbuddy/parameters

# source_has NAME MIB: the pool has so much of a source.
source_has() {
	have=$(grep " $1\$" "$debugfs"/extents | blocks | wc -l)
	echo "source $1: $have pageblocks"
	[ "$have" -eq $(($2 / 2)) ]
}

# zone_pages NAME: pages of the pool in that zone.
zone_pages() { awk -v zone="$1" '/^Node/ { on = $4 == zone } on && $1 == "present" { print $2 }' "$debugfs"/zoneinfo; }

# The zone that has nothing at load is in zoneinfo only, as in mm/.
by_resize() {
	load pool=0:64M@reserve="$low" && owns 0 64 && [ "$(grep -c '^Node' "$debugfs"/buddyinfo)" -eq 1 ] &&
		[ "$(zone_pages Normal)" -eq 0 ] && within 60 pbuddyctl resize 0 256M && owns 0 256 && source_has reserve 64 &&
		source_has contig 192 && [ "$(zone_pages Normal)" -eq $((192 * 256)) ] && in_iomem && verified &&
		pbuddyctl alloc --touch --size 250M --node 0 --strict && verified
}

gives_it_back() {
	pbuddyctl resize 0 64M && owns 0 64 && source_has contig 0 && in_iomem && verified &&
		pbuddyctl resize 0 128M && owns 0 128 && pbuddyctl resize 0 64M && owns 0 64
}

# Blocks of the memory that leaves move into what stays.
stays() {
	pbuddyctl resize 0 128M && ! pbuddyctl resize 0 32M >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	[ "$status" -eq 0 ] && grep -q 'this memory is not given back' /tmp/out &&
		grep -q '64M of groups, source reserve' /tmp/out && owns 0 64 && dmesg -c >/dev/null || return
	! echo 0:32M >"$params"/resize && owns 0 64 && verified &&
		said 'resize: node 0 has 64 MiB, not 32: .* 64 MiB stay \(source reserve, .*'
}

unloads() { gives_back "$(node_pages 0)"; }

# Requests that may not use the memory by which the node would grow do not make it grow up to its
# maximum; its thread does once, for the order of the request.
on_demand() {
	load pool=0:64M-256M@reserve="$low" && owns 0 64 || return
	insmod /pbuddy_requester.ko node=0 order=14 times=4 gfp='KERNEL|DMA32|NOWARN' &&
		served=$(cat /sys/module/pbuddy_requester/parameters/served) && rmmod pbuddy_requester &&
		echo "$served of 4 requests for 64 MiB below 4 GiB" && [ "$served" -eq 4 ] && owns 0 64 || return
	hold --size 4M --node 0 --strict || return
	insmod /pbuddy_requester.ko node=0 order=14 times=4 gfp='KERNEL|DMA32|NOWARN' &&
		served=$(cat /sys/module/pbuddy_requester/parameters/served) && rmmod pbuddy_requester &&
		[ "$served" -eq 0 ] && owns_between 0 64 128
	status=$?
	drop
	[ "$status" -eq 0 ] && pbuddyctl alloc --touch --size 128M --node 0 --strict && owns_between 0 128 255 &&
		source_has reserve 64 && ! pbuddyctl alloc --size 257M --node 0 --strict && owns_between 0 128 255 &&
		pbuddyctl alloc --touch --size 250M --node 0 --strict && owns_between 0 250 256 && verified
}

idle_goes_back() {
	echo 1 >"$params"/idle_seconds && within 60 owns 0 64 && echo 0 >"$params"/idle_seconds &&
		source_has reserve 64 && verified && pbuddyctl alloc --size 128M --node 0 --strict && owns_between 0 128 256
}

# Above 4 GiB there is not so much: the zone below gets its first memory.
into_the_lower_zone() {
	load pool=0:64M@reserve="$high" && [ "$(zone_pages DMA32)" -eq 0 ] && within 60 pbuddyctl resize 0 2300M && owns 0 2300 &&
		[ "$(zone_pages DMA32)" -gt 0 ] && verified &&
		insmod /pbuddy_requester.ko node=0 order=9 gfp='KERNEL|DMA32' &&
		[ "$(cat /sys/module/pbuddy_requester/parameters/served)" -eq 1 ] && rmmod pbuddy_requester &&
		pbuddyctl resize 0 64M && owns 0 64 && verified
}

# SIZE is what was set aside, with the reserve of min_free_kbytes; requests can have all of MAX.
with_watermarks() {
	load_default pool=0:64M-128M@reserve="$low" && owns 0 64 && pbuddyctl alloc --size 128M --node 0 --strict &&
		owns_between 0 130 140 && verified
}

# No element of pool= is needed for it, but MAX may be that of another one.
beside_contig() {
	load pool=0:64M@reserve="$low",0:16M-32M && owns 0 80 && pbuddyctl alloc --size 90M --node 0 --strict &&
		owns 0 96 && ! pbuddyctl alloc --size 97M --node 0 --strict && within 60 pbuddyctl resize 0 128M && owns 0 128 &&
		source_has contig 64 && verified
}

not_with_movable() {
	load pool=0:64M@reserve="$low" movable=100 && ! pbuddyctl resize 0 128M && owns 0 64
}

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
t reserve_grows_by_resize by_resize
t reserve_grown_goes_back gives_it_back
t reserve_grown_stays stays
t reserve_grown_unload unloads
t reserve_grows_on_demand on_demand
t reserve_grown_idle_goes_back idle_goes_back
t reserve_grown_on_demand_unload unloads
t reserve_grows_into_the_lower_zone into_the_lower_zone
t reserve_grown_lower_zone_unload unloads
t reserve_grows_with_watermarks with_watermarks
t reserve_grown_with_watermarks_unload unloads
t reserve_grows_beside_contig beside_contig
t reserve_grown_beside_contig_unload unloads
t reserve_grows_not_with_movable not_with_movable
t reserve_grown_not_with_movable_unload unloads
t reserve_grows_bad_maximum fails_with 22 'pool: bad maximum "1T": it is too large, node 0 has [0-9]+ MiB' \
	pool=0:64M-1T@reserve="$low"
t reserve_grown_kernel_has_its_memory_again has_again "$before" 4096
ktap_end
