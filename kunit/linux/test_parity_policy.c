// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node that a page comes from under each memory policy and in a cpuset. Where a module can
 * set the same policy for both, alloc_pages() gives the expected nodes.
 */
#include <linux/cpuset.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "instance.h"
#include "parity.h"
#include "user/buffer.h"

/* ---- Memory policies ---- */

#ifdef CONFIG_NUMA
#define NR_REQUESTS	12

struct policy_case {
	const char	*name;
	int		mode;
	bool		first, far;	/* nodes of the policy */
	int		home;		/* 1: the far node is the home node */
	gfp_t		gfp;
	bool		softirq;
};

static const struct policy_case policies[] = {
	{ "preferred", MPOL_PREFERRED, 0, 1, 0, GFP_KERNEL },
	{ "preferred, user", MPOL_PREFERRED, 0, 1, 0, GFP_HIGHUSER_MOVABLE },
	{ "preferred, thisnode", MPOL_PREFERRED, 0, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "preferred, atomic", MPOL_PREFERRED, 0, 1, 0, GFP_ATOMIC },
	{ "preferred, softirq", MPOL_PREFERRED, 0, 1, 0, GFP_ATOMIC, true },
	{ "bind far", MPOL_BIND, 0, 1, 0, GFP_KERNEL },
	{ "bind first", MPOL_BIND, 1, 0, 0, GFP_HIGHUSER },
	{ "bind both", MPOL_BIND, 1, 1, 0, GFP_HIGHUSER },
	{ "bind both, home", MPOL_BIND, 1, 1, 1, GFP_HIGHUSER },
	{ "bind, atomic", MPOL_BIND, 0, 1, 0, GFP_ATOMIC },
	{ "bind, softirq", MPOL_BIND, 0, 1, 0, GFP_ATOMIC, true },
	{ "bind, thisnode", MPOL_BIND, 0, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "many", MPOL_PREFERRED_MANY, 0, 1, 0, GFP_KERNEL },
	{ "many, home", MPOL_PREFERRED_MANY, 1, 1, 1, GFP_KERNEL },
	{ "interleave", MPOL_INTERLEAVE, 1, 1, 0, GFP_KERNEL },
	{ "interleave, user", MPOL_INTERLEAVE, 1, 1, 0, GFP_HIGHUSER_MOVABLE },
	{ "interleave far", MPOL_INTERLEAVE, 0, 1, 0, GFP_KERNEL },
	{ "interleave, thisnode", MPOL_INTERLEAVE, 1, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "interleave, softirq", MPOL_INTERLEAVE, 1, 1, 0, GFP_ATOMIC, true },
	{ "local", MPOL_LOCAL, 0, 0, 0, GFP_KERNEL },
	{ "weighted", PB_MPOL_WEIGHTED_INTERLEAVE, 1, 1, 0, GFP_KERNEL },
};

