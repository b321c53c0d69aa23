// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl info: prints the result of the ioctl GET_INFO. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pbuddyctl.h"

static const struct argp info_argp = {
	.options	= plain_options,
	.parser		= parse_plain,
	.doc		= "Show how much memory pbuddy owns on each node, and how much is free.",
};

static uint64_t free_bytes(const struct pbuddy_node_info *node)
{
	return node->free_bytes + node->pcp_bytes;
}

static void print_json(const struct node_table *table)
{
	const struct pbuddy_info *info = &table->info;
	uint32_t i;

	json_open(NULL, '{');
	json_number("version", info->version);
	json_number("features", (long long)info->features);
	json_number("page_size", info->page_size);
	json_number("max_order", info->max_order);
	json_number("pageblock_order", info->block_order);
	json_number("quarantine_bytes", (long long)info->quarantine_bytes);
	json_open("nodes", '[');
	for (i = 0; i < info->nr_nodes; i++) {
		const struct pbuddy_node_info *node = &table->node[i];

		json_open(NULL, '{');
		json_number("node", node->node);
		json_number("total_bytes", (long long)node->total_bytes);
		json_number("free_bytes", (long long)node->free_bytes);
		json_number("pcp_bytes", (long long)node->pcp_bytes);
		json_number("largest_free_order", node->largest_free_order);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void print_node(struct libscols_table *out, const struct pbuddy_node_info *node,
		       uint32_t page_size)
{
	char number[16], total[32], free[32], used[32], cached[32], largest[32] = "-";

	snprintf(number, sizeof(number), "%d", node->node);
	format_size(node->total_bytes, total, sizeof(total));
	format_size(free_bytes(node), free, sizeof(free));
	format_size(node->total_bytes - free_bytes(node), used, sizeof(used));
	format_size(node->pcp_bytes, cached, sizeof(cached));
	if (node->largest_free_order >= 0)
		format_size((uint64_t)page_size << node->largest_free_order, largest,
			    sizeof(largest));
	table_row(out, (const char *[]) { number, total, free, used, cached, largest }, 6);
}

static void print_table(const struct node_table *table)
{
	const struct pbuddy_info *info = &table->info;
	struct libscols_table *out = table_new();
	char page[32], block[32], pinned[32];
	uint32_t i;

	printf("pbuddy ABI %" PRIu32 ": pages of %s, orders 0 to %" PRIu32
	       ", pageblocks of %s, %s in quarantine\n",
	       info->version, format_size(info->page_size, page, sizeof(page)), info->max_order,
	       format_size(pageblock_bytes(table), block, sizeof(block)),
	       format_size(info->quarantine_bytes, pinned, sizeof(pinned)));
	table_column(out, "NODE", RIGHT);
	table_column(out, "TOTAL", RIGHT);
	table_column(out, "FREE", RIGHT);
	table_column(out, "USED", RIGHT);
	table_column(out, "CACHED", RIGHT);
	table_column(out, "LARGEST", RIGHT);
	for (i = 0; i < info->nr_nodes; i++)
		print_node(out, &table->node[i], info->page_size);
	table_print(out);
}

int cmd_info(const struct options *global, int argc, char **argv)
{
	struct options opt = *global;
	struct node_table table;
	int fd, status;

	argp_parse(&info_argp, argc, argv, 0, NULL, &opt);
	status = open_nodes(&opt, PBUDDY_NODE_ANY, &fd, &table);
	if (status)
		return status;
	if (opt.json)
		print_json(&table);
	else
		print_table(&table);
	free(table.node);
	close(fd);
	return EXIT_OK;
}
