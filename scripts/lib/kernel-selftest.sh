# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/kernel --self-test: planted builds in place of the real ones, in a cache of their
# own, show that a failed build never passes for a kernel.  Prints KTAP.

# plant KIND: replace the look-up and the build.
plant() {
	# shellcheck disable=SC2034 # scripts/kernel hands it on
	planted=(--planted "$1")
	newest_package() { echo "planted 1.0"; }
	eval "build_from_source() { echo made >>'$PB_CACHE/made'; planted_$1 \"\$4\"; }"
}

planted_good() {
	touch "$1"/{image,config,release}
	mkdir "$1/build"
}

# Fails at a command in the middle, then goes on as if nothing had happened.
planted_fails() {
	cat "$1/no-such-file"
	planted_good "$1"
}

# Fails in a command substitution, as a look-up in a build does.
planted_fails_inside() {
	local word
	word=$(cat "$1/no-such-file"; echo word)
	planted_good "$1"
	echo "$word" >"$1/release"
}

# Fails below a lock.
planted_fails_locked() { with_lock inner planted_fails "$1"; }

planted_no_image() {
	planted_good "$1"
	rm "$1/image"
}

planted_slow() {
	sleep 1
	planted_good "$1"
}

self_test() {
	local tmp n=0 kind cached
	tmp=$(mktemp -d)
	# shellcheck disable=SC2064 # the directory as it is named now
	trap "rm -rf '$tmp'" EXIT
	result() { # NAME STATUS
		n=$((n + 1))
		if [ "$2" -eq 0 ]; then echo "ok $n kernel_$1"; else echo "not ok $n kernel_$1"; fi
	}
	# build KIND [CACHE]: its status; what it printed is in $tmp/out.
	build() {
		PBUDDY_CACHE=${2-$tmp/$1} "$0" --planted "$1" test-6.12 >"$tmp/out" 2>"$tmp/err" &&
			echo 0 || echo 1
	}
	not() { echo $((1 - $1)); }
	stamped() { [ -n "$(find "$1/kernels" -name complete)" ] && echo 0 || echo 1; }
	made() { [ "$(wc -l <"$1/made")" -eq "$2" ] && echo 0 || echo 1; }

	printf 'KTAP version 1\n1..15\n'
	result good "$(build good)"
	cached=$(cat "$tmp/out")
	result good_is_printed "$([ -e "$cached/complete" ] && echo 0 || echo 1)"
	result cached_again "$(build good)"
	result cached_is_not_built_again "$(made "$tmp/good" 1)"
	for kind in fails fails_inside fails_locked no_image; do
		result "$kind" "$(not "$(build $kind)")"
		result "${kind}_is_not_stamped" "$(not "$(stamped "$tmp/$kind")")"
	done
	rm "$cached/image"
	result stamped_without_image "$(build good)"
	result stamped_without_image_is_built_again "$(made "$tmp/good" 2)"
	self_test_shared
}

# Two caches with lock directories of their own share their kernels by a symbolic link.
self_test_shared() {
	mkdir -p "$tmp/a/kernels" "$tmp/b"
	ln -s ../a/kernels "$tmp/b/kernels"
	build slow "$tmp/a" >/dev/null &
	build slow "$tmp/b" >/dev/null
	wait
	result shared_is_built_once "$([ "$(cat "$tmp"/[ab]/made | wc -l)" -eq 1 ] && echo 0 || echo 1)"
}
