#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: stock test+lts
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Wrong module parameters: insmod fails with the right errno and one line that names the wrong
# word, and takes no memory. modinfo documents every parameter.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

EINVAL=22
ENOMEM=12
EOPNOTSUPP=95
expected='NODE:SIZE\[-MAX\]\[@SOURCE\[=LABEL\]\] is expected'
number='a number with K, M, G or T is expected'

# wrong NAME REGEX POOL: an element that is wrong by itself.
wrong() { t "spec_$1" fails_with $EINVAL "pool: $2" "pool=$3"; }

# Exactly one line each time, and busybox's insmod tries twice.
one_line() {
	fails_with "$EINVAL" 'pool: .*' pool=0:16M,1:x
	lines=$(dmesg | grep -c 'pbuddy:')
	echo "$lines lines"
	[ "$lines" -eq 2 ]
}

parameters() { sed -n 's/^parm: *\([a-z_]*\):.*/\1/p' /tmp/modinfo; }

all_documented() {
	# Busybox's modinfo needs this file.
	mkdir -p "/lib/modules/$(uname -r)"
	touch "/lib/modules/$(uname -r)/modules.dep"
	modinfo /pbuddy.ko | tee /tmp/modinfo
	load pool=0:16M || return
	for p in /sys/module/pbuddy/parameters/*; do
		parameters | grep -qx "$(basename "$p")" || {
			echo "$p is not documented"
			return 1
		}
	done
	unload_soon
	[ "$(parameters | wc -l)" -ge 5 ] && ! grep -E '^parm: *[a-z_]*: *(\(|$)' /tmp/modinfo
}

described() {
	for field in description author license version; do
		grep "^$field: *[A-Za-z0-9]" /tmp/modinfo || return
	done
}

ktap_begin
load pool=0:16M && unload_soon
before=$(free_pages)
wrong no_colon "bad element \"0\": $expected" 0
wrong empty_element "bad element \"\": $expected" 0:2M,,1:2M
wrong empty_tail "bad element \"\": $expected" 0:2M,
wrong node_text 'bad node "x": a number is expected' x:64M
wrong node_empty 'bad node "": a number is expected' :64M
wrong node_negative 'bad node "-1": a number is expected' -1:64M
wrong node_plus 'bad node "\+1": a number is expected' +1:64M
wrong node_unknown 'bad node "7": this machine has no such node' 0:16M,7:16M
wrong node_huge 'bad node "99999999999": this machine has no such node' 99999999999:16M
wrong size_empty "bad size \"\": $number" 0:
wrong size_zero 'bad size "0": it is zero' 0:0
wrong size_zero_suffix 'bad size "0M": it is zero' 0:0M
wrong size_garbage "bad size \"lots\": $number" 0:lots
wrong size_tail "bad size \"64MB\": $number" 0:64MB
wrong size_negative "bad size \"-64M\": $number" 0:-64M
wrong size_suffix_alone "bad size \"M\": $number" 0:M
wrong size_above_node 'bad size "1T": it is too large, node 1 has [0-9]+ MiB' 0:16M,1:1T
wrong size_wraps 'bad size "17592186044417M": it is too large' 0:17592186044417M
wrong size_wraps_64_bits 'bad size "18446744073709551616": it is too large' 0:18446744073709551616
wrong size_near_64_bits 'bad size "18446744073709551615": it is too large' 0:18446744073709551615
wrong max_empty "bad maximum \"\": $number" 0:16M-
wrong max_zero 'bad maximum "0": it is zero' 0:16M-0
wrong max_garbage "bad maximum \"lots\": $number" 0:16M-lots
wrong max_twice "bad maximum \"32M-64M\": $number" 0:16M-32M-64M
wrong max_below_size 'bad maximum "8M": it is below the size' 0:16M-8M
wrong max_above_node 'bad maximum "1T": it is too large, node 0 has [0-9]+ MiB' 0:16M-1T
wrong max_wraps 'bad maximum "17592186044417M": it is too large' 0:16M-17592186044417M
wrong max_of_reserve 'bad maximum "1T": it is too large, node 0 has [0-9]+ MiB' 0:16M-1T@reserve=pb
wrong source_unknown 'unknown source "hugetlb": there are contig, cma and reserve' 0:64M@hugetlb
wrong source_empty 'unknown source "": there are contig, cma and reserve' 0:64M@
wrong label_missing 'source "reserve" needs a label: reserve=LABEL' 0:64M@reserve
wrong label_empty 'source "reserve" needs a label: reserve=LABEL' 0:64M@reserve=
wrong label_not_wanted 'source "contig" takes no label, got "pb"' 0:64M@contig=pb
wrong label_too_long 'label "l{40}" is longer than 31 characters' \
	0:64M@reserve=llllllllllllllllllllllllllllllllllllllll
t spec_too_many fails_with $EINVAL 'pool: more than 64 elements' \
	pool="$(yes 0:2M | head -n 65 | tr '\n' ',' | sed 's/,$//')"
t spec_address_misaligned fails_with $EINVAL \
	'reserve: bad address "0x70001000": a multiple of 2 MiB is expected' \
	pool=1:64M@reserve=0x70001000
t spec_address_in_use fails_with $EINVAL \
	'reserve: 0x40000000-0x43ffffff is memory of the kernel; boot with memmap=64M.0x40000000' \
	pool=1:64M@reserve=0x40000000
t spec_address_is_nothing fails_with $EINVAL \
	'reserve: 0x1000000000-0x1003ffffff is not reserved memory; boot with .*' \
	pool=1:64M@reserve=0x1000000000
t spec_movable_above_100 fails_with $EINVAL \
	'movable: bad percentage "101": 0 to 100 is expected' movable=101 pool=0:16M
# bad_addresses VALUE...
bad_addresses() {
	for bad; do
		fails_with "$EINVAL" "max_address: bad value \"$bad\": $number" max_address="$bad" pool=0:16M || return
	done
}
t spec_max_address_bad bad_addresses 8X 8G8 -8G
t spec_max_address_overflows fails_with $EINVAL \
	'max_address: bad value "99999999999999999999": it is above 64T' max_address=99999999999999999999 pool=0:16M
t spec_max_address_above fails_with $EINVAL \
	'max_address: bad value "65T": it is above 64T' max_address=65T pool=0:16M-32M
t spec_movable_cannot_grow fails_with $EINVAL \
	'movable: with 100 there is no zone that node 0 could grow in' movable=100 pool=0:16M-32M
if grep -q ' cma_alloc$' /proc/kallsyms; then
	t spec_no_cma_area fails_with $ENOMEM \
		'cma: node 0 has no free contiguous memory area; boot with .*' pool=0:16M@cma
else
	t spec_no_cma_here fails_with $EOPNOTSUPP \
		'cma: this kernel has no contiguous memory allocator \(CONFIG_CMA\)' pool=0:16M@cma
fi
case $(uname -r) in
6.1.*)
	t spec_no_reserve_mem_here fails_with $EOPNOTSUPP \
		'reserve: this kernel has no reserve_mem= \(needs 6.12\); boot with .*' \
		pool=0:16M@reserve=pb
	;;
*)
	t spec_label_unknown fails_with $EINVAL \
		'reserve: unknown label "pb": the kernel has reserved no memory for reserve_mem=.*' \
		pool=0:16M@reserve=pb
	;;
esac
t spec_one_line_per_error one_line
t spec_nothing_was_taken has_again "$before" 1024
t modinfo_documents_every_parameter all_documented
t modinfo_describes_the_module described
ktap_end
