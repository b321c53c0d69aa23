#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock-rt
# vm: --one-thread --nodes 2 --kernel-module dummy --kernel-module udp_tunnel --kernel-module ip6_udp_tunnel
# vm: --kernel-module crc32_generic --kernel-module ib_core --kernel-module ib_uverbs --kernel-module rdma_rxe
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: build/rdma/pbuddy-rdma-test:/rdma/pbuddy-rdma-test /usr/bin/rdma:/rdma/rdma /usr/bin/ib_write_bw:/rdma/ib_write_bw
# copy: /etc/libibverbs.d/rxe.driver:/etc/libibverbs.d/rxe.driver
# copy: /usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so:/usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so
#
# In the guest: buffers as memory regions of RDMA, by rdma_rxe on a dummy network device, and ib_write_bw of
# perftest, unmodified. (Of Debian's kernels in scripts/kernels.table only stock-rt has rdma_rxe.)
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

network() {
	for module in dummy udp_tunnel ip6_udp_tunnel crc32_generic ib_core ib_uverbs rdma_rxe; do
		insmod /$module.ko || return 1
	done
	ip link set lo up && ip address add 10.0.0.1/24 dev dummy0 && ip link set dummy0 up &&
		/rdma/rdma link add rxe0 type rxe netdev dummy0 && /rdma/rdma link
}

# A server and a client, each with a mapping of the device as its memory region.
write_bw() { timeout 240 /rdma/ib_write_bw -F -u 18 -s 65536 -n 50 --mmap=/dev/pbuddy "$@"; }

# Port 18515, that of perftest, in state LISTEN.
listens() { grep -q '^ *[0-9]*: [0-9A-F]*:4853 [0-9A-F:]* 0A ' /proc/net/tcp /proc/net/tcp6; }

# A client that is too early finds no server, and one that fails ends it.
write_once() {
	write_bw -d rxe0 >/tmp/server 2>&1 &
	server=$!
	within 60 listens && write_bw -d rxe0 127.0.0.1 && wait "$server" && return
	kill "$server" 2>/dev/null
	wait "$server"
	return 1
}

perftest() {
	{ write_once || write_once || write_once; } && cat /tmp/server && grep -q '^allocated mmap buffer of size 131072' /tmp/server
}

load pool=0:64M,1:64M || exit 1
network >&2 || exit 1
/rdma/pbuddy-rdma-test || bad=1
ktap_begin
t rdma_perftest perftest
t rdma_link_del /rdma/rdma link del rxe0
t rmmod unload_soon
t tests_before_were_ok [ -z "${bad-}" ]
ktap_end