static void describe_policy(const struct policy_case *policy, char *desc)
{
	strscpy(desc, policy->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policies, policies, describe_policy);

/* The requests of one run, and the node of each. */
static struct {
	gfp_t	gfp;
	bool	pbuddy;
	bool	exact;
	int	nid[NR_REQUESTS];
} requested;

#define EXACT_BYTES	(3 * PAGE_SIZE)

static int exact_node(gfp_t gfp, bool pbuddy)
{
	void *p = pbuddy ? pbuddy_alloc_pages_exact(EXACT_BYTES, gfp) :
			   alloc_pages_exact(EXACT_BYTES, gfp);
	int nid = p ? page_to_nid(virt_to_page(p)) : NUMA_NO_NODE;

	if (p && pbuddy)
		pbuddy_free_pages_exact(p, EXACT_BYTES);
	else if (p)
		free_pages_exact(p, EXACT_BYTES);
	return nid;
}

static int request_one(void)
{
	if (requested.exact)
		return exact_node(requested.gfp, requested.pbuddy);
	if (requested.pbuddy)
		return pt_pbuddy_node(pbuddy_alloc_pages(requested.gfp, 0), 0);
	return pt_kernel_node(alloc_pages(requested.gfp, 0), 0);
}

static void request(struct tasklet_struct *unused)
{
	unsigned int i;

	for (i = 0; i < NR_REQUESTS; i++)
		requested.nid[i] = request_one();
}

/* Runs ask() with the task's policy set, from the same point of its interleaving each time. */
static void request_under(struct mempolicy *policy, bool softirq)
{
	static DECLARE_TASKLET(tasklet, request);
	struct mempolicy *saved = current->mempolicy;
	short il_prev = current->il_prev;

	current->mempolicy = policy;
	current->il_prev = 0;
	pb_il_set_weight(0);
	if (softirq) {
		local_bh_disable();
		tasklet_schedule(&tasklet);
		local_bh_enable();
		tasklet_kill(&tasklet);
	} else {
		request(NULL);
	}
	current->mempolicy = saved;
	current->il_prev = il_prev;
	pb_il_set_weight(0);
}

static void compare_policy(struct kunit *test, bool exact)
{
	const struct policy_case *p = test->param_value;
	struct mempolicy *policy = kunit_kzalloc(test, sizeof(*policy), GFP_KERNEL);
	int kernel[NR_REQUESTS], far = pt_far_node(), first = first_memory_node;

	KUNIT_ASSERT_NOT_NULL(test, policy);
	if (first == far)
		kunit_skip(test, "needs two nodes");
	if (p->mode == 0xffff)
		kunit_skip(test, "this kernel does not have this policy");
	atomic_set(&policy->refcnt, 2);
	policy->mode = p->mode;
	policy->home_node = p->home ? far : NUMA_NO_NODE;
	if (p->first)
		node_set(first, policy->nodes);
	if (p->far)
		node_set(far, policy->nodes);
	requested.gfp = p->gfp;
	requested.exact = exact;
	/* On one CPU, as the local node counts. */
	migrate_disable();
	requested.pbuddy = false;
	request_under(policy, p->softirq);
	memcpy(kernel, requested.nid, sizeof(kernel));
	requested.pbuddy = true;
	request_under(policy, p->softirq);
	migrate_enable();
	KUNIT_EXPECT_MEMEQ(test, requested.nid, kernel, sizeof(kernel));
	KUNIT_EXPECT_GE(test, kernel[0], 0);
}

static void test_policy(struct kunit *test)
{
	compare_policy(test, false);
}

/* alloc_pages_exact() uses the policy as alloc_pages() does. */
static void test_policy_exact(struct kunit *test)
{
	const struct policy_case *p = test->param_value;

	if (p->gfp & __GFP_HIGHMEM)
		kunit_skip(test, "alloc_pages_exact() needs an address");
	compare_policy(test, true);
}

static unsigned long node_events(int nid, enum pb_event event)
{
	unsigned long sum = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		sum += pb_zone_event(zone, event);
	return sum;
}

static unsigned long interleave_hits(int nid)
{
	return node_events(nid, PB_NUMA_INTERLEAVE_HIT);
}

static void test_interleave_counted(struct kunit *test)
{
	struct mempolicy *policy = kunit_kzalloc(test, sizeof(*policy), GFP_KERNEL);
	int far = pt_far_node(), first = first_memory_node;
	unsigned long first_hits, far_hits;

	KUNIT_ASSERT_NOT_NULL(test, policy);
	if (first == far)
		kunit_skip(test, "needs two nodes");
	first_hits = interleave_hits(first);
	far_hits = interleave_hits(far);
	atomic_set(&policy->refcnt, 2);
	policy->mode = MPOL_INTERLEAVE;
	node_set(first, policy->nodes);
	node_set(far, policy->nodes);
	requested.gfp = GFP_KERNEL;
	requested.pbuddy = true;
	requested.exact = false;
	request_under(policy, false);
	KUNIT_EXPECT_EQ(test, interleave_hits(first) - first_hits, NR_REQUESTS / 2UL);
	KUNIT_EXPECT_EQ(test, interleave_hits(far) - far_hits, NR_REQUESTS / 2UL);
}

/*
 * The blocks of a buffer that do not fit on its preferred node are misses. Its tries of the orders
 * and nodes are no failed requests.
 */
static void test_buffer_counted(struct kunit *test)
{
	int far = pt_far_node(), first = first_memory_node;
	struct pb_buffer_spec spec = {
		.nr_pages = PB_PAGEBLOCK_NR, .nid = first, .migratetype = PB_UNMOVABLE, .label = "",
	};
	unsigned long miss = node_events(far, PB_NUMA_MISS);
	unsigned long foreign = node_events(first, PB_NUMA_FOREIGN);
	unsigned long failed = pb_pool_event(&pb_instance, PB_ALLOC_FAIL);
	enum pb_reason reason;
	struct pb_buffer *buf;
	struct pb_zone *zone;

	if (first == far)
		kunit_skip(test, "needs two nodes");
	pb_for_each_node_zone(zone, &pb_instance, first)
		spec.nr_pages += zone->present_pages;
	buf = pb_buffer_create(&spec, &reason);
	if (IS_ERR(buf))
		kunit_skip(test, "needs memory on the far node");
	pb_buffer_put(buf);
	miss = node_events(far, PB_NUMA_MISS) - miss;
	KUNIT_EXPECT_GT(test, miss, 0UL);
	KUNIT_EXPECT_EQ(test, node_events(first, PB_NUMA_FOREIGN) - foreign, miss);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&pb_instance, PB_ALLOC_FAIL), failed);
	/* Larger than the node alone. */
	spec.strict = true;
	KUNIT_EXPECT_TRUE(test, IS_ERR(pb_buffer_create(&spec, &reason)));
	KUNIT_EXPECT_EQ(test, pb_pool_event(&pb_instance, PB_ALLOC_FAIL), failed + 1);
}
#endif

