#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release debug
# vm: --nodes 2 --timeout 1800
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# In the guest: compaction migrates buffers that programs use, pin, remap and share, and that drivers
# import. Node threads
# do not compact by themselves, so a page that has moved was moved by a request of the tests.
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

load pool=0:64M,1:64M compaction_proactiveness=0 || exit 1
[ ! -f /pbuddy_importer.ko ] || insmod /pbuddy_importer.ko || exit 1
pbuddy-test move importer
status=$?
[ ! -f /pbuddy_importer.ko ] || rmmod pbuddy_importer
ends_with "$status"
