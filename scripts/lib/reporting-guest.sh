#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest of scripts/reporting-test: the pool gives memory that was used back to the kernel, first by
# a resize, then by itself. A line says what has been done; the host looks at the memory of the emulator
# until the next one.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# The kernel reports what has been free for two seconds, a part of it each time.
pause() {
	echo "state $1"
	sleep "$2"
}

use() { pbuddyctl alloc --touch --size 400M --node 0 --strict >/tmp/out; }

insmod /virtio_balloon.ko && load pool=0:16M-512M && use || exit 1
pause used 4
pbuddyctl resize 0 16M-512M || exit 1
pause resized 40
use || exit 1
pause used_again 4
echo 2 >/sys/module/pbuddy/parameters/idle_seconds
within 60 owns 0 16 || exit 1
pause idle 40
unload
