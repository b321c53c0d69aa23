// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffer object: charges it, and frees its blocks with the last reference. buffer_alloc.c
 * allocates the blocks, piece.c prepares them for access. segment.c looks up its pages, buffer_fd.c
 * has its file descriptor, mmap.c its mappings.
 *
 * A buffer does not change between its creation and its end, except its label (label.h), the state
 * of its pieces, which piece.c describes, and its memory: buffer_move.c changes and protects the
 * frames of its blocks, and buffer_memory.c takes all of them away and gives others.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "api/account.h"
#include "api/account_grow.h"
#include "api/account_limit.h"
#include "api/pages.h"
#include "api/quarantine.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/failure_reason.h"
#include "core/zone/zone.h"
#include "hooks/bad_frames.h"
#include "hooks/pressure.h"
#include "instance.h"
#include "request/gfp.h"
#include "user/buffer.h"
#include "user/creator.h"

#define FREE_BATCH	4096UL	/* pages to free between two calls of cond_resched() */

/* ---- Freeing blocks ---- */

/**
 * pb_buffer_free_frames() - free frames of a buffer that is being created or destroyed
 * @pfn: first frame, allocated by itself
 * @nr_pages: any number; freed in parts
 *
 * Context: may sleep.
 */
void pb_buffer_free_frames(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long n;

	for (; nr_pages; pfn += n, nr_pages -= n) {
		n = min(nr_pages, FREE_BATCH);
		WARN_ON_ONCE(pb_pages_free_contig(pfn, n));
		cond_resched();
	}
}

/* Whether a page has no other user and no memory error; its flags are reset. */
static bool clean_page(unsigned long pfn)
{
	if (pb_quarantine_referenced(pfn, 0))
		return false;
	pb_page_reset_flags(pfn_to_page(pfn));
	return true;
}

/*
 * Makes the folios of a block ordinary pages. Returns whether the block can be freed as a whole,
 * since no page has another user or a memory error.
 */
static bool clean_block(const struct pb_buffer *buf, const struct pb_buffer_block *block)
{
	unsigned long index = block->start, end = index + block->nr_pages;
	bool clean = true;

	while (index < end) {
		struct page *head = pb_piece_folio(buf, index);

		if (head) {
			clean &= pb_piece_end_folio(head);
			index += PB_PAGEBLOCK_NR;
		} else {
			clean &= clean_page(block->pfn + (index - block->start));
			index++;
		}
		cond_resched();
	}
	return clean;
}

/*
 * Frees the pages one by one. Those with an error are set aside, pinned ones and pinned folios go
 * to quarantine.
 */
static void free_pinned_block(struct pb_buffer *buf, const struct pb_buffer_block *block)
{
	unsigned int i;

	if (!block->split && WARN_ON_ONCE(pb_pages_split_folios(block->pfn, block->order)))
		return;
	for (i = 0; i < block->nr_pages; i++) {
		struct page *page = pfn_to_page(block->pfn + i);

		if (pb_page_is_head(page)) {
			pb_quarantine_collect(&buf->quarantine, page);
			i += PB_PAGEBLOCK_NR - 1;
			continue;
		}
		if (pb_bad_frame_release(page))
			continue;
		if (page_count(page) != PB_BASE_REFS) {
			pb_quarantine_collect(&buf->quarantine, page);
		} else {
			pb_page_reset_flags(page);
			pb_buffer_free_frames(block->pfn + i, 1);
		}
		cond_resched();
	}
}

static void free_block(struct pb_buffer *buf, const struct pb_buffer_block *block)
{
	if (!clean_block(buf, block))
		free_pinned_block(buf, block);
	else if (block->split)
		pb_buffer_free_frames(block->pfn, block->nr_pages);
	else
		WARN_ON_ONCE(pb_pages_free(block->pfn, block->order));
}

/* Frees what is left when all pages are free. */
static void free_buffer(struct pb_buffer *buf)
{
	pb_registry_remove(&buf->entry);
	pb_creator_put(buf->creator);
	kfree(buf);
}

static void release(struct pb_quarantine_group *group)
{
	free_buffer(container_of(group, struct pb_buffer, quarantine));
}

/* Hands the pinned pages over, which stay charged. The buffer is freed when all have left. */
static void quarantine(struct pb_buffer *buf)
{
	struct pb_quarantine_group *group = &buf->quarantine;

	group->label = buf->label.text;		/* does not change any more */
	group->account = buf->account;
	group->charged = buf->charged;
	group->release = release;
	pb_registry_end(&buf->entry);
	pb_quarantine_uncharge(group);
	pb_quarantine_add(group);
}

