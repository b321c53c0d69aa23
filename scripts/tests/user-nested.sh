#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock-6.12
# vm: --one-thread --nodes 2 --mem 1G
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/qemu-system-x86_64:/usr/bin/qemu-system-x86_64
# copy: /usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so:/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so
# copy: /usr/share/seabios/bios-256k.bin:/qemu/bios-256k.bin /usr/share/qemu/kvmvapic.bin:/qemu/kvmvapic.bin
# copy: /usr/share/qemu/multiboot_dma.bin:/qemu/multiboot_dma.bin build/nested/nested:/qemu/nested
#
# In the guest: QEMU, unmodified, with memory-backend-file on /dev/pbuddy. Its machine runs a program without an
# operating system (tools/nested), which checks all its memory. (Debian's Linux had printed nothing after
# 150 s in two emulators.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# qemu SIZE PROPERTIES OPTIONS...: a machine whose memory, of SIZE, is a mapping of the device.
qemu() {
	size=$1
	properties=$2
	shift 2
	qemu-system-x86_64 -L /qemu -accel tcg -nodefaults -no-user-config -display none -M pc,usb=off,memory-backend=ram \
		-m "$size" -object "memory-backend-file,id=ram,mem-path=/dev/pbuddy,size=$size,$properties" "$@"
}

# The program prints the sum, and waits for a line.
boots() {
	mkfifo /tmp/serial
	qemu 32M share=on -kernel /qemu/nested -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-serial stdio </tmp/serial >/tmp/nested 2>/tmp/qemu.err &
	emulator=$!
	exec 3>/tmp/serial
	within 120 grep written /tmp/nested
}

# sum_is WORD: of n lines, line i holds i * 2654435761.
sum_is() {
	read -r _ _ n _ sum <<-END
		$(grep "^$1 lines " /tmp/nested)
	END
	echo "$n lines, sum $sum"
	pairs=$((n * (n - 1) / 2))
	[ "$n" -gt 460000 ] && [ "$sum" -eq $((pairs * 2654435761 & 0xffffffff)) ]
}

# The buffer is QEMU's, is mapped, and all of its bytes are there.
in_pbuddy() {
	pbuddyctl list | tee /tmp/list
	grep -qE '^ *[0-9]+ +[01] +32M +mmap +[0-9]+ qemu-system-x86 +root +mapped' /tmp/list && [ "$(wc -l </tmp/list)" -eq 2 ] &&
		pbuddyctl list --by process --json | grep -q '"bytes": *33554432'
}

says_nothing() {
	cat /tmp/qemu.err
	[ ! -s /tmp/qemu.err ]
}

# The status of isa-debug-exit is 2 * 1 + 1.
ends() {
	echo >&3
	exec 3>&-
	status=0
	wait "$emulator" || status=$?
	cat /tmp/nested
	[ "$status" -eq 3 ]
}

# With prealloc=on, QEMU populates the mapping before the machine starts (MADV_POPULATE_WRITE).
preallocates() {
	echo quit | qemu 32M share=on,prealloc=on -S -monitor stdio >/tmp/qemu.out 2>/tmp/qemu.err && says_nothing
}

# refused SIZE PROPERTIES TEXT: QEMU ends, with one line.
refused() {
	! qemu "$1" "$2" -S 2>/tmp/qemu.err || return 1
	cat /tmp/qemu.err
	[ "$(cat /tmp/qemu.err)" = "qemu-system-x86_64: unable to map backing store for guest RAM: $3" ]
}

nothing_used() {
	pbuddyctl info | tee /tmp/info
	[ "$(awk '/^ *[0-9]/ { print $4 }' /tmp/info | sort -u)" = 0 ]
}

load pool=0:64M,1:64M || exit 1
ktap_begin
t nested_boots boots
t nested_sum sum_is written
t nested_memory_is_pbuddys in_pbuddy
t nested_compact pbuddyctl compact
t nested_ends ends
t nested_sum_after_compaction sum_is again
t nested_qemu_says_nothing says_nothing
t nested_leaves_nothing within 20 nothing_used
t nested_preallocates preallocates
t nested_private_is_refused refused 32M share=off 'Invalid argument'
t nested_too_large_is_refused refused 1G share=on 'Cannot allocate memory'
t nested_failures_leave_nothing within 20 nothing_used
t rmmod unload
ktap_end
