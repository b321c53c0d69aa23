#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh /usr/bin/setpriv
# shellcheck disable=SC2086 # words of arguments
#
# Groups: cgroups with memory of their own. What a group is given serves its tasks alone, returns to it
# when it is freed, and can be taken back when it is free.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

params=/sys/module/pbuddy/parameters
cgroup=/sys/fs/cgroup

# A program, so that in the background its process becomes the command's.
cat >/tmp/inside <<'END'
#!/bin/sh
echo $$ >"/sys/fs/cgroup$1/cgroup.procs" && shift && exec "$@"
END
# Without CAP_SYS_ADMIN, which has pbuddyctl show physical addresses, after which a buffer is not moved.
cat >/tmp/as_nobody <<'END'
#!/bin/sh
exec su -s /bin/sh nobody -c "exec $*"
END
chmod +x /tmp/inside /tmp/as_nobody
inside() { /tmp/inside "$@"; }

give() { echo "$1 $2" >$params/group_give; }
take() { echo "$1 $2" >$params/group_take; }
strict() { echo "$1 $2" >$params/group_strict; }

# has CGROUP MEMORY: by node the free and all memory of a group, as groups= shows it.
has() {
	cat $params/groups
	grep -q "^[0-9]* [YN] $2 $1\$" $params/groups
}

no_groups() {
	cat $params/groups
	[ -z "$(cat $params/groups)" ] && [ "$(event nr_group_pages)" -eq 0 ] && verified
}

# held CGROUP MEMORY ARGUMENTS: what the group has while "pbuddyctl alloc ARGUMENTS" holds buffers in it.
held() {
	hold_by /tmp/inside "$1" pbuddyctl alloc $3 || return
	has "$1" "$2" && verified
	status=$?
	drop
	return "$status"
}

given() { give /a 0:4x2M && has /a 0:8192K/8192K && owns 0 64 && [ "$(event nr_group_pages)" -eq 2048 ] && verified; }

serves() {
	was=$(event group_alloc)
	held /a 0:4096K/8192K '--touch --size 4M' && within 60 has /a 0:8192K/8192K &&
		[ $(($(event group_alloc) - was)) -ge 1024 ]
}

small_blocks() { held /a 0:7808K/8192K '--touch --size 64K --count 6' && within 60 has /a 0:8192K/8192K; }

contiguous() { held /a 0:7168K/8192K '--touch --size 1M --contig' && within 60 has /a 0:8192K/8192K; }

# Other tasks can have the rest of the node alone.
others() {
	hold --size 56M --node 0 --strict || return
	! pbuddyctl alloc --size 4K --node 0 --strict && has /a 0:8192K/8192K &&
		inside /a pbuddyctl alloc --touch --size 8M --node 0 --strict
	status=$?
	drop
	return "$status"
}

falls_back() {
	was=$(event group_miss)
	held /a 0:0K/8192K '--touch --size 12M' && [ "$(event group_miss)" -gt "$was" ] &&
		within 60 has /a 0:8192K/8192K
}

is_strict() {
	strict /a Y && grep -q '^[0-9]* Y .* /a$' $params/groups || return
	inside /a pbuddyctl alloc --touch --size 8M && ! inside /a pbuddyctl alloc --size 9M &&
		pbuddyctl alloc --size 32M && strict /a N && inside /a pbuddyctl alloc --size 9M
}

# A hit is on a node that the request may use.
nodes_hold() {
	held /a 0:8192K/8192K '--size 4M --node 1 --strict' &&
		held /a 0:4096K/8192K '--size 4M --node 0 --strict'
}

# Purgeable buffers in it keep their memory when others lack some.
not_purged() {
	inside /a pbuddy-test purge_group >/tmp/out 2>&1
	status=$?
	cat /tmp/out
	[ "$status" -eq 0 ] && within 60 has /a 0:8192K/8192K
}

