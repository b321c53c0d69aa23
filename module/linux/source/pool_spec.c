// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses the module parameter pool=.
 *
 * Its value is a list of elements NODE:SIZE[-MAX][@SOURCE[=LABEL]], separated by commas. Each
 * becomes one struct pb_pool_spec, which a source then serves (source.h). With MAX, SIZE may be 0:
 * the node takes nothing until it grows. It need not have memory then, if max_address= says where
 * some may be added. An invalid element makes insmod fail; one line in the log names the invalid
 * part. Without pool= the list is derived from the free memory of each node.
 *
 * max_address= says where memory may be added to nodes while the module runs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/base/order.h"
#include "source/hot_pluggable.h"
#include "source/pool_spec.h"

/* Size of the pool on a node without pool=: a share of the node's free memory, within bounds. */
#define DEFAULT_SHARE		8	/* one eighth ... */
#define DEFAULT_SHARE_MAX	4	/* ... at most a quarter, even if below the minimum */
#define DEFAULT_MIN		SZ_16M

#define PAGEBLOCK_BYTES		((u64)PB_PAGEBLOCK_NR << PAGE_SHIFT)

static int parse_node(const char *token, int *nid)
{
	int ret;

	/* kstrtoint() accepts a sign and a trailing line feed. */
	if (!isdigit(token[0]) || !isdigit(token[strlen(token) - 1])) {
		pr_err("pool: bad node \"%s\": a number is expected\n", token);
		return -EINVAL;
	}
	ret = kstrtoint(token, 10, nid);
	if (ret || *nid >= nr_node_ids || !node_possible(*nid)) {
		pr_err("pool: bad node \"%s\": this machine has no such node\n", token);
		return -EINVAL;
	}
	if (!node_online(*nid)) {
		pr_err("pool: bad node \"%s\": it is offline\n", token);
		return -EINVAL;
	}
	return 0;
}

/**
 * pb_parse_bytes - convert a number with K, M, G, T, P or E
 * @token: the number, and nothing else
 * @bytes: set to it
 *
 * As memparse(), but rejects trailing characters and values that overflow 64 bits. In hexadecimal
 * an E is a digit.
 *
 * Context: any.
 * Return: 0, -EINVAL, or -ERANGE.
 */
int pb_parse_bytes(const char *token, u64 *bytes)
{
	static const char suffixes[] = "kmgtpe";
	bool hex = token[0] == '0' && tolower(token[1]) == 'x';
	size_t len = hex ? 2 + strspn(token + 2, "0123456789abcdefABCDEF") :
			   strspn(token, "0123456789");
	unsigned int shift = 0;
	char digits[24], *end;
	u64 number;
	int ret;

	if (!isdigit(token[0]) || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, token, len);
	digits[len] = '\0';
	ret = kstrtou64(digits, 0, &number);
	if (ret)
		return ret;
	*bytes = memparse(token, &end);
	if (*end)
		return -EINVAL;
	if (token[len])
		shift = 10 * (strchr(suffixes, tolower(token[len])) - suffixes + 1);
	return *bytes >> shift == number ? 0 : -ERANGE;
}

/**
 * pb_parse_nodes - convert the list of nodes of a parameter
 * @param: its name, for messages
 * @text: the list, as 1,3-4, perhaps with a line feed
 * @nodes: set to them
 *
 * As nodelist_parse(), but accepts only nodes that the machine has or may get.
 *
 * Context: any.
 * Return: 0, or -EINVAL or -ERANGE after a line in the log.
 */
int pb_parse_nodes(const char *param, const char *text, nodemask_t *nodes)
{
	int ret = nodelist_parse(text, *nodes);

	if (!ret && next_node(nr_node_ids - 1, *nodes) < MAX_NUMNODES)
		ret = -ERANGE;
	if (ret)
		pr_err("%s: bad list of nodes \"%.*s\": for example 1,3-4 is expected, of nodes 0 to %u\n",
		       param, (int)strcspn(text, "\n"), text, nr_node_ids - 1);
	return ret;
}

