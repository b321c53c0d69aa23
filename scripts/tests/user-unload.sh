#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: rmmod is refused while a buffer, mapping or pin is in use and succeeds otherwise, and
# the module can be loaded and used again, also while its parameters are written.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

not_loaded() { ! loaded; }
no_device() { [ ! -e /dev/pbuddy ]; }
load_again() { load pool=0:64M,1:64M; }

# A process that holds a buffer keeps the module, until it is killed.
hold_and_kill() {
	hold --size 8M --touch && ! unload && loaded || return
	kill -9 "$holder"
	wait "$holder" 2>/dev/null
	true
}

params=/sys/module/pbuddy/parameters

# Without an effect while there is no pool, whose initialization takes long with this max_address.
write_all() {
	while [ ! -e /tmp/stop ]; do
		echo / 0:1x2M >"$params/group_give" && echo / all >"$params/group_take"
		echo 0:16M >"$params/resize"
		echo 100000-1fffff >"$params/vacate"
		sleep 0.01			# or their lines are all that the log has
	done 2>/dev/null
}

# The files of the parameters exist before the pool does, and after it.
written_meanwhile() {
	mkdir -p /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
	rm -f /tmp/stop
	write_all &
	status=0
	for _ in 1 2 3; do
		load pool=0:16M-64M max_address=16T && unload_soon && said 'returned ([0-9]+) of \1 pages' || status=1
	done
	: >/tmp/stop
	wait
	return "$status"
}

load_again || exit 1
pbuddy-test unload || bad=1

ktap_begin
t rmmod_after_all unload_soon
t module_is_gone not_loaded
t device_is_gone no_device
t insmod_again load_again
t refused_while_pbuddyctl_holds hold_and_kill
t rmmod_after_a_kill unload_soon
t insmod_third_time load_again
t use_it pbuddyctl alloc --size 16M --count 3 --touch
t rmmod_at_the_end unload_soon
t parameters_written_meanwhile written_meanwhile
t tests_before_were_ok [ -z "${bad-}" ]
ktap_end
