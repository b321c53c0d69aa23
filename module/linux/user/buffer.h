/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers: zeroed memory that descriptors and mappings of /dev/pbuddy hold. */
#ifndef PB_BUFFER_H
#define PB_BUFFER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <uapi/linux/pbuddy.h>

#include "api/quarantine.h"
#include "core/alloc/failure_reason.h"
#include "core/base/event.h"
#include "core/base/migratetype.h"
#include "user/label.h"
#include "user/registry.h"

struct address_space;
struct cred;
struct mem_cgroup;
struct page;
struct pb_account;
struct pb_buffer_dma;
struct pb_creator;
struct pb_swap_file;
struct pb_zone;

/**
 * struct pb_buffer_block - one allocation of the core inside a buffer
 * @pfn: first PFN
 * @start: its page index in the buffer
 * @nr_pages: length in pages
 * @order: order of the allocated block
 * @split: the frames are allocated one by one, as after pb_split()
 * @zeroed: was known to be zero when it was allocated
 * @movable: compaction may move it to another @pfn (buffer_move.c)
 * @buf: the buffer, of a block that is movable
 */
struct pb_buffer_block {
	unsigned long		pfn;
	unsigned long		start;
	unsigned int		nr_pages;
	u8			order;
	bool			split;
	bool			zeroed;
	bool			movable;
	struct pb_buffer	*buf;
};

/**
 * struct pb_buffer_place - how the memory of a buffer was requested, to request it again
 * @nid: as in struct pb_buffer_spec, also @policy, @strict and @contig
 * @policy: the policy of the task that requests it
 * @strict: only on @nid
 * @contig: one physically contiguous block
 * @reliable: mirrored memory
 * @nodes: bit n allows node n; 0: all nodes
 */
struct pb_buffer_place {
	int	nid;
	bool	policy;
	bool	strict;
	bool	contig;
	bool	reliable;
	u64	nodes;
};

/**
 * struct pb_purge_entry - an entry of the list of purgeable buffers (purge.c)
 * @node: in the list, under its lock
 * @buf: the buffer, or NULL for the place of a walk
 */
struct pb_purge_entry {
	struct list_head	node;
	struct pb_buffer	*buf;
};

/**
 * struct pb_buffer - memory that user space owns
 * @ref: references of its file and of each mapping
 * @nr_pages: length in pages
 * @migratetype: as requested
 * @order: as requested
 * @node: node of the first page
 * @nr_blocks: used entries of @block
 * @max_blocks: entries of @block
 * @block: ascending by @start, without gaps
 * @zeroed: during creation: the last allocated block is known to be zero
 * @unpinnable: has pages that cannot be pinned for a long term
 * @nr_huge: pages that huge page table entries can map
 * @pieces: which pieces are to be prepared, or NULL when none is (piece.c)
 * @nr_prepared: pages that are prepared
 * @creator: record of the process that created it
 * @uid: user of that process
 * @comm: its name at that time
 * @cred: its credentials at that time; NULL for a kernel thread
 * @in_place: another task creates it in place of that process, and charges the user of @cred
 * @entry: in the registry, once it is created
 * @nr_mappings: mappings of it
 * @nr_dmabufs: dma-bufs of it
 * @counted: stamp of the last count of process_pages.c that included it
 * @label: its label
 * @account: account that it is charged to, or NULL
 * @charged: pages charged
 * @quarantine: pages that are still pinned at the end of the buffer
 * @dma: what its dma-bufs share, set at the first export (dmabuf.c)
 * @mapping: of its file, while that exists
 * @movable: has blocks that may be moved until @fixed is set
 * @frames: protects the memory, from @block to @nr_prepared; see buffer_move.c
 * @fixed: no block is moved any more
 * @failed: a page got a memory error while it was in the buffer (failed_page.c)
 * @place: where its memory was requested
 * @advise_lock: serialises advice, exports and the restoring of memory; taken before @frames
 * @absent: its memory was taken away (buffer_memory.c)
 * @purgeable: its memory may be purged (purge.c)
 * @purged: its contents were purged, and its owner was not told yet
 * @spare: takes the memory over when it is purged, or NULL
 * @lru: in the list of purgeable buffers
 * @ending: in the list of buffers that a work item of purge.c puts
 * @advised: number of the advice that made it purgeable
 * @swappable: its program allows that it is swapped out (swap.c)
 * @stored: its contents, while it is swapped out, or NULL
 * @nr_stored: pages in @stored
 * @unreadable: they could not be read the last time
 * @swap_reason: why it was not swapped out the last time
 * @memcg: to which its contents are charged while it is swapped out, or NULL
 * @storing: its contents are being stored, with @frames held, which takes long
 * @closed: it has no descriptor and no mapping any more
 * @swap_lru: in the list of buffers that may be swapped out, under its lock
 * @swap_seq: ascending in that list
 * @watched: has no page table entries since @touched; a fault clears it
 * @touched: jiffies of the last access, as far as it is known
 * @zone_pages: pages in each zone of the pool but those of groups, as in creator.c; a block that
 *	is moved stays in its zone
 * @node_pages: pages on each node, behind those the pages of each node in quarantine, then
 *	@zone_pages
 *
 * Constant between pb_buffer_create() and the last pb_buffer_put(), except @ref, @counted, @entry,
 * @nr_mappings, @nr_dmabufs, @label, @dma, @mapping, @fixed, @failed and the fields behind
 * @advise_lock; the PFNs of blocks, the state in @pieces and @nr_prepared; and what buffer_memory.c
 * exchanges, which is @node, @block, @nr_blocks, @max_blocks, @nr_huge, @pieces, @account,
 * @charged, @creator, @comm, @cred, @zone_pages and @node_pages.
 */
