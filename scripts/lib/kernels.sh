# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernels pbuddy is tested on: their names, where each comes from, and where
# its cached directory is.  A cached kernel is a directory
#     $PB_CACHE/kernels/NAME/VERSION-HASH/
#         image      what boots: a bzImage, or the UML program
#         build      the KDIR for external modules (a symbolic link)
#         source     the kernel source or headers it was built from (a symbolic link)
#         config     its .config
#         modules    a root with lib/modules: the kernel's own (built kernels only)
#         release    its `uname -r`
#         complete   written last, by rename: without it the directory is garbage
# HASH covers everything that decides the build besides the version.

# NAME:SUITE:PACKAGE REGEX:ARCH:CONFIG FRAGMENTS (none: a stock Debian image):PATCHES
# Those named bench-* are for scripts/bench, which has them built when it first runs.
PB_KERNEL_TABLE='
stock-6.12:bookworm-security:linux-image-6\.12\.[0-9]+\+deb12-cloud-amd64-unsigned:x86_64:
stock-6.1:bookworm-security:linux-image-6\.1\.0-[0-9]+-cloud-amd64-unsigned:x86_64:
test-6.12:bookworm-security:linux-source-6\.12:x86_64:base x86 test
debug-6.12:bookworm-security:linux-source-6\.12:x86_64:base x86 test debug
test-7.3:trixie-backports:linux-source-7\.3:x86_64:base x86 test
uml-7.3:trixie-backports:linux-source-7\.3:um:base uml
bench-6.12:bookworm-security:linux-source-6\.12:x86_64:base x86 bench bench-x86
bench-uml-7.3:trixie-backports:linux-source-7\.3:um:base uml bench bench-uml:uml-soft-ipi
'

kernel_names() { awk -F: 'NF > 3 { print $1 }' <<<"$PB_KERNEL_TABLE"; }

# kernel_field NAME N: column N of the table.
kernel_field() { awk -F: -v k="$1" -v n="$2" '$1 == k { print $n }' <<<"$PB_KERNEL_TABLE"; }

kernel_check_name() {
	[ -n "$(kernel_field "$1" 2)" ] ||
		die "no kernel named '$1'; there are: $(kernel_names | tr '\n' ' ')"
}

# What the tests need: all but those for the benchmark.
kernel_names_tested() { kernel_names | grep -v '^bench-'; }

kernel_is_stock() { [ -z "$(kernel_field "$1" 5)" ]; }
kernel_arch() { kernel_field "$1" 4; }

# Hash of what decides a build besides the package version.
kernel_hash() {
	local f
	{
		echo "recipe 1 $(kernel_arch "$1")"
		for f in $(kernel_field "$1" 5); do
			cat "$PB_TOP/scripts/config/$f.config"
		done
		for f in $(kernel_field "$1" 6); do
			sed -n '/^--- /,$p' "$PB_TOP/scripts/patches/$f.patch"
		done
		kernel_is_stock "$1" || gcc -dumpfullversion
	} | sha256sum | cut -c1-10
}

# Newest complete cached directory of NAME with the present hash, or nothing.
kernel_cached() {
	local h
	h=$(kernel_hash "$1")
	find "$PB_CACHE/kernels/$1/" -mindepth 2 -maxdepth 2 -path "*-$h/complete" \
		-printf '%h\n' 2>/dev/null | sort -V | tail -n 1 || true
}

# The cached directory of NAME, built now when there is none; never asks the network
# when there is one.
kernel_dir() {
	local d
	kernel_check_name "$1"
	d=$(kernel_cached "$1")
	[ -n "$d" ] || d=$("$PB_TOP/scripts/kernel" "$1")
	[ -n "$d" ] || return 1
	echo "$d"
}

# kernel_has DIR OPTION: whether the kernel's config has OPTION=y or =m.
kernel_has() { grep -q "^CONFIG_$2=[ym]" "$1/config"; }
