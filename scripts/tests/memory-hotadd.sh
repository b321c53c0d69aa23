#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock
# vm: --nodes 2 --mem 1G --dimm 640M --append memhp_default_state=offline
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The pool grows into memory that is added to a node after the module was loaded, up to max_address=, or
# without it to what the firmware declares.
# Node 1 has memory below 4 GiB only at first, and the memory module is above.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

memory=/sys/devices/system/memory
size=$((0x$(cat "$memory"/block_size_bytes)))

# add N...: bring these blocks of the memory module online, counted from 0.
add() {
	for n in "$@"; do
		echo online_kernel >"$memory"/memory$((4294967296 / size + n))/state || return
	done
}

# Pageblocks that the pool has from 4 GiB on, or in block N of the module.
pageblocks() { # [N]
	first=$((2048 + ${1-0} * size / 2097152))
	last=$((${1-1000} == 1000 ? 1 << 30 : first + size / 2097152))
	blocks <"$debugfs"/extents | awk -v first="$first" -v last="$last" '$1 >= first && $1 < last' | wc -l
}

at_least() { # NUMBER [N]
	least=$1
	shift
	have=$(pageblocks "$@")
	echo "$have pageblocks of the memory module"
	[ "$have" -ge "$least" ]
}

# Node 1 has less than 400 MiB without the module.
without() {
	load pool=1:16M-300M max_address=0 && add 0 && ! pbuddyctl resize 1 400M && [ "$(pageblocks)" -eq 0 ] &&
		verified && gives_back "$(node_pages 1)"
}

# Fills node 1 to its high watermarks. Then it has nothing for the pool, which leaves a share more to
# the system, and no task is killed.
fill_node() {
	high=$(awk '/^Node/ { on = $2 == "1," } on && $1 == "high" { n += $2 } END { print n * 4 }' /proc/zoneinfo)
	kib=$(awk -v high="$high" '/MemFree/ { print $4 - high }' /sys/devices/system/node/node1/meminfo)
	mkdir -p /tmp/full && mount -t tmpfs -o size=1G,mpol=bind:1 none /tmp/full &&
		dd if=/dev/zero of=/tmp/full/file bs=1K count="$kib" 2>/dev/null
}

# The node has a zone, a thread, and no page.
none_at_load() {
	fill_node && load pool=0:64M,1:16M max_address=5G && owns 1 0 || return
	! pbuddyctl alloc --size 80M && [ -n "$(threads_of 1)" ] && verified
	status=$?
	umount /tmp/full
	[ "$status" -eq 0 ] && within 60 pbuddyctl resize 1 32M && owns 1 32 &&
		pbuddyctl alloc --touch --size 20M --node 1 --strict && verified && unload_soon
}

by_resize() {
	load pool=1:16M-2G max_address=5G && ! pbuddyctl resize 1 600M && pbuddyctl resize 1 16M-2G &&
		add 1 2 && within 60 pbuddyctl resize 1 600M && owns 1 600 && at_least 50 1 && in_iomem && verified
}

# The zone is used, and the CPUs cache its pages, as if it had had memory at load.
is_used() {
	hold --touch --size 580M --node 1 --strict || return
	verified && used=$(awk '/^Node/ { on = $2 == "1," && $4 == "Normal" } on && $1 == "present" { n = $2 }
		on && $1 == "pages" { n -= $3 } END { print n }' "$debugfs"/zoneinfo) && echo "$used pages used" &&
		[ "$used" -gt 20000 ]
	status=$?
	drop
	[ "$status" -eq 0 ]
}

back_and_again() {
	pbuddyctl resize 1 16M && [ "$(pageblocks)" -eq 0 ] && within 60 pbuddyctl resize 1 600M && at_least 50 1 && verified
}

unloads() { gives_back "$(node_pages 1)"; }

by_request() {
	load pool=1:16M-2G max_address=5G && add 3 &&
		pbuddyctl alloc --touch --size 400M --node 1 --strict >/tmp/out && at_least 50 3 && verified && unloads
}

# The sources take the highest memory first.
by_firmware() {
	load pool=0:16M,1:16M && said 'max_address: 0x1[0-9a-f]{8}, below which the firmware declares memory to be added' &&
		add 4 && within 60 pbuddyctl resize 1 200M && at_least 30 4 && verified && in_iomem &&
		gives_back $((4096 + $(node_pages 1)))
}

ktap_begin
t hotadd_none_at_load none_at_load
t hotadd_not_without_max_address without
t hotadd_by_resize by_resize
t hotadd_is_used is_used
t hotadd_back_and_again back_and_again
t hotadd_unload unloads
t hotadd_by_request by_request
t hotadd_by_firmware by_firmware
ktap_end
