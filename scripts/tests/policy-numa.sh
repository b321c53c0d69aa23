#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test stock+lts
# vm: --one-thread --nodes 4
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/numactl /usr/bin/perl
# shellcheck disable=SC2086 # $alloc is words
#
# In the guest: numactl and a cpuset cgroup decide from which nodes /dev/pbuddy allocates. There are
# four nodes, at distances 15 (0-1, 2-3), 20 (1-3), 25 (0-2), 30 (1-2) and 35 (0-3); pbuddy has 64 MiB of each.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

cgroup=/sys/fs/cgroup

# on_nodes WANT COMMAND...: the MiB that the command got, by node, are WANT: "1:8 3:4". The caches of
# all CPUs are drained first. A few MiB of a large number may be elsewhere: the command may change
# CPUs while it runs, and leave pages in the caches of the one before.
on_nodes() {
	want=$1
	shift
	echo 1 >$debugfs/drain
	"$@" >/tmp/got 2>&1 || { cat /tmp/got; return 1; }
	cat /tmp/got
	awk -v want="$want" '
		BEGIN {
			n = split(want, pair, " ")
			for (i = 1; i <= n; i++) {
				split(pair[i], part, ":")
				wanted[part[1]] = part[2]
			}
		}
		$1 ~ /^[0-9]+$/ {
			n = $3 + 0
			if ($3 ~ /K$/) n /= 1024
			if ($3 ~ /G$/) n *= 1024
			on[$4] += n
		}
		END {
			for (i = 0; i < 4; i++) {
				off = on[i] - wanted[i]
				bad += (off < 0 ? -off : off) > (wanted[i] > 8 ? 4 : 0)
				printf "node %d: %g MiB of %g\n", i, on[i], wanted[i]
			}
			exit bad
		}' /tmp/got
}

slab_pages() { awk '/^nr_slab_(un)?reclaimable / { n += $2 } END { print n }' /proc/vmstat; }

# interleaved WANT "ARGUMENTS of pbuddyctl alloc" COMMAND...: on_nodes of that command with
# pbuddyctl behind it. A task has one place in its interleaving, and each page that the kernel
# allocates for the task moves it on too: a new slab for the buffer's own objects is a turn that
# pbuddy does not get. So the same request without a policy goes before it, on the same CPU: that
# leaves the slabs which the request needs, partly free, where the kernel looks for them first.
interleaved() {
	want_turns=$1 arguments=$2
	shift 2
	pbuddyctl alloc $arguments >/dev/null
	before=$(slab_pages)
	on_nodes "$want_turns" "$@" pbuddyctl alloc $arguments
	result=$?
	echo "slabs of the whole system: $(($(slab_pages) - before)) pages more than before"
	return $result
}

# fails REGEX COMMAND...: it fails, with a message that matches.
fails() {
	why=$1
	shift
	"$@" >/tmp/got 2>&1 && { cat /tmp/got; return 1; }
	cat /tmp/got
	grep -Eq "$why" /tmp/got
}

alloc="pbuddyctl alloc --size"

# in_cpuset MEMS COMMAND...: in a cgroup with these nodes.
in_cpuset() {
	echo "$1" >$cgroup/t/cpuset.mems || return
	shift
	sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs && exec taskset 1 "$@"' sh "$@"
}

# While another process has nearly all of the node.
membind_of_a_full_node() {
	hold --size 60M --node 1 --strict || return
	fails 'not enough free pages' numactl --membind=1 $alloc 8M
	result=$?
	drop
	return $result
}

# Each block that came from the node whose turn it was is counted.
interleave_counted() {
	before=$(event numa_interleave)
	numactl --interleave=0,2 $alloc 16M >/dev/null || return
	after=$(event numa_interleave)
	echo "numa_interleave: $before, then $after"
	[ $((after - before)) -eq 8 ]
}

# The cpuset of a running task changes between two allocations of it.
moved_while_running() {
	echo 1 >$cgroup/t/cpuset.mems
	sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs
		taskset -p 1 $$ >/dev/null
		pbuddyctl alloc --size 1M >/tmp/first && echo 3 >/sys/fs/cgroup/t/cpuset.mems &&
		exec pbuddyctl alloc --size 1M >/tmp/second' || return
	on_nodes 1:1 cat /tmp/first && on_nodes 3:1 cat /tmp/second
}

# weighted NODES COMMAND...: with MPOL_WEIGHTED_INTERLEAVE over the nodes of a bit mask. Debian's
# numactl has no option for this policy of Linux 6.9, so perl calls set_mempolicy() by its number.
# shellcheck disable=SC2016 # perl's
weighted() {
	/perl -e 'syscall(238, 6, pack("Q", shift), 65) == 0 or die "set_mempolicy: $!\n"; exec @ARGV' "$@"
}

