#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: debug
# vm: --nodes 2 --timeout 1200
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: random calls of /dev/pbuddy (tools/tests/test_random.c) for 10 seconds, and for 10 more
# while one in ten requests fails. For as long as wanted, or with the seed of a run that failed:
#
#     scripts/vm --kernel debug-6.12 --timeout 7200 -- sh -c \
#         'insmod /pbuddy.ko pool=0:64M,1:64M && PBUDDY_SECONDS=3600 PBUDDY_SEED=1 pbuddy-test random'
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

faults=/sys/kernel/debug/pbuddy/fail_pbuddy

calls_random() {
	pbuddy-test random >/tmp/random
	ret=$?
	sed 's/^/# /' /tmp/random
	return "$ret"
}

# Requests of all sizes fail, those too that may wait.
calls_with_faults() {
	for setting in ignore-gfp-wait=N min-order=0 verbose=0 times=-1 interval=1 probability=10; do
		echo "${setting#*=}" >"$faults/${setting%=*}" || return 1
	done
	PBUDDY_SECONDS=${PBUDDY_SECONDS:-10} calls_random
	ret=$?
	echo 0 >"$faults/probability"
	return "$ret"
}

verified() { grep OK /sys/kernel/debug/pbuddy/verify; }

load pool=0:64M,1:64M || exit 1
ktap_begin
t random_calls calls_random
t random_calls_verified verified
if [ -d "$faults" ]; then
	t random_calls_with_faults calls_with_faults
	t random_calls_with_faults_verified verified
else
	ktap_skip random_calls_with_faults "no fault injection in this kernel"
fi
t random_unload unload
ktap_end
