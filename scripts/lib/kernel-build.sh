# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How one kernel directory is filled: unpacking Debian's binary packages, or
# configuring and building Debian's source.  Used by scripts/kernel alone.

# run_strict FUNCTION ARGS...: in a subshell where -e holds whatever the caller does.
# The subshell runs as a background job, because `if` and `||` disable -e in all
# they call, but not in a job they wait for.
run_strict() {
	(
		set -e
		"$@"
	) &
	wait $!
}

# ---- stock kernels ----

unpack_stock() {
	local name=$1 image=$2 version=$3 dir=$4 suite kver headers dep
	suite=$(kernel_field "$name" suite)
	kver=${image#linux-image-}
	kver=${kver%-unsigned}
	headers=linux-headers-$kver
	local -a want=("$image=$version" "$headers=$version")
	for dep in $(apt_depends "$suite" "$headers=$version" | grep -E '^linux-(headers|kbuild)-'); do
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
	ln -s "root/usr/src/linux-headers-${kver%-cloud-amd64}-common" "$dir/source"
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

# Unpack a source package once for all kernels built from it; prints the directory.
unpack_source() {
	local suite=$1 pkg=$2 version=$3
	local dir=$PB_CACHE/src/$pkg-${version//[^A-Za-z0-9.+-]/_}
	if [ ! -e "$dir/complete" ]; then
		with_lock "src-$pkg" unpack_source_locked "$suite" "$pkg" "$version" "$dir" || return 1
	fi
	echo "$dir"
}

unpack_source_locked() {
	local suite=$1 pkg=$2 version=$3 dir=$4
	[ ! -e "$dir/complete" ] || return 0
	rm -rf "$dir" "$dir.tmp"
	say "fetching $pkg $version"
	apt_fetch "$suite" "$dir.tmp/debs" "$pkg=$version" || return 1
	dpkg-deb -x "$dir.tmp"/debs/*.deb "$dir.tmp/deb" || return 1
	mkdir "$dir.tmp/linux"
	# Big parts that no x86 or UML build reads.
	run_with_progress "unpacking $pkg" "$dir.tmp/tar.log" \
		tar -C "$dir.tmp/linux" --strip-components=1 -xf "$dir.tmp/deb/usr/src/$pkg.tar.xz" \
		--exclude='*/drivers/gpu/drm/amd/include/asic_reg/*' --exclude='*/arch/*/boot/dts/*.dts*' \
		--exclude='*/tools/testing/selftests/bpf/*' --exclude='*/tools/perf/*' \
		--exclude='*/sound/soc/*.[ch]' --exclude='*/drivers/media/*.[ch]' || return 1
	rm -rf "$dir.tmp/deb" "$dir.tmp/debs"
	: >"$dir.tmp/complete"
	mv "$dir.tmp" "$dir"
}

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
	src=$(unpack_source "$(kernel_field "$name" suite)" "$pkg" "$version")/linux
	src=$(patched_source "$name" "$src" "$dir")
	arch=$(kernel_arch "$name")
	mkdir -p "$dir/obj"
	local -a mk=(make -C "$src" "O=$dir/obj" "ARCH=$arch"
		KBUILD_BUILD_USER=pbuddy KBUILD_BUILD_HOST=pbuddy "KBUILD_BUILD_TIMESTAMP=2020-01-01"
		LOCALVERSION=)
	configure "$name" "$dir" "${mk[@]}"
	image=bzImage
	[ "$arch" = um ] && image=linux
	# One kernel at a time, two compilers: others work on this machine too.
	with_lock build run_with_progress "building $name ($pkg $version)" "$dir/build.log" \
		"${mk[@]}" -j"${PBUDDY_JOBS:-2}" "$image" modules
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
	while read -r line; do
		opt=${line%%=*}
		case $line in
		*=n) ! grep -q "^$opt=" "$dir/obj/.config" && continue ;;
		*) grep -qxF "$line" "$dir/obj/.config" && continue ;;
		esac
		grep -rqsE --include='Kconfig*' "^[[:space:]]*(menu)?config ${opt#CONFIG_}\$" \
			"$(readlink -f "$dir/obj/source")" || continue
		bad+=" $line"
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