/* @what: "size" or "maximum", for messages. Rounds up to whole pageblocks. */
static int parse_size(const char *what, const char *token, bool zero, unsigned long *nr_pages)
{
	u64 bytes;
	int ret = pb_parse_bytes(token, &bytes);

	if (!ret && !bytes && !zero) {
		pr_err("pool: bad %s \"%s\": it is zero\n", what, token);
		return -EINVAL;
	}
	if (!ret && bytes > SIZE_MAX - PAGEBLOCK_BYTES)
		ret = -ERANGE;
	if (ret == -ERANGE) {
		pr_err("pool: bad %s \"%s\": it is too large\n", what, token);
		return -EINVAL;
	}
	if (ret) {
		pr_err("pool: bad %s \"%s\": a number with K, M, G or T is expected\n", what,
		       token);
		return -EINVAL;
	}
	*nr_pages = round_up(bytes, PAGEBLOCK_BYTES) >> PAGE_SHIFT;
	return 0;
}

/* ---- max_address= ---- */

static char *max_address;
module_param(max_address, charp, 0400);
MODULE_PARM_DESC(max_address, "address up to which memory may be added to nodes that can grow, in bytes or with K, M, G, T; 0: the end of each node at load (default: what the firmware declares, at most twice the end of all memory or 4G more)");

#define MAX_ADDRESS_MOST	BIT_ULL(46)

static unsigned long max_pfn_added;

/**
 * pb_pool_spec_parse_max_address - parse the parameter max_address=
 *
 * Logs one line for an invalid value, and for a default that is not 0. Context: process.
 *
 * Return: 0 or -EINVAL.
 */
int pb_pool_spec_parse_max_address(void)
{
	u64 bytes = 0;
	int ret;

	if (!max_address) {
		max_pfn_added = round_down(pb_hot_pluggable_end(), PB_PAGEBLOCK_NR);
		if (max_pfn_added)
			pr_info("max_address: %#llx, below which the firmware declares memory to be added\n",
				(unsigned long long)PFN_PHYS(max_pfn_added));
		return 0;
	}
	ret = pb_parse_bytes(max_address, &bytes);
	if (ret == -EINVAL) {
		pr_err("max_address: bad value \"%s\": a number with K, M, G or T is expected\n",
		       max_address);
		return -EINVAL;
	}
	if (ret || bytes > MAX_ADDRESS_MOST) {
		pr_err("max_address: bad value \"%s\": it is above 64T\n", max_address);
		return -EINVAL;
	}
	max_pfn_added = round_down(bytes >> PAGE_SHIFT, PB_PAGEBLOCK_NR);
	return 0;
}

/**
 * pb_pool_spec_max_pfn - the end of the memory that may be added
 *
 * Context: any.
 * Return: a PFN, exclusive; 0: none may be.
 */
unsigned long pb_pool_spec_max_pfn(void)
{
	return max_pfn_added;
}

/* ---- pool= ---- */

/* @nr_pages: those that are the kernel's. */
static int check_size(const char *what, const char *token, int nid, unsigned long nr_pages)
{
	if (nr_pages <= node_present_pages(nid))
		return 0;
	pr_err("pool: bad %s \"%s\": it is too large, node %d has %lu MiB\n", what, token, nid,
	       node_present_pages(nid) >> (20 - PAGE_SHIFT));
	return -EINVAL;
}

static int parse_source(char *token, struct pb_pool_spec *spec)
{
	char *label = strchr(token, '=');
	char names[64];

	if (label)
		*label++ = '\0';
	spec->source = pb_source_find(token);
	if (!spec->source) {
		pb_source_names(names, sizeof(names));
		pr_err("pool: unknown source \"%s\": there are %s\n", token, names);
		return -EINVAL;
	}
	if (spec->source->label && (!label || !*label)) {
		pr_err("pool: source \"%s\" needs a label: %s=%s\n", token, token,
		       spec->source->label);
		return -EINVAL;
	}
	if (!label)
		return 0;
	if (!spec->source->label) {
		pr_err("pool: source \"%s\" takes no label, got \"%s\"\n", token, label);
		return -EINVAL;
	}
	if (strscpy(spec->label, label, sizeof(spec->label)) < 0) {
		pr_err("pool: label \"%s\" is longer than %d characters\n", label,
		       PB_POOL_LABEL_LEN - 1);
		return -EINVAL;
	}
	return 0;
}

