#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest
# vm: --one-thread --nodes 4
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/numactl
#
# Restricted zones: isolated nodes, zones that are kept from user tasks, mirrored memory. There are four
# nodes, with one CPU each; pbuddy has 64 MiB of each.
# Node 2 is isolated. The node nearest to it is node 3.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters
cgroup=/sys/fs/cgroup

# requests_on "N,N,N,N" CPUS PARAMETERS...: the blocks of a module's requests are on these nodes.
requests_on() {
	want_on=$1 cpus=$2
	shift 2
	taskset "$cpus" insmod /pbuddy_requester.ko times=300 "$@" || return
	on=$(cat /sys/module/pbuddy_requester/parameters/on_node)
	rmmod pbuddy_requester
	echo "on $on"
	[ "$on" = "$want_on" ]
}

# buffer_on "NODES" COMMAND...: the buffer that the command allocates is on these nodes.
buffer_on() {
	want_nodes=$1
	shift
	"$@" >/tmp/got 2>&1 || { cat /tmp/got; return 1; }
	cat /tmp/got
	nodes=$(awk '$1 ~ /^[0-9]+$/ { print $4 }' /tmp/got | sort -u | tr '\n' ' ')
	[ "$nodes" = "$want_nodes " ]
}

fails() { # REGEX COMMAND...
	why=$1
	shift
	"$@" >/tmp/got 2>&1 && { cat /tmp/got; return 1; }
	cat /tmp/got
	grep -Eq "$why" /tmp/got
}

# The requests of a task on the isolated node's CPU.
there() { taskset 4 "$@"; }

isolate() { echo "$1" >"$params/isolated_nodes"; }

not_by_cpuset() {
	mkdir -p "$cgroup"
	mount -t cgroup2 none "$cgroup" 2>/dev/null
	echo +cpuset >"$cgroup/cgroup.subtree_control" && mkdir "$cgroup/t" || return
	echo 0,2 >"$cgroup/t/cpuset.mems"
	buffer_on 0 sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs && exec taskset 4 pbuddyctl alloc --size 4M' &&
		buffer_on 2 sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs && exec taskset 4 pbuddyctl alloc --size 4M --nodes 2' ||
		return
	echo 0 >"$cgroup/t/cpuset.mems"
	fails 'memory policy or cpuset' \
		sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs && exec pbuddyctl alloc --size 4M --nodes 2'
}

# All other nodes are full, and a request fails.
no_fallback() {
	hold --size 192M --order 0 || return
	requests_on 0,0,0,0 4 gfp='KERNEL|NOWARN|NORETRY' node=2 && fails . there pbuddyctl alloc --size 4K &&
		requests_on 0,0,300,0 4 gfp='KERNEL|THISNODE' node=2
	result=$?
	drop
	return "$result"
}

# At run time, in both directions.
ends() {
	isolate "" && [ "$(cat "$params/isolated_nodes")" = "" ] && requests_on 0,0,300,0 4 node=2 &&
		buffer_on 2 there pbuddyctl alloc --size 4M && isolate 2 && [ "$(cat "$params/isolated_nodes")" = 2 ] &&
		requests_on 0,0,0,300 4 node=2
}

refuses() {
	for value in x 2-1 -1 99999 4 7 1-4 0,1023; do
		dmesg -c >/dev/null
		isolate "$value" 2>/dev/null && { echo "$value"; return 1; }
		said "isolated_nodes: bad list of nodes .*" && [ "$(cat "$params/isolated_nodes")" = 2 ] || return
	done
}

served() { # NUMBER PARAMETERS...
	want_served=$1
	shift
	insmod /pbuddy_requester.ko times=300 "$@" || return
	served=$(cat /sys/module/pbuddy_requester/parameters/served)
	rmmod pbuddy_requester
	echo "served $served"
	[ "$served" -eq "$want_served" ]
}

# insmod is an ordinary user task.
served_of_user() { served "$1" gfp='HIGHUSER_MOVABLE|NOWARN|NORETRY'; }

