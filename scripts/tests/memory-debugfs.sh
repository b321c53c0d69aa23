#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release
# vm: --one-thread --nodes 2 --mem 6G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /usr/bin/setpriv
#
# debugfs: the files have the formats of the kernel's files in /proc (the same patterns match
# both), their numbers agree with each other, and the zones are those of the parameters.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# shape FILE: a file with numbers and names of nodes and zones taken out.
shape() {
	sed -E 's/zone +[A-Za-z0-9]+/zone Z/; s/[0-9]+/N/g; s/ +/ /g; s/( N)+ *$/ N.../' "$1"
}

# Every line of pbuddy's file has the shape of one of the kernel's.
same_shapes() { # NAME PATTERN
	shape "/proc/$1" | grep -E "$2" | sort -u >/tmp/theirs
	shape "$debugfs/$1" | grep -E "$2" | sort -u >/tmp/ours
	echo "ours, and the kernel's:"
	cat /tmp/ours /tmp/theirs
	[ -s /tmp/ours ] && ! grep -vxFf /tmp/theirs /tmp/ours
}

orders() { awk '{ if (NF != 4 + 19) bad = 1 } END { exit bad || !NR }' "$debugfs/buddyinfo"; }

# Of a free zone: all memory is usable for order 0, where no request would fail.
indices() {
	for file in unusable_index extfrag_index; do
		cat "$debugfs/$file"
		awk '{ if (NF != 4 + 19) bad = 1 } END { exit bad || !NR }' "$debugfs/$file" || return
	done
	awk '$5 != "0.000" { exit 1 }' "$debugfs/unusable_index" &&
		awk '$5 != "-1.000" { exit 1 }' "$debugfs/extfrag_index"
}

# Field by field, as programs that parse /proc/zoneinfo do.
zoneinfo_fields() {
	for field in free boost min low high spanned present managed; do
		awk -v f="$field" '$1 == f && $2 ~ /^[0-9]+$/ || $2 == f && $3 ~ /^[0-9]+$/ { n++ }
			END { exit n != 4 }' "$debugfs/zoneinfo" || { echo "no $field"; return 1; }
	done
	grep -q '^        protection: (0, 0, 0)$' "$debugfs/zoneinfo" &&
		[ "$(grep -c '^  pagesets$' "$debugfs/zoneinfo")" -eq 4 ] &&
		[ "$(grep -c '^    cpu: 3$' "$debugfs/zoneinfo")" -eq 4 ]
}

vmstat_format() { ! grep -vE '^[a-z_0-9]+ [0-9]+$' "$debugfs/vmstat"; }

types() { sed -n 's/^Number of blocks type *//p' "$1"; }
same_types() {
	types /proc/pagetypeinfo
	types "$debugfs/pagetypeinfo"
	for type in Unmovable Movable Reclaimable HighAtomic; do
		types "$debugfs/pagetypeinfo" | grep -qw "$type" || return
		types /proc/pagetypeinfo | grep -qw "$type" || return
	done
}