# A cgroup below uses the memory of the group, until it has its own.
below() {
	mkdir $cgroup/a/b && hold_by /tmp/inside /a/b pbuddyctl alloc --size 2M || return
	has /a 0:6144K/8192K
	status=$?
	drop
	[ "$status" -eq 0 ] && give /a/b 1:1x2M && held /a/b 1:0K/2048K '--size 2M' &&
		within 60 has /a 0:8192K/8192K && take /a/b all && rmdir $cgroup/a/b
}

# served GFP PAGES [PARAMETERS]: 64 requests of a module take so many pages of the group.
served() {
	was=$(event group_alloc)
	gfp=$1 pages=$2
	shift 2
	inside /a insmod /pbuddy_requester.ko gfp="$gfp" times=64 "$@" || return
	rmmod pbuddy_requester
	echo "$gfp: $(($(event group_alloc) - was)) pages of the group"
	[ $(($(event group_alloc) - was)) -eq "$pages" ]
}

in_kernel() {
	served USER 64 && served HIGHUSER_MOVABLE 64 && served 'KERNEL|ACCOUNT' 64 && served KERNEL 0 &&
		served 'KERNEL|ACCOUNT|COMP' 512 order=3 && served 'USER|ZERO' 64 &&
		served 'NOWAIT|ACCOUNT' 0 context=interrupt &&
		served 'NOWAIT|ACCOUNT' 64 context=preempt_off &&
		within 60 has /a 0:8192K/8192K && verified
}

takes() {
	take /a 0:2x2M && has /a 0:4096K/4096K && owns 0 64 &&
		hold_by /tmp/inside /a pbuddyctl alloc --touch --size 3M || return
	! take /a all && said 'group_take: took . blocks: the others are in use.*' && verified
	status=$?
	drop
	[ "$status" -eq 0 ] && within 60 take /a all && no_groups &&
		pbuddyctl alloc --size 64M --node 0 --strict
}

too_much() {
	! give /a 0:64x2M && said 'group_give: gave [0-9]* of 64 blocks: node 0 has no more' && take /a all && no_groups
}

# fragmented: the group /a, strict, has four pageblocks, of each of which a movable buffer has one half.
fragmented() {
	chmod 666 /dev/pbuddy && give /a 0:4x2M && strict /a Y || return
	holders='' dropped=''
	for _ in 1 2 3 4; do
		hold_by /tmp/inside /a /tmp/as_nobody pbuddyctl alloc --touch --size 1M || return
		dropped="$dropped $holder"
		hold_by /tmp/inside /a /tmp/as_nobody pbuddyctl alloc --touch --size 1M || return
		holders="$holders $holder"
	done
	has /a 0:0K/8192K && kill $dropped && within 60 has /a 0:4096K/8192K
}

# moved COMMAND...: it succeeds by moving 1 MiB within the group, and nothing else.
moved() {
	was=$(event pgmigrate_success)
	"$@" || return
	echo "$(($(event pgmigrate_success) - was)) pages moved"
	[ $(($(event pgmigrate_success) - was)) -eq 256 ] && verified
}

compacts() {
	fragmented && moved inside /a pbuddyctl alloc --touch --size 2M --contig && within 60 has /a 0:4096K/8192K
}

# A take compacts the group, too: one pageblock is free by now.
takes_compacted() {
	moved take /a 0:2x2M && has /a 0:0K/4096K && kill $holders && within 60 has /a 0:4096K/4096K &&
		take /a all && no_groups
}

# Movable pages of a module: half of them are freed at random, and then it requests large blocks.
compacts_in_kernel() {
	objects=/sys/module/pbuddy_movable/parameters
	give /a 0:8x2M && strict /a Y && inside /a insmod /pbuddy_movable.ko objects=4096 free=50 || return
	was=$(event group_alloc)
	for _ in 1 2 3; do
		inside /a sh -c "echo 9 >$objects/alloc" || return
	done
	cat $objects/check
	grep -q 'wrong 0' $objects/check && [ $(($(event group_alloc) - was)) -ge 1536 ] &&
		has /a '0:[0-9]*K/16384K' && verified && rmmod pbuddy_movable && within 60 take /a all && no_groups
}

