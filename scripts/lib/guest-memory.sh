# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by guest tests (scripts/tests): loading and unloading pbuddy.ko, its lines in the kernel
# log, the memory that it owns and that the kernel has free, waiting, and holding buffers.

debugfs=/sys/kernel/debug/pbuddy

# load_default PARAMETERS...: the status is insmod's, which is the errno.
load_default() {
	dmesg -c >/dev/null
	insmod /pbuddy.ko "$@"
}

# load PARAMETERS...: the same without watermarks, unless PARAMETERS say otherwise: so the pool has
# what pool= says and every page of it can be allocated.
load() { load_default min_free_kbytes=0 "$@"; }

unload() { rmmod pbuddy; }

# Pages that are still mapped or pinned keep the module for a moment after their last user.
unload_soon() { loaded && within 60 unload; }

# ends_with STATUS: the last command of a test that leaves the module to this.
ends_with() { unload_soon >&2 && exit "$1"; }

loaded() { grep -q '^pbuddy ' /proc/modules; }

# said REGEX: since it was loaded, pbuddy has logged a line that matches REGEX as a whole.
said() {
	dmesg | sed -n 's/.*\] pbuddy: //p' | grep -Ex "$1" && return
	echo "no line \"$1\" in:"
	dmesg | tail -n 12
	return 1
}

# fails_with ERRNO REGEX PARAMETERS...: insmod fails with ERRNO, logs that line, and leaves nothing.
fails_with() {
	want_errno=$1
	want_line=$2
	shift 2
	status=0
	load "$@" || status=$?
	if [ "$status" -ne "$want_errno" ]; then
		echo "insmod $*: status $status, not $want_errno"
		loaded && unload
		return 1
	fi
	said "$want_line" && ! loaded && [ ! -e $debugfs ]
}

# node_pages NODE: pages that pbuddy owns there.
node_pages() {
	awk -v node="$1," '/^Node/ { on = $2 == node } on && $1 == "present" { n += $2 }
		END { print n + 0 }' $debugfs/zoneinfo
}

# owns NODE MIB
owns() {
	have=$(node_pages "$1")
	echo "node $1 has $have pages"
	[ "$have" -eq $(($2 * 256)) ]
}

# owns_between NODE MIB MIB
owns_between() {
	have=$(($(node_pages "$1") / 256))
	echo "node $1 has $have MiB"
	[ "$have" -ge "$2" ] && [ "$have" -le "$3" ]
}

# requests CPUS GFP WHERE: 64 requests of a module for node 1, and 64 for the node of these CPUs (a
# mask), get pages on nodes 0 and 1 as WHERE says: "0,64", and none elsewhere.
requests() {
	for node in 1 -1; do
		taskset "$1" insmod /pbuddy_requester.ko times=64 node="$node" gfp="$2" || return
		got=$(cat /sys/module/pbuddy_requester/parameters/on_node)
		rmmod pbuddy_requester
		echo "gfp $2, node $node: $got"
		[ "${got%,0,0}" = "$3" ] || return
	done
}

# needs_admin FILE VALUE: root without CAP_SYS_ADMIN is refused, and the log says why.
needs_admin() {
	dmesg -c >/dev/null
	! /setpriv --bounding-set=-sys_admin sh -c "echo '$2' >$1" && said "${1##*/}: needs CAP_SYS_ADMIN"
}

verified() {
	cat $debugfs/verify
	grep -q '^verify: OK' $debugfs/verify
}

# event NAME: the number that vmstat has by that name.
event() { awk -v name="$1" '$1 == name { print $2 }' "$debugfs/vmstat"; }

# threads_of NODE: the process number of its thread; of "*": of all.
threads_of() {
	for dir in /proc/[0-9]*; do
		read -r comm 2>/dev/null <"$dir/comm" || continue
		# shellcheck disable=SC2254 # a pattern
		case $comm in pbuddyd/$1) echo "${dir#/proc/}" ;; esac
	done
}

