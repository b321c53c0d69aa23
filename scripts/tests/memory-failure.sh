#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts debug
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Requests that fail: their report in the kernel log, and failures on demand (fail_pbuddy/, on
# kernels with fault injection).
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

fail=$debugfs/fail_pbuddy

# In-kernel requests of GFP_KERNEL: BLOCKS ORDER; how many came back is in /tmp/got.
request() {
	dmesg -c >/dev/null
	insmod /pbuddy_leaker.ko blocks="$1" order="$2" leak=0 || return
	allocated >/tmp/got
	rmmod pbuddy_leaker
}

allocated() { sed -n 's/.* allocated=\([0-9]*\).*/\1/p' "$debugfs/verify"; }

got() { # PAGES
	echo "got $(cat /tmp/got) pages"
	[ "$(cat /tmp/got)" -eq "$1" ]
}

# 40 blocks of 2 MiB are more than 64 MiB hold.
report() {
	request 40 9
	dmesg | sed 's/^[^]]*\] //' >/tmp/log
	cat /tmp/log
	grep -q '^pbuddy: insmod: page allocation failure: order:9, pages:512, mode:0xcc0(GFP_KERNEL), node=[01], nodemask=(null), mems_allowed=0-1, reason:watermark$' /tmp/log
}

# The call trace leads to the module that made the request.
report_trace() { grep -q 'leaker_init.*pbuddy_leaker' /tmp/log; }

report_zones() {
	for node in 0 1; do
		grep -qE "^pbuddy: Node $node [A-Za-z0-9]+ free:[0-9]+kB boost:0kB min:[0-9]+kB low:[0-9]+kB high:[0-9]+kB reserved_highatomic:[0-9]+KB present:32768kB managed:32768kB free_pcp:[0-9]+kB free_cma:[0-9]+kB" /tmp/log || return
		grep -qE "^pbuddy: Node $node [A-Za-z0-9]+: [0-9]+\\*4kB .*\\*2048kB .*= [0-9]+kB$" /tmp/log || return
	done
	grep -q '^pbuddy: lowmem_reserve\[\]: ' /tmp/log
}

# The free memory of a zone is the sum of its blocks.
report_adds_up() {
	sed -n 's/^pbuddy: Node 0 [A-Z][A-Za-z0-9]*: \(.*\)= \([0-9]*\)kB$/\1 \2/p' /tmp/log | head -n 1 |
		awk '{ for (i = 1; i < NF; i++) { split($i, b, /[*k]/); n += b[1] * b[2] }
			print n, $NF; exit n != $NF || !NF }'
}

# Of a burst of failures, 48 at least, only five are reported in ten seconds. On a slow machine it takes
# longer.
report_rate_limited() {
	sleep 11
	begin=$(seconds)
	request 80 9
	n=$(dmesg | grep -c 'page allocation failure') most=$((5 * (($(seconds) - begin + 1) / 10 + 1)))
	echo "$n reports of 80 requests, at most $most are allowed"
	[ "$n" -ge 1 ] && [ "$n" -le "$most" ] && [ "$most" -lt 48 ]
}

files_there() {
	for file in probability interval times space verbose ignore-gfp-wait ignore-gfp-highmem \
		min-order; do
		[ -e "$fail/$file" ] || { echo "no $file"; return 1; }
	done
}

set_fail() { # FILE VALUE...
	while [ $# -gt 0 ]; do
		echo "$2" >"$fail/$1" || return
		shift 2
	done
}

# By default requests that may sleep do not fail.
ignores_wait() {
	set_fail probability 100 times -1 verbose 0 min-order 0 && request 20 0 && got 20
}

fails_all() {
	set_fail ignore-gfp-wait N && request 20 0 && got 0 && ! dmesg | grep 'allocation failure'
}

from_order() { set_fail min-order 2 && request 20 1 && got 40 && request 20 2 && got 0; }
n_times() { set_fail min-order 0 times 5 && request 20 0 && got 15; }
every_second() { set_fail times -1 interval 2 && request 20 0 && got 10; }

# Buffers fail too; their requests are __GFP_HIGHMEM.
buffers() {
	set_fail interval 1 times -1 && pbuddyctl alloc --size 1M || return
	set_fail ignore-gfp-highmem N && ! pbuddyctl alloc --size 1M
}

off() { set_fail probability 0 && request 20 0 && got 20 && pbuddyctl alloc --size 1M; }

ktap_begin
load pool=0:30M,1:30M min_free_kbytes=2048 # 32M each
t report_says_what_and_why report
t report_says_who report_trace
t report_shows_zones report_zones
t report_adds_up report_adds_up
t report_rate_limited report_rate_limited
if [ -d "$fail" ]; then
	t fault_files files_there
	t fault_ignores_wait ignores_wait
	t fault_fails_all_silently fails_all
	t fault_min_order from_order
	t fault_times n_times
	t fault_interval every_second
	t fault_buffers buffers
	t fault_off off
fi
t failure_leaves_nothing gives_back 16384
ktap_end
