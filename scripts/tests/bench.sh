#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts uml
# vm: --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh kunit/bench/workloads.c:/tests/workloads.c
#
# Every workload of pbuddy_bench once with small counts, with all its subjects: every row is there,
# every figure is positive, and no page stays allocated. Then malformed requests. The figures are
# no measurement. The workloads come from the module's table (columns: kunit/bench/main.c).
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

bench=/sys/kernel/debug/pbuddy_bench
tab=$(printf '\t')
subjects='pbuddy,pbuddy-equal-prep,alloc_pages'

run() { echo "$*" >"$bench/run"; }

# rows NAME UNIT SUBJECTS: each subject, and no other, has a row of that name with plausible
# figures. The clock may be coarse, so the few operations of large orders may take 0 ns.
rows() {
	cat "$bench/run"
	awk -F "$tab" -v name="$1" -v unit="$2" -v subjects="$3" '
		NR == 1 { ok = $1 == "workload" && $9 == "rounds"; next }
		$1 != name { next }
		$5 != unit || $6 + 0 < $7 + 0 || $6 + 0 > $8 + 0 || $9 + 0 < 1 { print "implausible: " $0; bad = 1 }
		unit != "%" && ($7 + 0 < 0 || $7 + 0 == 0 && $2 < 9) { print "not positive: " $0; bad = 1 }
		unit == "%" && ($7 + 0 < 0 || $8 + 0 > 105) { print "no percentage: " $0; bad = 1 }
		{ seen[$4]++ }
		END {
			n = split(subjects, want, ",")
			for (i = 1; i <= n; i++) {
				if (!seen[want[i]]) { print "no row of " want[i]; bad = 1 }
				delete seen[want[i]]
			}
			for (s in seen) { print "unexpected: " s; bad = 1 }
			exit bad || !ok
		}' "$bench/run"
}

# column ROW-NAME NUMBER: that column of the table of workloads.
column() { awk -F "$tab" -v name="$1" -v n="$2" '$1 == name { print $n }' "$bench/workloads"; }

# prezeroes PERCENT: what the set-up "prezero" needs; pages that are zeroed stay so.
prezeroes() { echo "$1" >/sys/module/pbuddy/parameters/prezero; }

allocated() { sed -n 's/.* allocated=\([0-9]*\).*/\1/p' "$debugfs/verify"; }

# No page is allocated, and after a drain none is in a per-CPU list. A node thread that prezeroes
# allocates a pageblock for a moment.
all_free() { within 120 none_allocated; }

none_allocated() {
	echo 1 >"$debugfs/drain"
	verified
	[ "$(allocated)" -eq 0 ] && [ "$(sed -n 's/.* pcp=\([0-9]*\).*/\1/p' "$debugfs/verify")" -eq 0 ]
}

# once NAME SUBJECTS THREADS ORDER: few operations, few rounds. A row with a trailing column
# counts iterations, or n, which a count would replace. One of resize-move counts pageblocks.
once() {
	name=$1 want=$2 threads=$3 order=$4 more=count=256
	[ "$order" -lt 9 ] && [ "$name" != resize-move ] || more=count=2
	case $(column "$name" 8) in
	iteration) more='count=64 iterations=3' ;;
	n) more= ;;
	esac
	run "workload=$name order=$order threads=$threads subjects=$want rounds=2 $more" &&
		rows "$name" "$(column "$name" 6)" "$want" && all_free
}

# runs_on NAME CPUS THREADS: whether that number of threads suits column CPUS, and the guest has the nodes.
runs_on() {
	case $2$3 in
	21 | 12) return 1 ;;
	esac
	[ "$(column "$1" 9)" -le "$nodes" ]
}

# workload NAME ORDERS SUBJECTS THREADS: a row of the table, on one and two CPUs. The writer is set up
# for prezeroing alone: memory policies and cpusets change figures only.
workload() {
	[ "$(column "$1" 10)" != prezero ] || prezeroes 50 || return
	for threads in 1 2; do
		runs_on "$1" "$4" "$threads" || continue
		[ "$threads" -le "$(nproc)" ] || continue
		for order in $(echo "$2" | tr , ' '); do
			case $order in 0 | 3 | 9 | 10) ;; *) continue ;; esac
			# No compound page has order 0.
			want=$3
			[ "$order" -ne 0 ] || want=$(echo "$want" | sed 's/,alloc_pages_comp//')
			once "$1" "$want" "$threads" "$order" || return
		done
	done
	prezeroes 0
}