/* ---- Cpusets ---- */

#ifdef CONFIG_CPUSETS
/*
 * The kernel restricts a task's nodes only if a cpuset besides the root exists, and a module
 * cannot create one. So the expected nodes follow from the list above cpuset_node_allowed() in
 * kernel/cgroup/cpuset.c; scripts/tests/policy-numa.sh uses a real cpuset.
 */
static void test_cpuset(struct kunit *test)
{
	nodemask_t saved = current->mems_allowed, only = NODE_MASK_NONE;
	int far = pt_far_node(), first = first_memory_node;
	gfp_t hard = GFP_USER | __GFP_THISNODE | __GFP_NOWARN | __GFP_NORETRY;
	int user, kernel, first_user, first_kernel, atomic, softirq;

	if (first == far)
		kunit_skip(test, "needs two nodes");
	node_set(far, only);
	set_mems_allowed(only);
	user = pt_pbuddy_node(pbuddy_alloc_pages_node(first, GFP_USER, 0), 0);
	kernel = pt_pbuddy_node(pbuddy_alloc_pages_node(first, GFP_KERNEL, 0), 0);
	first_user = pt_pbuddy_node(pbuddy_alloc_pages_node(first, hard, 0), 0);
	first_kernel = pt_pbuddy_node(pbuddy_alloc_pages_node(first, GFP_KERNEL | __GFP_THISNODE,
							      0), 0);
	atomic = pt_pbuddy_node(pbuddy_alloc_pages_node(first, GFP_ATOMIC | __GFP_THISNODE, 0), 0);
	local_bh_disable();
	softirq = pt_pbuddy_node(pbuddy_alloc_pages_node(first, GFP_NOWAIT, 0), 0);
	local_bh_enable();
	set_mems_allowed(saved);
	/* The first pass stays within the cpuset for every request. */
	KUNIT_EXPECT_EQ(test, user, far);
	KUNIT_EXPECT_EQ(test, kernel, far);
	/*
	 * With THISNODE outside the cpuset, HARDWALL fails; GFP_KERNEL and ATOMIC leave the
	 * cpuset.
	 */
	KUNIT_EXPECT_EQ(test, first_user, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, first_kernel, first);
	KUNIT_EXPECT_EQ(test, atomic, first);
	/* A softirq is not restricted by the task's cpuset. */
	KUNIT_EXPECT_EQ(test, softirq, first);
}

/* The nodes that the task gets back while its request fails. */
static nodemask_t given_back;

static bool give_back_nodes(const struct pb_request *rq)
{
	set_mems_allowed(given_back);
	return true;
}

static bool served_blocks(gfp_t gfp)
{
	struct page *page = pbuddy_alloc_pages(gfp, 0);

	pbuddy_free_pages(page, 0);
	return page;
}

