#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark inside the guest: scripts/bench copies this file there. Loads the modules,
# requests every workload, order and number of threads in the module's table of workloads (or
# the workloads given as arguments), and prints:
#     @plan N               number of requests that follow
#     @request WORD=VALUE...
#     (the rows)
#     @done, or @failed REASON
#     @skipped NAME REASON  for a row that this guest cannot measure
#     @end
# From the environment: POOL (the parameter pool= of pbuddy), ROUNDS, and MORE, words to add to each
# request. Column "setup" of the table says what the writer of a request needs (kunit/bench/main.c).
# Progress goes to stderr.
POOL=${POOL:?} ROUNDS=${ROUNDS:?} MORE=${MORE-}
BENCH=/sys/kernel/debug/pbuddy_bench
LIST=/tmp/requests
CGROUP=/sys/fs/cgroup
PREZERO=/sys/module/pbuddy/parameters/prezero

fail() {
	echo "@failed $*"
	exit 1
}

wanted() { # ROW-NAME WORKLOAD
	[ -n "$only" ] || return 0
	for w in $only; do
		[ "$w" != "$1" ] && [ "$w" != "$2" ] || return 0
	done
	return 1
}

# "1,all" becomes "1 2" on two CPUs.
thread_counts() {
	for t in $(echo "$1" | tr , ' '); do
		[ "$t" != all ] || t=$cpus
		echo "$t"
	done | sort -nu
}

pool_mib=${POOL#*:}
pool_mib=${pool_mib%%M*}

# The columns of the table are described in kunit/bench/main.c. Free memory is measured with the
# table's number of rounds: it varies little and takes long.
make_list() {
	while IFS='	' read -r name orders _ threads workload _ rounds _ nodes _; do
		wanted "$name" "$workload" || continue
		if [ "$nodes" -gt "$have_nodes" ]; then
			echo "@skipped $name needs $nodes nodes, the guest has $have_nodes"
			continue
		fi
		more="${MORE:+ $MORE}"
		[ "$rounds" != - ] || more=" rounds=$ROUNDS$more"
		for order in $(echo "$orders" | tr , ' '); do
			for t in $(thread_counts "$threads"); do
				need=$((order > 12 ? 2 << (order - 8) : 0))
				if [ "$need" -gt "$pool_mib" ]; then
					echo "@skipped $name needs a pool of $need MiB on a node"
				elif [ "$t" -gt "$cpus" ]; then
					echo "@skipped $name needs $t CPUs, the guest has $cpus"
				else
					echo "workload=$workload order=$order threads=$t$more"
				fi
			done
		done
	done <$BENCH/workloads | awk '!seen[$0]++' >/tmp/all
	grep '^@skipped' /tmp/all | awk '!seen[$2]++'
	grep -v '^@' /tmp/all >$LIST
}

check_names() {
	for w in $only; do
		awk -v w="$w" -F '\t' '$1 == w || $5 == w { n++ } END { exit !n }' $BENCH/workloads ||
			fail "no workload '$w'; there are: $(cut -f 1 $BENCH/workloads | tr '\n' ' ')"
	done
}

# cgroup CONTROLLER: a child of the root for the writer.
cgroup() {
	[ -e $CGROUP/cgroup.procs ] || { mkdir -p $CGROUP && mount -t cgroup2 none $CGROUP; } || return
	echo "+$1" >$CGROUP/cgroup.subtree_control || return
	[ -d $CGROUP/bench ] || mkdir $CGROUP/bench
}

# in_cgroup COMMAND...: a process of its own.
# shellcheck disable=SC2016 # the inner shell expands
in_cgroup() { sh -c 'echo $$ >/sys/fs/cgroup/bench/cgroup.procs && exec "$@"' sh "$@"; }

setup_of() { # WORKLOAD
	awk -F '\t' -v w="$1" '$1 == w || $5 == w { print $10; exit }' $BENCH/workloads
}

# request LINE: writes it, set up as the table says.
# shellcheck disable=SC2016 # the inner shell expands
request() {
	write='echo "$0" >/sys/kernel/debug/pbuddy_bench/run'
	workload=${1#workload=}
	case $(setup_of "${workload%% *}") in
	memcg) cgroup memory && in_cgroup sh -c "$write" "$1" ;;
	cpuset) cgroup cpuset && echo 1 >$CGROUP/bench/cpuset.mems && in_cgroup sh -c "$write" "$1" ;;
	bind) /numactl --membind=1 sh -c "$write" "$1" ;;
	interleave) /numactl --interleave=0,1 sh -c "$write" "$1" ;;
	prezero)
		echo 100 >$PREZERO && sh -c "$write" "$1"
		status=$?
		echo 0 >$PREZERO
		return $status
		;;
	*) sh -c "$write" "$1" ;;
	esac
}

run_list() {
	nr=0
	total=$(wc -l <$LIST)
	echo "@plan $total"
	while read -r line; do
		nr=$((nr + 1))
		echo "[$nr/$total] $line" >&2
		echo "@request $line"
		if request "$line" 2>/tmp/why; then
			cat $BENCH/run
			echo "@done"
		else
			why=$(dmesg | grep 'pbuddy_bench: ' | tail -n 1 | sed 's/.*pbuddy_bench: //')
			echo "@failed ${why:-$(cat /tmp/why)}"
		fi
	done <$LIST
}

only="$*"
cpus=$(nproc)
have_nodes=$(grep -ls MemTotal /sys/devices/system/node/node*/meminfo | wc -l)
[ "$have_nodes" -gt 0 ] || have_nodes=1
insmod /pbuddy.ko "pool=$POOL" || fail "insmod pbuddy.ko pool=$POOL: $(dmesg | grep pbuddy: | tail -n 1)"
insmod /pbuddy_bench.ko || fail "insmod pbuddy_bench.ko: $(dmesg | tail -n 1)"
check_names
make_list
run_list
rmmod pbuddy_bench || fail "rmmod pbuddy_bench"
rmmod pbuddy || fail "rmmod pbuddy"
echo "@end"
