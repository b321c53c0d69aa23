# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernels of scripts/kernels.table: their names and tags, where each comes from, and
# where its cached directory is.  A cached kernel is a directory
#     $PB_CACHE/kernels/NAME/VERSION-HASH/
#         image      what boots: a bzImage, or the UML program
#         build      the KDIR for external modules (a symbolic link)
#         source     the kernel source or headers it was built from (a symbolic link)
#         config     its .config
#         modules    a root with lib/modules: the kernel's own (built kernels only)
#         release    its `uname -r`
#         complete   written last, by rename: without it the directory is garbage
# HASH covers everything that decides the build besides the version.

# The rows of the table, without the blanks around the separators.
PB_KERNEL_ROWS=$(sed -E '/^#/d; s/ *\| */|/g; s/ +$//; /./!d' "$PB_TOP/scripts/kernels.table")

kernel_names() { cut -d'|' -f1 <<<"$PB_KERNEL_ROWS"; }

# kernel_field NAME COLUMN
kernel_field() {
	awk -F'|' -v name="$1" -v column="$2" '
		BEGIN {
			split("name tags suite package arch fragments patches", word, " ")
			for (i in word) at[word[i]] = i
		}
		$1 == name { print $at[column] }' <<<"$PB_KERNEL_ROWS"
}

kernel_exists() { [ -n "$(kernel_field "$1" suite)" ]; }

kernel_check_name() {
	kernel_exists "$1" ||
		die "no kernel named '$1'; there are: $(kernel_names | tr '\n' ' ')"
}

# kernels_with WORD...: the kernels that any WORD selects: a name, a tag, or tags joined
# by "+", all of which the kernel must have.  A WORD that selects none is an error.
kernels_with() {
	awk -F'|' -v words="$*" '
		function selects(wanted, tag, i) {
			if (wanted == $1)
				return 1
			split(wanted, tag, "+")
			for (i in tag)
				if (!index(" " $2 " ", " " tag[i] " "))
					return 0
			return 1
		}
		BEGIN { n = split(words, word, " ") }
		{
			any = 0
			for (w in word)
				if (selects(word[w]))
					any = used[w] = 1
			if (any)
				print $1
		}
		END {
			for (w in word)
				if (!(w in used)) {
					print "no kernel of scripts/kernels.table is \"" word[w] "\"" >"/dev/stderr"
					n = 0
				}
			exit n == 0
		}' <<<"$PB_KERNEL_ROWS" || return 1
}

# What the tests need: all but those for the benchmark.
kernel_names_tested() { kernels_with stock rt test debug uml; }

kernel_is_stock() { [ -z "$(kernel_field "$1" fragments)" ]; }
kernel_arch() { kernel_field "$1" arch; }

# The checks that a build for a kernel has to pass.  Sparse takes half as long as the compiler, and what
# depends on a release is in compat.h: the oldest and the newest one have both of its sides.
checked_build() { # KERNEL
	if kernels_with oldest newest | grep -qx -- "$1"; then echo 'W=1 C=2'; else echo W=1; fi
}

# Hash of all that decides a build besides the package version: options, not comments.
kernel_hash() {
	local f
	{
		echo "recipe 1 $(kernel_arch "$1")"
		for f in $(kernel_field "$1" fragments); do
			grep '^CONFIG_' "$PB_TOP/scripts/config/$f.config"
		done
		for f in $(kernel_field "$1" patches); do
			sed -n '/^--- /,$p' "$PB_TOP/scripts/patches/$f.patch"
		done
		kernel_is_stock "$1" || gcc -dumpfullversion
	} | sha256sum | cut -c1-10
}

# kernel_is_complete DIR: whether its build ended and its files are all there.  The stamp
# alone is not enough: the image may be missing.
kernel_is_complete() { [ -e "$1/complete" ] && kernel_holds_all "$1"; }

kernel_holds_all() {
	local f
	for f in image build config release; do
		[ -e "$1/$f" ] || return 1
	done
}

# Newest complete cached directory of NAME with the present hash, or nothing.
kernel_cached() {
	local hash dir
	hash=$(kernel_hash "$1")
	find "$PB_CACHE/kernels/$1/" -mindepth 1 -maxdepth 1 -name "*-$hash" 2>/dev/null |
		sort -rV | while read -r dir; do
		if kernel_is_complete "$dir"; then
			echo "$dir"
			break
		fi
	done || true
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