struct pb_buffer {
	refcount_t		ref;
	unsigned long		nr_pages;
	enum pb_migratetype	migratetype;
	unsigned int		order;
	int			node;
	unsigned int		nr_blocks;
	unsigned int		max_blocks;
	struct pb_buffer_block	*block;
	bool			zeroed;
	bool			unpinnable;
	unsigned long		nr_huge;
	unsigned long		*pieces;
	atomic_long_t		nr_prepared;
	struct pb_creator	*creator;
	kuid_t			uid;
	char			comm[TASK_COMM_LEN];
	const struct cred	*cred;
	bool			in_place;
	struct pb_registry_entry entry;
	atomic_t		nr_mappings;
	atomic_t		nr_dmabufs;
	unsigned int		counted;
	struct pb_label		label;
	struct pb_account	*account;
	unsigned long		charged;
	struct pb_quarantine_group quarantine;
	struct pb_buffer_dma	*dma;
	struct address_space	*mapping;
	bool			movable;
	bool			fixed;
	bool			failed;
	struct rw_semaphore	frames;
	struct pb_buffer_place	place;
	struct mutex		advise_lock;	/* protects advice and exports */
	bool			absent;
	bool			purgeable;
	bool			purged;
	struct pb_buffer	*spare;
	struct pb_purge_entry	lru;
	struct llist_node	ending;
	u64			advised;
	bool			swappable;
	struct pb_swap_file	*stored;
	unsigned long		nr_stored;
	bool			unreadable;
	enum pbuddy_swap_reason	swap_reason;
	struct mem_cgroup	*memcg;
	bool			storing;
	bool			closed;
	struct list_head	swap_lru;
	u64			swap_seq;
	bool			watched;
	unsigned long		touched;
	unsigned long		*zone_pages;
	unsigned long		node_pages[];
};

/**
 * struct pb_buffer_spec - parameters of a buffer
 * @nr_pages: pages, not zero
 * @order: every block is aligned to this order and, except the last, at least as long; at most
 *	PB_MAX_ORDER
 * @policy: the task's memory policy selects the nodes, instead of @nid and @nodemask
 * @nid: preferred node, below pb_instance.nr_nodes
 * @nodemask: nodes that may serve it, or NULL
 * @migratetype: below PB_PCPTYPES
 * @contig: one physically contiguous block
 * @strict: only on @nid
 * @nowait: do not sleep for pages
 * @reliable: mirrored memory, as for PBUDDY_GFP_RELIABLE
 * @nowarn: do not log a failure
 * @prepare_later: do not prepare the pages (piece.c). Whatever makes a page visible calls
 *	pb_buffer_prepare_piece() first; only mappings do.
 * @label: valid label, at most PBUDDY_LABEL_LEN bytes with its NUL
 */