/* Parses MAX. Call after parse_source(): not all of it may be the kernel's. */
static int parse_max(const char *token, struct pb_pool_spec *spec)
{
	static const char what[] = "maximum";
	int ret = parse_size(what, token, false, &spec->max_pages);
	unsigned long nr_pages = spec->max_pages;

	if (ret)
		return ret;
	if (nr_pages < spec->nr_pages) {
		pr_err("pool: bad %s \"%s\": it is below the size\n", what, token);
		return -EINVAL;
	}
	if (spec->source->beyond_node)
		nr_pages -= spec->nr_pages;
	/* Memory may be added to the node. */
	return nr_pages <= max_pfn_added ? 0 : check_size(what, token, spec->nid, nr_pages);
}

/* A node without memory takes none at load, and grows when some was added to it. */
static int check_memory(const char *token, const struct pb_pool_spec *spec)
{
	if (node_state(spec->nid, N_MEMORY) || (!spec->nr_pages && max_pfn_added))
		return 0;
	pr_err("pool: bad node \"%s\": it has no memory; to grow when some is added, it needs %s:0-MAX and max_address=\n",
	       token, token);
	return -EINVAL;
}

/* Parses SIZE, which may be 0 if the node grows by its source later. @node: for messages. */
static int parse_first_size(const char *node, const char *token, bool max,
			    struct pb_pool_spec *spec)
{
	static const char what[] = "size";
	int ret = parse_size(what, token, max && spec->source->grows, &spec->nr_pages);

	if (!ret)
		ret = check_memory(node, spec);
	return ret || spec->source->beyond_node ? ret :
	       check_size(what, token, spec->nid, spec->nr_pages);
}

/* Parses one element. Writes NUL bytes into @token. */
static int parse_element(char *token, struct pb_pool_spec *spec)
{
	char *size = strchr(token, ':'), *source, *most;
	int ret;

	if (!size) {
		pr_err("pool: bad element \"%s\": NODE:SIZE[-MAX][@SOURCE[=LABEL]] is expected\n",
		       token);
		return -EINVAL;
	}
	*size++ = '\0';
	source = strchr(size, '@');
	if (source)
		*source++ = '\0';
	/* Skip a leading '-': it is a sign, which parse_size() rejects. */
	most = *size ? strchr(size + 1, '-') : NULL;
	if (most)
		*most++ = '\0';

	spec->source = pb_source_default();
	ret = parse_node(token, &spec->nid);
	if (!ret && source)
		ret = parse_source(source, spec);
	if (!ret)
		ret = parse_first_size(token, size, most, spec);
	return ret || !most ? ret : parse_max(most, spec);
}

/**
 * pb_pool_spec_parse - parse the pool= parameter
 * @text: its value
 * @specs: array to fill, one entry for each element
 * @max: length of @specs
 *
 * Sizes are rounded up to whole pageblocks. A node and source may occur more than once. Logs one
 * line that names the invalid part of an invalid element. Context: process, may sleep.
 *
 * Return: number of elements, at least one; -EINVAL for an invalid element; -ENOMEM.
 */
int pb_pool_spec_parse(const char *text, struct pb_pool_spec *specs, unsigned int max)
{
	char *copy = kstrdup(text, GFP_KERNEL), *rest = copy, *token;
	unsigned int nr = 0;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	rest = strim(copy);
	while (!ret && (token = strsep(&rest, ","))) {
		if (nr == max) {
			pr_err("pool: more than %u elements\n", max);
			ret = -EINVAL;
			break;
		}
		memset(&specs[nr], 0, sizeof(specs[nr]));
		ret = parse_element(token, &specs[nr++]);
	}
	kfree(copy);
	if (!ret && !pb_pool_spec_pages(specs, nr)) {
		pr_err("pool: no node begins with memory: a size above 0 is expected\n");
		return -EINVAL;
	}
	return ret ?: nr;
}

static unsigned long node_free_pages(int nid)
{
	unsigned long pages = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_page_state(&NODE_DATA(nid)->node_zones[i], NR_FREE_PAGES);
	return pages;
}

