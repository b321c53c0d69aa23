// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a charge allocates, and how far it may go: with the right to sleep, to start I/O and to call
 * file systems that the request has; and what is charged.
 */
#include <linux/cred.h>
#include <linux/gfp.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>

#include "api/account_block.h"
#include "api/account_limit.h"
#include "api/account_types.h"
#include "api/compound.h"
#include "api/movable_migrate.h"
#include "core/base/ops.h"
#include "core/base/pfn.h"
#include "fixture.h"
#include "instance.h"
#include "request/gfp.h"
#include "threads.h"

#define MANY	64

static int flags_suite_init(struct kunit *test)
{
	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	return 0;
}

static void flags_suite_exit(struct kunit *test)
{
	pb_account_set_limit(0);
}

/* ---- The allocations of a charge ---- */

static struct task_struct *charging;
static gfp_t seen;			/* all flags of its allocations */
static gfp_t seen_each;			/* flags of each of them */

static void see_flags(void *unused, unsigned long call_site, const void *ptr, size_t bytes_req,
		      size_t bytes_alloc, gfp_t gfp, int node)
{
	/* An interrupt that allocates has the same current task. */
	if (!in_task() || current != charging)
		return;
	seen |= current_gfp_context(gfp);
	seen_each &= current_gfp_context(gfp);
}

static void find_kmalloc(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "kmalloc"))
		*(struct tracepoint **)found = tp;
}

static struct tracepoint *begin_seeing(struct kunit *test)
{
	struct tracepoint *kmalloc = NULL;

	for_each_kernel_tracepoint(find_kmalloc, &kmalloc);
	KUNIT_ASSERT_NOT_NULL(test, kmalloc);
	charging = current;
	seen = 0;
	seen_each = ~(__force gfp_t)0;
	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(kmalloc, see_flags, NULL), 0);
	return kmalloc;
}

static void end_seeing(struct tracepoint *kmalloc)
{
	tracepoint_probe_unregister(kmalloc, see_flags, NULL);
	tracepoint_synchronize_unregister();
}

/* Charges a block to a new user, as a task of it. */
static unsigned long charge_to(const struct cred *user, unsigned long pfn, unsigned int order,
			       gfp_t gfp)
{
	unsigned int was = current->flags & PF_KTHREAD;
	const struct cred *old = override_creds(user);
	struct pb_request rq;

	current->flags &= ~PF_KTHREAD;
	if (pb_gfp_request(&rq, &gfp, order, NUMA_NO_NODE, NULL))
		pfn = pb_account_block(&rq, pfn, gfp, NULL);
	current->flags |= was;
	revert_creds(old);
	return pfn;
}

/* A block of a pageblock that no charged block was in. */
static struct page *fresh_pageblock(void)
{
	struct page *pages[MANY], *fresh = NULL;
	unsigned int n;

	for (n = 0; n < MANY && !fresh; n++) {
		pages[n] = pbuddy_alloc_pages(GFP_KERNEL, PB_PAGEBLOCK_ORDER);
		if (!pages[n])
			break;
		if (!pb_account_array(page_to_pfn(pages[n])))
			fresh = pages[n];
	}
	while (n)
		if (pages[--n] != fresh)
			pbuddy_free_pages(pages[n], PB_PAGEBLOCK_ORDER);
	return fresh;
}

static struct cred *new_user(void)
{
	static unsigned int uid = 47110;
	struct cred *user = prepare_creds();

	if (user)
		user->uid = KUIDT_INIT(uid++);
	return user;
}

struct rights {
	const char *name;
	gfp_t gfp;
};

static const struct rights rights[] = {
	{ "GFP_KERNEL", GFP_KERNEL },
	{ "GFP_NOFS", GFP_NOFS },
	{ "GFP_NOIO", GFP_NOIO },
	{ "GFP_NOWAIT", GFP_NOWAIT },
	{ "no reclaim", 0 },
};

static void describe_rights(const struct rights *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rights, rights, describe_rights);

