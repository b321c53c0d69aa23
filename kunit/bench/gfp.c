// SPDX-License-Identifier: GPL-2.0-only
/*
 * The word gfp= of a request: names of gfp flags as in the kernel, without GFP_ and __GFP_ and in
 * lower case, joined by "+". __GFP_NOWARN is always set.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "bench.h"

static const struct gfp_name {
	const char	*name;
	gfp_t		gfp;
} gfp_names[] = {
	{ "kernel",		GFP_KERNEL },
	{ "user",		GFP_USER },
	{ "highuser",		GFP_HIGHUSER },
	{ "highuser-movable",	GFP_HIGHUSER_MOVABLE },
	{ "atomic",		GFP_ATOMIC },
	{ "nowait",		GFP_NOWAIT },
	{ "zero",		__GFP_ZERO },
	{ "account",		__GFP_ACCOUNT },
	{ "write",		__GFP_WRITE },
	{ "comp",		__GFP_COMP },
	{ "thisnode",		__GFP_THISNODE },
	{ "hardwall",		__GFP_HARDWALL },
	{ "reclaimable",	__GFP_RECLAIMABLE },
};

/**
 * bench_parse_gfp - parses gfp flags; logs a wrong name
 * @value: names; modified
 * @gfp: the flags
 *
 * Return: 0 or -EINVAL.
 */
int bench_parse_gfp(char *value, gfp_t *gfp)
{
	const struct gfp_name *g, *end = gfp_names + ARRAY_SIZE(gfp_names);
	char *name;

	*gfp = __GFP_NOWARN;
	while ((name = strsep(&value, "+"))) {
		for (g = gfp_names; g < end && strcmp(g->name, name); g++)
			;
		if (g == end) {
			pr_err("unknown gfp flag '%s'\n", name);
			return -EINVAL;
		}
		*gfp |= g->gfp;
	}
	return 0;
}
