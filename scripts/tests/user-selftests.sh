#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test stock+lts
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: build/selftests/gup_test:/selftests/gup_test build/selftests/dmabuf-heap:/selftests/dmabuf-heap
#
# In the guest: selftests of the kernel, as they are, on memory of pbuddy. gup_test pins pages of a mapping
# of the device (CONFIG_GUP_TEST, which Debian's kernels lack), in the fast and the slow way, for short
# and for long.
# (transhuge-stress -f says nothing here: in Linux 6.12 its blocks are anonymous memory whatever -f names.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

BYTES_MIB=16

# gup TEXT OPTIONS...: all ways of one kind, and that the kernel did it.
gup() {
	text=$1
	shift
	for more in '' -W '-n 512'; do
		# shellcheck disable=SC2086 # options
		/selftests/gup_test "$@" $more -S -f /dev/pbuddy -m $BYTES_MIB -r 1 >/tmp/said || return 1
		cat /tmp/said
		grep -q "^# $text" /tmp/said && grep -q '^ok 1 ioctl status 0' /tmp/said || return 1
	done
}

# The test runs on every heap there is; the heaps of pbuddy are two for each node.
heaps() {
	/selftests/dmabuf-heap >/tmp/said || return 1
	cat /tmp/said
	for heap in pbuddy-node0 pbuddy-node0-contig pbuddy-node1 pbuddy-node1-contig; do
		grep -qx "# Testing heap: $heap" /tmp/said || { echo "not tested: $heap"; return 1; }
	done
	grep '^# Totals: .* fail:0 .* error:0' /tmp/said
}

nothing_used() {
	pbuddyctl info | tee /tmp/info
	[ "$(awk '/^ *[0-9]/ { print $4 }' /tmp/info | sort -u)" = 0 ]
}

# gup_test itself passes where the kernel lacks its file.
t_gup() {
	if [ -e /sys/kernel/debug/gup_test ]; then
		t "$@"
	else
		ktap_skip "$1" 'no CONFIG_GUP_TEST in this kernel'
	fi
}

load pool=0:64M,1:64M || exit 1
ktap_begin
t_gup selftest_gup_get gup GUP_BASIC_TEST -U
t_gup selftest_gup_get_fast gup GUP_FAST_BENCHMARK -u
t_gup selftest_gup_pin gup PIN_BASIC_TEST -b
t_gup selftest_gup_pin_fast gup PIN_FAST_BENCHMARK -a
t_gup selftest_gup_pin_longterm gup PIN_LONGTERM_BENCHMARK -L
t selftest_dmabuf_heaps heaps
t selftest_leaves_nothing within 20 nothing_used
t rmmod unload
ktap_end