struct pb_buffer_spec {
	unsigned long		nr_pages;
	unsigned int		order;
	bool			policy;
	int			nid;
	const nodemask_t	*nodemask;
	enum pb_migratetype	migratetype;
	bool			contig;
	bool			strict;
	bool			nowait;
	bool			reliable;
	bool			nowarn;
	bool			prepare_later;
	const char		*label;
};

/**
 * enum pb_restore_for - why a buffer gets its memory again
 * @PB_FOR_REQUEST: the calling task requests it; a failure is logged
 * @PB_FOR_ACCESS: the calling task accesses it; without memory the access is repeated or fails
 * @PB_FOR_OTHER: so does a task to whose address space the mapping does not belong
 */
enum pb_restore_for {
	PB_FOR_REQUEST,
	PB_FOR_ACCESS,
	PB_FOR_OTHER,
};

struct pb_buffer *pb_buffer_create(const struct pb_buffer_spec *spec, enum pb_reason *reason);
struct pb_buffer *pb_buffer_get(struct pb_buffer *buf);
void pb_buffer_put(struct pb_buffer *buf);
unsigned long pb_buffer_node_pages(const struct pb_buffer *buf, int nid);
unsigned long pb_buffer_zone_pages(const struct pb_buffer *buf, const struct pb_zone *zone);
unsigned long pb_buffer_pool_pages(const struct pb_buffer *buf, int nid);

void pb_buffer_free_frames(unsigned long pfn, unsigned long nr_pages);
struct pb_buffer *pb_buffer_new_spare(const struct pb_buffer *buf, bool in_place);
int pb_buffer_fill_spare(struct pb_buffer *spare, const struct pb_buffer *buf, bool nowarn,
			 enum pb_reason *reason);
void pb_buffer_free_spare(struct pb_buffer *spare);

/* buffer_alloc.c */
int pb_buffer_alloc_blocks(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			   enum pb_reason *reason);

/* piece.c */
int pb_buffer_prepare(struct pb_buffer *buf);
int pb_buffer_prepare_later(struct pb_buffer *buf);
bool pb_buffer_prepare_if_zero(struct pb_buffer *buf, unsigned long index);
int pb_buffer_prepare_piece(struct pb_buffer *buf, unsigned long index);
void pb_buffer_count_huge(struct pb_buffer *buf);
bool pb_piece_end_folio(struct page *head);
struct page *pb_piece_folio(const struct pb_buffer *buf, unsigned long index);

/* buffer_move.c */
void pb_buffer_set_movable(struct pb_buffer *buf);
int pb_buffer_fix(struct pb_buffer *buf);
void pb_buffer_block_fix(const struct pb_buffer_block *block);
void pb_buffer_unmap(struct pb_buffer *buf);
void pb_buffer_unmap_pages(struct pb_buffer *buf, unsigned long index, unsigned long nr);
bool pb_buffer_isolate(struct pb_buffer *buf);
void pb_buffer_clear_movable(const struct pb_buffer *buf);
bool pb_buffer_try_clear_movable(const struct pb_buffer *buf, unsigned long timeout);
int pb_page_copy(struct page *dst, struct page *src);
void pb_buffer_end_moves(struct pb_buffer *buf);
bool pb_buffer_block_pinned(const struct pb_buffer *buf, const struct pb_buffer_block *block);
int pb_buffer_move_init(void);
void pb_buffer_move_exit(void);

/* buffer_memory.c */
void pb_buffer_take_memory(struct pb_buffer *buf, struct pb_swap_file *stored);
void pb_buffer_count_event(const struct pb_buffer *buf, enum pb_event event);
int pb_buffer_restore(struct pb_buffer *buf, enum pb_restore_for why, enum pb_reason *reason);

/* purge.c */
void pb_purge_end(struct pb_buffer *buf);

/* swap.c */
void pb_swap_end(struct pb_buffer *buf);

/* dmabuf.c */
#ifdef CONFIG_DMA_SHARED_BUFFER
void pb_dmabuf_end(struct pb_buffer *buf);
#else
static inline void pb_dmabuf_end(struct pb_buffer *buf)
{
}
#endif

#endif /* PB_BUFFER_H */