static bool served_bulk(gfp_t gfp)
{
	struct page *pages[3] = { };
	unsigned long nr = pbuddy_alloc_pages_bulk(gfp, NUMA_NO_NODE, ARRAY_SIZE(pages), pages);

	pbuddy_free_pages_bulk(pages, ARRAY_SIZE(pages));
	return nr == ARRAY_SIZE(pages);
}

static bool served_range(gfp_t gfp)
{
	struct page *page = pbuddy_alloc_contig(3, gfp, NUMA_NO_NODE, NULL);

	pbuddy_free_contig(page, 3);
	return page;
}

static bool served_exact(gfp_t gfp)
{
	void *p = pbuddy_alloc_pages_exact(3 * PAGE_SIZE, gfp);

	if (p)
		pbuddy_free_pages_exact(p, 3 * PAGE_SIZE);
	return p;
}

static bool served_buffer(gfp_t gfp)
{
	struct pb_buffer_spec spec = {
		.nr_pages = 3, .nid = first_memory_node, .migratetype = PB_MOVABLE, .label = "",
	};
	enum pb_reason reason;
	struct pb_buffer *buf = pb_buffer_create(&spec, &reason);

	if (!IS_ERR(buf))
		pb_buffer_put(buf);
	return !IS_ERR(buf);
}

/* A buffer is never on nodes that its caller did not name: it is refused under such a cpuset. */
static void test_cpuset_nodemask(struct kunit *test)
{
	nodemask_t saved = current->mems_allowed, named = nodemask_of_node(first_memory_node);
	struct pb_buffer_spec spec = {
		.nr_pages = 3, .nid = first_memory_node, .nodemask = &named,
		.migratetype = PB_MOVABLE, .label = "",
	};
	enum pb_reason reason;
	struct pb_buffer *buf;
	unsigned int contig;

	for (contig = 0; contig < 2; contig++) {
		nodemask_t others = NODE_MASK_NONE;

		spec.contig = contig;
		if (pt_far_node() != first_memory_node)
			node_set(pt_far_node(), others);
		set_mems_allowed(others);
		buf = pb_buffer_create(&spec, &reason);
		set_mems_allowed(saved);
		KUNIT_EXPECT_TRUE(test, IS_ERR(buf));
		if (!IS_ERR(buf))
			pb_buffer_put(buf);
		KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
		buf = pb_buffer_create(&spec, &reason);
		KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
		pb_buffer_put(buf);
	}
}

static bool (*const served[])(gfp_t gfp) = {
	served_blocks, served_bulk, served_range, served_exact, served_buffer,
};

/* A cpuset that changes while a request fails: the request is made again. */
static void test_cpuset_changes(struct kunit *test)
{
	bool (*changed)(const struct pb_request *rq) = pb_instance.ops.mems_changed;
	unsigned int i;
	bool ok;

	given_back = current->mems_allowed;
	for (i = 0; i < ARRAY_SIZE(served); i++) {
		pb_instance.ops.mems_changed = give_back_nodes;
		set_mems_allowed(NODE_MASK_NONE);
		ok = served[i](GFP_USER | __GFP_NOWARN);
		set_mems_allowed(given_back);
		pb_instance.ops.mems_changed = changed;
		KUNIT_EXPECT_TRUE_MSG(test, ok, "function %u", i);
	}
}
#endif

static struct kunit_case parity_policy_cases[] = {
#ifdef CONFIG_NUMA
	KUNIT_CASE_PARAM(test_policy, policies_gen_params),
	KUNIT_CASE_PARAM(test_policy_exact, policies_gen_params),
	KUNIT_CASE(test_interleave_counted),
	KUNIT_CASE(test_buffer_counted),
#endif
#ifdef CONFIG_CPUSETS
	KUNIT_CASE(test_cpuset),
	KUNIT_CASE(test_cpuset_changes),
	KUNIT_CASE(test_cpuset_nodemask),
#endif
	{}
};

static struct kunit_suite parity_policy_suite = {
	.name = "pbuddy_parity_policy",
	.init = pt_parity_init,
	.test_cases = parity_policy_cases,
};

kunit_test_suite(parity_policy_suite);