# The same free pages by each of the files.
numbers_agree() {
	buddy=$(awk '{ for (i = 5, size = 1; i <= NF; i++, size *= 2) n += $i * size }
		END { print n }' "$debugfs/buddyinfo")
	zones=$(awk '$1 == "nr_free_pages" { n += $2 } END { print n }' "$debugfs/zoneinfo")
	vmstat=$(awk '$1 == "nr_free_pages" { print $2 }' "$debugfs/vmstat")
	types=$(awk '/, type / { for (i = 7, size = 1; i <= NF; i++, size *= 2) n += $i * size }
		END { print n }' "$debugfs/pagetypeinfo")
	blocks=$(awk '/^Number of blocks/ { on = 1; next }
		on { for (i = 5; i <= NF; i++) n += $i } END { print n }' "$debugfs/pagetypeinfo")
	verify=$(sed -n 's/.* free=\([0-9]*\) .*/\1/p' "$debugfs/verify")
	echo "buddyinfo $buddy zoneinfo $zones vmstat $vmstat pagetypeinfo $types verify $verify"
	echo "$blocks pageblocks"
	for n in $zones $vmstat $types $verify; do
		[ "$n" -eq "$buddy" ] || return
	done
	[ "$buddy" -eq $((192 * 256)) ] && [ "$blocks" -eq 96 ]
}

# Node 0 is below 3 GiB here, node 1 mostly above 4; a quarter of each is MOVABLE.
zones() {
	cat "$debugfs/buddyinfo"
	for zone in 'Node 0, zone +DMA32' 'Node 0, zone +Movable' 'Node 1, zone +Normal' \
		'Node 1, zone +Movable'; do
		grep -qE "$zone" "$debugfs/buddyinfo" || return
	done
}

zone_pages() { # NODE ZONE
	awk -v node="$1," -v zone="$2" '/^Node/ { on = $2 == node && $4 == zone }
		on && $1 == "present" { print $2 }' "$debugfs/zoneinfo"
}

movable_share() {
	echo "$(zone_pages 0 Movable) $(zone_pages 1 Movable)"
	[ "$(zone_pages 0 Movable)" -eq 8192 ] && [ "$(zone_pages 1 Movable)" -eq 4096 ]
}

watermarks() {
	unload_soon && load pool=0:64M && echo 1024 >/sys/module/pbuddy/parameters/min_free_kbytes || return
	min=$(awk '$1 == "min" { print $2 }' "$debugfs/zoneinfo")
	low=$(awk '$1 == "low" { print $2 }' "$debugfs/zoneinfo")
	high=$(awk '$1 == "high" { print $2 }' "$debugfs/zoneinfo")
	echo "min $min low $low high $high"
	[ "$min" -eq 256 ] && [ "$low" -gt "$min" ] && [ "$high" -gt "$low" ]
}

drains() { echo 1 >"$debugfs/drain" && verified; }

need_admin() { needs_admin "$debugfs/drain" 1 && needs_admin "$debugfs/compact" 1 && verified; }

root_only() { ! find "$debugfs" ! -type d -perm /077 | grep . ; }

# rmmod is refused as long as a file is open.
open_file_holds() {
	exec 5<"$debugfs/owners" || return
	! rmmod pbuddy && loaded
	status=$?
	exec 5<&-
	return "$status"
}

ktap_begin
load movable=25 pool=0:128M,1:64M
t debugfs_zones zones
t debugfs_movable_share movable_share
t debugfs_buddyinfo_shape same_shapes buddyinfo .
t debugfs_buddyinfo_orders_0_to_18 orders
t debugfs_indices indices
t debugfs_zoneinfo_head_shape same_shapes zoneinfo '^Node'
t debugfs_zoneinfo_pages_shape same_shapes zoneinfo \
	'^ +(pages free|boost|min|low|high|spanned|present|managed|nr_free_pages) '
t debugfs_zoneinfo_pagesets_shape same_shapes zoneinfo \
	'^ +(pagesets|cpu:|count:|high:|batch:|node_unreclaimable:|start_pfn:)'
t debugfs_zoneinfo_fields zoneinfo_fields
t debugfs_pagetypeinfo_shape same_shapes pagetypeinfo \
	'^(Page block|Pages per|Node.*type +(Unmovable|Movable|Reclaimable|HighAtomic))'
t debugfs_pagetypeinfo_types same_types
t debugfs_vmstat_format vmstat_format
t debugfs_numbers_agree numbers_agree
t debugfs_drain drains
t debugfs_root_only root_only
t debugfs_drain_and_compact_need_cap_sys_admin need_admin
t debugfs_open_file_holds_the_module open_file_holds
t debugfs_watermarks watermarks
t debugfs_gone_with_the_module gives_back 16384
ktap_end
