#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: build/libpbuddy.so.1:/lib/libpbuddy.so.1 build/examples/buffers:/examples/buffers
# copy: /usr/bin/python3:/usr/bin/python3 build/python:/python
#
# In the guest: libpbuddy's examples in C and in Python, with the shared library. (Its functions are tested
# by user-device, in tools/tests/test_library.c.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

python() { PYTHONHOME=/python LD_LIBRARY_PATH=/python/lib /usr/bin/python3 -S "$@"; }

# Without the module both say what to do.
says_without_module() {
	! "$@" 2>/tmp/err || return 1
	cat /tmp/err
	grep -x 'buffers[.py]*: /dev/pbuddy: No such file or directory (is the module loaded? Try: modprobe pbuddy)' /tmp/err
}

c_example() {
	/examples/buffers >/tmp/said || return 1
	cat /tmp/said
	grep -x '2097152 bytes on node [01]: written and read' /tmp/said &&
		grep -x '4 buffers of 102400 bytes' /tmp/said &&
		grep '^too much: cannot allocate .* (more than these nodes own' /tmp/said
}

python_example() {
	python /python/buffers.py >/tmp/said || return 1
	cat /tmp/said
	grep -x '2097152 bytes: written and read' /tmp/said &&
		grep '^too much: cannot allocate .* (more than these nodes own' /tmp/said
}

nothing_used() {
	pbuddyctl info | tee /tmp/info
	[ "$(awk '/^ *[0-9]/ { print $4 }' /tmp/info | sort -u)" = 0 ]
}

ktap_begin
t library_c_without_module says_without_module /examples/buffers
t library_python_without_module says_without_module python /python/buffers.py
load pool=0:64M,1:64M || exit 1
t library_c_example c_example
t library_python_example python_example
t library_leaves_nothing within 20 nothing_used
t rmmod unload
ktap_end
