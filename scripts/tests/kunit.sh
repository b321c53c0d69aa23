#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: kunit
# vm: --timeout 1500
# vm: --allow-splat bad.(free|page):.*by.kunit_try_catch|cut.here|WARNING:.*(core/alloc/slow|mm/page_alloc)\.c:
#
# In the guest: loads pbuddy.ko and pbuddy_kunit.ko, prints the KTAP of every suite as the kernel
# keeps it in debugfs. Fails when a suite is not ok, or none ran. Two kinds of report are allowed:
# the misuse that the suites do on purpose, and the warnings of __GFP_NOFAIL requests that cannot
# be served. Any other report fails the run.
#
# Parameters for pbuddy_kunit.ko may follow: kunit.sh seed=N rounds=N

results=/sys/kernel/debug/kunit

fail() {
	echo "Bail out! $*"
	exit 1
}

# A module may be in use for a moment longer, by a work item or a file whose close is deferred.
unload() { # MODULE
	tries=60
	until rmmod "$1" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "rmmod $1"
		sleep 1
	done
}

# insmod waits for each case, which KUnit ends after five minutes.
hung=/proc/sys/kernel/hung_task_timeout_secs
if [ -e $hung ]; then
	was_hung=$(cat $hung)
	echo 400 >$hung
fi

# Debug kernels are ten times slower, so their random sequences are shorter, unless a parameter says
# otherwise. Their fault injection may also fail allocations that sleep, which some suites use, and
# prints no stack of each: that takes most of the time of a suite.
for what in failslab fail_page_alloc; do
	if [ -d /sys/kernel/debug/$what ]; then
		echo N >/sys/kernel/debug/$what/ignore-gfp-wait
		echo 0 >/sys/kernel/debug/$what/verbose
		[ $# -gt 0 ] || set -- rounds=2
	fi
done

[ -f /pbuddy_kunit.ko ] || fail "pbuddy_kunit.ko was not built for this kernel"
# For test_zone_pages.c.
if [ -f /pbuddy_ramdisk.ko ] && [ -e /proc/swaps ]; then
	insmod /pbuddy_ramdisk.ko kbytes=16384 || fail "insmod pbuddy_ramdisk.ko"
	mkswap /dev/pbuddy_ramdisk >/dev/null || fail mkswap
	swapon /dev/pbuddy_ramdisk || fail swapon
fi
# Cases that isolate blocks, or fill a node, have it to themselves.
insmod /pbuddy.ko compaction_proactiveness=0 || fail "insmod pbuddy.ko"
insmod /pbuddy_kunit.ko "$@" || fail "insmod pbuddy_kunit.ko"

ran=0
bad=0
for suite in "$results"/pbuddy_*; do
	[ -f "$suite/results" ] || continue
	cat "$suite/results"
	ran=$((ran + 1))
	tail -n 1 "$suite/results" | grep -q '^ok ' || bad=$((bad + 1))
done
# One line for each of the misuses: seven in test_api.c, 18 in test_compound.c, six in
# test_bad_frames.c and 14 in test_quarantine.c.
lines=$(dmesg | grep -c 'pbuddy: bad free: .* by kunit_try_catch')
# Four warnings of test_slow_states.c, one of test_slow_rights.c, and two of test_parity_slow.c with as many of the kernel's.
warned=$(dmesg | grep -c 'WARNING: .*core/alloc/slow\.c:')
kernel=$(dmesg | grep -c 'WARNING: .*mm/page_alloc\.c:')
echo "# $ran suites, $bad of them not ok; $lines lines about misuse; $warned and $kernel warnings"
echo "# seed $(cat /sys/module/pbuddy_kunit/parameters/seed)"

unload pbuddy_kunit
unload pbuddy
if [ -e /dev/pbuddy_ramdisk ]; then
	swapoff /dev/pbuddy_ramdisk || fail swapoff
	unload pbuddy_ramdisk
fi
[ ! -e $hung ] || echo "$was_hung" >$hung
[ "$lines" -le 45 ] || fail "a misuse was reported more than once"
if [ "$warned" -gt 7 ] || [ "$kernel" -gt 2 ]; then
	fail "more warnings than the suites ask for"
fi
[ $ran -gt 0 ] && [ $bad -eq 0 ]
