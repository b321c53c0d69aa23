// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted memory bugs: a use after free (KASAN), a shift that is too large (UBSAN), a leak
 * (kmemleak), a warning and an oops.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/slab.h>

#include "planted.h"

/*
 * Read and written with READ_ONCE() and WRITE_ONCE(): the compiler may remove undefined
 * behaviour that it can see.
 */
static int hidden_shift = 40;
static void *kept;

void plant_kasan(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	kfree(p);
	/* The bug: p has been freed. */
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
	 * The bug: all but the last block are lost. Several, because a stale pointer in a
	 * register or on a stack hides a block from kmemleak.
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