/**
 * pb_pool_spec_default - make the specs for a missing pool= parameter
 * @specs: array to fill, one entry for each node with enough free memory
 * @max: length of @specs
 *
 * The size on each node is %DEFAULT_MIN bytes or 1/%DEFAULT_SHARE of the node's free memory,
 * whichever is more, but at most 1/%DEFAULT_SHARE_MAX of it. It is rounded down to whole
 * pageblocks; a node for which the result is 0 is skipped. Context: process.
 *
 * Return: number of entries, 0 when every node was skipped.
 */
int pb_pool_spec_default(struct pb_pool_spec *specs, unsigned int max)
{
	unsigned int nr = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		unsigned long free = node_free_pages(nid), want;

		want = max(free / DEFAULT_SHARE, (unsigned long)DEFAULT_MIN >> PAGE_SHIFT);
		want = min(want, free / DEFAULT_SHARE_MAX);
		want = round_down(want, PB_PAGEBLOCK_NR);
		if (!want || nr == max)
			continue;
		specs[nr++] = (struct pb_pool_spec) {
			.nid = nid,
			.nr_pages = want,
			.source = pb_source_default(),
			.implied = true,
		};
	}
	return nr;
}

/**
 * pb_pool_spec_pages - the sum of the sizes
 * @specs: the elements of pool=
 * @nr: their number
 *
 * Return: number of pages.
 */
unsigned long pb_pool_spec_pages(const struct pb_pool_spec *specs, unsigned int nr)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages += specs[i].nr_pages;
	return pages;
}

/*
 * The size whose share below the min watermarks leaves @pages for ordinary requests. A zone of p
 * pages in a pool of P pages keeps p * min / P pages, so p * (P - min) / P are left, with @pool as
 * P and @rest as P - min. None keeps more than @min.
 */
static unsigned long size_with_min_free(unsigned long pages, unsigned long pool,
					unsigned long rest, unsigned long min)
{
	u64 size = mul_u64_u64_div_u64(pages, pool, rest) + 1;

	return round_up(min_t(u64, size, pages + min), PB_PAGEBLOCK_NR);
}

/*
 * The same for a maximum, which others may reach too or not. P is at least @total. The default of
 * min_free_kbytes is a falling share of a growing pool.
 */
static unsigned long max_with_min_free(unsigned long pages, unsigned long total, unsigned long min)
{
	if (min > total / 2)
		pages += min;
	else
		pages = mul_u64_u64_div_u64(pages, total, total - min) + 1;
	return round_up(pages, PB_PAGEBLOCK_NR);
}

/**
 * pb_pool_spec_add_min_free - take the pages that min_free_kbytes keeps in addition
 * @specs: the elements of pool=
 * @nr: their number
 * @min_free_pages: pages that requests which may sleep leave free, of all elements together
 *
 * So a request that may sleep can have as much as pool= specifies. Memory that was set aside at
 * boot, and the default share of the system's memory, keep their size. The maximum keeps it, too,
 * if all up to there was set aside.
 *
 * Return: 0; -EINVAL, after a line in the log, for more than the memory of the system.
 */
int pb_pool_spec_add_min_free(struct pb_pool_spec *specs, unsigned int nr,
			      unsigned long min_free_pages)
{
	unsigned long total = pb_pool_spec_pages(specs, nr), fixed = 0, rest, pool;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (specs[i].implied || specs[i].source->set_aside)
			fixed += specs[i].nr_pages;
	if (!min_free_pages)
		return 0;
	if (fixed < total && min_free_pages > totalram_pages()) {
		pr_err("min_free_kbytes: it is more than the memory of the system\n");
		return -EINVAL;
	}
	/*
	 * What is fixed keeps its part of the minimum, the others grow by theirs. Where that is
	 * most of what is fixed, no size of the others leaves all.
	 */
	rest = total;
	if (total)
		rest -= min_t(u64, mul_u64_u64_div_u64(fixed, min_free_pages, total), total / 2);
	pool = rest + min_free_pages;
	for (i = 0; i < nr; i++) {
		struct pb_pool_spec *spec = &specs[i];

		if (spec->implied)
			continue;
		if (!spec->source->set_aside && spec->nr_pages)
			spec->nr_pages = size_with_min_free(spec->nr_pages, pool, rest,
							    min_free_pages);
		if (spec->max_pages && !(spec->source->set_aside && spec->source->grows))
			spec->max_pages = max_with_min_free(spec->max_pages, total,
							    min_free_pages);
	}
	return 0;
}