user_ends() {
	echo N >"$params/user_movable_only" && served_of_user 300 && echo 1 >"$params/user_movable_only" &&
		[ "$(cat "$params/user_movable_only")" = Y ] && served_of_user 0
}

user_refuses() {
	dmesg -c >/dev/null
	echo maybe 2>/dev/null >"$params/user_movable_only" && return 1
	said 'user_movable_only: bad value "maybe": Y or N is expected' && served_of_user 0
}

# One node is full, or the events would count requests that the node serves.
while_full() { # NODE COMMAND...
	hold --size 64M --node "$1" --order 0 --strict || return
	shift
	"$@"
	result=$?
	drop
	return "$result"
}

# The number of an event after COMMAND is larger by N.
counts() { # EVENT N COMMAND...
	event=$1 more=$2
	shift 2
	events=$(event "$event")
	"$@" || return
	echo "$event: $events, then $(event "$event")"
	[ $(($(event "$event") - events)) -eq "$more" ]
}

reliable() { requests_on "$1" 1 node=0 gfp="KERNEL|RELIABLE$2" order="${3-0}"; }

# Buffers, too, when they are asked for it.
reliable_buffer() {
	buffer_on 1 taskset 1 pbuddyctl alloc --size 4M --reliable &&
		buffer_on 1 taskset 1 pbuddyctl alloc --size 4M --reliable --contig --order 9 &&
		buffer_on 0 taskset 1 pbuddyctl alloc --size 4M
}

# START-END of each extent of node 2.
extents_of_2() {
	sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : .*node 2 .*/\1 \2/p' "$debugfs/extents" | while read -r start end; do
		printf '%#x-%#x\n' "0x$start" $((0x$end + 1))
	done
}

# The memory of a node that is declared by its addresses; a part of it is not enough.
by_range() {
	all=$(extents_of_2 | tr '\n' ,)
	all=${all%,}
	dmesg -c >/dev/null
	echo >"$params/mirrored_nodes" && echo "$all" >"$params/mirrored_ranges" || return
	cat "$params/mirrored_ranges"
	reliable 0,0,300,0 || return
	echo "${all%-*}-$((${all##*-} - 4096)),0-1M" >"$params/mirrored_ranges" &&
		said 'mirrored_ranges: zone .* of node 2 is not mirrored: only .* pageblocks are' && reliable 300,0,0,0 &&
		counts reliable_fallback 300 reliable 300,0,0,0 || return
	echo >"$params/mirrored_ranges" && echo 1 >"$params/mirrored_nodes" && reliable 0,300,0,0
}

strictly_none() { reliable 0,0,0,0 '|NOWARN|NORETRY'; }

declare_node_2() {
	extents_of_2 >/tmp/declared
	cat /tmp/declared
	dmesg -c >/dev/null
	echo >"$params/mirrored_nodes" && tr '\n' , </tmp/declared >"$params/mirrored_ranges" &&
		echo Y >"$params/reliable_strict" && reliable 0,0,300,0
}

declare_node_1() {
	echo N >"$params/reliable_strict" && echo >"$params/mirrored_ranges" && echo 1 >"$params/mirrored_nodes" && reliable 0,300,0,0
}

