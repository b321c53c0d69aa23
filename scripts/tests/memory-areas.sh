#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: test debug
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
#
# Which memory buffers get in a pool with a contiguous area (cma=) or with ZONE_MOVABLE (movable=).
# Programs can pin buffers, so whatever their class they stay out of both. A contiguous buffer has
# the contiguous area, whatever its length.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# fill PARAMETER: a buffer has the half of the memory that PARAMETER leaves to buffers.
fill() {
	load pool=0:64M "$1" && hold --size 32M --order 9 --node 0 --strict
}

# served EXPECTED ARGUMENTS...: whether each class and length is served.
served() {
	expected=$1
	shift
	for class in movable unmovable; do
		for mib in 2 5 16 32; do
			status=0
			pbuddyctl alloc --size "${mib}M" --class "$class" --node 0 --strict "$@" \
				>/dev/null 2>&1 || status=$?
			[ $((status == 0)) -eq "$expected" ] ||
				{ echo "$class, $mib MiB: status $status"; return 1; }
		done
	done
}

cma() { fill cma=50 && [ "$(event nr_free_cma)" -eq 8192 ]; }
cma_unused() { served 0 && served 0 --nowait && [ "$(event nr_free_cma)" -eq 8192 ]; }
cma_contig() { served 1 --contig && served 1 --contig --nowait; }
cma_free_again() { [ "$(event nr_free_cma)" -eq 8192 ] && verified; }
movable() { fill movable=50; }
movable_unused() { served 0 && served 0 --contig && [ "$(event nr_free_pages)" -ge 8192 ]; }
end() { drop && gives_back 16384; }

ktap_begin
t areas_cma cma
t areas_buffers_not_in_cma cma_unused
t areas_contiguous_buffers_in_cma cma_contig
t areas_cma_free_again cma_free_again
t areas_end_cma end
t areas_movable movable
t areas_buffers_not_in_movable movable_unused
t areas_end_movable end
ktap_end