# The table has every row that kunit/bench/workloads.c defines, in that order, and no column is empty.
table_complete() {
	cat "$bench/workloads"
	sed -n 's/.*{ "\([a-z0-9-]*\)", "[^"]*" }.*/\1/p' /tests/workloads.c >/tmp/defined
	cut -f 1 "$bench/workloads" | diff /tmp/defined - && [ -s /tmp/defined ] &&
		awk -F "$tab" 'NF != 11 || /\t\t|\t$/ { print "empty: " $0; bad = 1 } END { exit bad }' \
			"$bench/workloads"
}

# A request without threads= and subjects= gives every subject that has the order.
defaults() {
	run workload=pair order=9 rounds=3 count=10 && rows pair ns/op "$(column pair 3)"
}

# A workload's name gives all its rows, a row's name that row alone.
parts() {
	run workload=bulk rounds=1 count=256 subjects="$subjects" &&
		rows bulk-get ns/op "$subjects" && rows bulk-put ns/op "$subjects" &&
		run workload=bulk-get rounds=1 count=256 subjects="$subjects" &&
		rows bulk-get ns/op "$subjects" && ! grep -q bulk-put "$bench/run"
}

checkpoints() {
	run workload=frag iterations=5 count=64 && cat "$bench/run" &&
		[ "$(head -n 1 "$bench/run" | cut -f 10)" = iteration ] &&
		[ "$(awk -F "$tab" '$4 == "pbuddy" { print $10 }' "$bench/run" | tr '\n' ' ')" = '0 1 2 3 4 5 ' ]
}

# refused STRERROR REGEX REQUEST: fails with that error and logs one line that matches.
refused() {
	want=$1 line=$2
	shift 2
	dmesg -c >/dev/null
	if said=$( (run "$*") 2>&1); then
		echo "no error"
		return 1
	fi
	echo "$said"
	dmesg
	echo "$said" | grep -q "$want" && [ "$(dmesg | grep -c 'pbuddy_bench: ')" -eq 1 ] &&
		dmesg | grep -q "pbuddy_bench: $line"
}

# A workload for two nodes is refused where there is one.
needs_nodes() {
	if [ "$nodes" -gt 1 ]; then
		run workload=other-node rounds=1 count=64 && all_free
	else
		invalid "'other-node' needs 2 nodes" workload=other-node
	fi
}

invalid() { refused 'Invalid argument' "$@"; }

# When an allocation fails in the middle of a round, all blocks are freed. The subject "failing"
# is pbuddy whose 41st allocation fails. It cannot change its size.
fails_in_the_middle() {
	awk -F "$tab" -v OFS="$tab" '!seen[$5]++ { print $1, $4, $5 }' "$bench/workloads" >/tmp/workloads
	while IFS=$tab read -r row cpus name; do
		case $name in resize*) continue ;; esac
		for threads in 1 2; do
			runs_on "$row" "$cpus" "$threads" || continue
			[ "$(column "$row" 10)" != prezero ] || prezeroes 50
			said=$( (run "workload=$name threads=$threads subjects=pbuddy,failing rounds=50") 2>&1) && {
				echo "$name: no error"
				return 1
			}
			prezeroes 0
			echo "$name, $threads threads: $said"
			echo "$said" | grep -q 'Cannot allocate memory' && all_free || return
			[ "$(wc -l <"$bench/run")" -eq 1 ] || return
		done
	done </tmp/workloads
}

# The gfp flags of a request reach each subject that takes them, alone or joined.
flags() {
	for gfp in kernel+zero user+write kernel+comp highuser-movable atomic nowait+reclaimable \
		user+hardwall+thisnode; do
		echo "gfp=$gfp"
		run "workload=bulk order=3 rounds=1 count=256 gfp=$gfp subjects=$subjects" &&
			rows bulk-get ns/op "$subjects" && all_free || return
	done
	run workload=repeat rounds=1 count=64 gfp=kernel+account task=writer && all_free
}

