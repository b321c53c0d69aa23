# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Assemble the initramfs of a guest: a cached base (init, busybox and its applets,
# directories), the files of this run, and its commands.  The kernel unpacks concatenated
# cpio archives in turn.

guest_pack() { (cd "$1" && find . -mindepth 1 -printf '%P\0' | sort -z | cpio -0 -o -H newc -R 0:0 --quiet); }

# Print the path of the base archive, made when its ingredients changed.
guest_base() {
	local init=$PB_TOP/scripts/guest/init.c bb key
	bb=$(command -v busybox) || die "busybox is not installed; run scripts/setup first"
	key=$(cat "$init" "${BASH_SOURCE[0]}" "$bb" | sha256sum | cut -c1-12)
	local base=$PB_CACHE/guest/base-$key.cpio
	[ -e "$base" ] || with_lock guest guest_make_base "$base" "$init" "$bb" >&2
	echo "$base"
}

guest_make_base() {
	local base=$1 init=$2 bb=$3 dir applet
	[ ! -e "$base" ] || return 0
	dir=$(mktemp -d)
	mkdir -p "$dir"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,run,root,lib,lib64,.vm}
	gcc -O2 -Wall -static -o "$dir/init" "$init" || return 1
	cp "$bb" "$dir/bin/busybox"
	for applet in $("$bb" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$dir/etc/passwd"
	echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>"$dir/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$dir/etc/group"
	mkdir -p "$(dirname "$base")"
	guest_pack "$dir" >"$base.$$"
	mv "$base.$$" "$base"
	rm -rf "$dir"
}

# guest_add ROOT FILE[:GUESTPATH]: put a host file or directory into ROOT; a dynamic
# program gets its libraries and its loader beside it.
guest_add() {
	local root=$1 file=$2 to
	if [ -e "$file" ]; then
		to=/$(basename "$file")
	else
		to=${file##*:}
		file=${file%:*}
		[ -e "$file" ] || die "--copy: no such file: $file"
	fi
	case $to in */) to+=$(basename "$file") ;; esac
	mkdir -p "$root/$(dirname "$to")"
	cp -rL --preserve=mode "$file" "$root/$to"
	[ -f "$file" ] && guest_add_libraries "$root" "$file"
	return 0
}

guest_add_libraries() {
	local root=$1 lib
	{ ldd "$2" 2>/dev/null || true; } | { grep -oE '/[^ ]+' || true; } | while read -r lib; do
		[ -e "$root/$lib" ] && continue
		mkdir -p "$root/$(dirname "$lib")"
		cp -L --preserve=mode "$lib" "$root/$lib"
	done
}

# Debugging information makes modules ten times larger, and each guest unpacks and loads them.
guest_strip_modules() {
	local f
	for f in "$1"/*.ko; do
		[ ! -e "$f" ] || strip --strip-debug "$f"
	done
}
