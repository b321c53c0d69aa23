// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl list: prints the buffers that exist, one to a line, or sums of them (list_sums.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffers.h"
#include "list_sums.h"

enum { KEY_BY = 0x100, KEY_SORT };

static const char *const by_name[BY_BUFFER] = { "process", "user", "node" };

enum sort { SORT_ID, SORT_SIZE, SORT_LABEL, SORT_USER, NR_SORTS };

static const char *const sort_name[NR_SORTS] = { "id", "size", "label", "user" };

struct list_args {
	struct options	opt;
	unsigned int	by;
	unsigned int	sort;
	long		node;		/* -1: all */
};

static const struct argp_option list_options[] = {
	{ "by", KEY_BY, "WHAT", 0, "Print sums by process, user or node", 0 },
	{ "sort", KEY_SORT, "KEY", 0, "Sort by id (the default), size, label or user", 0 },
	{ "node", 'n', "NODE", 0, "Only buffers with memory on this node", 0 },
	OPTION_JSON,
	{ 0 }
};

static bool parse_word(const char *text, const char *const *word, unsigned int nr,
		       unsigned int *index)
{
	for (*index = 0; *index < nr; (*index)++)
		if (!strcmp(text, word[*index]))
			return true;
	return false;
}

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
	struct list_args *args = state->input;

	switch (key) {
	case KEY_BY:
		if (!parse_word(arg, by_name, BY_BUFFER, &args->by))
			argp_error(state, "'%s': --by takes process, user or node", arg);
		return 0;
	case KEY_SORT:
		if (!parse_word(arg, sort_name, NR_SORTS, &args->sort))
			argp_error(state, "'%s': --sort takes id, size, label or user", arg);
		return 0;
	case 'n':
		if (!parse_number(arg, 0, INT32_MAX, &args->node))
			argp_error(state, "'%s': --node takes the number of a NUMA node", arg);
		return 0;
	case ARGP_KEY_INIT:
		return 0;
	case ARGP_KEY_END:
		if (args->by != BY_BUFFER && args->sort != SORT_ID)
			argp_error(state, "--by and --sort exclude each other");
		return 0;
	default:
		state->input = &args->opt;
		return parse_plain(key, arg, state);
	}
}

static const struct argp list_argp = {
	.options	= list_options,
	.parser		= parse_list,
	.doc		= "Show the buffers that exist, however they are held.",
};

/* ---- Buffers ---- */

static enum sort sort_key;

static int by_sort_key(const void *a, const void *b)
{
	const struct buffer *x = a, *y = b;
	uint64_t left = bytes_held(x), right = bytes_held(y);
	int order = 0;

	if (sort_key == SORT_SIZE)
		order = left < right ? 1 : left > right ? -1 : 0;
	else if (sort_key == SORT_LABEL)
		order = strcmp(x->info.label, y->info.label);
	else if (sort_key == SORT_USER)
		order = x->info.creator_uid < y->info.creator_uid ? -1 :
			x->info.creator_uid > y->info.creator_uid ? 1 : 0;
	if (order)
		return order;
	return x->info.id < y->info.id ? -1 : 1;
}

/* Whether a node, or any for -1, has memory of the module. */
static bool owns_memory(const struct buffer_table *table, long node)
{
	return node < 0 || (node < (long)table->nr_nodes && table->owns_memory[node]);
}

/* Removes the buffers that have no memory on a node. */
static void keep_node(struct buffer_table *table, long node)
{
	size_t i, nr = 0;

	for (i = 0; i < table->nr; i++)
		if (table->buffer[i].node_bytes[node])
			table->buffer[nr++] = table->buffer[i];
	table->nr = nr;
}

static void print_buffers_json(const struct buffer_table *table)
{
	size_t i;

	json_open(NULL, '{');
	json_open("buffers", '[');
	for (i = 0; i < table->nr; i++) {
		json_open(NULL, '{');
		json_buffer(table, &table->buffer[i]);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

/* ---- The verb ---- */

int cmd_list(const struct options *global, int argc, char **argv)
{
	struct list_args args = { .opt = *global, .by = BY_BUFFER, .node = -1 };
	struct buffer_table table;
	int status;

	argp_parse(&list_argp, argc, argv, 0, NULL, &args);
	status = read_buffers(&args.opt, &table);
	if (status)
		return status;
	if (!owns_memory(&table, args.node)) {
		fprintf(stderr, "pbuddyctl: node %ld owns no pbuddy memory\n", args.node);
		free_buffers(&table);
		return EXIT_FAILED;
	}
	if (args.node >= 0)
		keep_node(&table, args.node);
	sort_key = args.sort;
	if (table.nr && sort_key != SORT_ID)
		qsort(table.buffer, table.nr, sizeof(*table.buffer), by_sort_key);
	if (args.by != BY_BUFFER)
		print_by(&table, (enum by)args.by, args.opt.json);
	else if (args.opt.json)
		print_buffers_json(&table);
	else
		print_buffers(&table, "STATE", state_name);
	free_buffers(&table);
	return EXIT_OK;
}
