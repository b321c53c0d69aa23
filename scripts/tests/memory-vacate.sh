#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock test+newest
# vm: --nodes 2 --timeout 900
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /usr/bin/setpriv
#
# The kernel can take a block of memory offline that the pool had, after it was emptied: vacate=.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

parameter=/sys/module/pbuddy/parameters/vacate
memory=/sys/devices/system/memory

# Sets $range and $block to the highest block of memory all of which the pool has.
find_block() {
	size=$((0x$(cat "$memory"/block_size_bytes)))
	blocks <"$debugfs/extents" >/tmp/pool
	block=
	for number in $(seq 255 -1 0); do
		seq $((number * size / 2097152)) $(((number + 1) * size / 2097152 - 1)) >/tmp/block
		[ "$(grep -cxFf /tmp/block /tmp/pool)" -eq $((size / 2097152)) ] || continue
		block="$memory"/memory$number
		range=$(printf '%x-%x' $((number * size)) $(((number + 1) * size - 1)))
		break
	done
	echo "$block $range"
	[ -n "$block" ]
}

# in_block: pageblocks that the pool has in it.
in_block() { blocks <"$debugfs/extents" | grep -cxFf /tmp/block; }

offline() { echo offline >"$block/state" && [ "$(cat "$block/state")" = offline ]; }

# stays REGEX: the pool is in the way, and says why.
stays() {
	! echo "$range" >"$parameter" 2>/dev/null && said "vacate: [0-9]+ MiB in 0x${range%-*}-0x${range#*-} stay: $1"
}

# It says which buffers are.
refused() {
	load pool=0:320M && find_block && ! offline 2>/dev/null && hold --touch --size 300M --node 0 --strict --label db || return
	stays "[0-9]+ MiB have unmovable blocks, [0-9]+ MiB are busy, 0 MiB belong to groups, 0 MiB are (kept by the watermark, or )?not given back" &&
		said 'resize: [0-9]+ KiB at 0x[0-9a-f]+: buffer [0-9]+ "db" of pbuddyctl\[[0-9]+\], user 0' &&
		! offline 2>/dev/null
	status=$?
	drop
	[ "$status" -eq 0 ] && verified
}

# The block goes offline at once: each new process may get a page of it.
vacated() {
	echo "$range" >"$parameter" && { offline || within 120 offline; } &&
		said "vacate: gave [0-9]+ MiB in 0x${range%-*}-0x${range#*-} back" &&
		[ "$(in_block)" -eq 0 ] && in_iomem && verified
}

# The pool does not grow into memory that is offline, and does when it is online. How far it grows
# depends on what the kernel has to spare.
again() {
	pbuddyctl resize 0 900M
	[ "$(in_block)" -eq 0 ] && verified && pbuddyctl resize 0 128M && echo online_kernel >"$block/state" || return
	pbuddyctl resize 0 900M
	[ "$(in_block)" -gt 0 ] && in_iomem && verified
}

# The group has 300 MiB of 320. What is free in the range is given back.
groups() {
	mkdir -p /sys/fs/cgroup
	grep -q ' /sys/fs/cgroup ' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup || return
	mkdir -p /sys/fs/cgroup/a && load pool=0:320M && find_block && echo '/a 0:150x2M' >/sys/module/pbuddy/parameters/group_give || return
	within 60 stays "0 MiB have unmovable blocks, 0 MiB are busy, [1-9][0-9]* MiB belong to groups, 0 MiB are not given back" &&
		echo '/a all' >/sys/module/pbuddy/parameters/group_take && echo "$range" >"$parameter" && [ "$(in_block)" -eq 0 ] && verified
}

# ZONE_MOVABLE has the highest addresses of the node.
movable() {
	load pool=0:320M movable=50 && find_block &&
		within 60 stays "0 MiB have unmovable blocks, 0 MiB are busy, 0 MiB belong to groups, [1-9][0-9]* MiB are not given back" && verified
}

# What is left must stay free; the buffer has low addresses.
watermark() {
	load pool=0:320M watermark_scale_factor=3000 && find_block && hold --touch --size 108M --node 0 --strict &&
		echo 102400 >/sys/module/pbuddy/parameters/min_free_kbytes || return
	stays "[0-9]+ MiB have unmovable blocks, [0-9]+ MiB are busy, 0 MiB belong to groups, [1-9][0-9]* MiB are kept by the watermark, or not given back"
	status=$?
	drop
	[ "$status" -eq 0 ] && within 120 vacates && verified
}

vacates() { echo "$range" >"$parameter" && [ "$(in_block)" -eq 0 ]; }

bad_values() {
	dmesg -c >/dev/null
	for bad in '' 0 - 0- -1000 2000-1000 x-y 0-1fffffffffffffffff 0-ffffffffffffffff; do
		! echo "$bad" >"$parameter" 2>/dev/null && said 'vacate: bad range ".*": START-END in hexadecimal is expected, as in /proc/iomem' || return
		dmesg -c >/dev/null
	done
	echo 0-fff >"$parameter"
}

# Its mode is not enough. The pool has memory everywhere in the range.
not_without_capability() {
	had=$(node_pages 0) && needs_admin "$parameter" 0-ffffffffffff && [ "$(node_pages 0)" -eq "$had" ] && verified
}

not_at_load() { fails_with 19 'vacate: there is no pool yet' pool=0:16M vacate=0-fff; }

unloads() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

ktap_begin
if [ -e "$memory"/block_size_bytes ]; then
	t vacate_names_what_stays refused
	t vacate_then_offline vacated
	t vacate_grows_again again
	t vacate_bad_values bad_values
	t vacate_needs_cap_sys_admin not_without_capability
	t vacate_unload unloads
	t vacate_not_at_load not_at_load
	t vacate_names_groups groups
	t vacate_names_groups_unload unloads
	t vacate_names_movable movable
	t vacate_names_movable_unload unloads
	t vacate_names_watermark watermark
	t vacate_names_watermark_unload unloads
else
	ktap_skip vacate_then_offline "this kernel cannot take memory offline"
fi
ktap_end