# refused VERB VALUE PATTERN: a write fails, and the log says why.
refused() {
	dmesg -c >/dev/null
	echo "group_$1: value \"$2\""
	! echo "$2" >"$params/group_$1" && said "group_$1: $3"
}

# The mode of the parameters is not enough.
not_without_capability() {
	needs_admin $params/group_give '/a 0:1x2M' && no_groups && give /a 0:1x2M &&
		needs_admin $params/group_take '/a all' && needs_admin $params/group_strict '/a Y' &&
		has /a 0:2048K/2048K && ! /setpriv --bounding-set=-sys_admin pbuddyctl group take /a all 2>/tmp/err || return
	cat /tmp/err
	grep -q 'CAP_SYS_ADMIN' /tmp/err && take /a all && no_groups
}

# The same are refused by give and take, also when the cgroup has memory.
bad_values() {
	for bad in '' /a '/a 0' '/a 0:' '/a 0:0x2M' '/a 0:1x4K' '/a x:1x2M' '/a 0:1x2Mx' '/a -1:1x2M' 'a 0:1x2M' \
		'/a 0:-1x2M' '/a 0:x2M' '/a 0 :1x2M' '/a 4294967296:1x2M' '/a 0:18446744073709551617x2M'; do
		refused give "$bad" '(bad value .*|there is no cgroup "a")' || return
	done
	for bad in '/none 0:1x2M' '/a all' '99999999 0:1x2M' '/a 0:99999999x2M' '/a 0:9x1G'; do
		refused give "$bad" '.*' || return
	done
	refused give '/a 9:1x2M' 'node 9 has no memory of the pool' || return
	! take /a all && ! take /a 0:1x2M && ! take x all && ! strict /a Y && ! strict /a && no_groups || return
	give /a 0:1x2M || return
	for bad in '' /a '/a 0' '/a 0:0x2M' '/a 0:1x4K' '/a x:1x2M' '/a 0:1x2Mx' '/a -1:1x2M' '/a 0:-1x2M' \
		'/a 4294967296:1x2M' '/a 0:18446744073709551617x2M'; do
		refused take "$bad" 'bad value .*' || return
	done
	refused take '/none 0:1x2M' 'there is no cgroup "/none"' &&
		refused take '/a 9:1x2M' 'node 9 has no memory of the pool' &&
		refused take '/a 1:1x2M' 'took 0 blocks: .*' && has /a 0:2048K/2048K && take /a all && no_groups
}

# Memory that is in use when a cgroup is removed goes back when it is freed.
removed() {
	mkdir $cgroup/c && give /c 0:2x2M && hold_by /tmp/inside /c pbuddyctl alloc --touch --size 1M || return
	echo "$holder" >$cgroup/cgroup.procs
	rmdir $cgroup/c && within 120 has '(removed)' 0:1024K/2048K
	status=$?
	drop
	[ "$status" -eq 0 ] && within 120 no_groups
}

# A page with a memory error does not keep the memory of a removed cgroup. It costs 4 KiB of the pool.
bad_page() {
	mkdir $cgroup/e && give /e 0:2x2M && hold_by /tmp/inside /e pbuddyctl alloc --touch --size 1M --contig || return
	awk 'NR == 2 { print $NF }' /tmp/held >/tmp/address
	# The kernel may call it a failure.
	cat /tmp/address >/sys/devices/system/memory/hard_offline_page
	echo "$holder" >$cgroup/cgroup.procs
	rmdir $cgroup/e
	drop
	within 120 no_groups && [ "$(event nr_hwpoison_pages)" -eq 1 ] && owns 0 64 &&
		pbuddyctl alloc --touch --size 65532K --node 0 --strict && ! pbuddyctl alloc --size 64M --node 0 --strict
}

resized() {
	give /a 0:16x2M || return
	! pbuddyctl resize 0 16M >/tmp/out && grep '^  32M of groups, source reserve' /tmp/out && said 'node 0: 32 MiB belong to groups and stay.*' && has /a 0:32768K/32768K &&
		take /a all && pbuddyctl resize 0 16M && owns 0 16 && pbuddyctl resize 0 64M
}

