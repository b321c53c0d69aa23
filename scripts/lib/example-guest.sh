# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest of scripts/example-test: an in-kernel user of pbuddy, pbuddy_example.ko. It allocates
# by every call of the API, on the nodes of the memory policy of the task that writes to its
# parameter, charged to that task's cgroup or user, and frees everything.
# shellcheck disable=SC2086 # paths and numbers
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh

example=/sys/module/pbuddy_example/parameters
debugfs=/sys/kernel/debug/pbuddy
cgroup=/sys/fs/cgroup

take() { echo "$1" >"$example/alloc"; }
keep() { echo "$1" >"$example/keep"; }
held() {
	cat "$example/held"
	[ "$(cat "$example/held")" = "$1 " ]
}

by_policy() {
	/numactl --membind=1 sh -c "echo 9 >$example/alloc" && held '0:0 1:512' &&
		/numactl --preferred=0 sh -c "echo 3 >$example/alloc" && held '0:8 1:512'
}

# pay WANT COMMAND...: after COMMAND an account is charged WANT pages.
pay() {
	want=$1
	shift
	"$@"
	cat "$debugfs/accounts"
	[ "$(awk '$1 == "all" { n = $4 } END { print n + 0 }' "$debugfs/accounts")" -eq "$want" ]
}

# Requests of this shell are refused while the module says so.
refused_by_hooks() {
	insmod /pbuddy_hooks.ko deny="$(cat /proc/$$/comm)" && ! take 0 || return
	cat /sys/module/pbuddy_hooks/parameters/refused
	[ "$(cat /sys/module/pbuddy_hooks/parameters/refused)" -gt 0 ] && rmmod pbuddy_hooks && take 0
}

# The limit is two blocks of 2 MiB; another one succeeds after one is freed.
limited() {
	/numactl --membind=0 sh -c "echo 9 >$example/alloc && echo 9 >$example/alloc" || return
	! take 9 || return
	held '0:1024 1:0' || return
	keep 1 && take 9 && ! take 0
}

# The same for a task that prefers nodes: what they have free is charged, too.
limited_by_preference() {
	/numactl --preferred-many=0 sh -c "echo 9 >$example/alloc && echo 9 >$example/alloc && ! echo 9 >$example/alloc" &&
		held '0:1024 1:0' && keep 0
}

no_limit() { echo 0 >/sys/module/pbuddy/parameters/account_limit_kbytes; }

in_cgroup() {
	(
		sh -c "echo \$PPID >$cgroup/t/cgroup.procs"
		"$@"
	)
}

usage() { awk '$1 == "pbuddy" { print $2 }' "$cgroup/t/dmem.current"; }

cgroup_uncharged() {
	cat "$cgroup/t/dmem.current"
	[ "$(usage)" -eq "$1" ]
}

# A CPU's own node may have no memory of the pool.
other_node_only() {
	insmod /pbuddy.ko pool=1:64M && /numactl --cpunodebind=0 insmod /pbuddy_example.ko &&
		rmmod pbuddy_example && rmmod pbuddy
}

ktap_begin
t other_node_only other_node_only
insmod /pbuddy.ko pool=0:64M,1:64M min_free_kbytes=0 || exit 1
t every_way insmod /pbuddy_example.ko
t held_back_by_users eval '! rmmod pbuddy'
t a_block pay 1 take 0
t freed pay 0 keep 0
t by_policy by_policy
t policy_freed pay 0 keep 0
t hooks_refuse refused_by_hooks
t hooks_freed pay 0 keep 0
mkdir -p $cgroup
mount -t cgroup2 none $cgroup 2>/dev/null
if grep -q dmem $cgroup/cgroup.controllers; then
	echo +dmem >$cgroup/cgroup.subtree_control && mkdir $cgroup/t || exit 1
	t region_known grep "^pbuddy $((128 << 20))$" $cgroup/dmem.capacity
	echo "pbuddy $((4 << 20))" >$cgroup/t/dmem.max
	t limit_by_preference in_cgroup limited_by_preference
	t limit_of_a_cgroup in_cgroup limited
	t limit_is_not_others take 9
	t charged_to_the_cgroup cgroup_uncharged $((4 << 20))
	t limit_freed pay 0 keep 0
	t uncharged cgroup_uncharged 0
	t cgroup_goes eval "in_cgroup take 3; rmdir $cgroup/t; pay 0 keep 0"
else
	echo 4096 >/sys/module/pbuddy/parameters/account_limit_kbytes
	t limit_by_preference limited_by_preference
	t limit_of_a_user limited
	t limit_can_be_raised eval 'no_limit && take 0'
	t limit_freed pay 0 keep 0
fi
t left_allocated take 5
t rmmod_frees rmmod pbuddy_example
t verified grep -q '^verify: OK.*allocated=0' $debugfs/verify
t rmmod rmmod pbuddy
ktap_end
