/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subjects, in the order of the rows: SUBJECT(pbuddy) is bench_pbuddy of subject_pbuddy.c.
 * To add a subject: its file, and its line here. scripts/lib/bench_rows.py reads this list.
 * No include guard: each includer defines SUBJECT() for its own purpose.
 */
SUBJECT(pbuddy)
SUBJECT(pbuddy_equal_prep)
SUBJECT(memset)
SUBJECT(alloc_pages)
SUBJECT(alloc_pages_bulk)
SUBJECT(alloc_pages_comp)
#if IS_ENABLED(CONFIG_GENERIC_ALLOCATOR)
SUBJECT(gen_pool)
#endif
#if IS_ENABLED(CONFIG_GPU_BUDDY)
SUBJECT(gpu_buddy)
#endif
SUBJECT(nothing)
SUBJECT(failing)
#undef SUBJECT
