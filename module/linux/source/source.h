/* SPDX-License-Identifier: GPL-2.0-only */
/* Where pbuddy's memory comes from: the interface of a source, and the list of what was taken. */
#ifndef PB_SOURCE_H
#define PB_SOURCE_H

#include <linux/list.h>
#include <linux/types.h>

#define PB_POOL_LABEL_LEN	32	/* bytes of a label, with the terminating NUL */

struct pb_extent;
struct pb_source_ops;

/**
 * struct pb_pool_spec - one element of pool=: NODE:SIZE[-MAX][@SOURCE[=LABEL]]
 * @nid: NUMA node, which has memory
 * @nr_pages: how much, a multiple of PB_PAGEBLOCK_NR
 * @max_pages: how much it may grow to, a multiple of PB_PAGEBLOCK_NR; not above @nr_pages: it does
 *	not
 * @source: where from
 * @label: argument of the source, empty when there is none
 * @implied: made by pb_pool_spec_default(), not asked for
 */
struct pb_pool_spec {
	int				nid;
	unsigned long			nr_pages;
	unsigned long			max_pages;
	const struct pb_source_ops	*source;
	char				label[PB_POOL_LABEL_LEN];
	bool				implied;
};

/**
 * struct pb_source_ops - one way of taking memory from the kernel and of giving it back
 * @name: as written in pool= and in messages
 * @label: what LABEL means, for messages; NULL when the source takes none, else it is required
 * @grows: @reserve may be called again while the module runs, for memory of the node
 * @beyond_node: the memory may be none that the kernel counts as the node's, so a spec may ask for
 *	more than the node has
 * @check: says whether the running kernel can serve a spec at all. Prints one line that
 *	names what is missing and returns -EINVAL (the spec is wrong) or -EOPNOTSUPP (the
 *	kernel lacks something); 0 otherwise. May be NULL. Takes nothing.
 * @reserve: takes up to @spec->nr_pages and adds them to @extents, an extent for each
 *	contiguous piece (pb_extent_add()). Every extent
 *
 *	- is made of whole pageblocks, aligned to PB_PAGEBLOCK_NR,
 *	- lies on @spec->nid entirely and is in no other extent of the list,
 *	- has struct pages with a reference count of one, not reserved, not compound, on no
 *	  list, and a kernel mapping.
 *
 *	Returns the number of pages added, which may be less than asked and is 0 when there
 *	are none; a negative errno only when interrupted (-EINTR) or for a reason that the
 *	source has printed. The caller then gives back all that is on the list, what this
 *	call added included.
 * @release: gives [@pfn, @pfn + @nr_pages) of @extent back: whole pageblocks in which nothing
 *	is allocated and whose pages have a reference count of one. Called once for each
 *	maximal run of such blocks, so several times for an extent with leaked pages between.
 *	Cannot fail.
 * @finish: called last for every extent, @complete when all of it went through @release. Frees
 *	what the source keeps for the extent; with pages still in use it has to keep that for
 *	ever. May be NULL.
 *
 * All are called from insmod or rmmod, @reserve with @grows from a request too, in process
 * context, and may sleep. @reserve is killable: it looks at fatal_signal_pending() at least once
 * per attempt, and it makes a bounded number of them.
 */
struct pb_source_ops {
	const char	*name;
	const char	*label;
	bool		grows;
	bool		beyond_node;
	int		(*check)(const struct pb_pool_spec *spec);
	long		(*reserve)(const struct pb_pool_spec *spec, struct list_head *extents);
	void		(*release)(struct pb_extent *extent, unsigned long pfn,
				   unsigned long nr_pages);
	void		(*finish)(struct pb_extent *extent, bool complete);
};

/**
 * struct pb_extent - a contiguous piece of memory that a source has handed over
 * @node: in the list of extents, which is sorted by @start_pfn
 * @start_pfn: first PFN, aligned to a pageblock
 * @nr_pages: multiple of PB_PAGEBLOCK_NR
 * @nid: NUMA node
 * @source: who gave it
 * @priv: the source's own
 */
struct pb_extent {
	struct list_head		node;
	unsigned long			start_pfn;
	unsigned long			nr_pages;
	int				nid;
	const struct pb_source_ops	*source;
	void				*priv;
};

extern const struct pb_source_ops pb_source_contig;
extern const struct pb_source_ops pb_source_cma;
extern const struct pb_source_ops pb_source_reserve;

const struct pb_source_ops *pb_source_find(const char *name);
const struct pb_source_ops *pb_source_default(void);
void pb_source_names(char *text, size_t size);

int pb_extent_add(struct list_head *extents, const struct pb_pool_spec *spec,
		  unsigned long start_pfn, unsigned long nr_pages, void *priv);
bool pb_extents_overlap(const struct list_head *extents, unsigned long start_pfn,
			unsigned long nr_pages);

int pb_source_reserve_all(const struct pb_pool_spec *specs, unsigned int nr, bool strict,
			  struct list_head *extents);
unsigned long pb_source_release_all(struct list_head *extents, bool (*keep)(unsigned long pfn));

#endif /* PB_SOURCE_H */
