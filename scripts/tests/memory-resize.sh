#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --nodes 2 --timeout 900
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /usr/bin/setpriv
#
# A node that is resized while it is in use: it gives memory back to the kernel and takes memory
# again, moves what can be moved, and says what stays.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

parameter=/sys/module/pbuddy/parameters/resize

# resized NODE SIZE[-MAX] MIB: it works, and the node has so much.
resized() {
	pbuddyctl resize "$1" "$2" && owns "$1" "$3" && verified
}

# enlarged NODE SIZE[-MAX] MIB: the same, when the kernel can move what it has in the range, which it may
# be using for a moment.
enlarged() { within 60 resized "$@"; }

# stays WORDS NODE SIZE: it fails, and says so.
stays() {
	words=$1
	shift
	! pbuddyctl resize "$@" >/tmp/stays 2>&1
	status=$?
	cat /tmp/stays
	[ "$status" -eq 0 ] && grep -q "$words" /tmp/stays && verified
}

node_free() { unused_pages "$1"; }

# has_more: of 48 MiB some may be in use again for a moment.
has_more() {
	has=$(node_free 0)
	echo "node 0 has $had, then $has pages free"
	[ $((has - had)) -gt $((44 * 256)) ]
}

# The kernel has the memory again, not only the pool less.
down() {
	load pool=0:64M,1:16M && had=$(node_free 0) && resized 0 16M 16 && owns 1 16 && within 60 has_more || return
	said 'node 0: resized from 64 to 16 MiB' &&
		[ "$(event shrink)" -eq $((48 * 256)) ]
}

same() { resized 0 16M 16 && [ "$(event shrink)" -eq $((48 * 256)) ]; }

# What was given back may be in use by now: other memory of the node does.
up() { enlarged 0 48M 48 && enlarged 0 64M 64 && [ "$(event grow)" -eq $((48 * 256)) ]; }

# More than at load, without a maximum then.
beyond() {
	enlarged 0 200M 200 && pbuddyctl alloc --touch --size 160M --node 0 --strict && resized 0 64M 64
}

not_below_use() {
	hold --touch --size 24M --node 0 --strict || return
	stays 'cannot be moved' 0 16M && [ "$(node_pages 0)" -ge $((24 * 256)) ] &&
		[ "$(node_pages 0)" -lt $((32 * 256)) ]
	status=$?
	drop
	[ "$status" -eq 0 ] && resized 0 16M 16
}

unloads() { gives_back $(($(node_pages 0) + $(node_pages 1))); }

# With MAX it grows when a request needs it, above the size and up to the maximum.
maximum() {
	load pool=0:16M-128M,1:16M && resized 0 8M-40M 8 &&
		pbuddyctl alloc --touch --size 38M --node 0 --strict && [ "$(node_pages 0)" -le $((40 * 256)) ] &&
		! pbuddyctl alloc --size 42M --node 0 --strict && [ "$(node_pages 0)" -le $((40 * 256)) ] &&
		resized 0 24M 24 && ! pbuddyctl alloc --size 26M --node 0 --strict && owns 0 24 &&
		enlarged 0 100M-128M 100 && resized 1 8M 8
}

by_parameter() {
	[ "$(cat "$parameter")" = 0:100M-128M,1:8M ] && echo 0:16M-32M >"$parameter" && owns 0 16 &&
		[ "$(cat "$parameter")" = 0:16M-32M,1:8M ] && echo 1:16M >"$parameter" && owns 1 16
}

# refused TEXT REGEX: of the parameter, with one line in the log.
refused() {
	! echo "$1" >"$parameter" && said "$2" && owns 0 16
}

bad_values() {
	dmesg -c >/dev/null
	# The last two are 16 MiB and 32 MiB above 2^64.
	for bad in '' 0 0: 0:0 0:16M-8M 0:16M- 0:-16M 0:16X x:16M 0:16M,1:16M 0K:16M -1:16M \
		0:17592186044432M 0:16M-17592186044448M; do
		refused "$bad" 'resize: bad .*' || return
	done
	refused 5:16M 'resize: bad node .*' && refused 0:100G 'resize: bad size .*' &&
		! pbuddyctl resize 0 100G && ! pbuddyctl resize 7 16M && ! pbuddyctl resize 0 0 &&
		! pbuddyctl resize 0 16M-8M && ! pbuddyctl resize 0 && owns 0 16
}

