#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test-6.12 debug-6.12 uml-7.3
# vm: --nodes 2 --timeout 1500
#
# In the guest: loads pbuddy.ko with a pool and pbuddy_kunit.ko, and prints the KTAP of every suite as
# the kernel keeps it in debugfs. Fails when a suite is not ok, or none ran.
#
# Parameters for pbuddy_kunit.ko may follow: kunit.sh seed=N rounds=N

results=/sys/kernel/debug/kunit

fail() {
	echo "Bail out! $*"
	exit 1
}

# Lets allocations that may sleep fail too, for the suites that ask for failures.
for what in failslab fail_page_alloc; do
	if [ -d /sys/kernel/debug/$what ]; then
		echo N >/sys/kernel/debug/$what/ignore-gfp-wait
	fi
done

[ -f /pbuddy_kunit.ko ] || fail "pbuddy_kunit.ko was not built for this kernel"
lsmod | grep -q '^pbuddy ' || insmod /pbuddy.ko "pool=${POOL:-}" || fail "insmod pbuddy.ko"
insmod /pbuddy_kunit.ko "$@" || fail "insmod pbuddy_kunit.ko"

ran=0
bad=0
for suite in "$results"/pbuddy_*; do
	[ -f "$suite/results" ] || continue
	cat "$suite/results"
	ran=$((ran + 1))
	tail -n 1 "$suite/results" | grep -q '^ok ' || bad=$((bad + 1))
done
dmesg | sed -n 's/.*\(pbuddy_kunit: seed=.*\)/# \1/p'
echo "# $ran suites, $bad of them not ok"

rmmod pbuddy_kunit || fail "rmmod pbuddy_kunit"
rmmod pbuddy || fail "rmmod pbuddy"
[ $ran -gt 0 ] && [ $bad -eq 0 ]
