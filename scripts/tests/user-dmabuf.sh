#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: rt
# vm: --one-thread --nodes 2 --kernel-module drm --kernel-module drm_shmem_helper --kernel-module vgem
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# dma-bufs of pbuddy with a driver that imports them: vgem, which Debian's full kernels have.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

for module in drm drm_shmem_helper vgem; do
	insmod /$module.ko || exit
done
load pool=0:64M,1:64M || exit 1
pbuddy-test dmabuf heap vgem
ends_with $?