# allowed NODE: the CPUs that its thread may run on.
allowed() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(threads_of "$1")/status"; }

# on_cpus_of_its_node NODE: its thread may run on all of these and no others.
on_cpus_of_its_node() {
	cpus=$(cat "/sys/devices/system/node/node$1/cpulist")
	echo "node $1: CPUs $cpus, thread on $(allowed "$1")"
	[ "$(allowed "$1")" = "$cpus" ]
}

# seconds: since the guest was started.
seconds() { cut -d . -f 1 /proc/uptime; }

# within SECONDS COMMAND...: repeat it until it succeeds, for about so long; show its last output.
within() {
	tries=$(($1 * 5))
	shift
	until "$@" >/tmp/within 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { cat /tmp/within; return 1; }
		sleep 0.2
	done
	cat /tmp/within
}

# settled COMMAND...: repeat it until it prints the same four times, a second apart: a thread that would
# change it may have been stopped for one of these seconds.
settled() {
	now=$("$@") same=0
	for _ in $(seq 120); do
		last=$now
		sleep 1
		now=$("$@")
		same=$((now == last ? same + 1 : 0))
		[ "$same" -lt 3 ] || return 0
	done
	return 1
}

# hold_by COMMAND...: a command that ends in "pbuddyctl alloc ARGUMENTS"; process $holder has the
# buffers until they are dropped.
hold_by() {
	: >/tmp/held
	"$@" --hold forever >/tmp/held &
	holder=$!
	within 60 grep BUFFER /tmp/held
}

# hold ARGUMENTS of pbuddyctl alloc...
hold() { hold_by pbuddyctl alloc "$@"; }

drop() {
	kill "$holder"
	wait "$holder"
	true
}

# gives_back PAGES: the module unloads and returns all of so many pages.
gives_back() { unload_soon && said "returned $1 of $1 pages"; }

# blocks: the pageblocks in ranges "START-END : NAME" of the input, one number a line, sorted.
blocks() {
	sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : .*/\1 \2/p' | while read -r start end; do
		seq $((0x$start / 2097152)) $((0x$end / 2097152))
	done | sort -n
}

# in_iomem: /proc/iomem has the memory of the pool, of each node, and nothing else by its name.
in_iomem() {
	for node in 0 1 2 3; do
		grep "node $node " $debugfs/extents | blocks >/tmp/pool
		grep "pbuddy node $node\$" /proc/iomem | blocks >/tmp/iomem
		if [ "$(wc -l </tmp/pool)" -ne $(($(node_pages "$node") / 512)) ] || ! cmp /tmp/pool /tmp/iomem; then
			cat $debugfs/extents /proc/iomem
			return 1
		fi
	done
}

# unused_pages [NODE [FIELD]]: pages of the kernel, or of a node, that are free or cached per CPU, and
# what FIELD of zoneinfo counts.
unused_pages() {
	awk -v node="${1:+$1,}" -v field="${2-}" '/^Node/ { on = node == "" || $2 == node }
		on && ($1 == "nr_free_pages" || $1 == "count:" || $1 == field) { n += $2 }
		END { print n + 0 }' /proc/zoneinfo
}

# Unused pages of the kernel after the page cache was dropped.
# Where KASAN delays every kfree(), slab pages count as unused too, or each loading of a module
# would look like a leak; kmemleak finds leaks among those.
free_pages() {
	slab=
	[ ! -e /sys/kernel/debug/kmemleak ] || slab=nr_slab_unreclaimable
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	unused_pages '' "$slab"
}

# has_again BEFORE PAGES: the kernel has fewer than PAGES less unused pages than before. Many tries,
# because the kernel frees some pages later, and more so on a slow machine.
has_again() {
	for _ in $(seq 60); do
		after=$(free_pages)
		echo "$1 pages free before, $after after"
		[ $(($1 - after)) -ge "$2" ] || return 0
	done
	return 1
}