# The mode of the parameter is not enough.
not_without_capability() {
	needs_admin "$parameter" 0:8M && owns 0 16 && ! /setpriv --bounding-set=-sys_admin pbuddyctl resize 0 8M &&
		owns 0 16
}

# Where sizes are given at load is said.
not_at_load() {
	fails_with 19 'resize: there is no pool yet; pool= has the sizes at load' pool=0:16M resize=0:8M
}

source_is_empty() {
	stays 'no more memory' 0 990M && [ "$(node_pages 0)" -gt $((16 * 256)) ] && resized 0 16M 16
}

# Movable pages of a module leave the pageblocks that are given back. The node thread moves none of them
# meanwhile: the pageblocks that it empties are busy then.
moves() {
	load pool=0:64M compaction_proactiveness=0 && insmod /pbuddy_movable.ko objects=1000000 free=60 || return
	resized 0 32M 32 && cat /sys/module/pbuddy_movable/parameters/check &&
		grep -q '[^0-9]0 wrong\|wrong 0' /sys/module/pbuddy_movable/parameters/check &&
		[ "$(event pgmigrate_success)" -gt 100 ]
}

# More than is free cannot be given back.
moves_what_fits() {
	stays 'in use or below the watermark' 0 8M && [ "$(node_pages 0)" -lt $((32 * 256)) ] &&
		grep -q '[^0-9]0 wrong\|wrong 0' /sys/module/pbuddy_movable/parameters/check &&
		rmmod pbuddy_movable && verified && resized 0 8M 8
}

# Buffers and movable pages have their contents while a node is resized in a loop.
under_load() {
	load pool=0:64M,1:16M && insmod /pbuddy_movable.ko objects=12000 free=75 || return
	# It takes some seconds, in which a slow machine may have resized the node too seldom.
	for _ in 1 2 3 4 5; do
		status=0
		pbuddy-test resize.under_load >/tmp/out 2>&1 || status=$?
		moved=$(event pgmigrate_success)
		if [ "$status" -ne 0 ] || [ "$moved" -gt 0 ]; then break; fi
	done
	cat /tmp/out /sys/module/pbuddy_movable/parameters/check
	echo "$moved pages moved, $(event shrink) given back, $(event grow) taken"
	[ "$status" -eq 0 ] && [ "$moved" -gt 0 ] && [ "$(event shrink)" -eq "$(event grow)" ] &&
		grep -q '[^0-9]0 wrong\|wrong 0' /sys/module/pbuddy_movable/parameters/check &&
		owns 0 64 && verified && rmmod pbuddy_movable && verified
}

# The command and the log name the buffer.
names_buffers() {
	load pool=0:64M && hold --touch --size 24M --node 0 --strict --label huge || return
	stays 'buffer [0-9]* "huge" of pbuddyctl\[[0-9]*\], user 0$' 0 16M &&
		! echo 0:16M >"$parameter" && said 'resize: [0-9]+ KiB at 0x[0-9a-f]+: buffer [0-9]+ "huge" of pbuddyctl\[[0-9]+\], user 0' &&
		! pbuddyctl resize --json 0 16M >/tmp/json 2>&1 && grep '"label": "huge"' /tmp/json
	status=$?
	cat /tmp/json
	drop
	return "$status"
}

# /proc/iomem has what the pool has, after each change, and nothing when the module is unloaded.
iomem() {
	load pool=0:64M-128M,1:16M && in_iomem && grep '^  [0-9a-f-]* : pbuddy node 1' /proc/iomem &&
		resized 0 32M-128M 32 && in_iomem && enlarged 0 62M-128M 62 && in_iomem &&
		hold --size 30M --node 0 --strict || return
	stays 'cannot be moved' 0 8M && in_iomem
	status=$?
	drop
	[ "$status" -eq 0 ] && pbuddyctl resize 0 16M-128M &&
		pbuddyctl alloc --size 40M --node 0 --strict && [ "$(node_pages 0)" -gt $((16 * 256)) ] && in_iomem
}

