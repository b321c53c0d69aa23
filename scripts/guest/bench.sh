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
# From the environment: POOL (MiB of pbuddy), ROUNDS, and MORE, words to add to each request.
# Progress goes to stderr.
POOL=${POOL:?} ROUNDS=${ROUNDS:?} MORE=${MORE-}
BENCH=/sys/kernel/debug/pbuddy_bench
LIST=/tmp/requests

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

# The columns of the table are described in kunit/bench/main.c. Free memory is measured with the
# table's number of rounds: it varies little and takes long.
make_list() {
	while IFS='	' read -r name orders _ threads workload _ rounds _; do
		wanted "$name" "$workload" || continue
		more="${MORE:+ $MORE}"
		[ "$rounds" != - ] || more=" rounds=$ROUNDS$more"
		for order in $(echo "$orders" | tr , ' '); do
			for t in $(thread_counts "$threads"); do
				if [ "$t" -gt "$cpus" ]; then
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

run_list() {
	nr=0
	total=$(wc -l <$LIST)
	echo "@plan $total"
	while read -r line; do
		nr=$((nr + 1))
		echo "[$nr/$total] $line" >&2
		echo "@request $line"
		if echo "$line" >$BENCH/run 2>/tmp/why; then
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
insmod /pbuddy.ko "pool=0:${POOL}M" || fail "insmod pbuddy.ko pool=0:${POOL}M: $(dmesg | grep pbuddy: | tail -n 1)"
insmod /pbuddy_bench.ko || fail "insmod pbuddy_bench.ko: $(dmesg | tail -n 1)"
check_names
make_list
run_list
rmmod pbuddy_bench || fail "rmmod pbuddy_bench"
rmmod pbuddy || fail "rmmod pbuddy"
echo "@end"
