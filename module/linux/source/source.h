/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources: ways to take memory from the kernel and to return it.
 *
 * An element of pool= is a struct pb_pool_spec. It names a source, whose operations are a struct
 * pb_source_ops. A source describes the memory that it took as extents, struct pb_extent.
 */
#ifndef PB_SOURCE_H
#define PB_SOURCE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#define PB_POOL_LABEL_LEN	32	/* bytes of a label, with the terminating NUL */

struct pb_extent;
struct pb_source_ops;

/**
 * struct pb_pool_spec - one element of pool=: NODE:SIZE[-MAX][@SOURCE[=LABEL]]
 * @nid: online NUMA node; without memory at insmod it takes none
 * @nr_pages: pages to take at insmod, a multiple of PB_PAGEBLOCK_NR; 0 only if the node grows
 * @max_pages: pages after growing to the maximum, a multiple of PB_PAGEBLOCK_NR; the node does not
 *	grow if this is not above @nr_pages
 * @source: source of the memory
 * @label: argument of the source, or empty
 * @from_pfn: the source takes no memory below, when it @grows
 * @to_pfn: nor from here on, unless it is 0
 * @implied: made by pb_pool_spec_default(), as pool= was not given
 */
struct pb_pool_spec {
	int				nid;
	unsigned long			nr_pages;
	unsigned long			max_pages;
	const struct pb_source_ops	*source;
	char				label[PB_POOL_LABEL_LEN];
	unsigned long			from_pfn;
	unsigned long			to_pfn;
	bool				implied;
};

/**
 * struct pb_source_ops - operations of a source
 * @name: name in pool= and in messages
 * @label: meaning of LABEL, for messages; NULL: the source has no label, else a label is required
 * @grows: @reserve may be called again while the module runs, for memory of the node. A node whose
 *	source does not grow can have more memory by the default source, which does.
 * @set_aside: the memory was set aside at boot, so that a pool has no more of it than pool= says
 * @frees: @release frees the pages to the kernel, and is not called for pages with a memory error
 * @unpinnable: the kernel refuses to pin the pages for a long term
 * @unsaved: whether hibernation does not save the contents of an extent; NULL: it saves them
 * @beyond_node: the kernel may not count the memory as the node's, so that SIZE may exceed the
 *	memory of the node
 * @check: tests whether the running kernel can serve a spec. If not, logs one line that names the
 *	cause and returns -EINVAL (the spec is wrong) or -EOPNOTSUPP (the kernel lacks a
 *	facility); else returns 0. Takes no memory. May be NULL.
 * @reserve: takes up to @spec->nr_pages from the kernel and adds an extent for each contiguous
 *	part to @extents, with pb_extent_add(). Every extent
 *
 *	- consists of whole pageblocks and is aligned to PB_PAGEBLOCK_NR,
 *	- lies on @spec->nid entirely and overlaps no other extent of the list,
 *	- has a kernel mapping and struct pages that are not reserved, not compound, on no list
 *	  and have a reference count of one.
 *
 *	Returns the number of pages added, from 0 to @spec->nr_pages. Returns a negative errno
 *	only when interrupted (-EINTR) or for a cause that the source has logged. Extents that
 *	it has added before stay in the list: at insmod the caller releases them, a pool that
 *	grows keeps them.
 * @release: returns [@pfn, @pfn + @nr_pages) of @extent to the kernel. No page of it is allocated;
 *	all page reference counts are one. Called once for each maximal run of pageblocks
 *	without allocated pages, so several times for an extent with leaked pages in between;
 *	with @frees for the parts of a run between pages with a memory error. Cannot fail.
 * @finish: called last for every extent; @complete: @release was called for all of it. Frees the
 *	private data of the extent, except for data that pages still in use depend on. May be
 *	NULL.
 *
 * @split: makes private data for the part of @extent from @pfn on, which becomes an extent of its
 *	own, or returns NULL without memory; does not sleep without __GFP_DIRECT_RECLAIM in @gfp.
 *	NULL when extents have none.
 * @exit: frees what the source keeps beside its extents, when it has none any more. May be NULL.
 *
 * All are called in process context and may sleep: from insmod and rmmod, and with @grows @reserve
 * also from a request. With @frees @release, @split and @finish are called while the module runs,
 * too, for a part of an extent that leaves the pool, and also in reclaim: they take no lock under
 * which memory is allocated. @reserve is killable: it makes a bounded
 * number of attempts and checks fatal_signal_pending() at least once in each.
 */
struct pb_source_ops {
	const char	*name;
	const char	*label;
	bool		grows;
	bool		set_aside;
	bool		frees;
	bool		unpinnable;
	bool		beyond_node;
	bool		(*unsaved)(const struct pb_extent *extent);
	int		(*check)(const struct pb_pool_spec *spec);
	long		(*reserve)(const struct pb_pool_spec *spec, struct list_head *extents);
	void		(*release)(struct pb_extent *extent, unsigned long pfn,
				   unsigned long nr_pages);
	void		(*finish)(struct pb_extent *extent, bool complete);
	void		*(*split)(const struct pb_extent *extent, unsigned long pfn, gfp_t gfp);
	void		(*exit)(void);
};

/**
 * struct pb_extent - a contiguous range of memory that a source took from the kernel
 * @node: link in the list of extents, which is sorted by @start_pfn
 * @start_pfn: first PFN, aligned to a pageblock
 * @nr_pages: multiple of PB_PAGEBLOCK_NR
 * @nid: NUMA node
 * @source: the source that took it
 * @priv: private data of the source
 * @rcu: for the memory of an extent that leaves the list
 */
struct pb_extent {
	struct list_head		node;
	unsigned long			start_pfn;
	unsigned long			nr_pages;
	int				nid;
	const struct pb_source_ops	*source;
	void				*priv;
	struct rcu_head			rcu;
};

extern const struct pb_source_ops pb_source_contig;
extern const struct pb_source_ops pb_source_cma;
extern const struct pb_source_ops pb_source_reserve;

const struct pb_source_ops *pb_source_find(const char *name);
const struct pb_source_ops *pb_source_default(void);
void pb_source_names(char *text, size_t size);

int pb_extent_add(struct list_head *extents, const struct pb_pool_spec *spec,
		  unsigned long start_pfn, unsigned long nr_pages, void *priv);

int pb_source_reserve_all(const struct pb_pool_spec *specs, unsigned int nr, bool strict,
			  struct list_head *extents);
unsigned long pb_source_release_all(struct list_head *extents, bool (*keep)(unsigned long pfn));
void pb_source_exit(void);

#endif /* PB_SOURCE_H */
