# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A minimal Debian in a directory, to run commands in: what `debootstrap --variant=minbase` makes,
# with the machine's own package sources. Made once and kept as an archive. The caller is root, in
# a mount namespace of its own, and has sourced common.sh and apt.sh.

PB_ROOT_SUITE=bookworm

# Make the archive, unless it is there.
debian_root_archive() { # ARCHIVE
	local uri dir=$1.new
	[ ! -s "$1" ] || return 0
	uri=$(apt_source_of $PB_ROOT_SUITE)
	[ -n "$uri" ] || { say "this machine's apt sources offer no $PB_ROOT_SUITE"; return 1; }
	rm -rf "$dir"
	debootstrap --variant=minbase "--include=ca-certificates" $PB_ROOT_SUITE "$dir" "$uri" &&
		tar -C "$dir" -cf "$1.part" . && mv "$1.part" "$1" && rm -rf "$dir"
}

# Create the system in DIR, with current package lists.
debian_root_make() { # DIR
	local archive=$PB_CACHE/debian/$PB_ROOT_SUITE.tar suite
	mkdir -p "$1" "$PB_CACHE/debian/packages"
	with_lock debian-root debian_root_archive "$archive" || return
	tar -C "$1" -xpf "$archive" || return
	for suite in $PB_ROOT_SUITE $PB_ROOT_SUITE-security; do
		apt_source_line "$suite" || return
	done >"$1/etc/apt/sources.list"
	apt-config dump | grep -i '^Acquire::[a-z]*::Proxy' >"$1/etc/apt/apt.conf.d/90proxy" || true
	echo 'Acquire::Retries "3";' >"$1/etc/apt/apt.conf.d/90retries"
	cp /etc/resolv.conf "$1/etc/resolv.conf"
	mount -t proc proc "$1/proc" &&
		mount --bind "$PB_CACHE/debian/packages" "$1/var/cache/apt/archives" &&
		mkdir -p "$1/var/cache/apt/archives/partial" &&
		debian_root_run "$1" apt-get -q update
}

# Run a command in the system of DIR, with no more environment than a login has.
debian_root_run() { # DIR [VAR=VALUE...] COMMAND...
	local dir=$1
	shift
	chroot "$dir" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

debian_root_remove() { # DIR
	umount "$1/var/cache/apt/archives" "$1/proc" 2>/dev/null || true
	rm -rf --one-file-system "$1"
}