# A resize adds memory that is not declared; when it has gone back, the zone is mirrored again.
resized() {
	declare_node_2 && pbuddyctl resize 2 96M &&
		said 'mirrored_ranges: zone .* of node 2 is not mirrored: only .* pageblocks are' && strictly_none || return
	extents_of_2 | grep -vxFf /tmp/declared >/tmp/added
	cat /tmp/added
	while read -r range; do
		printf '%#x-%#x\n' "${range%-*}" $((${range#*-} - 1)) >"$params/vacate" || return
	done </tmp/added
	reliable 0,0,300,0 && pbuddyctl resize 2 64M && declare_node_1
}

# The same when it only may grow by such memory.
may_grow() {
	declare_node_2 && pbuddyctl resize 2 64M-128M && strictly_none && pbuddyctl resize 2 64M && reliable 0,0,300,0 &&
		declare_node_1
}

ranges_refused() {
	before=$(cat "$params/mirrored_ranges")
	for value in x 1 5-4 4-4 0-1M- 0-1M,x -1-2 0-17E 0xffffffffffffffe0-0xfffffffffffffffe $(seq 1 17 | sed 's,$,M-999M,' | tr '\n' ,); do
		dmesg -c >/dev/null
		echo "$value" 2>/dev/null >"$params/mirrored_ranges" && { echo "$value"; return 1; }
		said 'mirrored_ranges: bad ranges ".*": at most 16 of START-END are expected' || return
	done
	for value in 9- 4 1,7; do
		dmesg -c >/dev/null
		echo "$value" 2>/dev/null >"$params/mirrored_nodes" && { echo "$value"; return 1; }
		said "mirrored_nodes: bad list of nodes \"$value\": .* of nodes 0 to 3" || return
	done
	[ "$(cat "$params/mirrored_ranges")" = "$before" ] && [ "$(cat "$params/mirrored_nodes")" = 1 ]
}

load pool=0:64M,1:64M,2:64M,3:64M isolated_nodes=2 || exit 1
ktap_begin

t isolated_local requests_on 0,0,0,300 4 node=2
t isolated_preferred requests_on 0,0,0,300 1 node=2
t isolated_thisnode requests_on 0,0,300,0 1 node=2 gfp='KERNEL|THISNODE'
t isolated_nowait requests_on 0,0,0,300 4 node=2 gfp=NOWAIT order=2
t isolated_buffers buffer_on 3 there pbuddyctl alloc --size 4M
t isolated_buffers_preferred buffer_on 3 pbuddyctl alloc --size 4M --node 2
t isolated_buffers_strict buffer_on 2 pbuddyctl alloc --size 4M --node 2 --strict
t isolated_buffers_nodes buffer_on 2 pbuddyctl alloc --size 4M --nodes 2
t isolated_membind buffer_on 2 numactl --membind=2 pbuddyctl alloc --size 4M
# More buffers than one batch of the library has.
t isolated_membind_batches buffer_on 2 numactl --membind=2 pbuddyctl alloc --count 300 --size 4K
t isolated_not_by_interleave buffer_on "0 1 3" numactl --interleave=all pbuddyctl alloc --size 32M
t isolated_not_by_cpuset not_by_cpuset
t isolated_no_fallback no_fallback
t isolated_ends ends
t isolated_refuses refuses
t verified verified
unload_soon
load pool=0:64M,1:64M movable=50 user_movable_only=Y || exit 1
t user_movable served_of_user 300
t user_movable_unload unload_soon
load pool=0:64M,1:64M user_movable_only=Y || exit 1
t user_no_movable_zone served_of_user 0
t user_kernel_has_the_zones requests_on 300,0,0,0 1
t user_interrupt_is_none served 300 gfp='HIGHMEM|MOVABLE' context=interrupt
t user_buffers_are_none buffer_on 0 taskset 1 pbuddyctl alloc --size 4M
t user_ends user_ends
t user_refuses user_refuses
t user_verified verified
unload_soon
load pool=0:64M,1:64M,2:64M,3:64M || exit 1
t reliable_is_off reliable 300,0,0,0
echo 1 >"$params/mirrored_nodes"
t reliable_mirrored reliable 0,300,0,0
t reliable_zeroed_and_charged reliable 0,300,0,0 '|ZERO|ACCOUNT' 2
t reliable_compound reliable 0,300,0,0 '|COMP' 3
t reliable_buffers reliable_buffer
t reliable_others requests_on 300,0,0,0 1 node=0
t reliable_falls_back while_full 1 counts reliable_fallback 300 reliable 300,0,0,0
echo Y >"$params/reliable_strict"
t reliable_strict while_full 1 counts reliable_strict 300 reliable 0,0,0,0 '|NOWARN|NORETRY'
echo N >"$params/reliable_strict"
t reliable_by_range by_range
t reliable_resized resized
t reliable_may_grow may_grow
t reliable_refuses ranges_refused
t reliable_verified verified
t rmmod unload_soon
ktap_end
