#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug rt
# vm: --one-thread --nodes 2 --timeout 1500 --append memmap=64M$0x70000000 --append memmap=16M$0x300000000
# vm: --append reserve_mem=64M:2M:pb --append reserve_mem=5M:4K:odd
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# The reserve source with a physical range that memmap= kept from the kernel, which has no
# struct pages of its own. In a guest of 2 GiB the range is on node 1, with more memory on node 0.
# (reserve_mem= is for memory-reserve, which shares the guest.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

home=1
[ "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)" -lt 2500000 ] || home=0
other=$((1 - home))

whole() {
	load pool="$home":64M@reserve=0x70000000 && owns "$home" 64 && verified &&
		grep '70000000-73ffffff : pbuddy' /proc/iomem && in_iomem
}
# The default of min_free_kbytes is taken from the range: what is behind it is the kernel's.
with_watermarks() {
	load_default pool="$home":64M@reserve=0x70000000 && owns "$home" 64 && verified
}
parts() {
	load pool="$home":16M@reserve=0x72000000,"$home":32M@reserve=0x70000000 &&
		owns "$home" 48 && verified
}
twice() {
	status=0
	load pool="$home":32M@reserve=0x70000000,"$home":4M@reserve=0x71000000 || status=$?
	[ "$status" -eq 16 ] && ! loaded &&
		said 'reserve: 0x71000000-0x713fffff is in use, see /proc/iomem' &&
		! grep pbuddy /proc/iomem
}
mixed() { load pool="$home":64M@reserve=0x70000000,"$home":16M && owns "$home" 80 && verified; }
# Pages of the range are pinned, wait in quarantine, and are used again.
pins() {
	load pool="$home":64M@reserve=0x70000000 && pbuddy-test pin && verified
}

# hibernate: its status is 0 if the kernel says that it is busy.
hibernate() {
	echo shutdown >/sys/power/disk && dmesg -c >/dev/null || return
	echo disk 2>/tmp/error >/sys/power/state && return 1
	cat /tmp/error
	grep -q 'busy' /tmp/error
}

# The kernel would lose the contents. Requests may do I/O afterwards as before: they make node 1 grow.
hibernation() {
	load pool="$home":16M@reserve=0x70000000,"$other":16M-32M && hibernate &&
		said 'hibernation refused: the image would not have the memory of reserve=0x0*70000000; unload pbuddy before' &&
		! dmesg | grep Freezing && pbuddyctl alloc --size 24M --node "$other" --strict &&
		[ "$(event grow)" -gt 0 ] && verified
}

# The kernel marks no page of the range, so pbuddy does. The tests are those of memory-hwpoison.
bad_pages() {
	load pool="$home":64M@reserve=0x70000000 || return
	pbuddy-test hwpoison >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
	bad=$(event nr_hwpoison_pages)
	grep '^ *ok' /tmp/out
	echo "$bad" | tee /tmp/nr_bad
	[ "$bad" -ge 9 ] && verified
}
# The struct pages go, with their flags. A later pool leaves the pageblocks out.
nr_kept() { grep -c ': pbuddy memory error$' /proc/iomem; }
bad_pages_are_kept() {
	nr_kept | cmp - /tmp/nr_bad && ! grep 'pbuddy node' /proc/iomem &&
		fails_with 16 'reserve: 0x70000000-0x73ffffff is in use, see /proc/iomem' pool="$home":64M@reserve=0x70000000 &&
		nr_kept | cmp - /tmp/nr_bad || return
	for start in $(seq $((0x70000000)) $((2 << 20)) $((0x73ffffff))); do
		load pool="$home":2M@reserve="$start" 2>/dev/null || continue
		echo "$start"
		unload_soon || return
	done >/tmp/good
	wc -l </tmp/good
	sed -n 's/^ *\([0-9a-f]*\)-.* : pbuddy memory error/0x\1/p' /proc/iomem >/tmp/bad
	while read -r address; do
		! grep -x $((address & ~0x1fffff)) /tmp/good || return
	done </tmp/bad
	[ -s /tmp/good ]
}

# Both parameters are on the command line; kernels before 6.12 do not know reserve_mem=.
doctor_knows_boot_parameters() {
	pbuddyctl doctor >/tmp/doctor
	grep 'source reserve' /tmp/doctor
	case $(uname -r) in
	6.1.*) grep -q 'source reserve memmap= on the command line' /tmp/doctor ;;
	*) grep -q 'source reserve reserve_mem= and memmap= on the command line' /tmp/doctor ;;
	esac
}

ktap_begin
t range_doctor doctor_knows_boot_parameters
load pool=0:16M && unload_soon
t range_whole whole
t range_gives_back gives_back 16384
before=$(free_pages)
t range_again whole
t range_gives_back_again gives_back 16384
t range_with_watermarks with_watermarks
t range_with_watermarks_unload gives_back 16384
t range_in_parts parts
t range_gives_parts_back gives_back 12288
t range_not_twice twice
t range_beside_contig mixed
t range_gives_mixed_back gives_back 20480
t range_pins pins
t range_gives_back_what_was_pinned gives_back 16384
if grep -q disk /sys/power/state 2>/dev/null; then
	t range_refuses_hibernation hibernation
	t range_gives_back_after_hibernation gives_back $(($(node_pages 0) + $(node_pages 1)))
else
	ktap_skip range_refuses_hibernation "this kernel cannot hibernate"
fi
t range_partly_the_kernels fails_with 22 \
	'reserve: 0x72000000-0x75ffffff is memory of the kernel; boot with memmap=64M.0x72000000' \
	pool=$home:64M@reserve=0x72000000
t range_on_the_wrong_node fails_with 22 \
	"reserve: 0x70000000 is on node $home, not on node $other" \
	pool=$other:64M@reserve=0x70000000
if [ -e /sys/devices/system/memory/hard_offline_page ]; then
	t range_bad_pages bad_pages
	t range_gives_bad_pages_back gives_back 16384
	t range_bad_pages_are_kept bad_pages_are_kept
else
	ktap_skip range_bad_pages "no memory_failure() in this kernel"
fi
t range_kernel_has_what_it_had has_again "$before" 1024
ktap_end
