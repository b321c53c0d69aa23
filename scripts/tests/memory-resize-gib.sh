#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts
# vm: --one-thread --nodes 2 --mem 5G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# A node that grows by several GiB: a GiB at a time, and others see it grow.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

parameter=/sys/module/pbuddy/parameters/resize

# sizes PROCESS: what the parameter shows while it runs, each size once.
sizes() {
	while kill -0 "$1" 2>/dev/null; do
		read -r size <"$parameter" && echo "$size"
	done | uniq
}

grows_in_parts() {
	dmesg -c >/dev/null
	pbuddyctl resize 0 2064M &
	sizes $! >/tmp/sizes
	wait $! && cat /tmp/sizes && owns 0 2064 && verified &&
		[ "$(dmesg | grep -c 'pbuddy: node 0: grew by 1024 MiB from contig')" -eq 2 ]
}

# Again when this shell did not run between the two parts.
in_parts() {
	load pool=0:16M && grows_in_parts || return
	for _ in $(seq 5); do
		! grep -q '^0:1040M' /tmp/sizes || return 0
		pbuddyctl resize 0 16M && grows_in_parts || return
	done
	return 1
}

ktap_begin
t resize_grows_in_parts in_parts
t resize_grows_in_parts_unload gives_back 528384
ktap_end