/* The array of the pageblock, and the account, are allocated with the rights of the request. */
static void test_rights(struct kunit *test)
{
	gfp_t gfp = ((const struct rights *)test->param_value)->gfp;
	struct page *page = fresh_pageblock();
	struct cred *user = new_user();
	struct tracepoint *kmalloc;
	unsigned long pfn;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, user);
	pb_account_set_limit(ULONG_MAX);
	kmalloc = begin_seeing(test);
	pfn = charge_to(user, page_to_pfn(page), PB_PAGEBLOCK_ORDER,
			gfp | __GFP_ACCOUNT | __GFP_NOWARN);
	end_seeing(kmalloc);
	KUNIT_EXPECT_TRUE(test, seen & __GFP_ZERO);
	KUNIT_EXPECT_TRUE(test, (seen & GFP_KERNEL) == (gfp & GFP_KERNEL));
	/* An injected failure may have freed the block. */
	if (pfn != PB_NO_PFN)
		pbuddy_free_pages(page, PB_PAGEBLOCK_ORDER);
	put_cred(user);
}

/* ---- Migration ---- */

static bool refuse_page(struct page *page, enum pbuddy_migrate_mode mode)
{
	return false;
}

static int migrate_page(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	return -EIO;
}

static void putback_page(struct page *page)
{
}

static const struct pbuddy_movable_operations refuses = {
	.isolate_page = refuse_page, .migrate_page = migrate_page, .putback_page = putback_page,
};

static const enum pb_migrate_mode modes[] = { PB_MIGRATE_ASYNC, PB_MIGRATE_SYNC };

static void describe_mode(const enum pb_migrate_mode *mode, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "mode %u", *mode);
}

KUNIT_ARRAY_PARAM(modes, modes, describe_mode);

/*
 * The record and the account of the target are allocated by a task with PF_MEMALLOC, and leave the
 * reserves alone. The owner refuses to isolate the block, so it stays where it is.
 */
static void test_migration(struct kunit *test)
{
	enum pb_migrate_mode mode = *(const enum pb_migrate_mode *)test->param_value;
	struct page *src = pbuddy_alloc_pages(GFP_KERNEL, 0), *dst = fresh_pageblock();
	struct cred *user = new_user();
	struct pb_migration m = { .mode = mode };
	struct tracepoint *kmalloc;

	KUNIT_ASSERT_TRUE(test, src && dst && user);
	pb_account_set_limit(ULONG_MAX);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&refuses), 0);
	KUNIT_ASSERT_EQ(test, charge_to(user, page_to_pfn(src), 0, GFP_KERNEL | __GFP_ACCOUNT),
			page_to_pfn(src));
	KUNIT_ASSERT_EQ(test, pbuddy_page_set_movable(src, &refuses, NULL), 0);
	m.src = round_down(page_to_pfn(src), PB_WORD_NR);
	m.src_heads = BIT_ULL(page_to_pfn(src) - m.src);
	m.dst = page_to_pfn(dst);
	m.dst_heads = 1;
	kmalloc = begin_seeing(test);
	pb_movable_ops_migrate(&pb_instance, &m);
	end_seeing(kmalloc);
	KUNIT_EXPECT_EQ(test, m.moved, 0ULL);
	KUNIT_EXPECT_TRUE(test, seen & __GFP_ZERO);
	KUNIT_EXPECT_TRUE(test, seen_each & __GFP_NOMEMALLOC);
	KUNIT_EXPECT_EQ(test, !!(seen & __GFP_DIRECT_RECLAIM), mode != PB_MIGRATE_ASYNC);
	KUNIT_EXPECT_EQ(test, pbuddy_page_clear_movable(src), 0);
	pbuddy_unregister_movable(&refuses);
	pbuddy_free_pages(src, 0);
	pbuddy_free_pages(dst, PB_PAGEBLOCK_ORDER);
	put_cred(user);
}

/* ---- The second attempt for a hook ---- */

static bool ask_for_another(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info,
			    struct page *page)
{
	return true;
}

static struct pbuddy_alloc_hooks asking = { .after = ask_for_another };

/* It is charged as the first one, to the cgroup too where the controller exists. */
static void test_second_attempt(struct kunit *test)
{
	unsigned int was;
	struct page *page;

	KUNIT_ASSERT_EQ(test, pbuddy_register_alloc_hooks(&asking), 0);
	was = current->flags & PF_KTHREAD;
	current->flags &= ~PF_KTHREAD;
	page = pbuddy_alloc_pages(GFP_KERNEL_ACCOUNT, 0);
	current->flags |= was;
	pbuddy_unregister_alloc_hooks(&asking);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, pb_account_of(page_to_pfn(page)));
	KUNIT_EXPECT_EQ(test, !!pb_account_of(page_to_pfn(page))->cgroup,
			IS_ENABLED(CONFIG_CGROUP_DMEM));
	pbuddy_free_pages(page, 0);
}

