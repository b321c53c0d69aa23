#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts uml
# vm: --timeout 900
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Every workload of pbuddy_bench once with small counts, all its subjects: every row is there,
# every figure positive, nothing stays allocated; and requests that are wrong. What comes out
# is no measurement.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

bench=/sys/kernel/debug/pbuddy_bench
tab=$(printf '\t')
subjects='pbuddy,pbuddy-equal-prep,alloc_pages'

run() { echo "$*" >"$bench/run"; }

# rows NAME UNIT SUBJECTS: each subject has a row of that name, of sane figures, and no other. A
# clock may be coarse, so the few operations of large orders may take no time.
rows() {
	cat "$bench/run"
	awk -F "$tab" -v name="$1" -v unit="$2" -v subjects="$3" '
		NR == 1 { ok = $1 == "workload" && $9 == "rounds"; next }
		$1 != name { next }
		$5 != unit || $6 + 0 < $7 + 0 || $6 + 0 > $8 + 0 || $9 + 0 < 1 { print "odd: " $0; bad = 1 }
		unit != "%" && ($7 + 0 < 0 || $7 + 0 == 0 && $2 < 9) { print "not positive: " $0; bad = 1 }
		unit == "%" && ($7 + 0 < 0 || $8 + 0 > 105) { print "no share: " $0; bad = 1 }
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

unit_of() {
	case $1 in
	frag | free-all*) echo % ;;
	*) echo ns/op ;;
	esac
}

allocated() { sed -n 's/.* allocated=\([0-9]*\).*/\1/p' "$debugfs/verify"; }

# All free again once the CPUs' caches are drained, in whole blocks.
all_free() {
	echo 1 >"$debugfs/drain"
	verified
	[ "$(allocated)" -eq 0 ] && [ "$(sed -n 's/.* pcp=\([0-9]*\).*/\1/p' "$debugfs/verify")" -eq 0 ]
}

# once NAME SUBJECTS THREADS ORDER: few operations, few rounds; a word more for some.
once() {
	name=$1 want=$2 threads=$3 order=$4 more=count=256
	[ "$order" -lt 9 ] || more=count=2
	[ "$name" != frag ] || more='count=64 iterations=3'
	[ "$name" != outstanding ] || more=
	run "workload=$name order=$order threads=$threads subjects=$want rounds=2 $more" &&
		rows "$name" "$(unit_of "$name")" "$want" && all_free
}

# A workload of the table, with the subjects it names; on two CPUs too.
workload() {
	for threads in 1 2; do
		[ "$4" != 2 ] || [ "$threads" -eq 2 ] || continue
		[ "$threads" -le "$(nproc)" ] || continue
		for order in $(echo "$2" | tr , ' '); do
			case $order in 0 | 3 | 9 | 10) ;; *) continue ;; esac
			# No compound page of order 0; the CPUs' 31 chunks reach order 9.
			want=$3
			[ "$order" -ne 0 ] || want=$(echo "$want" | sed 's/,alloc_pages_comp//')
			once "$1" "$want" "$threads" "$order" || return
		done
	done
}

table_complete() {
	cat "$bench/workloads"
	for name in repeat bulk-get bulk-put rand-put rand frag linux-scalability threadtest \
		constant-occupancy cached pair outstanding bulk-api-get bulk-api-put two-phase-get \
		two-phase-put ring free-all free-all-drained; do
		grep -q "^$name$tab" "$bench/workloads" || { echo "no $name"; return 1; }
	done
}

subjects_of() { awk -F "$tab" -v name="$1" '$1 == name { print $3 }' "$bench/workloads"; }

# The same request without threads= and subjects= gives every subject of the order.
defaults() {
	run workload=pair order=9 rounds=3 count=10 && rows pair ns/op \
		"$(subjects_of pair)"
}

# A name of two rows gives both, a row's own name that row.
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

# refused STRERROR REGEX REQUEST: fails so, and says in one line which word is wrong.
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

invalid() { refused 'Invalid argument' "$@"; }

# Memory that runs out in the middle of a round: what was taken is given back. The subject
# "failing" is pbuddy that has no memory at the 41st allocation.
fails_in_the_middle() {
	for name in pair bulk rand-put rand linux-scalability threadtest constant-occupancy cached \
		outstanding bulk-api two-phase ring frag free-all; do
		for threads in 1 2; do
			case $name$threads in two-phase1 | ring1) continue ;; esac
			said=$( (run "workload=$name threads=$threads subjects=pbuddy,failing") 2>&1) && {
				echo "$name: no error"
				return 1
			}
			echo "$name, $threads threads: $said"
			echo "$said" | grep -q 'Cannot allocate memory' && all_free || return
			[ "$(wc -l <"$bench/run")" -eq 1 ] || return
		done
	done
}

# Killed while it runs: the write ends early and nothing stays.
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
load pool=0:64M
t bench_loads insmod /pbuddy_bench.ko
t bench_table_complete table_complete
while IFS=$tab read -r name orders suits threads; do
	t "bench_$name" workload "$name" "$orders" "$suits" "$threads"
done <"$bench/workloads"
t bench_defaults defaults
t bench_parts parts
t bench_checkpoints checkpoints
t bench_unknown_workload invalid "unknown workload 'foo'" workload=foo
t bench_unknown_subject invalid "unknown subject 'foo'" workload=pair subjects=foo
t bench_unknown_word invalid "unknown word 'speed'" workload=pair speed=9
t bench_no_value invalid "'pair' is not WORD=VALUE" pair
t bench_no_workload invalid 'no workload= given' order=0
t bench_wrong_order invalid "order='99' is not a number" workload=pair order=99
t bench_order_of_workload invalid "'bulk-api' is for orders up to 0" workload=bulk-api-get order=1
t bench_order_of_subject invalid "subject 'alloc_pages_comp' cannot do order=0" \
	workload=pair subjects=alloc_pages_comp
t bench_subject_of_workload invalid "subject 'alloc_pages_bulk' cannot do 'pair'" \
	workload=pair subjects=alloc_pages_bulk
t bench_too_many_threads invalid "threads='999' is not a number" workload=pair threads=999
t bench_two_cpus invalid "'ring' wants threads=2" workload=ring threads=1
t bench_too_much refused 'Cannot allocate memory' "'bulk' .*: no memory for 65536 blocks" \
	workload=bulk count=65536 subjects=pbuddy
t bench_nothing_left fails_in_the_middle
t bench_killed killed
t bench_unloads unloads
t bench_gives_back gives_back 16384
ktap_end
