// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the core as a program on this machine; scripts/host builds and runs it.
 *
 *	measure bench	time of an operation, beside a floor (bench.c)
 *	measure rmw	locked read-modify-writes of an operation, metadata per page
 *			(bench.c, built with count.h)
 *	measure compact	pages that compaction moves, and blocks that it gains (compact.c)
 *
 * Exits with 1 when an allocation fails or the core is inconsistent afterwards.
 */
#include <stdlib.h>

#include "bench.h"

void die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "measure: %s\n", what);
	exit(1);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "bench"))
		return bench_main(argc - 1, argv + 1);
	if (!strcmp(verb, "rmw"))
		return rmw_main(argc - 1, argv + 1);
	if (!strcmp(verb, "compact"))
		return compact_main(argc - 1, argv + 1);
	die("usage: measure bench|rmw|compact [...]");
	return 1;
}
