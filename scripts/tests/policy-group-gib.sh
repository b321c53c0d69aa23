#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test+lts
# vm: --one-thread --nodes 2 --memoryless --mem 5G --append reserve_mem=1G:1G:pb
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# A block of 1 GiB that a group owns, from an aligned GiB that reserve_mem= kept since boot. The pool has
# a little of other memory beside it. (The node without memory is for policy-memoryless, which shares the
# guest.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters
cgroup=/sys/fs/cgroup

cat >/tmp/inside <<'END'
#!/bin/sh
echo $$ >/sys/fs/cgroup/gib/cgroup.procs && exec "$@"
END
chmod +x /tmp/inside

# has FREE TOTAL: KiB of the group.
has() {
	cat "$params"/groups
	grep -q "^[0-9]* [YN] 0:$1K/$2K /gib\$" "$params"/groups
}

given() { echo '/gib 0:1x1G' >"$params"/group_give && has 1048576 1048576 && verified; }

# Another task gets the rest of the pool, and none of the GiB.
alone() { pbuddyctl alloc --size 14M --node 0 && ! pbuddyctl alloc --size 24M --node 0 && has 1048576 1048576; }

whole() {
	/tmp/inside pbuddyctl alloc --touch --contig --size 1G | tee /tmp/out && grep -q ' 1G  *0  *18 ' /tmp/out &&
		within 60 has 1048576 1048576
}

# The GiB is split for small requests, cannot be taken as a whole meanwhile, and is whole again.
split() {
	hold_by /tmp/inside pbuddyctl alloc --touch --size 64K --count 4 || return
	has 1048320 1048576 && ! echo '/gib 0:1x1G' >"$params"/group_take && has 1048320 1048576 && verified
	status=$?
	drop
	[ "$status" -eq 0 ] && within 60 has 1048576 1048576 && whole
}

taken() {
	echo '/gib 0:1x1G' >"$params"/group_take && [ -z "$(cat "$params"/groups)" ] && verified &&
		pbuddyctl alloc --contig --size 1G | grep ' 1G  *0  *18 '
}

# A GiB that was given may be taken in parts.
in_parts() {
	given && echo '/gib 0:100x2M' >"$params"/group_take && has 843776 843776 && echo '/gib all' >"$params"/group_take &&
		[ -z "$(cat "$params"/groups)" ] && verified
}

load pool=0:1G@reserve=pb,0:16M || exit 1
ktap_begin
mkdir -p "$cgroup"
mount -t cgroup2 none "$cgroup" 2>/dev/null
mkdir "$cgroup"/gib
t group_gib_given given
t group_gib_alone alone
t group_gib_whole whole
t group_gib_split split
t group_gib_taken taken
t group_gib_in_parts in_parts
t group_gib_unload gives_back 266240
ktap_end
