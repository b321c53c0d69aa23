#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock test debug
# vm: --nodes 2 --mem 6G --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Pages that have to be zero are, with each setting for the contents of free pages: a module on all
# CPUs (kunit/samples/pbuddy_stamper.c) stamps all pages before it frees them, and looks at those that
# it gets. Beside it pageblocks are zeroed ahead; a node grows, is resized, or its memory is moved.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters
stamper=/sys/module/pbuddy_stamper/parameters
requests=40000
[ ! -d /sys/kernel/debug/failslab ] || requests=10000 # debug kernels look at each access

prezeroes() {
	echo 1 >"$debugfs/prezero"
	sleep 0.1
}

# Many requests were sent, and some of them found memory that was zeroed ahead.
enough() {
	[ "$(cat "$stamper/sent")" -ge "$requests" ] && [ "$(cat "$stamper/looked_at")" -gt 1000 ] &&
		{ [ "$(cat "$params/prezero")" -eq 0 ] || [ "$(event prezero_hit)" -gt 100 ]; }
}

# zero_is_zero ALL_ZERO COMMAND [REACHED...]: all pages that have to be zero are, while COMMAND runs
# again and again, until there were enough requests and REACHED succeeds, for at most five minutes.
zero_is_zero() {
	all_zero=$1 command=$2
	shift 2
	"$command" && insmod /pbuddy_stamper.ko all_zero="$all_zero" || return
	status=0 end=$(($(seconds) + 300))
	until enough && { [ $# -eq 0 ] || "$@"; }; do
		"$command" || status=1
		[ "$(seconds)" -lt "$end" ] || { status=1; break; }
	done
	looked_at=$(cat "$stamper/looked_at") not_zero=$(cat "$stamper/not_zero")
	echo "$(cat "$stamper/sent") requests, $(cat "$stamper/failed") failed, $(event prezero_hit) found zeroed blocks;" \
		"$not_zero of $looked_at pages are not zero"
	rmmod pbuddy_stamper && verified && [ "$not_zero" -eq 0 ] && [ "$status" -eq 0 ]
}

# counted EVENT NUMBER [EVENT NUMBER]...: each event has happened at least so often.
counted() {
	while [ $# -gt 0 ]; do
		[ "$(event "$1")" -ge "$2" ] || return
		shift 2
	done
}

stamped() { # PARAMETERS OF PBUDDY
	load pool=0:64M,1:64M "$@" && zero_is_zero N prezeroes
}

stamped_all() {
	load pool=0:64M,1:64M "$@" && zero_is_zero Y prezeroes
}

# The node gets smaller only as far as its memory is free. It gets larger when the kernel can move what
# it has in a range, which it may be using for a moment.
resizes() {
	prezeroes
	pbuddyctl resize 0 8M-64M >/tmp/out 2>&1
	prezeroes
	within 60 pbuddyctl resize 0 64M-64M
}

# Its memory comes from the kernel, and goes back there, all the time.
stamped_resized() {
	load pool=0:8M-64M prezero=60 && zero_is_zero N resizes counted grow 14336 shrink 1
	status=$?
	echo "$(event grow) pages added, $(event shrink) taken off"
	return "$status"
}

stamped_grown() {
	load pool=0:4M-64M prezero=60 && zero_is_zero N prezeroes counted grow 512
	status=$?
	echo "$(event grow) pages added"
	return "$status"
}

gives_all_back() { gives_back "$(node_pages 0)"; }

# New movable blocks between free ones, which compaction moves.
compacts() {
	insmod /pbuddy_movable.ko objects=8000 free=60 || return
	prezeroes
	echo 1 >"$debugfs/compact"
	prezeroes
	cat /sys/module/pbuddy_movable/parameters/check
	grep -q ' wrong 0 ' /sys/module/pbuddy_movable/parameters/check
	wrong=$?
	rmmod pbuddy_movable && [ "$wrong" -eq 0 ]
}

stamped_moved() {
	load pool=0:64M,1:64M prezero=60 && zero_is_zero N compacts counted pgmigrate_success 1
	status=$?
	echo "$(event pgmigrate_success) pages moved"
	return "$status"
}

ktap_begin
t contents_stamped stamped
t contents_stamped_unload gives_back 32768
t contents_stamped_prezero stamped prezero=60
t contents_stamped_prezero_unload gives_back 32768
t contents_stamped_on_alloc stamped_all init_on_alloc=1 prezero=60
t contents_stamped_on_alloc_unload gives_back 32768
t contents_stamped_on_free stamped_all init_on_free=1 init_on_alloc=1
t contents_stamped_on_free_unload gives_back 32768
t contents_stamped_poison stamped page_poison=1
t contents_stamped_poison_unload gives_back 32768
t contents_stamped_guards stamped guard_minorder=2 prezero=60
t contents_stamped_guards_unload gives_back 32768
t contents_stamped_grown stamped_grown
t contents_stamped_grown_unload gives_all_back
t contents_stamped_resized stamped_resized
t contents_stamped_resized_unload gives_all_back
t contents_stamped_moved stamped_moved
t contents_stamped_moved_unload gives_back 32768
ktap_end
