#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock+oldest test+newest debug
# vm: --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: programs make buffers purgeable, and requests and a resize take their memory;
# memory-shrinker.sh has the system.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

load pool=0:64M,1:64M || exit 1
pbuddy-test purge
ends_with $?
