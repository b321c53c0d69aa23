// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_movable: an example of a module whose pages pbuddy may move. To be copied.
 *
 * The module keeps objects with contents in a block of pages each. The numbers 1 to 6 mark the
 * parts that make these blocks movable; the rest is what a module with such objects has anyway.
 * <linux/pbuddy.h> has the rules.
 *
 * The guest tests use it as well. For them it frees a random share of its objects, so that
 * memory is fragmented, allocates large blocks and ranges on request, and checks the contents of
 * its objects:
 *
 *   insmod pbuddy_movable.ko objects=100000 free=50 order=0
 *   cd /sys/module/pbuddy_movable/parameters
 *   echo 9 >alloc		allocate a block of order 9 and keep it
 *   echo 600 >contig		allocate 600 contiguous pages and keep them
 *   echo 1 >release		free all that alloc and contig keep
 *   cat check		objects, those with wrong contents, number of moves
 */
#include <linux/cache.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

PBUDDY_IMPORT_API();

static uint order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of each object's block (default: 0)");

static ulong objects = 1024;
module_param(objects, ulong, 0444);
MODULE_PARM_DESC(objects, "number of objects, fewer if memory does not suffice (default: 1024)");

static uint free = 50;
module_param(free, uint, 0444);
MODULE_PARM_DESC(free, "percentage of the objects that is freed, at random (default: 50)");

/**
 * struct object - contents in a block of pages
 * @lock: protects the other members
 * @page: the block, or NULL if the object is free
 * @busy: set while pbuddy moves the block or this module uses its contents, both for a short time
 * @seed: the contents are derived from it
 */
struct object {
	spinlock_t	lock;		/* protects the members below */
	struct page	*page;
	bool		busy;
	u32		seed;
};

static struct object *array;
static ulong nr_objects;
static DECLARE_WAIT_QUEUE_HEAD(idle);
static atomic_long_t moved;

/* ---- Contents: a word in each cache line ---- */

#define WORDS	(PAGE_SIZE / sizeof(u32))
#define STEP	(L1_CACHE_BYTES / sizeof(u32))

/* Waits until the object is not busy and makes it so. False if the object has no block. */
static bool object_set_busy(struct object *obj)
{
	bool got, has;

	do {
		wait_event(idle, !READ_ONCE(obj->busy));
		spin_lock(&obj->lock);
		has = obj->page;
		got = has && !obj->busy;
		if (got)
			obj->busy = true;
		spin_unlock(&obj->lock);
	} while (has && !got);
	return got;
}

static void object_clear_busy(struct object *obj)
{
	spin_lock(&obj->lock);
	obj->busy = false;
	spin_unlock(&obj->lock);
	wake_up_all(&idle);
}

static void write_contents(struct object *obj)
{
	ulong page, i;

	for (page = 0; page < 1UL << order; page++) {
		u32 *word = kmap_local_page(obj->page + page);

		for (i = 0; i < WORDS; i += STEP)
			word[i] = obj->seed + page + i;
		kunmap_local(word);
	}
}

static bool contents_intact(struct object *obj)
{
	bool intact = true;
	ulong page, i;

	for (page = 0; page < 1UL << order; page++) {
		u32 *word = kmap_local_page(obj->page + page);

		for (i = 0; i < WORDS; i += STEP)
			intact &= word[i] == (u32)(obj->seed + page + i);
		kunmap_local(word);
	}
	return intact;
}

/* ---- Moving ---- */

/*
 * 1. May this block be moved now? Not if the object was freed or is in use. pbuddy may call this
 * for a block that is being freed: so this module does not hold ->lock around
 * pbuddy_free_pages(), and keeps the array until the operations are unregistered.
 */
static bool object_isolate(struct object *obj, struct page *page)
{
	bool isolated;

	spin_lock(&obj->lock);
	isolated = obj->page == page && !obj->busy;
	if (isolated)
		obj->busy = true;
	spin_unlock(&obj->lock);
	return isolated;
}

