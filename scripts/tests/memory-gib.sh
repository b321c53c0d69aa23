#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts
# vm: --one-thread --nodes 2 --mem 10G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Blocks of each order from a page to 1 GiB, from memory of the running kernel, without a boot
# parameter: for programs and for modules. Programs write to all of each block. The guest has several
# aligned GiB, because the kernel may have pages of its own in some of them.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# A pool with a free block of 1 GiB.
loads() {
	load pool=1:1152M && cat "$debugfs/buddyinfo" && awk '$2 == "1," && $NF > 0 { n++ } END { exit !n }' "$debugfs/buddyinfo"
}

# All memory is in free blocks as before, once the lists of the CPUs are empty.
merges() {
	echo 1 >"$debugfs/drain" && verified && cat "$debugfs/buddyinfo" >/tmp/now && cat /tmp/now && cmp /tmp/whole /tmp/now
}

by_device() {
	cat "$debugfs/buddyinfo" >/tmp/whole
	PBUDDY_LARGEST_ORDER=18 pbuddy-test alloc.every_order_contiguous >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
	within 60 merges
}

by_pbuddyctl() {
	for order in $(seq 0 18); do
		pbuddyctl alloc --touch --contig --order "$order" --size $((4 << order))K --node 1 --strict >/tmp/out 2>&1 ||
			{ cat /tmp/out; return 1; }
		cat /tmp/out
		grep -q " 1  *$order " /tmp/out || return
	done
	within 60 merges
}

by_module() {
	for order in $(seq 0 18); do
		insmod /pbuddy_requester.ko order="$order" node=1 gfp='KERNEL|THISNODE' || return
		served=$(cat /sys/module/pbuddy_requester/parameters/on_node)
		rmmod pbuddy_requester
		echo "order $order: $served"
		[ "$served" = 0,1,0,0 ] || return
	done
	within 60 merges
}

ktap_begin
t gib_loads loads
t gib_every_order_by_device by_device
t gib_every_order_by_pbuddyctl by_pbuddyctl
t gib_every_order_by_module by_module
t gib_unload gives_back 294912
ktap_end