static void destroy(struct pb_buffer *buf)
{
	unsigned int i;

	pb_purge_end(buf);
	pb_swap_end(buf);
	pb_buffer_end_moves(buf);
	pb_dmabuf_end(buf);
	for (i = 0; i < buf->nr_blocks; i++) {
		pb_creator_add(buf->creator, buf->block[i].pfn, -(long)buf->block[i].nr_pages);
		free_block(buf, &buf->block[i]);
		cond_resched();
	}
	pb_creator_charge(buf->creator, -(long)buf->charged);
	kvfree(buf->block);
	kvfree(buf->pieces);
	put_cred(buf->cred);
	if (buf->quarantine.nr_pages) {
		quarantine(buf);
		return;
	}
	pb_account_uncharge(buf->account, buf->charged);
	free_buffer(buf);
}

/* ---- Charging ---- */

/* Whether the pool has grown for a charge that exceeds the limit of all accounts together. */
static bool grow_for(const struct pb_buffer_spec *spec, unsigned long nr_pages,
		     const struct pb_account_excess *excess)
{
	const pb_alloc_flags_t flags = PB_ALLOC_WAIT | PB_ALLOC_IO | PB_ALLOC_FS;

	/* As for its pages: not where the task may not do I/O. */
	return !spec->nowait && pb_gfp_context(GFP_KERNEL) == GFP_KERNEL &&
	       pb_account_excess_of_all(excess) &&
	       pb_account_grow(spec->policy ? numa_mem_id() : spec->nid, flags, nr_pages);
}

/* A kernel thread has no user, so what a task creates in its place is not charged. */
static struct pb_account *try_charge(const struct pb_buffer *buf, unsigned long nr_pages,
				     struct pb_account_excess *excess)
{
	if (buf->in_place && !buf->cred)
		return NULL;
	return pb_account_try_charge(buf->in_place ? buf->cred : NULL, nr_pages, excess);
}

/*
 * Charges the whole buffer to the calling task, also if another process uses it later, or to the
 * user in whose place it creates the buffer, if that was no kernel thread. A length above the size
 * that the pool may have is not charged, so that it fails with ENOMEM, not EDQUOT.
 *
 * The charge is what the buffer breaks: whole blocks of its order. The tail of the last block goes
 * back to the pool, but the block that it was cut from is gone while the buffer exists.
 */
static int charge(struct pb_buffer *buf, const struct pb_buffer_spec *spec, enum pb_reason *reason)
{
	unsigned long nr_pages = round_up(spec->nr_pages, 1UL << spec->order);
	struct pb_account_excess excess;
	struct pb_account *account;

	if (spec->nr_pages > pb_instance_pages()) {
		*reason = PB_REASON_LIMIT;
		return -ENOMEM;
	}
	do {
		account = try_charge(buf, nr_pages, &excess);
	} while (account == ERR_PTR(-EDQUOT) && grow_for(spec, nr_pages, &excess));
	if (IS_ERR(account)) {
		if (PTR_ERR(account) == -EDQUOT && !spec->nowarn)
			pb_account_report(nr_pages, &excess);
		*reason = PTR_ERR(account) == -EDQUOT ? PB_REASON_LIMIT : PB_REASON_NONE;
		return PTR_ERR(account);
	}
	buf->account = account;
	buf->charged = nr_pages;
	pb_creator_charge(buf->creator, nr_pages);
	return 0;
}