/* ---- Blocks and tries that a request gives up ---- */

/* Allocates as a task of a user. */
static struct page *alloc_for(const struct cred *user, gfp_t gfp, unsigned int order)
{
	unsigned int was = current->flags & PF_KTHREAD;
	const struct cred *old = override_creds(user);
	struct page *page;

	current->flags &= ~PF_KTHREAD;
	page = pbuddy_alloc_pages(gfp, order);
	current->flags |= was;
	revert_creds(old);
	return page;
}

#ifdef CONFIG_NUMA
/*
 * The try of the preferred nodes does not wait for memory, but its charge may sleep, and so goes to
 * the cgroup too where the controller exists.
 */
static void test_preferred_many(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0);
	struct mempolicy policy = { .mode = MPOL_PREFERRED_MANY, .home_node = NUMA_NO_NODE };
	struct mempolicy *saved = current->mempolicy;
	struct cred *user = new_user();
	struct tracepoint *kmalloc;

	KUNIT_ASSERT_TRUE(test, page && user);
	atomic_set(&policy.refcnt, 2);
	node_set(page_to_nid(page), policy.nodes);
	pbuddy_free_pages(page, 0);
	pb_account_set_limit(ULONG_MAX);
	kmalloc = begin_seeing(test);
	current->mempolicy = &policy;
	page = alloc_for(user, GFP_KERNEL_ACCOUNT, 0);
	current->mempolicy = saved;
	end_seeing(kmalloc);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, seen_each & __GFP_DIRECT_RECLAIM);
	KUNIT_EXPECT_TRUE(test, seen & __GFP_ZERO);
	KUNIT_EXPECT_EQ(test, !!pb_account_of(page_to_pfn(page))->cgroup,
			IS_ENABLED(CONFIG_CGROUP_DMEM));
	pbuddy_free_pages(page, 0);
	put_cred(user);
}
#endif

/* Returns whether a compound page for another user was not made of a block that has a pin. */
static bool passes_over(struct kunit *test, const struct cred *user)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 3), *pin, *other;
	unsigned long deferred;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pin = page + 5;
	get_page(pin);
	pbuddy_free_pages(page, 3);
	other = alloc_for(user, GFP_KERNEL_ACCOUNT | __GFP_COMP | __GFP_NOWARN, 3);
	deferred = pb_compound_deferred_pages();
	KUNIT_EXPECT_EQ(test, page_ref_count(pin), 2);
	KUNIT_EXPECT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, page);
	if (deferred)
		KUNIT_EXPECT_EQ(test, deferred, 8UL);
	pbuddy_free_pages(other, 3);
	put_page(pin);
	return deferred;
}

/* A block that cannot become a compound page, for another user, is not charged. */
static void test_no_compound(struct kunit *test)
{
	struct cred *user = new_user();
	unsigned int tries = 0;
	bool passed;

	KUNIT_ASSERT_NOT_NULL(test, user);
	pt_stay_here();
	pb_account_set_limit(8 << (PAGE_SHIFT - 10));
	/* It is missed when this CPU's cache decays between its free and the request. */
	do {
		passed = passes_over(test, user);
	} while (!passed && ++tries < 100);
	KUNIT_EXPECT_TRUE(test, passed);
	put_cred(user);
}

static struct kunit_case flags_cases[] = {
	KUNIT_CASE_PARAM(test_rights, rights_gen_params),
	KUNIT_CASE_PARAM(test_migration, modes_gen_params),
	KUNIT_CASE(test_second_attempt),
#ifdef CONFIG_NUMA
	KUNIT_CASE(test_preferred_many),
#endif
	KUNIT_CASE(test_no_compound),
	{}
};

static struct kunit_suite flags_suite = {
	.name = "pbuddy_account_flags",
	.init = flags_suite_init,
	.exit = flags_suite_exit,
	.test_cases = flags_cases,
};

kunit_test_suite(flags_suite);
