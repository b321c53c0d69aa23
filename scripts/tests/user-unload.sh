#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --nodes 2 --timeout 1800
#
# In the guest: rmmod is refused while anything is in use, works when nothing is, and the module can be
# loaded and used again.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh

loaded() { grep -q '^pbuddy ' /proc/modules; }
not_loaded() { ! loaded; }
no_device() { [ ! -e /dev/pbuddy ]; }
load() { insmod /pbuddy.ko pool=0:64M,1:64M; }
unload_refused() { ! rmmod pbuddy; }

# Somebody holds a buffer; killed, it lets go.
hold_and_kill() {
	pbuddyctl alloc --size 8M --touch --hold forever >/tmp/held &
	while ! grep -q 'keep what is written' /tmp/held; do sleep 0.1; done
	unload_refused || return 1
	loaded || return 1
	kill -9 $!
	wait $! 2>/dev/null
	return 0
}

# Pages that are still unmapped, or looked at, keep the module for a moment.
unload() {
	for _ in $(seq 50); do
		rmmod pbuddy 2>/dev/null && return 0
		sleep 0.2
	done
	rmmod pbuddy
}

load || exit 1
pbuddy-test unload || bad=1

ktap_begin
t rmmod_after_all unload
t module_is_gone not_loaded
t device_is_gone no_device
t insmod_again load
t refused_while_pbuddyctl_holds hold_and_kill
t rmmod_after_a_kill unload
t insmod_third_time load
t use_it pbuddyctl alloc --size 16M --count 3 --touch
t rmmod_at_the_end unload
t tests_before_were_ok [ -z "${bad-}" ]
ktap_end
