#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: debug
# vm: --one-thread --nodes 2 --timeout 1200
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /sbin/insmod:/kmod/insmod
#
# In the guest: the n-th operation of the module's loading that fault injection can make fail, fails: an
# allocation or a copy that is called, however indirectly, by the module. Either the module loads without
# the file or record in question, and works; or insmod fails, and nothing is left: the next loading finds
# names and memory free, and the scan at the end no leaks.
#
# insmod is that of kmod: the one of busybox loads the module again after a failure.
# LOAD_FAULTS_STEP: every so many-th n is tried (default 19; 1 tries all, which takes half an hour).
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

step=${LOAD_FAULTS_STEP:-19}
attributes='failslab fail_page_alloc fail_usercopy'
debug=/sys/kernel/debug

# Counts only operations that modules call; modules are above the text of the kernel.
prepare() {
	for name in $attributes; do
		[ ! -e "$debug/$name/ignore-gfp-wait" ] || echo N >"$debug/$name/ignore-gfp-wait"
		echo 0 >"$debug/$name/verbose"
		echo 0xffffffffa0000000 >"$debug/$name/require-start"
		echo 0xffffffffff000000 >"$debug/$name/require-end"
	done
	echo 0 >"$debug/fail_page_alloc/min-order"
	echo N >"$debug/fail_page_alloc/ignore-gfp-highmem"
}

# Whether the fault has happened: it uses up the one time that its attribute has.
happened() {
	for name in $attributes; do
		[ "$(cat "$debug/$name/times")" = 1 ] || return 0
	done
	return 1
}

# A module that is loaded works. debugfs may lack the file whose creation failed.
works() {
	pbuddyctl alloc --size 4M --touch && { [ ! -e "$debugfs/verify" ] || verified; } && pbuddyctl info
}

# load_with_fault N: the status is not 0 when something is left or does not work.
load_with_fault() {
	for name in $attributes; do
		echo 1 >"$debug/$name/times"
	done
	dmesg -c >/dev/null
	sh -c "echo $1 >/proc/self/fail-nth; exec /kmod/insmod /pbuddy.ko min_free_kbytes=0 pool=0:8M,1:8M"
	if ! loaded; then
		echo not-loaded
		[ ! -e "$debugfs" ] && [ ! -e /dev/pbuddy ] && ! grep pbuddy /proc/iomem
		return
	fi
	status=0
	works || status=$?
	unload_soon && [ "$status" -eq 0 ] && said 'returned ([0-9]+) of \1 pages' && echo all-returned
}

# The last loading has no fault, so it succeeds and has every file.
each_fault() {
	n=1
	failed=0
	while load_with_fault "$n" >/tmp/fault 2>&1 && happened; do
		! grep -q not-loaded /tmp/fault || failed=$((failed + 1))
		n=$((n + step))
	done
	if happened || ! grep -q all-returned /tmp/fault || ! grep -q '^verify: OK' /tmp/fault; then
		echo "loading with a fault in operation $n:"
		cat /tmp/fault
		return 1
	fi
	echo "# up to operation $n, every ${step}th tried; $failed loadings failed" >/tmp/tried
	[ "$n" -gt 100 ] && [ "$failed" -gt 0 ]
}

# Later tests of the guest may inject faults of their own.
restore() {
	for name in $attributes; do
		echo 0 >"$debug/$name/require-start"
		echo 0xffffffffffffffff >"$debug/$name/require-end"
	done
}

returned() { has_again "$before" 4096; }

ktap_begin
prepare || exit 1
load pool=0:8M && unload_soon || exit 1
before=$(free_pages)
t each_fault each_fault
cat /tmp/tried
t memory_is_returned returned
restore
ktap_end
