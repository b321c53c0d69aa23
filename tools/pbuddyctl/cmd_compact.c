// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl compact: makes free pageblocks by the ioctl COMPACT. On a terminal it calls the ioctl
 * for a part of the memory at a time, and shows on stderr how far it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define STEPS		64	/* of the size of the pool, if each pageblock is to be gained */
#define STEP_LEAST	4	/* pageblocks */

static const struct argp compact_argp = {
	.options	= plain_options,
	.parser		= parse_node_arg,
	.args_doc	= "[NODE]",
	.doc		= "Move blocks so that pageblocks of a node, or of all, become free.",
};

/* Pageblocks to gain in one call: 0 for all at once. */
static uint64_t step_of(const struct node_table *table)
{
	uint64_t bytes = 0, step;
	uint32_t i;

	if (!isatty(STDERR_FILENO))
		return 0;
	for (i = 0; i < table->info.nr_nodes; i++)
		bytes += table->node[i].total_bytes;
	step = bytes / pageblock_bytes(table) / STEPS;
	return step > STEP_LEAST ? step : STEP_LEAST;
}

static void show_progress(const struct pbuddy_compact *sum)
{
	fprintf(stderr, "\r%" PRIu64 " pageblocks made free, %" PRIu64 " pages moved ...\033[K",
		(uint64_t)sum->gained_pageblocks, (uint64_t)sum->moved_pages);
}

/* Calls the ioctl until it gains no more; @sum is set to what all calls did. */
static int compact(int fd, int node, uint64_t step, struct pbuddy_compact *sum)
{
	struct pbuddy_compact c;
	int err;

	*sum = (struct pbuddy_compact) { .node = node };
	do {
		c = (struct pbuddy_compact) {
			.size = sizeof(c), .node = node, .max_pageblocks = step,
		};
		err = ioctl(fd, PBUDDY_IOCTL_COMPACT, &c);
		if (err)
			break;
		if (!sum->size)
			sum->before_pageblocks = c.before_pageblocks;
		sum->size = sizeof(c);
		sum->after_pageblocks = c.after_pageblocks;
		sum->gained_pageblocks += c.gained_pageblocks;
		sum->moved_pages += c.moved_pages;
		if (step)
			show_progress(sum);
	} while (step && c.gained_pageblocks == step);
	if (step && sum->size)
		fprintf(stderr, "\r\033[K");
	return err;
}

static void print_json(long node, const struct pbuddy_compact *c, uint64_t block_bytes)
{
	json_open(NULL, '{');
	if (node != PBUDDY_NODE_ANY)
		json_number("node", node);
	json_number("moved_pages", (long long)c->moved_pages);
	json_number("gained_pageblocks", (long long)c->gained_pageblocks);
	json_number("before_pageblocks", (long long)c->before_pageblocks);
	json_number("after_pageblocks", (long long)c->after_pageblocks);
	json_number("pageblock_bytes", (long long)block_bytes);
	json_close('}');
}

static void print_text(long node, const struct pbuddy_compact *c, uint64_t block_bytes)
{
	char size[32];

	print_node_arg(node);
	printf(": %" PRIu64 " pages moved, free pageblocks of %s: %" PRIu64 " before, %" PRIu64
	       " after\n", (uint64_t)c->moved_pages,
	       format_size(block_bytes, size, sizeof(size)), (uint64_t)c->before_pageblocks,
	       (uint64_t)c->after_pageblocks);
}

int cmd_compact(const struct options *global, int argc, char **argv)
{
	struct node_args args = { .opt = *global, .node = PBUDDY_NODE_ANY };
	struct node_table table;
	struct pbuddy_compact c;
	int fd, status;

	argp_parse(&compact_argp, argc, argv, 0, NULL, &args);
	status = open_nodes(&args.opt, args.node, &fd, &table);
	if (status)
		return status;
	if (compact(fd, (int)args.node, step_of(&table), &c))
		status = ioctl_failed(&args.opt, "COMPACT", args.node);
	else if (args.opt.json)
		print_json(args.node, &c, pageblock_bytes(&table));
	else
		print_text(args.node, &c, pageblock_bytes(&table));
	free(table.node);
	close(fd);
	return status;
}
