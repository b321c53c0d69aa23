# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Where `make install` puts things; shared by scripts/install and scripts/uninstall.
#
# Environment: DESTDIR (files only, for packagers: no DKMS, no group), PREFIX
# (default /usr/local), UDEVDIR (/usr/lib/udev/rules.d), DKMS_SOURCE (/usr/src), KVER (default
# the running kernel), DKMS_FLAGS (more options for every dkms call, such as another --dkmstree).

PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
UDEVDIR=${UDEVDIR:-/usr/lib/udev/rules.d}
KVER=${KVER:-$(uname -r)}
read -r -a dkms_flags <<<"${DKMS_FLAGS:-}"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$PB_TOP/dkms.conf")
# shellcheck disable=SC2034 # used by the scripts that source this file
source_dir=${DKMS_SOURCE:-/usr/src}/pbuddy-$version
# The same without the version, for the Kbuild files of other modules.
# shellcheck disable=SC2034
source_link=${DKMS_SOURCE:-/usr/src}/pbuddy

# SOURCE TARGET MODE, one line each.
install_table() {
	cat <<TABLE
build/pbuddyctl $PREFIX/bin/pbuddyctl 755
tools/pbuddyctl/pbuddyctl.1 $PREFIX/share/man/man1/pbuddyctl.1 644
module/Documentation/pbuddy.4 $PREFIX/share/man/man4/pbuddy.4 644
module/include/uapi/linux/pbuddy.h $PREFIX/include/linux/pbuddy.h 644
tools/99-pbuddy.rules $UDEVDIR/99-pbuddy.rules 644
TABLE
}

dkms_run() { dkms "$1" "${dkms_flags[@]}" "${@:2}"; }

# The versions of pbuddy that DKMS has.
dkms_versions() { dkms_run status pbuddy 2>/dev/null | sed -n 's,^pbuddy/\([^:, ]*\).*,\1,p' | sort -u; }

# Take a version from every kernel, and its source.
dkms_forget() { # VERSION
	dkms_run remove "pbuddy/$1" --all >/dev/null
	rm -rf "${DKMS_SOURCE:-/usr/src}/pbuddy-$1"
}

reload_udev() {
	[ -z "$DESTDIR" ] || return 0
	if command -v udevadm >/dev/null && [ -d /run/udev ]; then
		udevadm control --reload || say "warning: udevadm could not reload the rules"
	fi
}
