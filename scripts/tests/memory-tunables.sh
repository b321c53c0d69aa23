#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test
# vm: --one-thread --nodes 2 --mem 6G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Parameters that change watermarks and reserves while the module runs, with the results that the
# kernel has for the same numbers; values that are refused; and CMA pageblocks.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters

# Sum of a field of zoneinfo over all zones.
sum() { awk -v f="$1" '$1 == f { n += $2 } END { print n + 0 }' "$debugfs/zoneinfo"; }

defaults() {
	grep . "$params"/*
	[ "$(cat "$params/min_free_kbytes")" = 0 ] &&
		[ "$(cat "$params/watermark_scale_factor")" = 10 ] &&
		[ "$(cat "$params/watermark_boost_factor")" = 15000 ] &&
		[ "$(sum min)" -eq 0 ] && [ "$(sum high)" -eq 0 ]
}

min_free() {
	echo 4096 >"$params/min_free_kbytes" || return
	echo "min $(sum min) low $(sum low) high $(sum high)"
	# 1024 pages, rounded down in each zone, and a small mark in the movable ones.
	[ "$(sum min)" -ge 1022 ] && [ "$(sum min)" -le $((1024 + 2 * 128)) ] &&
		[ "$(sum low)" -gt "$(sum min)" ] && [ "$(sum high)" -gt "$(sum low)" ]
}

scale_factor() {
	before=$(sum low)
	echo 1000 >"$params/watermark_scale_factor" || return
	echo "low $before, then $(sum low); present $(sum present)"
	[ $(($(sum low) - $(sum min))) -ge $(($(sum present) / 10 - 8)) ]
}

reserves() {
	echo 4,8,0 >"$params/lowmem_reserve_ratio" || return
	grep protection "$debugfs/zoneinfo"
	grep protection "$debugfs/zoneinfo" | grep -vq '(0, 0, 0)' || return
	echo '0 0 0' >"$params/lowmem_reserve_ratio" || return
	! grep protection "$debugfs/zoneinfo" | grep -v '(0, 0, 0)'
}

refused() { # FILE VALUE...
	file=$1
	shift
	for value; do
		before=$(cat "$params/$file")
		if echo "$value" >"$params/$file" 2>/dev/null; then
			echo "$file took $value"
			return 1
		fi
		[ "$(cat "$params/$file")" = "$before" ] || return
	done
	dmesg | tail -n 1 | grep "pbuddy: $file: bad"
}

back_to_none() {
	echo 0 >"$params/min_free_kbytes" && [ "$(sum min)" -eq 0 ] && [ "$(sum high)" -eq 0 ]
}

at_load() {
	unload && load pool=0:64M min_free_kbytes=1024 watermark_scale_factor=100 || return
	echo "min $(sum min) low $(sum low)"
	[ "$(sum min)" -eq 256 ] && [ "$(sum low)" -eq $((256 + 163)) ]
}

refused_at_load() { unload && ! insmod /pbuddy.ko pool=0:16M watermark_scale_factor=0; }

# The column of a type in pagetypeinfo's last table, summed over zones.
blocks_of() { # TYPE
	awk -v t="$1" '/^Number of blocks/ { on = 1; for (i = 5; i <= NF; i++) if ($i == t) col = i }
		on && /^Node/ { n += $col } END { print n + 0 }' "$debugfs/pagetypeinfo"
}

cma_share() {
	load pool=0:64M movable=50 cma=25 || return
	cat "$debugfs/pagetypeinfo"
	[ "$(blocks_of CMA)" -eq 4 ] && [ "$(blocks_of Movable)" -eq 28 ] &&
		[ "$(event nr_free_cma)" -eq 2048 ]
}

ktap_begin
load movable=25 pool=0:128M,1:64M
t tunables_defaults defaults
t tunables_min_free min_free
t tunables_scale_factor scale_factor
t tunables_lowmem_reserve reserves
t tunables_refuse_min_free refused min_free_kbytes -1 x ''
t tunables_refuse_scale refused watermark_scale_factor 0 3001 -5 ten
t tunables_refuse_boost refused watermark_boost_factor -1 1000001
t tunables_refuse_ratio refused lowmem_reserve_ratio 1 '1 2' '1 2 3 4' a,b,c
t tunables_back_to_none back_to_none
t tunables_at_load at_load
t tunables_refused_at_load refused_at_load
t tunables_cma_share cma_share
t tunables_gives_back gives_back 16384
ktap_end