# Blocks come and go while tasks of two groups and others allocate; a third as often on debug kernels.
under_load() {
	rounds=15
	[ ! -e /sys/kernel/debug/kmemleak ] || rounds=5
	give /a 0:1x2M && give /d 0:1x2M || return
	for who in /a /d ''; do
		(for _ in $(seq $((rounds + 5))); do
			/tmp/inside "$who/" pbuddyctl alloc --touch --size 5M --node 0
		done) >/dev/null 2>&1 &
	done
	for _ in $(seq "$rounds"); do
		give /a 0:5x2M
		take /a 0:5x2M
		give /d 0:3x2M
		take /d 0:4x2M
	done 2>/dev/null
	wait
	verified && within 60 take /a all && { [ -z "$(cat $params/groups)" ] || within 60 take /d all; } && no_groups
}

injected() {
	fault=$debugfs/fail_pbuddy
	echo N >$fault/ignore-gfp-wait && echo 0 >$fault/min-order && echo 100 >$fault/probability &&
		echo 1 >$fault/times || return
	! give /a 0:4x2M && no_groups && give /a 0:4x2M && take /a all
	status=$?
	echo 0 >$fault/probability
	return "$status"
}

# One pageblock in a row, with its address, also beside pageblocks that are not shown.
frag_shows_addresses() {
	pbuddyctl frag --json --node 0 | sed -n 's/.*"phys": //p' | while read -r phys; do printf '%#x\n' "$phys"; done >/tmp/phys
	COLUMNS=1 pbuddyctl frag --per-cell 1 --node 0 | sed -n 's/^ *\(0x[0-9a-f]*\) [A-Z][1-8.]$/\1/p' >/tmp/labels
	cat /tmp/labels
	[ "$(wc -l </tmp/labels)" -ge 10 ] && cmp /tmp/phys /tmp/labels
}

# The picture of a node of which no pageblock is shown.
frag_of_groups_alone() {
	pbuddyctl group give /sys/fs/cgroup/a 1:32x2M && pbuddyctl frag --node 1 | tee /tmp/frag &&
		grep -qx 'node 1: 64M more belong to groups' /tmp/frag && pbuddyctl frag --node 1 --png /tmp/frag.png &&
		grep -q IHDR /tmp/frag.png
}

by_pbuddyctl() {
	pbuddyctl group give /sys/fs/cgroup/a 0:2x2M && pbuddyctl group list | tee /tmp/list &&
		grep -q '/a .*4M' /tmp/list && pbuddyctl group list --json | grep '"cgroup": "/a"' && pbuddyctl group --json | grep '"id": [0-9]*,' &&
		pbuddyctl frag | tee /tmp/frag && [ "$(grep -c 'belong to groups' /tmp/frag)" -eq 1 ] &&
		grep -qx 'node 0: 4M more belong to groups' /tmp/frag && pbuddyctl frag --json | grep '"group_bytes": 4194304' &&
		! pbuddyctl frag --json --node 1 | grep '"group_bytes": [1-9]' &&
		frag_shows_addresses && frag_of_groups_alone && pbuddyctl group take /sys/fs/cgroup/a 1:32x2M &&
		pbuddyctl group strict /a on && has /a 0:4096K/4096K && pbuddyctl group take /a all &&
		! pbuddyctl group take /a all && ! pbuddyctl group give /a 0:1x3M && no_groups
}

# While its first block is being given, a group is listed without memory. That is seen after some of 300
# times on most machines.
listed_while_given() {
	rm -f /tmp/seen /tmp/list_seen /tmp/json_seen
	(for _ in $(seq 300); do
		[ ! -e /tmp/seen ] || break
		give /a 0:1x2M && take /a all
	done) &
	giver=$!
	status=0
	while kill -0 "$giver" 2>/dev/null; do
		{ pbuddyctl group list >/tmp/list && pbuddyctl group list --json >/tmp/json; } || { status=1; break; }
		! grep '^/a .* no *- *0 *0$' /tmp/list || : >/tmp/list_seen
		! grep -q '"cgroup"' /tmp/json || grep -q '"node"' /tmp/json || : >/tmp/json_seen
		[ ! -e /tmp/list_seen ] || [ ! -e /tmp/json_seen ] || : >/tmp/seen
	done
	: >/tmp/seen
	wait "$giver"
	echo "seen: $(cd /tmp && echo *_seen)"
	[ "$status" -eq 0 ] && no_groups
}

