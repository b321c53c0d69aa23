#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+lts test+newest
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# shellcheck disable=SC2086 # paths and numbers
#
# In the guest: accounting of buffers. They are charged to the user, and on kernels with the dmem
# controller also to the cgroup of the task that creates them; both limits hold. A request over
# a limit fails with EDQUOT, names the limit in the kernel log and leaves nothing behind; a buffer
# that another process was given is still charged to its creator.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

cgroup=/sys/fs/cgroup

# over_limit COMMAND...: it fails, and says that.
over_limit() {
	"$@" >/tmp/got 2>&1 && { cat /tmp/got; return 1; }
	cat /tmp/got
	grep -q 'quota exceeded (more than these nodes own, or than a limit allows; lower --size' /tmp/got
}

charged() { awk '$1 == "all" { print $4 }' $debugfs/accounts; }

# pages_charged N: now.
pages_charged() {
	cat $debugfs/accounts
	[ "$(charged)" -eq "$1" ]
}

allocated() { sed -n 's/^verify: OK.*allocated=\([0-9]*\).*/\1/p' $debugfs/verify; }

nothing_left() {
	cat $debugfs/verify
	[ "$(allocated)" = 0 ] && pages_charged 0
}

# Another 6 MiB beside 4 MiB are too much, however small the pieces; 4 MiB are not.
beside_another() { # [COMMAND that runs another]
	hold_by "$@" pbuddyctl alloc --size 4M || return
	over_limit "$@" pbuddyctl alloc --size 6M &&
		over_limit "$@" pbuddyctl alloc --size 16K --count 300 &&
		"$@" pbuddyctl alloc --size 4M && pages_charged 1024
	ret=$?
	drop
	return "$ret"
}

as_nobody() { su -s /bin/sh nobody -c "$*"; }

# Each user has a limit of its own.
each_user() {
	chmod 666 /dev/pbuddy
	chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	hold --size 8M || return
	over_limit pbuddyctl alloc --size 4K && as_nobody pbuddyctl alloc --size 8M &&
		over_limit as_nobody pbuddyctl alloc --size 9M
	ret=$?
	drop
	chmod 660 /dev/pbuddy
	return "$ret"
}

limit() { echo "$1" >/sys/module/pbuddy/parameters/account_limit_kbytes; }

lifted() { limit unlimited && pbuddyctl alloc --size 32M && limit 0 && pbuddyctl alloc --size 32M; }

# refused KIB REASON COMMAND...: over a limit, which the kernel log names.
refused() {
	dmesg -c >/dev/null
	line="pbuddyctl\[[0-9]*\]: $1kB refused: $2"
	shift 2
	over_limit "$@" && said "$line"
}

by_user='user 0 has 0kB and may have 8192kB, by account_limit_kbytes'

shown() { # LIMIT
	echo "$1" >/sys/module/pbuddy/parameters/account_limit_kbytes &&
		[ "$(cat /sys/module/pbuddy/parameters/account_limit_kbytes)" = "$1" ]
}

takes_words() {
	shown unlimited && shown 4096 && ! shown half && ! shown 12k && shown default &&
		! echo 101 >/sys/module/pbuddy/parameters/kernel_reserve
}

# Pages charged to root, and its limit, while it has 4 MiB.
usage_shown() {
	hold --size 4M || return
	cat $debugfs/accounts
	grep -q '^user 0 - 1024 2048$' $debugfs/accounts &&
		grep -q "^all - - 1024 $((128 * 256 * 94 / 100))\$" $debugfs/accounts
	ret=$?
	drop
	return "$ret"
}

# in_cgroup COMMAND...: a program, so that in the background its process becomes the command's.
cat >/tmp/in_cgroup <<'END'
#!/bin/sh
echo $$ >/sys/fs/cgroup/t/cgroup.procs && exec "$@"
END
chmod +x /tmp/in_cgroup

usage() { awk '$1 == "pbuddy" { print $2 }' "$1/dmem.current"; }

# The cgroup that created a buffer pays for it until it is gone; its parent does too.
creator_pays() {
	hold_by /tmp/in_cgroup pbuddyctl alloc --size 4M || return
	echo "$holder" >/sys/fs/cgroup/cgroup.procs
	cat "$cgroup/t/dmem.current"
	[ "$(usage "$cgroup/t")" -eq $((4 << 20)) ] && [ "$(usage "$cgroup")" -eq $((4 << 20)) ]
	ret=$?
	drop
	return "$ret"
}

dying() { sed -n 's/^nr_dying_descendants //p' $cgroup/cgroup.stat; }

# dying_again N: no more removed cgroups of the system exist than that.
dying_again() {
	cat $cgroup/cgroup.stat
	[ "$(dying)" -le "$1" ]
}

# Leaves pages of the cgroup in the stock of a CPU.
stocked() {
	request='workload=account order=0 subjects=pbuddy rounds=1 count=64'
	/tmp/in_cgroup sh -c "echo $request >/sys/kernel/debug/pbuddy_bench/run" && usage "$cgroup/t" &&
		[ "$(usage "$cgroup/t")" -gt 0 ]
}

# Nothing uses the stock any more.
removed_cgroup_goes() {
	insmod /pbuddy_bench.ko && within 120 stocked && before=$(dying) &&
		rmdir $cgroup/t && within 60 dying_again "$before" && rmmod pbuddy_bench
}

load pool=0:64M,1:64M || exit 1
ktap_begin
mkdir -p $cgroup
mount -t cgroup2 none $cgroup 2>/dev/null
if grep -q dmem $cgroup/cgroup.controllers; then
	echo +dmem >$cgroup/cgroup.subtree_control && mkdir $cgroup/t || exit 1
	echo "pbuddy $((8 << 20))" >$cgroup/t/dmem.max
	# First, because the log is rate limited.
	t account_names_cgroup refused 9216 'by dmem.max of its cgroup' \
		/tmp/in_cgroup pbuddyctl alloc --size 9M
	t account_of_a_cgroup beside_another /tmp/in_cgroup
	t account_single /tmp/in_cgroup pbuddyctl alloc --size 8M
	t account_over over_limit /tmp/in_cgroup pbuddyctl alloc --size 9M
	t account_nowait over_limit /tmp/in_cgroup pbuddyctl alloc --size 9M --nowait
	t account_contig over_limit /tmp/in_cgroup pbuddyctl alloc --size 9M --contig
	t account_others pbuddyctl alloc --size 32M
	t account_creator_pays creator_pays
	# The limit of the user holds inside the cgroup and outside.
	limit 4096
	t account_user_in_cgroup over_limit /tmp/in_cgroup pbuddyctl alloc --size 6M
	limit 16384
	t account_user_and_cgroup over_limit /tmp/in_cgroup pbuddyctl alloc --size 9M
	t account_user_outside over_limit pbuddyctl alloc --size 17M
	t account_user_allows pbuddyctl alloc --size 16M
	limit default
	t account_freed within 60 nothing_left
	t account_cgroup_goes removed_cgroup_goes
else
	limit 8192
	# First, because the log is rate limited.
	t account_names_user refused 9216 "$by_user" pbuddyctl alloc --size 9M
	t account_of_a_user beside_another
	t account_single pbuddyctl alloc --size 8M
	t account_over over_limit pbuddyctl alloc --size 9M
	t account_nowait over_limit pbuddyctl alloc --size 9M --nowait
	t account_contig over_limit pbuddyctl alloc --size 9M --contig
	t account_others each_user
	t account_shown usage_shown
	t account_lifted lifted
	t account_takes_words takes_words
	t account_freed within 60 nothing_left
fi
t verified verified
t rmmod unload_soon
ktap_end
