// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of a block of a buffer, and each way in which it fails: after a failure the buffer has
 * the source as before, and the target can be freed. scripts/tests/user-move.sh migrates buffers
 * that programs use.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pbuddy.h>
#include <linux/string.h>

#include "api/compound_meta.h"
#include "core/base/pfn.h"
#include "instance.h"
#include "instance_check.h"
#include "migrate_block.h"
#include "user/buffer.h"

#define NONE	(-1)

/**
 * struct way - a migration
 * @name: of the case
 * @order: of the block; a pageblock is a folio
 * @pinned: page of the source that has another reference, or NONE
 * @mapped: page of the source with a reference that counts as one of a page table entry, or NONE
 * @bad: page of the source with a memory error, or NONE
 * @bad_target: page of the target with a memory error, or NONE
 * @held_target: page of the target with another reference, or NONE
 * @ret: expected result
 */
struct way {
	const char	*name;
	unsigned int	order;
	int		pinned;
	int		mapped;
	int		bad;
	int		bad_target;
	int		held_target;
	int		ret;
};

static const struct way ways[] = {
	{ "page", 0, NONE, NONE, NONE, NONE, NONE, 0 },
	{ "block", 3, NONE, NONE, NONE, NONE, NONE, 0 },
	{ "folio", 9, NONE, NONE, NONE, NONE, NONE, 0 },
	{ "pinned page", 0, 0, NONE, NONE, NONE, NONE, -EAGAIN },
	{ "pinned page of a block", 3, 7, NONE, NONE, NONE, NONE, -EAGAIN },
	{ "pinned folio", 9, 0, NONE, NONE, NONE, NONE, -EAGAIN },
	{ "still mapped page", 0, NONE, 0, NONE, NONE, NONE, -EAGAIN },
	{ "still mapped page of a block", 3, NONE, 7, NONE, NONE, NONE, -EAGAIN },
	{ "still mapped folio", 9, NONE, 0, NONE, NONE, NONE, -EAGAIN },
	{ "memory error", 3, NONE, NONE, 5, NONE, NONE, -EIO },
	{ "memory error in a folio", 9, NONE, NONE, 511, NONE, NONE, -EIO },
	{ "memory error in the target", 3, NONE, NONE, NONE, 2, NONE, -EBUSY },
	{ "target of a folio has a reference", 9, NONE, NONE, NONE, NONE, 100, -EAGAIN },
};

static void describe_way(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ways, ways, describe_way);

static struct pb_buffer *create(unsigned int order, int nid)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = 1UL << order,
		.order = order,
		.nid = nid,
		.migratetype = PB_MOVABLE,
		.label = "move",
	};
	enum pb_reason reason;

	return pb_buffer_create(&spec, &reason);
}

static atomic_t *mapcount_of(struct page *page)
{
	return PageHead(page) ? &page_folio(page)->_large_mapcount : &page->_mapcount;
}

/* Makes the pages what the case says, or as they were. */
static void set_state(const struct way *way, struct page *src, struct page *dst, bool set)
{
	if (way->pinned != NONE)
		page_ref_add(src + way->pinned, set ? 1 : -1);
	if (way->mapped != NONE) {
		page_ref_add(src + way->mapped, set ? 1 : -1);
		atomic_add(set ? 1 : -1, mapcount_of(src + way->mapped));
	}
	if (way->held_target != NONE)
		page_ref_add(dst + way->held_target, set ? 1 : -1);
	if (set && way->bad != NONE)
		SetPageHWPoison(src + way->bad);
	if (set && way->bad_target != NONE)
		SetPageHWPoison(dst + way->bad_target);
	if (!set && way->bad != NONE)
		ClearPageHWPoison(src + way->bad);
	if (!set && way->bad_target != NONE)
		ClearPageHWPoison(dst + way->bad_target);
}

static void fill(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		memset(page_address(page + i), (int)(i + 1), PAGE_SIZE);
}

static bool is_filled(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (memchr_inv(page_address(page + i), (int)(i + 1), PAGE_SIZE))
			return false;
	return true;
}

/* Whether pages are in the state in which they can be freed, or of a folio. */
static bool are_whole(struct page *page, unsigned long nr, bool folio)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (page_ref_count(page + i) != (folio && i ? 0 : PB_BASE_REFS))
			return false;
		if (PageCompound(page + i) != folio)
			return false;
	}
	return true;
}

