# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Where `make install` puts things; shared by scripts/install and scripts/uninstall.
#
# Environment: DESTDIR (files only, for packagers: no DKMS, no group), PREFIX (default
# /usr/local), LIBDIR (default lib in PREFIX), UDEVDIR (/usr/lib/udev/rules.d), DKMS_SOURCE
# (/usr/src), KVER (default the running kernel), DKMS_FLAGS (more options for every dkms call,
# such as another --dkmstree).

PREFIX=${PREFIX:-/usr/local}
LIBDIR=${LIBDIR:-$PREFIX/lib}
DESTDIR=${DESTDIR:+$(realpath -m -- "$DESTDIR")}	# scripts/install changes its directory
UDEVDIR=${UDEVDIR:-/usr/lib/udev/rules.d}
KVER=${KVER:-$(uname -r)}
read -r -a dkms_flags <<<"${DKMS_FLAGS:-}"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$PB_TOP/dkms.conf")
# shellcheck disable=SC2034 # used by the scripts that source this file
source_dir=${DKMS_SOURCE:-/usr/src}/pbuddy-$version
# The same without the version, for the Kbuild files of other modules.
# shellcheck disable=SC2034
source_link=${DKMS_SOURCE:-/usr/src}/pbuddy

# SOURCE TARGET MODE, one line each; where MODE is "link", TARGET is a symbolic link to SOURCE.
install_table() {
	cat <<TABLE
build/pbuddyctl $PREFIX/bin/pbuddyctl 755
tools/pbuddyctl/pbuddyctl.bash $PREFIX/share/bash-completion/completions/pbuddyctl 644
tools/pbuddyctl/pbuddyctl.1 $PREFIX/share/man/man1/pbuddyctl.1 644
module/Documentation/pbuddy.4 $PREFIX/share/man/man4/pbuddy.4 644
module/include/uapi/linux/pbuddy.h $PREFIX/include/linux/pbuddy.h 644
build/libpbuddy.so.1 $LIBDIR/libpbuddy.so.1 644
libpbuddy.so.1 $LIBDIR/libpbuddy.so link
build/libpbuddy.a $LIBDIR/libpbuddy.a 644
build/libpbuddy.pc $LIBDIR/pkgconfig/libpbuddy.pc 644
tools/libpbuddy/libpbuddy.h $PREFIX/include/libpbuddy.h 644
tools/libpbuddy/libpbuddy.3 $PREFIX/share/man/man3/libpbuddy.3 644
tools/libpbuddy/COPYING $PREFIX/share/doc/libpbuddy/COPYING 644
tools/libpbuddy/examples/buffers.c $PREFIX/share/doc/libpbuddy/examples/buffers.c 644
tools/libpbuddy/examples/buffers.py $PREFIX/share/doc/libpbuddy/examples/buffers.py 755
tools/config/modprobe.conf $PREFIX/share/doc/pbuddy/examples/modprobe.conf 644
tools/config/modules-load.conf $PREFIX/share/doc/pbuddy/examples/modules-load.conf 644
tools/99-pbuddy.rules $UDEVDIR/99-pbuddy.rules 644
TABLE
}

dkms_run() { dkms "$1" "${dkms_flags[@]}" "${@:2}"; }

# The versions of pbuddy that DKMS has.
dkms_versions() { dkms_run status pbuddy 2>/dev/null | sed -n 's,^pbuddy/\([^:, ]*\).*,\1,p' | sort -u; }

# The kernels that a version of pbuddy is installed for.
dkms_kernels() { dkms_run status pbuddy 2>/dev/null | sed -n 's|^pbuddy/[^,]*, \([^,]*\), .*: installed.*|\1|p' | sort -u; }

# The modules that DKMS has put in place, also one that it does not know any more: it was interrupted.
installed_modules() { find /lib/modules/*/updates/dkms -name 'pbuddy.ko*' 2>/dev/null || true; }

# The kernel of a file below /lib/modules.
kernel_of() { # FILE
	local k=${1#/lib/modules/}
	echo "${k%%/*}"
}

# Take a version from every kernel, and its source.
dkms_forget() { # VERSION
	dkms_run remove "pbuddy/$1" --all >/dev/null
	rm -rf "${DKMS_SOURCE:-/usr/src}/pbuddy-$1"
}

# The dynamic linker finds libraries outside of its default directories by its cache.
update_linker_cache() { [ -n "$DESTDIR" ] || ldconfig; }

reload_udev() {
	[ -z "$DESTDIR" ] || return 0
	if command -v udevadm >/dev/null && [ -d /run/udev ]; then
		udevadm control --reload || say "warning: udevadm could not reload the rules"
	fi
}
