// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_movable: an example of a module whose pages pbuddy may move.
 *
 * It keeps objects, each of one block of pages with contents of its own. What makes them movable
 * is marked by the numbers 1 to 5; all else is what a module of this kind does anyway. The rules
 * are in <linux/pbuddy.h>.
 *
 * For the guest tests it frees a share of its objects at random, so that memory is fragmented,
 * allocates large blocks and ranges on demand, and checks that all contents are what they were:
 *
 *   insmod pbuddy_movable.ko objects=100000 free=50 order=0
 *   cd /sys/module/pbuddy_movable/parameters
 *   echo 9 >alloc		a block of order 9, kept
 *   echo 600 >contig		600 contiguous pages, kept
 *   echo 1 >release		none of those is kept any more
 *   cat check
 */
#include <linux/cache.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

PBUDDY_IMPORT_API();

static uint order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of each object's block (default: 0)");

static ulong objects = 1024;
module_param(objects, ulong, 0444);
MODULE_PARM_DESC(objects, "objects to make, or as many as there is memory for (default: 1024)");

static uint free = 50;
module_param(free, uint, 0444);
MODULE_PARM_DESC(free, "percentage of them that is freed again, at random (default: 50)");

/**
 * struct object - something of ours that lives in a block of pages
 * @lock: of all below
 * @page: its block, NULL when it has none
 * @busy: the block is being moved, or somebody works on its contents: neither of both waits long
 * @seed: contents are made of this
 */
struct object {
	spinlock_t	lock;	/* of all below */
	struct page	*page;
	bool		busy;
	u32		seed;
};

static struct object *array;
static ulong nr_objects;
static DECLARE_WAIT_QUEUE_HEAD(idle);
static atomic_long_t moved;

/* ---- contents: a word in each cache line ---- */

#define WORDS	(PAGE_SIZE / sizeof(u32))
#define STEP	(L1_CACHE_BYTES / sizeof(u32))

/* Waits until nobody has the object, and has it then. False: it has no block. */
static bool object_get(struct object *obj)
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

static void object_put(struct object *obj)
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

static bool contents_right(struct object *obj)
{
	bool right = true;
	ulong page, i;

	for (page = 0; page < 1UL << order; page++) {
		u32 *word = kmap_local_page(obj->page + page);

		for (i = 0; i < WORDS; i += STEP)
			right &= word[i] == (u32)(obj->seed + page + i);
		kunmap_local(word);
	}
	return right;
}

/* ---- moving ---- */

/*
 * 1. May it be moved now? Says no when the object has gone or somebody works on it. The lock is
 * not held around pbuddy_free_pages(), and the array outlives the operations: as isolate_page()
 * has to have it.
 */
static bool movable_isolate(struct page *page, enum pbuddy_migrate_mode mode)
{
	struct object *obj = pbuddy_page_private(page);
	bool mine;

	spin_lock(&obj->lock);
	mine = obj->page == page && !obj->busy;
	if (mine)
		obj->busy = true;
	spin_unlock(&obj->lock);
	return mine;
}

/* 2. Copy, and use the new place from now on; pbuddy takes the old one back. */
static int movable_migrate(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	struct object *obj = pbuddy_page_private(src);
	ulong i;

	for (i = 0; i < 1UL << order; i++)
		copy_highpage(dst + i, src + i);
	spin_lock(&obj->lock);
	obj->page = dst;
	obj->busy = false;
	spin_unlock(&obj->lock);
	wake_up_all(&idle);
	atomic_long_inc(&moved);
	return 0;
}

/* 3. It stays where it is. */
static void movable_putback(struct page *page)
{
	object_put(pbuddy_page_private(page));
}

static const struct pbuddy_movable_operations movable_ops = {
	.isolate_page	= movable_isolate,
	.migrate_page	= movable_migrate,
	.putback_page	= movable_putback,
};

/* ---- objects ---- */

static int object_make(struct object *obj)
{
	/* From memory where only movable pages are. */
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	int ret;

	obj->page = pbuddy_alloc_pages(gfp, order);
	if (!obj->page)
		return -ENOMEM;
	obj->seed = get_random_u32();
	write_contents(obj);
	/* 4. Ready to be moved, from here on. */
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

	if (!object_get(obj))
		return;
	spin_lock(&obj->lock);
	page = obj->page;
	obj->page = NULL;
	obj->busy = false;
	spin_unlock(&obj->lock);
	/* A free makes an end of being movable. */
	pbuddy_free_pages(page, order);
}

/* ---- what the tests ask for ---- */

struct block {
	struct list_head	node;
	struct page		*page;
	ulong			nr;	/* single pages that follow one another, or 0 */
	uint			order;	/* else */
};

static LIST_HEAD(blocks);
static DEFINE_MUTEX(blocks_lock);

/* They need not be movable: what is taken here stays where it is. */
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

static void release_kept(void)
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
MODULE_PARM_DESC(alloc, "written N: allocate a block of order N, and keep it");

static int contig_set(const char *val, const struct kernel_param *kp)
{
	ulong nr;
	int ret = kstrtoul(val, 10, &nr);

	return ret ?: nr ? keep(nr, 0) : -EINVAL;
}

static const struct kernel_param_ops contig_ops = { .set = contig_set };
module_param_cb(contig, &contig_ops, NULL, 0200);
MODULE_PARM_DESC(contig, "written N: allocate N contiguous pages, and keep them");

static int release_set(const char *val, const struct kernel_param *kp)
{
	release_kept();
	return 0;
}

static const struct kernel_param_ops release_ops = { .set = release_set };
module_param_cb(release, &release_ops, NULL, 0200);
MODULE_PARM_DESC(release, "written anything: free what alloc and contig keep");

static int check_get(char *buffer, const struct kernel_param *kp)
{
	ulong held = 0, wrong = 0, i;

	for (i = 0; i < nr_objects; i++) {
		if (!object_get(&array[i]))
			continue;
		held++;
		wrong += !contents_right(&array[i]);
		object_put(&array[i]);
		cond_resched();
	}
	return scnprintf(buffer, PAGE_SIZE, "held %lu wrong %lu moved %ld\n", held, wrong,
			 atomic_long_read(&moved));
}

static const struct kernel_param_ops check_ops = { .get = check_get };
module_param_cb(check, &check_ops, NULL, 0400);
MODULE_PARM_DESC(check, "read: objects, how many have wrong contents, how many were moved");

static void free_all(void)
{
	ulong i;

	release_kept();
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
		if (object_make(&array[nr_objects]))
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
	/* 5. Nothing of ours is called any more after this, so the array can go. */
	pbuddy_unregister_movable(&movable_ops);
	vfree(array);
}

module_init(movable_init);
module_exit(movable_exit);
MODULE_DESCRIPTION("Example of a module whose pages pbuddy may move");
MODULE_LICENSE("GPL");