# The paths of 24 groups are longer than the 4096 bytes that a parameter can have; all lines are whole.
many_long_paths() {
	long=$(printf '%0200d' 0)
	for n in $(seq 24); do
		mkdir "$cgroup/$long$n" && give "/$long$n" "$((n % 2)):1x2M" || return
	done
	mkdir $cgroup/short && give /short 0:1x2M || return
	lines=$(grep -c "^[0-9]* N [01]:2048K/2048K /\(short\|${long}[0-9]*\)\$" $params/groups)
	wc $params/groups
	pbuddyctl group list >/tmp/list 2>/tmp/err
	status=$?
	pbuddyctl group list --json >/tmp/json 2>/dev/null || status=1
	cat /tmp/err
	[ "$status" -eq 0 ] && [ "$(tail -n 1 $params/groups)" = ... ] && [ "$lines" -ge 15 ] &&
		[ "$(wc -l <$params/groups)" -eq $((lines + 1)) ] && grep -q 'there are more groups' /tmp/err &&
		[ "$(grep -c "$long\|^/short" /tmp/list)" -eq "$lines" ] && grep -q '"truncated": true' /tmp/json &&
		take /short all && rmdir $cgroup/short || return
	for n in $(seq 24); do
		take "/$long$n" all && rmdir "$cgroup/$long$n" || return
	done
	pbuddyctl group list --json | grep '"truncated": false' && no_groups
}

with_debugging() {
	unload_soon && load pool=0:64M,1:64M page_poison=1 owner=1 guard_minorder=2 && give /a 0:4x2M &&
		inside /a pbuddyctl alloc --touch --size 12M && verified && within 60 take /a all && no_groups &&
		[ "$(event bad_page)" -eq 0 ]
}

not_at_load() {
	unload_soon && fails_with 1 'groups: is read only.*' groups=1 || return
	for name in group_give group_take; do
		fails_with 19 "$name: there is no pool yet" pool=0:16M "$name=\"/ 0:1x2M\"" || return
	done
	load pool=0:64M,1:64M
}

unloads() { give /a 0:4x2M && give /d 1:2x2M && gives_back $((128 * 256)); }

load pool=0:64M,1:64M || exit 1
ktap_begin
mkdir -p $cgroup
mount -t cgroup2 none $cgroup 2>/dev/null
mkdir $cgroup/a $cgroup/d
t group_none no_groups
t group_given given
t group_serves serves
t group_small_blocks small_blocks
t group_contiguous contiguous
t group_others others
t group_falls_back falls_back
t group_strict is_strict
t group_nodes nodes_hold
t group_not_purged not_purged
t group_below below
[ ! -f /pbuddy_requester.ko ] || t group_in_kernel in_kernel
t group_takes takes
t group_too_much too_much
t group_compacts compacts
t group_takes_compacted takes_compacted
[ ! -f /pbuddy_movable.ko ] || t group_compacts_in_kernel compacts_in_kernel
t group_needs_cap_sys_admin not_without_capability
t group_bad_values bad_values
t group_removed removed
t group_resized resized
[ ! -d $debugfs/fail_pbuddy ] || t group_injected injected
t group_pbuddyctl by_pbuddyctl
t group_listed_while_given listed_while_given
t group_many_long_paths many_long_paths
t group_under_load under_load
if [ -e /sys/devices/system/memory/hard_offline_page ]; then
	t group_bad_page bad_page
else
	ktap_skip group_bad_page "no memory_failure() in this kernel"
fi
t group_with_debugging with_debugging
t group_not_at_load not_at_load
t group_unload unloads
ktap_end
