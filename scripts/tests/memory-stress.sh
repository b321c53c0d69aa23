#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest
# vm: --nodes 1 --append init_on_alloc=0
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# All CPUs allocate and free pageblocks at once, without waiting, while most of the pool is free: no
# request fails. With init_on_alloc=0, so that requests use the lists of their CPU. 2 million requests,
# or as many as the argument says. 50 million:
#   scripts/vm --kernel stock-6.1 --nodes 1 --append init_on_alloc=0 --copy scripts/lib:/tests \
#	--copy scripts/tests/memory-stress.sh:/tests/ -- sh /tests/memory-stress.sh 50000000
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

stress=/sys/module/pbuddy_stress/parameters
requests=${1-2000000}

counted() { echo "$(cat "$stress/sent") requests, $(cat "$stress/failed") failed"; }

wait_for_threads() {
	while [ "$(cat "$stress/running")" -gt 0 ]; do
		sleep 1
	done
}

# none_fails ORDER HELD: of $requests requests, with at most HELD blocks at a time.
none_fails() {
	insmod /pbuddy_stress.ko order="$1" held="$2" requests="$requests" || return
	wait_for_threads
	counted | tee /tmp/counted
	failed=$(cat "$stress/failed") left=$((requests - $(cat "$stress/sent")))
	rmmod pbuddy_stress && [ "$left" -lt "$(nproc)" ] && [ "$failed" -eq 0 ]
}

ktap_begin
load pool=0:512M || exit 1
t stress_order_9 none_fails 9 40
t stress_verified verified
t stress_unload gives_back 131072
sed "s/^/# /" /tmp/counted
ktap_end
