#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts
# vm: --one-thread --nodes 2 --memoryless --mem 5G --append reserve_mem=1G:1G:pb
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# A node that has CPUs and no memory: node 1, with CPUs 2 and 3. Its requests are served by the nearest
# node with memory, those that allow no other node fail, and parameters and commands
# that name the node are refused with one line. (memory-hotadd-node has the node in the pool.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters
cgroup=/sys/fs/cgroup

is_so() { [ "$(cat /sys/devices/system/node/online)" = 0-1 ] && [ "$(cat /sys/devices/system/node/has_memory)" = 0 ]; }

no='pool: bad node "1": it has no memory; to grow when some is added, it needs 1:0-MAX and max_address='
not_in_pool() {
	fails_with 22 "$no" pool=1:16M && fails_with 22 "$no" pool=0:16M,1:16M-64M max_address=8G &&
		fails_with 22 "$no" pool=0:16M,1:0-64M
}

by_default() { load && [ "$(node_pages 0)" -gt 0 ] && [ "$(node_pages 1)" -eq 0 ] && unload_soon; }

falls_back() {
	requests 4 KERNEL 64,0 && requests 4 NOWAIT 64,0 && requests 8 USER 64,0 && requests 1 KERNEL 64,0 && verified
}

this_node_fails() { requests 4 'KERNEL|THISNODE|NOWARN' 0,0 && requests 4 'NOWAIT|THISNODE|NOWARN' 0,0 && verified; }

buffers() {
	pbuddyctl alloc --touch --size 4M --node 1 | tee /tmp/out && grep -q ' 4M  *0 ' /tmp/out &&
		taskset 4 pbuddyctl alloc --touch --size 4M && ! pbuddyctl alloc --size 4M --node 1 --strict 2>/tmp/out &&
		cat /tmp/out && grep -q 'Cannot allocate memory (--node: ' /tmp/out && verified
}

# refused COMMAND...: with a line that says what node 1 lacks.
refused() {
	! "$@" >/tmp/out 2>&1 || return
	cat /tmp/out
	grep -q 'node 1 owns no pbuddy memory' /tmp/out
}

commands() { refused pbuddyctl resize 1 16M && refused pbuddyctl drain 1 && refused pbuddyctl compact 1; }

parameters() {
	dmesg -c >/dev/null
	! echo 1:16M >"$params"/resize && said 'resize: bad node "1:16M": it has no memory of the pool' &&
		mkdir -p "$cgroup"/memoryless && ! echo '/memoryless 1:1x2M' >"$params"/group_give &&
		said 'group_give: node 1 has no memory of the pool'
}

# Those of the pool before are listed for a moment after they have stopped.
one_thread() { [ "$(threads_of '*' | wc -l)" -eq 1 ]; }

shown() {
	ls -d /sys/class/misc/pbuddy/node* && [ ! -e /sys/class/misc/pbuddy/node1 ] &&
		within 60 one_thread && ! pbuddyctl info | grep -E '^ +1 ' &&
		! grep '^Node 1' "$debugfs"/zoneinfo
}

ktap_begin
t memoryless_node is_so
t memoryless_not_in_pool not_in_pool
t memoryless_default by_default
mkdir -p "$cgroup"
mount -t cgroup2 none "$cgroup" 2>/dev/null
load pool=0:64M
t memoryless_falls_back falls_back
t memoryless_this_node_fails this_node_fails
t memoryless_buffers buffers
t memoryless_commands commands
t memoryless_parameters parameters
t memoryless_shown shown
t memoryless_all_given_back gives_back 16384
ktap_end
