#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What programs pay for buffers, inside the guest: scripts/bench copies this file there. Prints the
# table of pbuddy-buffer-bench (tools/bench/buffer.c) for the workloads given as arguments.
# From the environment: POOL (the parameter pool= of pbuddy) and ROUNDS.
insmod /pbuddy.ko "pool=${POOL:?}" || exit
# Memory for memfd-hugetlb, as much as the largest workload needs.
echo 520 >/proc/sys/vm/nr_hugepages
/pbuddy-buffer-bench -r "${ROUNDS:?}" "$@" || exit
# Last, as others would find clear memory afterwards.
/pbuddy-buffer-bench -r "$ROUNDS" -s pbuddy-ioctl-prezeroed,pbuddy-mmap-prezeroed "$@" | tail -n +2
rmmod pbuddy