static bool movable_isolate(struct page *page, enum pbuddy_migrate_mode mode)
{
	return object_isolate(pbuddy_page_private(page), page);
}

/* 2. Copy, and use the new block from now on; pbuddy frees the old one. */
static void object_move(struct object *obj, struct page *dst, struct page *src)
{
	ulong i;

	for (i = 0; i < 1UL << order; i++)
		copy_highpage(dst + i, src + i);
	spin_lock(&obj->lock);
	obj->page = dst;
	obj->busy = false;
	spin_unlock(&obj->lock);
}

static int movable_migrate(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	object_move(pbuddy_page_private(src), dst, src);
	wake_up_all(&idle);
	atomic_long_inc(&moved);
	return 0;
}

/* 3. The block was not moved after all. */
static void movable_putback(struct page *page)
{
	object_clear_busy(pbuddy_page_private(page));
}

/* 4. The same for blocks that follow one another. This is optional, and costs less. */
static unsigned int movable_isolate_many(const struct pbuddy_migration *m)
{
	uint i;

	for (i = 0; i < m->nr; i++)
		if (!object_isolate(pbuddy_migration_private(m, i), m->src + (i << m->order)))
			break;
	return i;
}

static unsigned int movable_migrate_many(const struct pbuddy_migration *m)
{
	uint i;

	for (i = 0; i < m->nr; i++)
		object_move(pbuddy_migration_private(m, i), m->dst + (i << m->order),
			    m->src + (i << m->order));
	wake_up_all(&idle);
	atomic_long_add(m->nr, &moved);
	return m->nr;
}

static const struct pbuddy_movable_operations movable_ops = {
	.isolate_page	= movable_isolate,
	.migrate_page	= movable_migrate,
	.putback_page	= movable_putback,
	.isolate_pages	= movable_isolate_many,
	.migrate_pages	= movable_migrate_many,
};

/* ---- Objects ---- */

static int object_alloc(struct object *obj)
{
	/* These flags allow memory that is reserved for movable pages. */
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	int ret;

	obj->page = pbuddy_alloc_pages(gfp, order);
	if (!obj->page)
		return -ENOMEM;
	obj->seed = get_random_u32();
	write_contents(obj);
	/* 5. From here on pbuddy may move the block. */
	ret = pbuddy_page_set_movable(obj->page, &movable_ops, obj);
	if (ret) {
		pbuddy_free_pages(obj->page, order);
		obj->page = NULL;
	}
	return ret;
}

static void object_free(struct object *obj)
{
	struct page *page;

	if (!object_set_busy(obj))
		return;
	spin_lock(&obj->lock);
	page = obj->page;
	obj->page = NULL;
	obj->busy = false;
	spin_unlock(&obj->lock);
	/* The block is movable until it is freed. */
	pbuddy_free_pages(page, order);
}

/* ---- Allocations on request of the tests ---- */

struct block {
	struct list_head	node;
	struct page		*page;
	ulong			nr;	/* number of contiguous pages, or 0 for a block */
	uint			order;	/* order of the block if @nr is 0 */
};

static LIST_HEAD(blocks);
static DEFINE_MUTEX(blocks_lock);

/* Allocates a range or a block, which is not made movable, and keeps it. */
static int keep(ulong nr, uint want)
{
	struct block *block = kmalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return -ENOMEM;
	block->nr = nr;
	block->order = want;
	if (nr)
		block->page = pbuddy_alloc_contig(nr, GFP_KERNEL | __GFP_RETRY_MAYFAIL |
						  __GFP_NOWARN, NUMA_NO_NODE, NULL);
	else
		block->page = pbuddy_alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL |
						 __GFP_NOWARN, want);
	if (!block->page) {
		kfree(block);
		return -ENOMEM;
	}
	mutex_lock(&blocks_lock);
	list_add(&block->node, &blocks);
	mutex_unlock(&blocks_lock);
	return 0;
}

