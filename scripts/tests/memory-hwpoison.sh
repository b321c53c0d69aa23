#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts test debug
# vm: --one-thread --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Pages with a memory error are never allocated again, are counted, and do not keep the module from
# unloading. The kernel gets them back with the rest of the memory, and does not use them either.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

in_buffers() {
	pbuddy-test hwpoison >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
	grep -c '^ *ok' /tmp/out
}

# A program that accesses such a page gets SIGBUS, while the rest of its buffer stays.
in_a_mapped_buffer() { [ "$(grep -c '^ *ok .*hwpoison\.in_' /tmp/out)" -eq 6 ]; }

# Nine tests set a page aside in each kernel.
counted() {
	bad=$(event nr_hwpoison_pages)
	echo "$bad pages are set aside"
	[ "$bad" -ge 9 ] && verified
}

given_back() { gives_back 32768; }

with_debugging() { load pool=0:64M,1:64M owner=1 page_poison=1 guard_minorder=2 && in_buffers; }

# Without overwritten poison, or broken guards.
no_complaint() { [ "$(event bad_page)" -eq 0 ] && counted; }

# The contig source leaves the pages out that the kernel does not use any more.
load_again() { load pool=0:64M,1:64M && owns 0 64 && owns 1 64 && [ "$(event nr_hwpoison_pages)" -eq 0 ]; }

ktap_begin
load pool=0:64M,1:64M || exit 1
if [ ! -e /sys/devices/system/memory/hard_offline_page ]; then
	unload_soon
	ktap_skip hwpoison "no memory_failure() in this kernel"
	ktap_end
fi
t hwpoison_never_allocated in_buffers
t hwpoison_in_a_mapped_buffer in_a_mapped_buffer
t hwpoison_counted counted
t hwpoison_unload given_back
t hwpoison_load_again load_again
t hwpoison_unload_again given_back
t hwpoison_with_debugging with_debugging
t hwpoison_no_complaint no_complaint
t hwpoison_unload_debugging given_back
ktap_end
