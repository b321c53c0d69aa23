#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: debug
# vm: --one-thread --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: each system call of /dev/pbuddy with its n-th inner allocation failing, for all n; none
# of these failures may lose memory. Needs a kernel with fault injection.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

load pool=0:64M,1:64M || exit 1
pbuddy-test inject
ends_with $?