# The task that writes the request runs the rounds, and its policy applies; it can be killed.
in_the_writer() {
	run workload=pair rounds=2 count=64 task=writer subjects="$subjects" &&
		rows pair ns/op "$subjects" || return
	run workload=frag rounds=1000 subjects=pbuddy task=writer &
	pid=$!
	sleep 1
	kill -9 "$pid"
	wait "$pid"
	run workload=pair rounds=1 count=10 task=writer && all_free
}

# A writer killed while its request runs: the write ends early, all blocks are freed.
killed() {
	run workload=frag rounds=1000 subjects=pbuddy &
	pid=$!
	sleep 1
	kill -9 "$pid"
	wait "$pid"
	run workload=pair rounds=1 count=10 && all_free
}

unloads() { rmmod pbuddy_bench && ! [ -e "$bench" ]; }

ktap_begin
nodes=$(grep -ls MemTotal /sys/devices/system/node/node*/meminfo | wc -l)
[ "$nodes" -gt 0 ] || nodes=1
pool=0:64M
[ "$nodes" -eq 1 ] || pool=0:64M,1:64M
load "pool=$pool"
t bench_loads insmod /pbuddy_bench.ko
t bench_table_complete table_complete
while IFS=$tab read -r name orders all_subjects threads _; do
	t "bench_$name" workload "$name" "$orders" "$all_subjects" "$threads"
done <"$bench/workloads"
t bench_defaults defaults
t bench_parts parts
t bench_checkpoints checkpoints
t bench_unknown_workload invalid "unknown workload 'foo'" workload=foo
t bench_unknown_subject invalid "unknown subject 'foo'" workload=pair subjects=foo
t bench_unknown_word invalid "unknown word 'speed'" workload=pair speed=9
t bench_flags flags
t bench_in_the_writer in_the_writer
t bench_unknown_flag invalid "unknown gfp flag 'cold'" workload=pair gfp=kernel+cold
t bench_no_flag invalid "unknown gfp flag ''" workload=pair gfp=
case $(column pair 3) in
*gen_pool*)
	t bench_flags_of_subject invalid "subject 'gen_pool' takes no gfp flags" \
		workload=pair gfp=kernel+zero subjects=gen_pool
	;;
*) ktap_skip bench_flags_of_subject 'no gen_pool in this kernel' ;;
esac
t bench_account_thread invalid 'account needs task=writer' workload=pair gfp=kernel+account
t bench_unknown_task invalid "task='init' is neither thread nor writer" workload=pair task=init
t bench_one_writer invalid 'task=writer needs threads=1' workload=pair task=writer threads=2
t bench_writer_of_workload invalid 'task=writer needs threads=1' workload=account threads=2
t bench_nodes_of_workload needs_nodes
t bench_no_prezero invalid 'nothing is zeroed in advance: the parameter prezero of pbuddy is 0' \
	workload=zeroed subjects=pbuddy
t bench_no_value invalid "'pair' is not WORD=VALUE" pair
t bench_no_workload invalid 'no workload= given' order=0
t bench_wrong_order invalid "order='99' is not a number" workload=pair order=99
t bench_order_of_workload invalid "'bulk-api' is for orders up to 0" workload=bulk-api-get order=1
t bench_order_of_subject invalid "subject 'alloc_pages_comp' cannot allocate order=0" \
	workload=pair subjects=alloc_pages_comp
t bench_subject_of_workload invalid "subject 'alloc_pages_bulk' cannot run 'pair'" \
	workload=pair subjects=alloc_pages_bulk
t bench_too_many_threads invalid "threads='999' is not a number" workload=pair threads=999
t bench_two_cpus invalid "'ring' needs threads=2" workload=ring threads=1
t bench_too_much refused 'Cannot allocate memory' "'bulk' .*: no memory for 65536 blocks" \
	workload=bulk count=65536 subjects=pbuddy
t bench_nothing_left fails_in_the_middle
t bench_killed killed
t bench_unloads unloads
t bench_gives_back gives_back $((nodes * 16384))
ktap_end
