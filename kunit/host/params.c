// SPDX-License-Identifier: GPL-2.0-only
/* Parameters of a run on the host, from the environment; see kunit/core/params.h. */
#include <time.h>
#include <unistd.h>
#include "platform.h"
#include "params.h"

unsigned long pt_seed;
unsigned long pt_rounds = 40;

static unsigned long number(const char *name, unsigned long fallback)
{
	const char *value = getenv(name);
	char *end;
	unsigned long n;

	if (!value || !*value)
		return fallback;
	n = strtoul(value, &end, 0);
	if (*end) {
		fprintf(stderr, "%s: not a number: %s\n", name, value);
		exit(2);
	}
	return n;
}

void pt_params_from_env(void)
{
	unsigned long cpus = number("PB_CPUS", pb_host_nr_cpus);

	pt_seed = number("PB_SEED", 0);
	if (!pt_seed)
		pt_seed = (unsigned long)time(NULL) * 1000003 ^ getpid();
	pt_rounds = number("PB_ROUNDS", pt_rounds);
	if (!cpus || cpus > PB_HOST_MAX_CPUS) {
		fprintf(stderr, "PB_CPUS: 1 to %d\n", PB_HOST_MAX_CPUS);
		exit(2);
	}
	pb_host_nr_cpus = cpus;
}