iomem_unload() {
	unloads && ! grep pbuddy /proc/iomem
}

# Sizes are shares of the pool at insmod.
keeps_areas() {
	load pool=0:64M movable=25 cma=50 && stays 'not given back' 0 8M && owns 0 40 && enlarged 0 64M 64
}

with_debugging() {
	load pool=0:64M owner=1 page_poison=1 guard_minorder=2 || return
	hold --touch --size 8M --node 0 --strict || return
	stays 'allocated by.*pbuddyctl' 0 2M
	status=$?
	drop
	[ "$status" -eq 0 ] && resized 0 16M 16 && enlarged 0 64M 64 &&
		pbuddyctl alloc --touch --size 60M --node 0 --strict && [ "$(event bad_page)" -eq 0 ]
}

failslab=/sys/kernel/debug/failslab

# Each allocation that a function of the module makes, however indirectly, fails.
faults_in() {
	awk '$4 == "[pbuddy]" && $2 ~ /[tT]/ { print $1, $3 }' /proc/kallsyms | sort |
		awk -v name="$1" 'on && $1 != start { print start, $1; exit } $2 == name { on = 1; start = $1 }' >/tmp/function
	read -r first last </tmp/function || return
	echo "$1 is at $first to $last"
	echo N >"$failslab/ignore-gfp-wait" && echo 0 >"$failslab/verbose" && echo -1 >"$failslab/times" &&
		echo "0x$first" >"$failslab/require-start" && echo "0x$last" >"$failslab/require-end" &&
		echo 100 >"$failslab/probability"
}

no_faults() {
	echo 0 >"$failslab/probability"
	echo 0 >"$failslab/require-start"
	echo 0xffffffffffffffff >"$failslab/require-end"
}

# The memory was taken from the system, is in /proc/iomem and in the list of extents, and the pool has
# no metadata for it. That only memory needs which the pool never had.
growth_fails() {
	load pool=0:16M,1:16M && cat "$debugfs/extents" >/tmp/extents && before_growth=$(free_pages) || return
	faults_in pb_pool_grow && stays 'no more memory' 0 64M
	status=$?
	no_faults
	cat "$debugfs/extents"
	[ "$status" -eq 0 ] && owns 0 16 && cmp /tmp/extents "$debugfs/extents" && in_iomem &&
		[ "$(event grow)" -eq 0 ] && [ "$(event grow_fail)" -gt 0 ] && has_again "$before_growth" 4096 &&
		enlarged 0 64M 64 && in_iomem
}

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
t resize_down down
t resize_to_the_same same
t resize_up up
t resize_beyond_load beyond
t resize_not_below_use not_below_use
t resize_unload unloads
t resize_maximum maximum
t resize_parameter by_parameter
t resize_bad_values bad_values
t resize_needs_cap_sys_admin not_without_capability
t resize_source_is_empty source_is_empty
t resize_unload_again unloads
t resize_not_at_load not_at_load
if [ -f /pbuddy_movable.ko ]; then
	t resize_moves moves
	t resize_moves_what_fits moves_what_fits
	t resize_moves_unload unloads
	t resize_under_load under_load
	t resize_under_load_unload unloads
else
	ktap_skip resize_moves "no pbuddy_movable.ko here"
fi
if [ -e "$failslab/require-start" ]; then
	t resize_growth_fails growth_fails
	t resize_growth_fails_unload unloads
else
	ktap_skip resize_growth_fails "no faults by caller in this kernel"
fi
t resize_names_buffers names_buffers
t resize_names_unload unloads
t resize_iomem iomem
t resize_iomem_unload iomem_unload
t resize_keeps_areas keeps_areas
t resize_keeps_areas_unload unloads
t resize_with_owner_and_poison with_debugging
t resize_with_owner_and_poison_unload unloads
t resize_kernel_has_its_memory_again has_again "$before" 4096
ktap_end