set_weights() { echo "$1" >/sys/module/pbuddy/parameters/interleave_weights; }

weighted_by() { # WEIGHTS WANT NODES ARGUMENTS
	set_weights "$1" && interleaved "$2" "$4" weighted "$3"
}

load pool=0:64M,1:64M,2:64M,3:64M || exit 1
# All run on the CPU of node 0, so that no request gets pages of another node because it runs there. Only
# --cpunodebind selects another CPU.
taskset -p 1 $$ >/dev/null
numactl() {
	case $1 in
	--cpunodebind=*) taskset f /numactl "$@" ;;
	*) /numactl "$@" ;;
	esac
}
ktap_begin

t local_is_where_it_runs on_nodes 3:8 numactl --cpunodebind=3 $alloc 8M
t local_falls_back_by_distance on_nodes "2:16 3:64" numactl --cpunodebind=3 $alloc 80M
t membind on_nodes 1:8 numactl --membind=1 $alloc 8M
t membind_single_pages on_nodes 1:0.078125 numactl --membind=1 $alloc 4K --count 20
t membind_contiguous on_nodes 2:32 numactl --membind=2 $alloc 32M --contig
t membind_two_nodes on_nodes "1:64 3:16" numactl --cpunodebind=1 --membind=1,3 $alloc 80M
t membind_is_strict fails 'more than these nodes own' numactl --membind=1 $alloc 80M
t membind_of_a_full_node membind_of_a_full_node
t preferred on_nodes 2:8 numactl --preferred=2 $alloc 8M
t preferred_falls_back_from_there on_nodes "2:64 3:16" numactl --preferred=2 $alloc 80M
t preferred_many on_nodes "1:64 3:56" numactl --cpunodebind=0 --preferred-many=1,3 $alloc 120M
t preferred_many_then_others on_nodes "0:12 1:64 3:64" \
	numactl --cpunodebind=0 --preferred-many=1,3 $alloc 140M
t interleave_all interleaved "0:16 1:16 2:16 3:16" "--size 64M" numactl --interleave=all
t interleave_two interleaved "1:16 2:16" "--size 32M" numactl --interleave=1,2
t interleave_buffers interleaved "0:16 1:16 2:16 3:16" "--size 1M --count 64" numactl --interleave=all
t interleave_when_one_is_full interleaved "0:64 1:64 2:64 3:64" "--size 256M" numactl --interleave=0,1
t interleave_counted interleave_counted
t weighted_evenly interleaved "0:16 1:16 2:16 3:16" "--size 64M" weighted 15
t weighted_interleave weighted_by 1,3,1,3 "0:8 1:24 2:8 3:24" 15 "--size 64M"
t weighted_two_nodes weighted_by 1,3,1 "1:24 2:8" 6 "--size 32M"
t weighted_buffers weighted_by 3,1,1,1 "0:48 1:16 2:16 3:16" 15 "--size 1M --count 96"
# Eight rounds fill node 0; its turns go to node 1 from then on.
t weighted_when_one_is_full weighted_by 4,1,1,1 "0:64 1:28 2:18 3:18" 15 "--size 128M"
t node_wins_over_policy on_nodes 3:8 numactl --membind=1 $alloc 8M --node 3
t nodes_win_over_policy on_nodes 0:8 numactl --interleave=2,3 $alloc 8M --nodes 0

mkdir -p $cgroup
mount -t cgroup2 none $cgroup 2>/dev/null
echo +cpuset >$cgroup/cgroup.subtree_control && mkdir $cgroup/t || exit 1
t cpuset on_nodes 2:8 in_cpuset 2 $alloc 8M
t cpuset_contiguous on_nodes 2:32 in_cpuset 2 $alloc 32M --contig
t cpuset_two_nodes on_nodes "0:64 2:16" in_cpuset 0,2 numactl --cpunodebind=0 $alloc 80M
t cpuset_is_strict fails 'more than these nodes own' in_cpuset 2 $alloc 80M
t cpuset_denies_a_node fails 'memory policy or cpuset' in_cpuset 2 $alloc 4K --node 3 --strict
t cpuset_denies_all_nodes_named fails 'memory policy or cpuset' in_cpuset 2 $alloc 4K --nodes 0,1
t cpuset_under_preferred on_nodes 2:8 in_cpuset 1-2 numactl --preferred=2 $alloc 8M
t cpuset_under_interleave interleaved "1:16 3:16" "--size 32M" in_cpuset 1,3 numactl --interleave=all
t cpuset_changes moved_while_running
t verified verified
t rmmod unload_soon
ktap_end
