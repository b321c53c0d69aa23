/* SPDX-License-Identifier: GPL-2.0-only */
/* Movable blocks of in-kernel users and buffers: their owners' operations. See movable_ops.c. */
#ifndef PB_MOVABLE_OPS_H
#define PB_MOVABLE_OPS_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/srcu.h>
#include <linux/types.h>

struct pbuddy_movable_operations;

/**
 * struct pb_movable_record - the owner of a movable block
 * @ops: its operations, or those of a former owner
 * @private: returned by pbuddy_page_private()
 */
struct pb_movable_record {
	const struct pbuddy_movable_operations	*ops;
	void					*private;
};

/**
 * struct pb_movable_registration - operations that are registered
 * @node: in the list of registrations
 * @ops: the operations
 * @unmaps: as in pb_movable_ops_register()
 */
struct pb_movable_registration {
	struct list_head			node;
	const struct pbuddy_movable_operations	*ops;
	bool					unmaps;
};

/* A registration that was found inside of it stays to its end. */
extern struct srcu_struct pb_movable_srcu;

int pb_movable_ops_register(const struct pbuddy_movable_operations *ops, bool unmaps);
int pb_movable_ops_set(unsigned long pfn, const struct pbuddy_movable_operations *ops,
		       void *private);
struct pb_movable_registration *pb_movable_registered(const struct pbuddy_movable_operations *ops);
struct pb_movable_record *pb_movable_record(unsigned long pfn);
struct pb_movable_record *pb_movable_make_record(unsigned long pfn, gfp_t gfp);
void pb_movable_clear_record(struct pb_movable_record *record,
			     const struct pbuddy_movable_operations *ops);
int pb_movable_ops_init(void);
void pb_movable_ops_exit(void);

/*
 * Enters the owner of a block that is not movable, or is isolated. A record that has the operations
 * already, which are registered, or none is the caller's alone.
 */
static inline void pb_movable_set_record(struct pb_movable_record *record,
					 const struct pbuddy_movable_operations *ops, void *private)
{
	const struct pbuddy_movable_operations *old = READ_ONCE(record->ops);

	if (unlikely(old && old != ops))
		pb_movable_clear_record(record, ops);
	record->private = private;
	WRITE_ONCE(record->ops, ops);
}

#endif /* PB_MOVABLE_OPS_H */
