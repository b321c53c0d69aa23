#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo, as it runs inside the guest: scripts/demo copies it there and says how
# large the pools (POOL0 and POOL1, MiB on nodes 0 and 1) and the large block (LARGE,
# MiB) shall be.  Each step says what it does and shows its command.
POOL0=${POOL0:-128} POOL1=${POOL1:-128} LARGE=${LARGE:-64}
DEBUG=/sys/kernel/debug/pbuddy

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }

fail() {
	printf '\npbuddy demo: FAILED: %s\n' "$*"
	dmesg | grep pbuddy: | tail -n 5
	exit 1
}

# Show a command, run it.
run() {
	printf '$ %s\n' "$*"
	"$@" || fail "status $? of: $*"
}

# MemFree does not count the pages in the kernel's own per-CPU lists.
mem_free_kib() {
	awk '/^MemFree:/ { kib += $2 } $1 == "count:" { kib += $2 * 4 } END { print kib }' \
		/proc/meminfo /proc/zoneinfo
}

# Free memory is steady once the processes of the boot have ended.
settled_kib() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	mem_free_kib
}

# pages_free NODE: what buddyinfo lists, in pages.
pages_free() {
	awk -v n="$1," -v size=1 '$2 == n { for (i = 5; i <= NF; i++) { p += $i * size; size *= 2 } } END { print p + 0 }' \
		$DEBUG/buddyinfo
}

# The largest order of which node $1 has a free block, at most $2.
largest_order() {
	awk -v n="$1," -v max="$2" '$2 == n { for (i = 5; i <= NF && i - 5 <= max; i++) if ($i) o = i - 5 }
		END { print o + 0 }' $DEBUG/buddyinfo
}

# Free blocks smaller than a pageblock on all nodes.
splinters() { awk '{ for (i = 5; i < 5 + 9; i++) n += $i } END { print n + 0 }' $DEBUG/buddyinfo; }

printf 'Linux %s, %s CPUs, nodes %s\n' "$(uname -r)" "$(nproc)" "$(cat /sys/devices/system/node/online)"
# The first load makes kernel caches grow, and they stay; so the comparison begins after it.
{ insmod /pbuddy.ko pool=0:2M && rmmod pbuddy; } || fail "the module does not load; see dmesg"
before=$(settled_kib)

step "Load the module: $POOL0 MiB of node 0 and $POOL1 MiB of node 1 become pbuddy's"
run insmod /pbuddy.ko "pool=0:${POOL0}M,1:${POOL1}M"
note "free memory of the kernel: $((before / 1024)) MiB before, $(($(mem_free_kib) / 1024)) MiB now"
dmesg | grep "pbuddy: node"

step "Free blocks by order, 0 to 18, in the kernel's own format"
run cat $DEBUG/buddyinfo
whole=$(cat $DEBUG/buddyinfo)

step "One page (4 KiB) on node 0: mapped, written, read back"
run pbuddyctl alloc --size 4K --node 0 --strict --touch

step "A huge page (2 MiB, order 9), contiguous, on node 1"
note "no numactl: the request names the node"
run pbuddyctl alloc --size 2M --order 9 --contig --node 1 --strict --touch

order=0
while [ $((1 << order)) -lt $((LARGE * 256)) ]; do order=$((order + 1)); done
# Pages in CPU caches are not listed; an allocation that needs them drains the caches.
echo 1 >$DEBUG/drain
got=$(largest_order 1 $order)
# The kernel may have a page of its own in the middle of every GiB; half of it must do.
[ "$got" -ge $((order - 1)) ] || fail "the largest free block of node 1 has order $got, not $order"
order=$got
pages=$((1 << order))
LARGE=$((pages / 256))
step "$LARGE MiB in one physically contiguous, aligned piece (order $order) on node 1, and held"
free1=$(pages_free 1)
printf '$ pbuddyctl alloc --size %sM --order %s --contig --node 1 --strict --touch --hold forever &\n' "$LARGE" "$order"
pbuddyctl alloc --size "${LARGE}M" --order "$order" --contig --node 1 --strict --touch --hold forever >/tmp/held 2>&1 &
holder=$!
waited=0
while [ $((free1 - $(pages_free 1))) -lt $pages ] || ! grep -q . /tmp/held; do
	kill -0 $holder 2>/dev/null || { cat /tmp/held; fail "the allocation of $LARGE MiB ended early"; }
	[ $waited -lt 90 ] || fail "$LARGE MiB took longer than 90 s"
	sleep 1
	waited=$((waited + 1))
done
cat /tmp/held
run cat $DEBUG/buddyinfo
note "the module cannot go while memory is out:"
printf '$ rmmod pbuddy\n'
rmmod pbuddy 2>/tmp/refused && fail "rmmod succeeded though a buffer is held"
sed 's/^/   /' /tmp/refused

step "Free it: the holder ends, its last reference goes"
run kill $holder
wait $holder 2>/dev/null
run sh -c "echo 1 >$DEBUG/drain"

step "All buddies have merged back to whole blocks"
run cat $DEBUG/buddyinfo
[ "$(splinters)" -eq 0 ] || fail "$(splinters) free blocks are smaller than a pageblock"
[ "$(cat $DEBUG/buddyinfo)" = "$whole" ] || fail "buddyinfo differs from the first"
run cat $DEBUG/verify
grep -q '^verify: OK' $DEBUG/verify || fail "an invariant is broken"

step "Unload: the kernel has its memory back"
run rmmod pbuddy
after=$(settled_kib)
note "free memory of the kernel: $((before / 1024)) MiB before, $((after / 1024)) MiB after"
lost=$((before - after))
[ $lost -lt 4096 ] || fail "$lost KiB are missing"

printf '\npbuddy demo: OK\n'
