#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark, as it runs inside the guest: scripts/bench copies it there. Loads the
# modules, asks pbuddy_bench for every workload, order and number of threads that its
# table names, or for the workloads given as arguments, and prints what it answers:
#     @plan N               so many requests follow
#     @request WORD=VALUE...
#     (the table that was read)
#     @done, or @failed WHY
#     @skipped NAME WHY     for what this guest cannot do
#     @end
# From the environment: POOL (MiB for pbuddy), ROUNDS, and MORE, words for each request.
# Progress goes to stderr.
POOL=${POOL:?} ROUNDS=${ROUNDS:?} MORE=${MORE-}
BENCH=/sys/kernel/debug/pbuddy_bench
LIST=/tmp/requests

fail() {
	echo "@failed $*"
	exit 1
}

# Two rows named X-get and X-put come from one request for X.
request_name() {
	case $1 in
	*-get) echo "${1%-get}" ;;
	*-put) grep -q "^${1%-put}-get	" $BENCH/workloads && echo "${1%-put}" || echo "$1" ;;
	free-all*) echo free-all ;;
	*) echo "$1" ;;
	esac
}

wanted() { # ROW-NAME REQUEST-NAME
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

make_list() {
	while IFS='	' read -r name orders _ threads; do
		request=$(request_name "$name")
		wanted "$name" "$request" || continue
		for order in $(echo "$orders" | tr , ' '); do
			for t in $(thread_counts "$threads"); do
				if [ "$t" -gt "$cpus" ]; then
					echo "@skipped $name wants $t CPUs, there is $cpus"
				else
					echo "workload=$request order=$order threads=$t"
				fi
			done
		done
	done <$BENCH/workloads | awk '!seen[$0]++' >/tmp/all
	grep '^@skipped' /tmp/all | awk '!seen[$2]++'
	grep -v '^@' /tmp/all >$LIST
}

check_names() {
	for w in $only; do
		awk -v w="$w" -F '\t' '$1 == w || $1 == w "-get" || $1 == w "-put" { n++ } END { exit !n }' \
			$BENCH/workloads || fail "no workload '$w'; there are: $(cut -f 1 $BENCH/workloads | tr '\n' ' ')"
	done
}

run_list() {
	nr=0
	total=$(wc -l <$LIST)
	echo "@plan $total"
	while read -r line; do
		nr=$((nr + 1))
		# Shapes of memory hardly vary and take long: the module's own number of rounds.
		case $line in
		*=frag\ * | *=free-all\ *) ;;
		*) line="$line rounds=$ROUNDS" ;;
		esac
		line="$line${MORE:+ $MORE}"
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