/* Returns 1 or 0, or -EINTR by a fatal signal. */
static int is_unpinnable(const struct pb_buffer *buf)
{
	struct pb_pinnable known = { 0 };
	unsigned int i;

	for (i = 0; i < buf->nr_blocks; i++) {
		if (pb_instance_unpinnable(buf->block[i].pfn, &known))
			return 1;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static unsigned int zone_index(const struct pb_zone *zone)
{
	return zone->nid * PB_NR_ZONE_TYPES + zone->type;
}

static void count_pages(struct pb_buffer *buf)
{
	const struct pb_buffer_block *block = buf->block, *end = block + buf->nr_blocks;
	const struct pb_zone *zone;

	for (; block < end; block++) {
		zone = pb_pfn_zone(&pb_instance, block->pfn);
		buf->node_pages[zone->nid] += block->nr_pages;
		if (!zone->home)
			buf->zone_pages[zone_index(zone)] += block->nr_pages;
		cond_resched();
	}
}

static int fill_buffer(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
		       enum pb_reason *reason)
{
	int ret = pb_buffer_alloc_blocks(buf, spec, reason) ?: is_unpinnable(buf);

	if (ret < 0)
		return ret;
	buf->unpinnable = ret;
	count_pages(buf);
	pb_buffer_count_huge(buf);
	return spec->prepare_later ? pb_buffer_prepare_later(buf) : pb_buffer_prepare(buf);
}

/* ---- Creation and end ---- */

static struct pb_buffer_place place_of(const struct pb_buffer_spec *spec)
{
	return (struct pb_buffer_place) {
		.nid = spec->nid,
		.policy = spec->policy,
		.strict = spec->strict,
		.contig = spec->contig,
		.reliable = spec->reliable,
		/* A caller names nodes below 64 only. */
		.nodes = spec->nodemask ? nodes_addr(*spec->nodemask)[0] : 0,
	};
}

/*
 * The calling task creates the buffer, or does so in place of the task that created @old, if that
 * is not NULL. Returns false without memory.
 */
static bool set_creator(struct pb_buffer *buf, const struct pb_buffer *old)
{
	if (old) {
		buf->in_place = true;
		buf->creator = pb_creator_hold(old->creator);
		buf->cred = get_cred(old->cred);
		memcpy(buf->comm, old->comm, sizeof(buf->comm));
		return true;
	}
	buf->creator = pb_creator_get();
	if (!buf->creator)
		return false;
	buf->cred = pb_account_exempt() ? NULL : get_current_cred();
	get_task_comm(buf->comm, current->group_leader);
	return true;
}

/* @old: NULL, or a buffer in place of whose creator the calling task creates this one */
static struct pb_buffer *new_buffer(const struct pb_buffer_spec *spec, const struct pb_buffer *old)
{
	unsigned int nr = pb_instance.nr_nodes;
	struct pb_buffer *buf;

	buf = kzalloc(struct_size(buf, node_pages, (2 + PB_NR_ZONE_TYPES) * nr),
		      GFP_KERNEL_ACCOUNT);
	if (!buf)
		return NULL;
	if (!set_creator(buf, old)) {
		kfree(buf);
		return NULL;
	}
	refcount_set(&buf->ref, 1);
	init_rwsem(&buf->frames);
	mutex_init(&buf->advise_lock);
	INIT_LIST_HEAD(&buf->lru.node);
	buf->lru.buf = buf;
	INIT_LIST_HEAD(&buf->swap_lru);
	buf->place = place_of(spec);
	buf->migratetype = spec->migratetype;
	buf->order = spec->order;
	buf->uid = current_uid();
	pb_label_init(&buf->label, spec->label);
	buf->quarantine.node_pages = &buf->node_pages[nr];
	buf->zone_pages = &buf->node_pages[2 * nr];
	return buf;
}

/**
 * pb_buffer_create() - allocate a buffer
 * @spec: valid parameters
 * @reason: set to the reason of a failed allocation, PB_REASON_NONE otherwise
 *
 * The pages are zero, or become zero at pb_buffer_prepare_piece(). The caller gets the only
 * reference.
 *
 * Context: may sleep; for pages only without @spec->nowait. A fatal signal ends it.
 * Return: the buffer, or -ENOMEM, -EINTR, or -EDQUOT above the limit of the account.
 */
struct pb_buffer *pb_buffer_create(const struct pb_buffer_spec *spec, enum pb_reason *reason)
{
	struct pb_buffer *buf = new_buffer(spec, NULL);
	int err;

	*reason = PB_REASON_NONE;
	if (!buf)
		return ERR_PTR(-ENOMEM);
	err = charge(buf, spec, reason) ?: fill_buffer(buf, spec, reason);
	if (err) {
		destroy(buf);
		return ERR_PTR(err);
	}
	buf->node = page_to_nid(pfn_to_page(buf->block[0].pfn));
	if (spec->migratetype == PB_MOVABLE && !spec->contig)
		pb_buffer_set_movable(buf);
	pb_pressure_allocated();
	pb_registry_add(&buf->entry);
	return buf;
}
EXPORT_SYMBOL_PB_TEST(pb_buffer_create);

/**
 * pb_buffer_node_pages() - count the pages of a buffer on a node
 * @buf: the buffer, in the registry
 * @nid: below pb_instance.nr_nodes
 *
 * Context: any. The caller has a reference, or the buffer from the registry.
 * Return: pages; of a buffer that has ended, those in quarantine.
 */
unsigned long pb_buffer_node_pages(const struct pb_buffer *buf, int nid)
{
	return buf->entry.ended ? READ_ONCE(buf->quarantine.node_pages[nid]) :
				  READ_ONCE(buf->node_pages[nid]);
}

/**
 * pb_buffer_zone_pages() - count the pages of a buffer in a zone
 * @buf: the buffer
 * @zone: a zone of the pool that is not a group's
 *
 * Context: any; @buf->frames is held.
 * Return: pages.
 */
unsigned long pb_buffer_zone_pages(const struct pb_buffer *buf, const struct pb_zone *zone)
{
	return buf->zone_pages[zone_index(zone)];
}
EXPORT_SYMBOL_PB_TEST(pb_buffer_zone_pages);

/**
 * pb_buffer_pool_pages() - count the pages of a buffer on a node that are not a group's
 * @buf: the buffer
 * @nid: below pb_instance.nr_nodes
 *
 * What reclaim can get: no request but the group's own may have the memory of a group.
 *
 * Context: any. The caller has a reference.
 * Return: pages.
 */
unsigned long pb_buffer_pool_pages(const struct pb_buffer *buf, int nid)
{
	const unsigned long *pages = &buf->zone_pages[nid * PB_NR_ZONE_TYPES];
	unsigned long nr_pages = 0;
	int type;

	for (type = 0; type < PB_NR_ZONE_TYPES; type++)
		nr_pages += READ_ONCE(pages[type]);
	return nr_pages;
}

/**
 * pb_buffer_get() - take a reference
 * @buf: the buffer, of which the caller has a reference
 *
 * Context: any. The count saturates before it overflows; the buffer then is not freed.
 * Return: @buf.
 */
struct pb_buffer *pb_buffer_get(struct pb_buffer *buf)
{
	refcount_inc(&buf->ref);
	return buf;
}

/**
 * pb_buffer_put() - drop a reference; the last one frees the pages
 * @buf: the buffer
 *
 * Pinned pages go to quarantine.
 *
 * Context: may sleep. The caller holds a reference to the module through a file.
 */
void pb_buffer_put(struct pb_buffer *buf)
{
	if (refcount_dec_and_test(&buf->ref))
		destroy(buf);
}
EXPORT_SYMBOL_PB_TEST(pb_buffer_put);

/* ---- Spares ---- */

/**
 * pb_buffer_new_spare() - create a buffer without memory, for buffer_memory.c
 * @buf: the buffer with which it exchanges memory
 * @in_place: the calling task does this in place of the creator of @buf, as a kernel thread always
 *	does, which has no user
 *
 * No user can reach a spare: it has no id, no file and no mapping.
 *
 * Context: may sleep.
 * Return: the spare, with the calling process as its creator, or @in_place that of @buf; NULL
 * without memory.
 */
struct pb_buffer *pb_buffer_new_spare(const struct pb_buffer *buf, bool in_place)
{
	char label[PBUDDY_LABEL_LEN];
	struct pb_buffer_spec spec = {
		.order = buf->order,
		.migratetype = buf->migratetype,
		.label = label,
	};

	pb_label_get((struct pb_label *)&buf->label, label);
	return new_buffer(&spec, in_place || pb_account_exempt() ? buf : NULL);
}

static int fill_like(struct pb_buffer *spare, const struct pb_buffer_spec *spec,
		     const struct pb_buffer *buf, enum pb_reason *reason)
{
	int ret = pb_buffer_alloc_blocks(spare, spec, reason) ?: is_unpinnable(spare);

	if (ret < 0)
		return ret;
	/* Mappings of the buffer rely on it. */
	if (ret && !buf->unpinnable) {
		*reason = PB_REASON_NODE;
		return -ENOMEM;
	}
	spare->unpinnable = buf->unpinnable;
	spare->node = page_to_nid(pfn_to_page(spare->block[0].pfn));
	count_pages(spare);
	pb_buffer_count_huge(spare);
	return pb_buffer_prepare(spare);
}

/**
 * pb_buffer_fill_spare() - allocate memory for a spare, as for another buffer
 * @spare: a new spare
 * @buf: the other; its length, order, class and nodes are requested
 * @nowarn: do not log a failure
 * @reason: as for pb_buffer_create()
 *
 * The pages are zero, and charged to the calling task, or to the user in whose place it made the
 * spare. After a failure the spare can be freed only.
 *
 * Context: may sleep. A fatal signal ends it.
 * Return: as pb_buffer_create().
 */
int pb_buffer_fill_spare(struct pb_buffer *spare, const struct pb_buffer *buf, bool nowarn,
			 enum pb_reason *reason)
{
	const struct pb_buffer_place *place = &buf->place;
	struct pb_buffer_spec spec = {
		.nr_pages = buf->nr_pages,
		.order = buf->order,
		.policy = place->policy,
		.nid = place->nid,
		.migratetype = buf->migratetype,
		.contig = place->contig,
		.strict = place->strict,
		.reliable = place->reliable,
		.nowarn = nowarn,
	};
	nodemask_t nodes = NODE_MASK_NONE;

	if (place->nodes) {
		nodes_addr(nodes)[0] = place->nodes;
		spec.nodemask = &nodes;
	}
	*reason = PB_REASON_NONE;
	return charge(spare, &spec, reason) ?: fill_like(spare, &spec, buf, reason);
}

/**
 * pb_buffer_free_spare() - free a spare and its memory
 * @spare: the spare, or NULL
 *
 * Context: may sleep, also in reclaim.
 */
void pb_buffer_free_spare(struct pb_buffer *spare)
{
	if (spare)
		destroy(spare);
}
