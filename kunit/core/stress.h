/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load of the concurrent tests: allocate, stamp every frame, hand the block over through
 * shared slots to whoever comes next, who checks the stamps and frees it, most often on
 * another CPU. A frame that is handed out twice meets its own stamp.
 */
#ifndef PT_STRESS_H
#define PT_STRESS_H

#include "fixture.h"

#define PT_STRESS_SLOTS		64

/**
 * struct pt_stress - what the threads of one run share
 * @f: the pool
 * @slots: blocks handed over: PFN and order in one word, 0 for none
 * @stamps: one for each frame: 0, or who has it
 * @ops: operations each thread does
 * @max_order: largest order asked for
 * @errors: stamps found wrong, frees refused
 * @allocated: blocks handed out
 * @stop: interrupt sources leave when it is set
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

/* One operation: any context, when @wait is false. @who is not 0. */
void pt_stress_op(struct pt_stress *s, struct pt_rand *r, u32 who, bool wait);
/* The loop of one thread; for pt_run_threads() with the struct pt_stress as its argument. */
void pt_stress_thread(void *stress, unsigned int n);
/* Empties the slots and expects that nothing was lost, doubled or reported. */
void pt_stress_finish(struct kunit *test, struct pt_stress *s);

#endif /* PT_STRESS_H */
