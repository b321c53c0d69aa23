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

# sizes: what the parameter shows while process $1 runs, each size once.
sizes() {
	while kill -0 "$1" 2>/dev/null; do
		read -r size <"$parameter" && echo "$size"
	done | uniq
}

in_parts() {
	load pool=0:16M || return
	pbuddyctl resize 0 2064M &
	sizes $! >/tmp/sizes
	wait $! && cat /tmp/sizes && owns 0 2064 && verified &&
		[ "$(dmesg | grep -c 'pbuddy: node 0: grew by 1024 MiB from contig')" -eq 2 ] &&
		grep -q '^0:1040M' /tmp/sizes
}

ktap_begin
t resize_grows_in_parts in_parts
t resize_grows_in_parts_unload gives_back 528384
ktap_end
