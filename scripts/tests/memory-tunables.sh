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

# min_free_kbytes is 4 times the root of the KiB outside ZONE_MOVABLE, as in the kernel.
by_formula() {
	lowmem=$(awk '/^Node/ { on = $4 != "Movable" } on && $1 == "present" { n += $2 }
		END { print n * 4 }' "$debugfs/zoneinfo")
	now=$(cat "$params/min_free_kbytes")
	echo "$lowmem KiB, min_free_kbytes $now"
	[ $((now * now)) -le $((lowmem * 16)) ] && [ $(((now + 1) * (now + 1))) -gt $((lowmem * 16)) ]
}

defaults() {
	grep . "$params"/*
	by_formula && [ "$(cat "$params/watermark_scale_factor")" = 10 ] &&
		[ "$(cat "$params/watermark_boost_factor")" = 15000 ] &&
		[ "$(sum min)" -gt 0 ] && [ "$(sum high)" -gt "$(sum low)" ]
}

alloc() { pbuddyctl alloc --strict "$@"; }

# Ordinary requests can have on each node what pool= says: as pageblocks, and as single pages.
all_that_was_asked() { # MIB MIB PARAMETERS...
	zero=$1
	one=$2
	shift 2
	unload_soon && load_default "$@" || return
	grep -E '^Node| present | min ' "$debugfs/zoneinfo"
	alloc --node 0 --size "${zero}M" --order 9 && alloc --node 1 --size "${one}M" --order 9 &&
		alloc --node 0 --size "${zero}M" --order 0 || return
	hold --node 0 --size "${zero}M" --order 0 --strict || return
	alloc --node 1 --size "${one}M" --order 0
	status=$?
	drop
	[ "$status" -eq 0 ]
}

# Not more than the pageblocks that hold the reserve.
asked_and_little_more() { # NODE MIB
	have=$(($(node_pages "$1") / 256))
	echo "node $1 has $have MiB"
	[ "$have" -gt "$2" ] && [ "$have" -le $(($2 + $2 / 20 + 2)) ]
}

default_size() {
	all_that_was_asked 128 62 pool=0:128M,1:62M && by_formula &&
		asked_and_little_more 0 128 && asked_and_little_more 1 62
}

default_size_movable() {
	unload_soon && load_default movable=50 pool=0:128M && by_formula && asked_and_little_more 0 128
}

# The default follows a pool that grows, soon after its thread has grown it; at its maximum, what is left is still what pool= says.
default_grows() {
	unload_soon && load_default pool=0:32M-128M,1:16M && by_formula || return
	before=$(cat "$params/min_free_kbytes")
	alloc --node 0 --size 128M --order 9 && within 60 by_formula || return
	[ "$(cat "$params/min_free_kbytes")" -gt "$before" ] && alloc --node 1 --size 16M --order 0
}

# A value at load is taken in addition too. 0 takes nothing.
given_at_load() { all_that_was_asked 64 32 pool=0:64M,1:32M min_free_kbytes=8192; }
none_at_load() { all_that_was_asked 64 32 pool=0:64M,1:32M min_free_kbytes=0 && owns 0 64 && owns 1 32; }
all_reserved() { all_that_was_asked 16 16 pool=0:16M,1:16M min_free_kbytes=40000; }

# takes MIB PARAMETERS...: so much from the kernel, of both nodes together, but for rounding.
takes() {
	want=$1
	shift
	unload_soon && load "$@" || return
	have=$((($(node_pages 0) + $(node_pages 1)) / 256))
	echo "$have MiB for $*"
	[ "$have" -ge "$want" ] && [ "$have" -le $((want + 6)) ]
}

# It is taken once, not for each element of pool=, and a larger value never makes the pool smaller.
reserved_once() {
	takes 160 pool=0:64M,1:64M min_free_kbytes=32768 && takes 192 pool=0:64M,1:64M min_free_kbytes=65536 &&
		takes 194 pool=0:64M,1:64M min_free_kbytes=67584 && takes 256 pool=0:64M,1:64M min_free_kbytes=131072
}

# most MIB PARAMETERS...: the maximum of the last node is not larger.
most() {
	want=$1
	shift
	unload_soon && load "$@" || return
	resize=$(cat "$params/resize")
	echo "$resize for $*"
	mib=${resize##*-} mib=${mib%%M*}
	[ "$mib" -le "$want" ]
}

# A maximum is larger by no more than it, whatever the size at load is.
reserved_at_maximum() {
	most 326 pool=0:64M-256M min_free_kbytes=67584 && most 358 pool=0:2M-256M min_free_kbytes=102400 &&
		most 324 pool=0:2M-4M,1:0-256M min_free_kbytes=67584
}

# More than the memory of the system cannot be taken in addition.
not_more_than_the_system() {
	unload_soon && fails_with 22 'min_free_kbytes: it is more than the memory of the system' pool=0:64M \
		min_free_kbytes=1073741824 && load pool=0:64M
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
		dmesg -c >/dev/null
		if echo "$value" >"$params/$file" 2>/dev/null; then
			echo "$file took $value"
			return 1
		fi
		[ "$(cat "$params/$file")" = "$before" ] && dmesg | grep "pbuddy: $file: bad" || return
	done
}

# high_is N: each CPU may cache its part of one page in N of each zone, less the word of a mask.
high_is() {
	awk -v n="$1" -v cpus="$(nproc)" '$1 == "present" {
			part = int(int($2 / n) / cpus)
			want = part >= 128 ? part - 64 : part < 63 ? part : 63
		}
		$1 == "high_max:" {
			seen++
			if ($2 != want) {
				print "high_max " $2 " instead of " want
				wrong = 1
			}
		}
		END { exit wrong || !seen }' "$debugfs/zoneinfo"
}

write_high() { echo "$1" >"$params/percpu_pagelist_high_fraction"; }

# high_is_set N...: with a fraction high is not tuned.
high_is_set() {
	for n; do
		write_high "$n" && high_is "$n" && [ "$(sum high_min:)" -eq "$(sum high_max:)" ] || return
	done
	write_high 0
}

# high_min follows from the low watermark, of which the CPUs have an equal part.
high_default() {
	[ "$(cat "$params/percpu_pagelist_high_fraction")" -eq 0 ] && high_is 8 || return
	echo 0 >"$params/min_free_kbytes" || return
	least=$(sum high_min:)
	echo 16384 >"$params/min_free_kbytes" || return
	echo "high_min $least, then $(sum high_min:), of $(sum high_max:)"
	[ "$(sum high_min:)" -gt "$least" ] && [ "$(sum high_min:)" -le "$(sum high_max:)" ]
}

# caches_hold N: the caches of all CPUs hold at most one page in N of each zone.
caches_hold() {
	awk -v n="$1" '/^Node/ { count = 0 } $1 == "present" { share = $2 / n }
		$1 == "count:" { count += $2; wrong = wrong || count > share }
		END { exit wrong }' "$debugfs/zoneinfo"
}

# caches_adopted: no CPU has more pages cached than its new bound allows. A CPU that is idle may put
# that off.
caches_adopted() {
	for cpu in 1 2 4 8; do
		taskset "$cpu" true
	done
	awk '$1 == "count:" { count = $2 } $1 == "high_max:" { wrong = wrong || count > $2 }
		END { exit wrong }' "$debugfs/zoneinfo"
}

# use_caches N: each CPU frees many buffers of a page and of 32K, whose blocks it caches. Sets most to
# the most pages seen in the caches, which the CPUs empty when they have been idle.
use_caches() {
	most=0
	for cpu in 1 2 4 8; do
		for size in 4K 32K; do
			taskset "$cpu" pbuddyctl alloc --size "$size" --count 300 >/dev/null || return
			caches_hold "$1" || return
			count=$(sum count:)
			[ "$count" -le "$most" ] || most=$count
		done
	done
	echo "one page in $1 at most: the caches held $most of $(sum present)"
}

high_holds() {
	write_high 8 || return
	# Again when the CPUs have emptied them each time.
	for _ in $(seq 20); do
		use_caches 8 || return
		[ "$most" -le $(($(sum present) / 4000)) ] || break
	done
	[ "$most" -gt $(($(sum present) / 4000)) ] || return
	# Caches that hold more shrink when their CPU decays them.
	write_high 4000 && within 120 caches_adopted && use_caches 4000 && write_high 0
}

high_grows() {
	unload_soon && load_default pool=0:32M-128M && high_is 8 || return
	before=$(sum high_max:)
	alloc --node 0 --size 128M --order 9 || return
	echo "high_max $before, then $(sum high_max:)"
	within 60 high_is 8 && [ "$(sum high_max:)" -gt "$before" ]
}

back_to_none() {
	echo 0 >"$params/min_free_kbytes" && [ "$(sum min)" -eq 0 ] && [ "$(sum high)" -eq 0 ]
}

at_load() {
	unload_soon && load pool=0:64M min_free_kbytes=1024 watermark_scale_factor=100 || return
	echo "min $(sum min) low $(sum low)"
	[ "$(sum min)" -eq 256 ] && [ "$(sum low)" -eq $((256 + $(sum present) / 100)) ]
}

refused_at_load() { unload_soon && ! insmod /pbuddy.ko pool=0:16M watermark_scale_factor=0; }

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
load_default movable=25 pool=0:128M,1:64M
t tunables_defaults defaults
t tunables_min_free min_free
t tunables_scale_factor scale_factor
t tunables_lowmem_reserve reserves
t tunables_refuse_min_free refused min_free_kbytes -1 x '' 4398046511105 18446744073709551615
t tunables_refuse_scale refused watermark_scale_factor 0 3001 -5 ten
t tunables_refuse_boost refused watermark_boost_factor -1 1000001
t tunables_refuse_ratio refused lowmem_reserve_ratio 1 '1 2' '1 2 3 4' a,b,c '' '1 2 3x' '1 -2 3' \
	'4294967552 32 0' '256 32 18446744073709551617' "$(printf '%060d' 0) 1 2"
t tunables_refuse_high refused percpu_pagelist_high_fraction 1 7 -1 2147483648 99999999999 x ''
t tunables_high_default high_default
t tunables_high high_is_set 8 100 5000 2147483647
t tunables_high_holds high_holds
t tunables_back_to_none back_to_none
t tunables_at_load at_load
t tunables_default_size default_size
t tunables_default_size_movable default_size_movable
t tunables_default_grows default_grows
t tunables_high_grows high_grows
t tunables_given_at_load given_at_load
t tunables_all_reserved all_reserved
t tunables_reserved_once reserved_once
t tunables_reserved_at_maximum reserved_at_maximum
t tunables_not_more_than_the_system not_more_than_the_system
t tunables_none_at_load none_at_load
t tunables_refused_at_load refused_at_load
t tunables_cma_share cma_share
t tunables_gives_back gives_back 16384
ktap_end
