// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapts the module to zones that have grown or shrunk, or may grow by more or fewer pages: the
 * watermarks and the bounds of the caches (tunables.c), the zones that count as mirrored
 * (restricted.c), and the first zone of requests where a zone got its first pages or lost its last.
 */
#include <linux/mutex.h>

#include "core/pool/pool.h"
#include "instance.h"
#include "request/percpu_zone.h"
#include "request/resized.h"
#include "request/restricted.h"
#include "tunables.h"

static DEFINE_MUTEX(lock);
static bool live;	/* the pool is initialized; under the lock */

/**
 * pb_resized - adapt to zones that have grown or shrunk
 *
 * Call it without the lock of the size, so that setting a tunable does not wait for a source. Does
 * nothing while there is no pool: the files of the parameters, which are written, outlive it.
 * Context: process, may sleep.
 */
void pb_resized(void)
{
	pb_tunables_resized();
	pb_restricted_resized();
	mutex_lock(&lock);
	if (live && pb_pool_set_preferred(&pb_instance))
		pb_percpu_zone_refresh();
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_PB_TEST(pb_resized);

static void set_live(bool value)
{
	mutex_lock(&lock);
	live = value;
	mutex_unlock(&lock);
}

/* Context: process. Return: 0. */
int pb_resized_init(void)
{
	set_live(true);
	return 0;
}

/* Context: process; waits for pb_resized(). */
void pb_resized_exit(void)
{
	set_live(false);
}