static void free_kept(void)
{
	struct block *block, *next;

	mutex_lock(&blocks_lock);
	list_for_each_entry_safe(block, next, &blocks, node) {
		if (block->nr)
			pbuddy_free_contig(block->page, block->nr);
		else
			pbuddy_free_pages(block->page, block->order);
		list_del(&block->node);
		kfree(block);
	}
	mutex_unlock(&blocks_lock);
}

static int alloc_set(const char *val, const struct kernel_param *kp)
{
	uint want;

	return kstrtouint(val, 10, &want) ?: keep(0, want);
}

static const struct kernel_param_ops alloc_ops = { .set = alloc_set };
module_param_cb(alloc, &alloc_ops, NULL, 0200);
MODULE_PARM_DESC(alloc, "write N: allocate a block of order N and keep it");

static int contig_set(const char *val, const struct kernel_param *kp)
{
	ulong nr;
	int ret = kstrtoul(val, 10, &nr);

	if (ret)
		return ret;
	return nr ? keep(nr, 0) : -EINVAL;
}

static const struct kernel_param_ops contig_ops = { .set = contig_set };
module_param_cb(contig, &contig_ops, NULL, 0200);
MODULE_PARM_DESC(contig, "write N: allocate N contiguous pages and keep them");

static int release_set(const char *val, const struct kernel_param *kp)
{
	free_kept();
	return 0;
}

static const struct kernel_param_ops release_ops = { .set = release_set };
module_param_cb(release, &release_ops, NULL, 0200);
MODULE_PARM_DESC(release, "write anything: free what alloc and contig keep");

static int check_get(char *buffer, const struct kernel_param *kp)
{
	ulong held = 0, wrong = 0, i;

	for (i = 0; i < nr_objects; i++) {
		if (!object_set_busy(&array[i]))
			continue;
		held++;
		wrong += !contents_intact(&array[i]);
		object_clear_busy(&array[i]);
		cond_resched();
	}
	return scnprintf(buffer, PAGE_SIZE, "held %lu wrong %lu moved %ld\n", held, wrong,
			 atomic_long_read(&moved));
}

static const struct kernel_param_ops check_ops = { .get = check_get };
module_param_cb(check, &check_ops, NULL, 0400);
MODULE_PARM_DESC(check, "read: number of objects, of wrong contents, and of moves");

static void free_all(void)
{
	ulong i;

	free_kept();
	for (i = 0; i < nr_objects; i++) {
		object_free(&array[i]);
		if (i % 1024 == 0)
			cond_resched();
	}
}

static int __init movable_init(void)
{
	ulong i, freed = 0;
	int ret;

	array = vzalloc(array_size(objects, sizeof(*array)));
	if (!array)
		return -ENOMEM;
	ret = pbuddy_register_movable(&movable_ops);
	if (ret) {
		vfree(array);
		return ret;
	}
	for (; nr_objects < objects; nr_objects++) {
		spin_lock_init(&array[nr_objects].lock);
		if (object_alloc(&array[nr_objects]))
			break;
		if (nr_objects % 1024 == 0)
			cond_resched();
	}
	while (freed < nr_objects * min(free, 100U) / 100) {
		i = get_random_u32() % nr_objects;
		if (!array[i].page)
			continue;
		object_free(&array[i]);
		freed++;
	}
	pr_info("pbuddy_movable: %lu objects, %lu of them freed\n", nr_objects, freed);
	return 0;
}

static void __exit movable_exit(void)
{
	free_all();
	/* 6. pbuddy calls none of the operations after this, so the array can go. */
	pbuddy_unregister_movable(&movable_ops);
	vfree(array);
}

module_init(movable_init);
module_exit(movable_exit);
MODULE_DESCRIPTION("Example of a module whose pages pbuddy may move");
MODULE_LICENSE("GPL");
