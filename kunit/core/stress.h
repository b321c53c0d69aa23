/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load of the concurrent tests. A thread allocates a block, stamps each of its frames with
 * its own number and puts the block into a random slot of a shared array. A thread that finds a
 * block in the slot it chose checks the stamps and frees the block, most often on another CPU
 * than the one that allocated it. If the pool allocates a frame twice, the second owner finds
 * the first one's stamp.
 */
#ifndef PT_STRESS_H
#define PT_STRESS_H

#include "fixture.h"

#define PT_STRESS_SLOTS		64

/**
 * struct pt_stress - state that the threads of one run share
 * @f: the pool
 * @slots: blocks passed between threads: PFN and order in one word, or 0
 * @stamps: one for each frame: number of the thread that owns it, or 0
 * @ops: number of operations of each thread
 * @max_order: largest order of a request
 * @errors: number of wrong stamps and refused frees
 * @allocated: number of blocks allocated
 * @stop: set to end the interrupt sources
 */
struct pt_stress {
	struct pt_fixture	*f;
	atomic64_t		slots[PT_STRESS_SLOTS];
	u32			*stamps;
	unsigned long		ops;
	unsigned int		max_order;
	atomic_long_t		errors;
	atomic_long_t		allocated;
	bool			stop;
};

int pt_stress_init(struct kunit *test, struct pt_stress *s, struct pt_fixture *f);

/* One random operation. With @wait false it is allowed in any context. @owner is not 0. */
void pt_stress_op(struct pt_stress *s, struct pt_rand *r, u32 owner, bool wait);
/* Runs ->ops operations; a callback of pt_run_threads() with a struct pt_stress as argument. */
void pt_stress_thread(void *stress, unsigned int n);
/* Frees the blocks in the slots; expects no errors and every frame free. */
void pt_stress_finish(struct kunit *test, struct pt_stress *s);

#endif /* PT_STRESS_H */
