// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted memory bugs: use after free, bad shift, leak, and plain reports.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/slab.h>

#include "planted.h"

/* Kept from the optimizer: what it can prove undefined it may remove. */
static int hidden_shift = 40;
static void *kept;

void plant_kasan(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	kfree(p);
	/* The bug: p is no longer ours. */
	WRITE_ONCE(p[10], 1);
}

void plant_ubsan(void)
{
	int one = READ_ONCE(hidden_shift) / 40;

	/* The bug: an int has 32 bits. */
	WRITE_ONCE(hidden_shift, one << READ_ONCE(hidden_shift));
}

void plant_kmemleak(void)
{
	int i;

	/*
	 * The bug: all but the last are lost. Several, since a stale copy of a pointer
	 * in a register or on a stack hides a leak.
	 */
	for (i = 0; i < 32; i++)
		WRITE_ONCE(kept, kmalloc(2000, GFP_KERNEL));
}

void plant_warn(void)
{
	WARN_ON(hidden_shift == 40);
}

void plant_oops(void)
{
	int *nowhere = (int *)8;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}
