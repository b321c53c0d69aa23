#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock
# vm: --one-thread --nodes 2 --timeout 1200
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/sbin/memtester /usr/bin/stress-ng /usr/bin/fio
#
# In the guest: programs that are not written for pbuddy and take /dev/pbuddy as a path.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

nothing_used() {
	pbuddyctl info | tee /tmp/info
	[ "$(awk '/^ *[0-9]/ { print $4 }' /tmp/info | sort -u)" = 0 ]
}

leaves_nothing() { within 20 nothing_used; }

stress_ng_dev() {
	/stress-ng --dev 1 --dev-file /dev/pbuddy --timeout 5 --metrics-brief >/tmp/stress 2>&1
	status=$?
	cat /tmp/stress
	[ "$status" -eq 0 ] && grep -q '1 of 1 devices opened and exercised' /tmp/stress
}

# fio_on ENGINE DIRECT OPTIONS...: I/O out of and into memory of pbuddy; tmpfs has O_DIRECT from 6.6 on.
fio_on() {
	engine=$1
	direct=$2
	shift 2
	/fio --name=job --filename=/tmp/fio.dat --size=4M --bs=64k --rw=randrw --verify=crc32c --ioengine="$engine" \
		--direct="$direct" --thread --iomem=mmapshared:/dev/pbuddy --randseed=1 "$@"
}

direct() { dd if=/dev/zero of=/tmp/direct bs=4096 count=1 oflag=direct 2>/dev/null; }

load pool=0:64M,1:64M || exit 1
ktap_begin
# Every pattern on two pageblocks; more would take minutes under emulation and show the same.
t memtester /memtester -p 0 -d /dev/pbuddy 4M 1
t memtester_leaves_nothing leaves_nothing
t stress_ng_dev stress_ng_dev
t stress_ng_leaves_nothing leaves_nothing
t fio_psync fio_on psync 0
if direct; then
	t fio_direct fio_on psync 1
	t fio_io_uring_fixed fio_on io_uring 1 --fixedbufs --iodepth=8
else
	ktap_skip fio_io_uring_fixed "no O_DIRECT on tmpfs, and no fixed buffers of files, in this kernel"
	ktap_skip fio_direct "no O_DIRECT on tmpfs in this kernel"
fi
t fio_leaves_nothing leaves_nothing
t rmmod unload
ktap_end