static void test_ways(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct page *src, *dst = pbuddy_alloc_pages(GFP_KERNEL, way->order);
	unsigned long nr = 1UL << way->order;
	struct pb_buffer *buf;
	bool folio;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, dst);
	buf = create(way->order, page_to_nid(dst));
	KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
	src = pfn_to_page(buf->block[0].pfn);
	folio = PageHead(src);
	fill(src, nr);
	if ((way->bad != NONE || way->bad_target != NONE) && !IS_ENABLED(CONFIG_MEMORY_FAILURE))
		goto skip;
	if (way->order == PB_PAGEBLOCK_ORDER && !folio)
		goto skip;
	set_state(way, src, dst, true);
	ret = pt_migrate_block(src, dst, way->order);
	set_state(way, src, dst, false);
	KUNIT_EXPECT_EQ(test, ret, way->ret);
	if (ret)
		swap(src, dst);
	/* The buffer has the pages of @dst, and @src is free. */
	KUNIT_EXPECT_EQ(test, buf->block[0].pfn, page_to_pfn(dst));
	KUNIT_EXPECT_TRUE(test, is_filled(dst, nr));
	KUNIT_EXPECT_TRUE(test, are_whole(dst, nr, folio));
	KUNIT_EXPECT_TRUE(test, are_whole(src, nr, false));
	pb_buffer_put(buf);
	pbuddy_free_pages(src, way->order);
	return;
skip:
	pb_buffer_put(buf);
	pbuddy_free_pages(dst, way->order);
	kunit_skip(test, "no memory errors or no folios in this kernel");
}

/* A program uses a buffer's frames while compaction runs: the migration does not wait. */
static void test_locked(struct kunit *test)
{
	struct page *src, *dst = pbuddy_alloc_page(GFP_KERNEL);
	struct pb_buffer *buf;

	KUNIT_ASSERT_NOT_NULL(test, dst);
	buf = create(0, page_to_nid(dst));
	KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
	src = pfn_to_page(buf->block[0].pfn);
	down_read(&buf->frames);
	KUNIT_EXPECT_EQ(test, pt_migrate_block(src, dst, 0), -EBUSY);
	up_read(&buf->frames);
	KUNIT_EXPECT_EQ(test, pt_migrate_block(src, dst, 0), 0);
	KUNIT_EXPECT_EQ(test, buf->block[0].pfn, page_to_pfn(dst));
	pb_buffer_put(buf);
	pbuddy_free_page(src);
}

/*
 * Contiguous areas, and memory of a source that the kernel refuses to pin, get no page of a buffer
 * from elsewhere. The pageblock of the target has no other block, so nothing looks at its type.
 */
static void test_target(struct kunit *test)
{
	struct page *src, *dst = pbuddy_alloc_pages(GFP_KERNEL, PB_PAGEBLOCK_ORDER);
	struct pb_dir_entry *entry;
	struct pb_buffer *buf;
	enum pb_migratetype mt;

	KUNIT_ASSERT_NOT_NULL(test, dst);
	buf = create(PB_PAGEBLOCK_ORDER, page_to_nid(dst));
	KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
	src = pfn_to_page(buf->block[0].pfn);
	entry = pb_dir_entry(&pb_instance, page_to_pfn(dst));
	mt = pb_entry_migratetype(READ_ONCE(entry->value));
	pb_entry_set_migratetype(entry, PB_CMA);
	KUNIT_EXPECT_EQ(test, pt_migrate_block(src, dst, PB_PAGEBLOCK_ORDER), -EBUSY);
	pb_entry_set_migratetype(entry, mt);
	buf->unpinnable = true;
	KUNIT_EXPECT_EQ(test, pt_migrate_block(src, dst, PB_PAGEBLOCK_ORDER), -EBUSY);
	buf->unpinnable = false;
	KUNIT_EXPECT_EQ(test, pt_migrate_block(src, dst, PB_PAGEBLOCK_ORDER), 0);
	KUNIT_EXPECT_EQ(test, buf->block[0].pfn, page_to_pfn(dst));
	pb_buffer_put(buf);
	pbuddy_free_pages(src, PB_PAGEBLOCK_ORDER);
}

static struct kunit_case buffer_move_cases[] = {
	KUNIT_CASE_PARAM(test_ways, ways_gen_params),
	KUNIT_CASE(test_locked),
	KUNIT_CASE(test_target),
	{}
};

static struct kunit_suite buffer_move_suite = {
	.name = "pbuddy_buffer_move",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = buffer_move_cases,
};

kunit_test_suite(buffer_move_suite);
