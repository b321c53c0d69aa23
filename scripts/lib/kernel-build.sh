# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How one kernel directory is filled: unpacking Debian's binary packages, or
# configuring and building Debian's source.  Used by scripts/kernel alone, in a process of
# its own (--make), where no caller is in a condition and -e holds.

# ---- stock kernels ----

unpack_stock() {
	local name=$1 image=$2 version=$3 dir=$4 suite kver headers deps dep
	suite=$(kernel_field "$name" suite)
	kver=${image#linux-image-}
	kver=${kver%-unsigned}
	headers=linux-headers-$kver
	local -a want=("$image=$version" "$headers=$version")
	deps=$(apt_depends "$suite" "$headers=$version" | grep -E '^linux-(headers|kbuild)-')
	for dep in $deps; do
		want+=("$dep")
	done
	say "$name: fetching ${want[*]}"
	apt_fetch "$suite" "$dir/debs" "${want[@]}"
	for dep in "$dir"/debs/*.deb; do
		dpkg-deb -x "$dep" "$dir/root"
	done
	rm -rf "$dir/debs"
	relocate_headers "$dir/root" "$kver"
	ln -s "root/boot/vmlinuz-$kver" "$dir/image"
	ln -s "root/usr/src/linux-headers-$kver" "$dir/build"
	# linux-headers-VERSION-common, and -common-rt for PREEMPT_RT.
	ln -s "root/usr/src/$(grep -m1 -- '-common' <<<"$deps")" "$dir/source"
	cp "$dir/root/boot/config-$kver" "$dir/config"
	echo "$kver" >"$dir/release"
	rm -rf "$dir/root/usr/share"
}

# Debian's header trees name each other by absolute paths; point them into our root.
relocate_headers() {
	local root=$1 kver=$2 f link target
	for f in "$root/usr/src/linux-headers-$kver/"{Makefile,.config,.kernelvariables}; do
		[ -e "$f" ] && sed -i "s#/usr/\(src\|lib\)/linux-#$root/usr/\1/linux-#g" "$f"
	done
	find "$root" -type l -lname '/usr/*' | while read -r link; do
		target=$(readlink "$link")
		ln -sfn "$root$target" "$link"
	done
}

# ---- kernels built from source ----

source_dir() { echo "$PB_CACHE/src/$1-${2//[^A-Za-z0-9.+-]/_}"; } # PACKAGE VERSION

# Unpack a source package once for all kernels built from it.
unpack_source() { # SUITE PACKAGE VERSION
	local dir
	dir=$(source_dir "$2" "$3")
	[ -e "$dir/complete" ] || with_lock "$PB_CACHE/src/$2.lock" unpack_source_locked "$@" "$dir"
}

unpack_source_locked() {
	local suite=$1 pkg=$2 version=$3 dir=$4
	[ ! -e "$dir/complete" ] || return 0
	rm -rf "$dir" "$dir.tmp"
	say "fetching $pkg $version"
	apt_fetch "$suite" "$dir.tmp/debs" "$pkg=$version"
	dpkg-deb -x "$dir.tmp"/debs/*.deb "$dir.tmp/deb"
	mkdir "$dir.tmp/linux"
	run_with_progress "unpacking $pkg" "$dir.tmp/tar.log" \
		tar -C "$dir.tmp/linux" --strip-components=1 -I "xz -dT$(nproc)" \
		--anchored "${PB_NOT_UNPACKED[@]/#/--exclude=$pkg/}" \
		-xf "$dir.tmp/deb/usr/src/$pkg.tar.xz"
	rm -rf "$dir.tmp/deb" "$dir.tmp/debs"
	: >"$dir.tmp/complete"
	mv "$dir.tmp" "$dir"
}

# Big parts that no kernel here builds, half of all files.  Makefiles and Kconfig files stay.
PB_NOT_UNPACKED=(
	'arch/'{alpha,arc,arm,arm64,csky,hexagon,loongarch,m68k,microblaze,mips,nios2}'/*.[chS]'
	'arch/'{openrisc,parisc,powerpc,riscv,s390,sh,sparc,xtensa}'/*.[chS]'
	'arch/*/boot/dts/*.dts*'
	'Documentation/*/*' 'sound/*.[ch]' 'tools/perf/*' 'tools/testing/selftests/*'
	'drivers/gpu/drm/'{amd,i915,msm,nouveau,radeon,xe,panel,bridge}'/*.[ch]'
	'drivers/'{iio,infiniband,media,scsi,staging,usb}'/*.[ch]'
	'drivers/net/'{can,dsa,ethernet,phy,usb,wireless}'/*.[ch]'
	'fs/'{btrfs,ceph,ext4,f2fs,nfs,nfsd,ntfs3,ocfs2,smb,xfs}'/*.[ch]'
)

# patched_source NAME SOURCE DIR: the source to build NAME from.  One with patches gets a
# tree of its own in DIR: hard links, of which patch(1) replaces those it changes, so the
# shared source stays as Debian ships it.
patched_source() {
	local name=$1 src=$2 dir=$3 p
	if [ -n "$(kernel_field "$name" patches)" ]; then
		cp -al "$src" "$dir/linux"
		for p in $(kernel_field "$name" patches); do
			patch -d "$dir/linux" -p1 --no-backup-if-mismatch \
				<"$PB_TOP/scripts/patches/$p.patch" >"$dir/$p.log" ||
				die "$name: $p.patch does not apply, see $dir/$p.log"
		done
		src=$dir/linux
	fi
	echo "$src"
}

build_from_source() {
	local name=$1 pkg=$2 version=$3 dir=$4 src arch image
	unpack_source "$(kernel_field "$name" suite)" "$pkg" "$version"
	src=$(patched_source "$name" "$(source_dir "$pkg" "$version")/linux" "$dir")
	arch=$(kernel_arch "$name")
	mkdir -p "$dir/obj"
	# Without the origin of each macro's tokens, which only warnings need, gcc takes 15 %
	# less time; the objects are the same.  Comparisons inside macros are warned of then.
	local -a mk=(make -C "$src" "O=$dir/obj" "ARCH=$arch"
		KBUILD_BUILD_USER=pbuddy KBUILD_BUILD_HOST=pbuddy "KBUILD_BUILD_TIMESTAMP=2020-01-01"
		LOCALVERSION=
		"KCFLAGS=-ftrack-macro-expansion=0 -Wno-tautological-compare")
	configure "$name" "$dir" "${mk[@]}"
	image=bzImage
	[ "$arch" = um ] && image=linux
	# One kernel at a time, a compiler for each CPU: others work on this machine too.
	with_lock build run_with_progress "building $name ($pkg $version)" "$dir/build.log" \
		"${mk[@]}" -j"${PBUDDY_JOBS:-$(nproc)}" "$image" modules
	"${mk[@]}" INSTALL_MOD_PATH="$dir/modules" modules_install >>"$dir/build.log" 2>&1
	rm -f "$dir"/modules/lib/modules/*/{build,source}
	cp "$dir/obj/.config" "$dir/config"
	cp "$dir/obj/include/config/kernel.release" "$dir/release"
	ln -s obj "$dir/build"
	ln -s "$src" "$dir/source"
	if [ "$arch" = um ]; then
		strip -o "$dir/image" "$dir/obj/linux"
	else
		cp "$dir/obj/arch/x86/boot/bzImage" "$dir/image"
	fi
	shrink_objects "$dir/obj"
}

# tinyconfig plus fragments; every line of the fragments must hold in the result.
configure() {
	local name=$1 dir=$2 f
	shift 2
	"$@" tinyconfig >"$dir/config.log" 2>&1
	for f in $(kernel_field "$name" fragments); do
		cat "$PB_TOP/scripts/config/$f.config"
	done | fragment_lines >"$dir/wanted"
	cat "$dir/wanted" >>"$dir/obj/.config"
	"$@" olddefconfig >>"$dir/config.log" 2>&1
	check_config "$name" "$dir"
}

# The last assignment of each option, comments dropped.
fragment_lines() {
	awk -F= '/^CONFIG_/ { v[$1] = $0; if (!($1 in o)) o[$1] = ++n }
		 END { for (k in v) print o[k], v[k] }' | sort -n | cut -d' ' -f2-
}

# A line of a fragment that Kconfig drops is an error, unless this release does not
# know the option at all.
check_config() {
	local name=$1 dir=$2 line opt bad=
	find "$(readlink -f "$dir/obj/source")" -name 'Kconfig*' -type f -print0 |
		xargs -0 sed -nE 's/^[[:space:]]*(menu)?config ([A-Za-z0-9_]+)$/CONFIG_\2/p' >"$dir/known"
	while read -r line; do
		opt=${line%%=*}
		case $line in
		*=n) ! grep -q "^$opt=" "$dir/obj/.config" && continue ;;
		*) grep -qxF "$line" "$dir/obj/.config" && continue ;;
		esac
		! grep -qxF "$opt" "$dir/known" || bad+=" $line"
	done <"$dir/wanted"
	[ -z "$bad" ] || die "$name: the config fragments ask for what Kconfig refuses:$bad"
}

# Keep what external modules and debuggers need, drop the kernel's own objects.
shrink_objects() {
	find "$1" \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux.unstripped' \) \
		-not -path "$1/scripts/*" -not -path "$1/tools/*" \
		-not -path '*/arch/x86/entry/vdso/*' -not -name module-common.o \
		-not -path "$1/arch/x86/lib/*" -delete
}
