#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts
# vm: --one-thread --nodes 2 --timeout 1500
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# insmod and rmmod a hundred times, with pools of changing size: each time
# all pages that were taken are returned, and the kernel's free memory shows no trend.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# cycle N: pools of 2 to 32 MiB on node 0, of 16 on node 1.
cycle() {
	mib=$((2 + 2 * ($1 % 16)))
	load "pool=0:${mib}M,1:16M" || return
	pages=$(($(node_pages 0) + $(node_pages 1)))
	if [ "$pages" -ne $(((mib + 16) * 256)) ]; then
		echo "cycle $1: owns $pages pages, not $(((mib + 16) * 256))"
		return 1
	fi
	verified >/dev/null && unload_soon && said "returned $pages of $pages pages" >/dev/null
}

run_cycles() { # FROM TO
	i=$1
	while [ "$i" -le "$2" ]; do
		cycle "$i" || return
		i=$((i + 1))
	done
}

# All cycles together lose less than one pageblock, the least that a source could lose.
no_trend() { has_again "$before" 512; }

ktap_begin
t cycles_warm_up run_cycles 1 10
before=$(free_pages)
t cycles_return_what_they_took run_cycles 11 100
t cycles_show_no_trend no_trend
ktap_end
