// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of buffers by the process that created them, by the user that is charged for them, or by
 * node; with a column for each node, as numastat -p has. Columns that do not fit the width follow
 * in further tables, as there.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list_sums.h"

/* ---- By process and by user ---- */

/* The order of the processes or users of two buffers; 0 for the same one. */
static enum by compared_by;

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_owners(const struct pbuddy_buffer_info *a, const struct pbuddy_buffer_info *b)
{
	int order;

	if (compared_by == BY_USER)
		return compare_numbers(a->account_uid, b->account_uid);
	order = compare_numbers(a->creator_pid, b->creator_pid);
	if (!order)
		order = compare_numbers(a->creator_uid, b->creator_uid);
	if (!order)
		order = compare_numbers(a->flags & PBUDDY_BUFFER_CREATOR_EXITED,
					b->flags & PBUDDY_BUFFER_CREATOR_EXITED);
	return order ? order : strncmp(a->creator_comm, b->creator_comm, PBUDDY_COMM_LEN);
}

/* Buffers of one owner stay in the order of the table. */
static int by_owner(const void *a, const void *b)
{
	const struct buffer *const *x = a, *const *y = b;
	int order = compare_owners(&(*x)->info, &(*y)->info);

	return order ? order : compare_numbers((*x)->info.id, (*y)->info.id);
}

static struct sum *add_sum(struct sums *sums, const struct buffer_table *table,
			   const struct buffer *first)
{
	struct sum *sum = &sums->sum[sums->nr++];

	*sum = (struct sum) {
		.first = first, .node_bytes = calloc(table->nr_nodes, sizeof(uint64_t)),
	};
	if (!sum->node_bytes)
		err(EXIT_FAILED, "list");
	return sum;
}

static void add_buffer(struct sum *sum, const struct buffer_table *table,
		       const struct buffer *buffer)
{
	unsigned int nid;

	sum->nr++;
	sum->bytes += bytes_held(buffer);
	sum->charged += buffer->info.charged_bytes;
	for (nid = 0; nid < table->nr_nodes; nid++)
		sum->node_bytes[nid] += buffer->node_bytes[nid];
}

static int by_bytes(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	int order = compare_numbers(y->bytes, x->bytes);

	return order ? order : compare_numbers(x->first->info.id, y->first->info.id);
}

/* There may be as many owners as buffers, so these are sorted by owner first. */
struct sums sum_up(const struct buffer_table *table, enum by by)
{
	const struct buffer **buffer = calloc(table->nr + 1, sizeof(*buffer));
	struct sums sums = { .sum = calloc(table->nr + 1, sizeof(*sums.sum)) };
	struct sum *sum = NULL;
	size_t i;

	if (!buffer || !sums.sum)
		err(EXIT_FAILED, "list");
	for (i = 0; i < table->nr; i++)
		buffer[i] = &table->buffer[i];
	compared_by = by;
	qsort(buffer, table->nr, sizeof(*buffer), by_owner);
	for (i = 0; i < table->nr; i++) {
		if (!sum || compare_owners(&sum->first->info, &buffer[i]->info))
			sum = add_sum(&sums, table, buffer[i]);
		add_buffer(sum, table, buffer[i]);
	}
	free(buffer);
	qsort(sums.sum, sums.nr, sizeof(*sums.sum), by_bytes);
	return sums;
}

void free_sums(struct sums *sums)
{
	while (sums->nr)
		free(sums->sum[--sums->nr].node_bytes);
	free(sums->sum);
}

static void json_sum(const struct sum *sum, enum by by, const struct buffer_table *table)
{
	const struct pbuddy_buffer_info *info = &sum->first->info;
	char comm[PBUDDY_COMM_LEN + 1];
	unsigned int nid;

	json_open(NULL, '{');
	if (by == BY_PROCESS) {
		snprintf(comm, sizeof(comm), "%.*s", PBUDDY_COMM_LEN, info->creator_comm);
		json_number("creator_pid", info->creator_pid);
		json_string("creator_comm", comm);
		json_bool("creator_exited", info->flags & PBUDDY_BUFFER_CREATOR_EXITED);
		json_number("creator_uid", info->creator_uid);
	} else {
		json_number("account_uid", info->account_uid);
	}
	json_number("buffers", (long long)sum->nr);
	json_open("node_bytes", '[');
	for (nid = 0; nid < table->nr_nodes; nid++)
		json_number(NULL, (long long)sum->node_bytes[nid]);
	json_close(']');
	json_number("bytes", (long long)sum->bytes);
	json_number("charged_bytes", (long long)sum->charged);
	json_close('}');
}

static void print_sums_json(const struct sums *sums, enum by by, const struct buffer_table *table)
{
	size_t i;

	json_open(NULL, '{');
	json_open(by == BY_PROCESS ? "processes" : "users", '[');
	for (i = 0; i < sums->nr; i++)
		json_sum(&sums->sum[i], by, table);
	json_close(']');
	json_close('}');
}

/*
 * Columns after the name: the number of buffers, each node, the total, the charge. A table has as
 * many of them as fit the width beside a name.
 */
#define OTHER_COLUMNS	3
#define COLUMN_WIDTH	8
#define NAME_WIDTH	16

static unsigned int columns_per_table(unsigned int nr_columns)
{
	size_t width = output_width();
	unsigned int fit;

	if (!width)
		return nr_columns;
	fit = width > NAME_WIDTH ? (unsigned int)(width - NAME_WIDTH) / COLUMN_WIDTH : 0;
	return fit ? fit : 1;
}

static const char *column_name(unsigned int column, unsigned int nr_nodes, char *text, size_t len)
{
	if (!column)
		return "BUFFERS";
	if (column > nr_nodes)
		return column == nr_nodes + 1 ? "TOTAL" : "CHARGED";
	snprintf(text, len, "NODE %u", column - 1);
	return text;
}

static const char *column_text(const struct sum *sum, unsigned int column, unsigned int nr_nodes,
			       char *text, size_t len)
{
	if (!column)
		snprintf(text, len, "%lu", sum->nr);
	else if (column > nr_nodes)
		format_size(column == nr_nodes + 1 ? sum->bytes : sum->charged, text, len);
	else
		format_size(sum->node_bytes[column - 1], text, len);
	return text;
}

/* The columns of one of the tables. */
struct columns {
	unsigned int	first, end;
	unsigned int	nr_nodes;
};

static void print_sum(struct libscols_table *out, const char *name, const struct sum *sum,
		      const struct columns *columns)
{
	unsigned int nr = columns->end - columns->first, i;
	const char **value = calloc(nr + 1, sizeof(*value));
	char (*text)[24] = calloc(nr, sizeof(*text));

	if (!value || !text)
		err(EXIT_FAILED, "list");
	value[0] = name;
	for (i = 0; i < nr; i++)
		value[i + 1] = column_text(sum, columns->first + i, columns->nr_nodes, text[i],
					   sizeof(text[i]));
	table_row(out, value, nr + 1);
	free(value);
	free(text);
}

static const char *sum_name(const struct sum *sum, enum by by, char *text, size_t len)
{
	char creator[NAME_LEN];

	if (by == BY_USER)
		return user_name(sum->first->info.account_uid, text, len);
	snprintf(text, len, "%s%s", creator_name(sum->first, creator, sizeof(creator)),
		 sum->first->info.flags & PBUDDY_BUFFER_CREATOR_EXITED ? " (exited)" : "");
	return text;
}

static void print_columns(const struct sums *sums, const struct sum *all, enum by by,
			  const struct columns *columns)
{
	struct libscols_table *out = table_new();
	char name[NAME_LEN + 16];
	unsigned int column;
	size_t i;

	table_column_cut(out, by == BY_PROCESS ? "PROCESS" : "USER");
	for (column = columns->first; column < columns->end; column++)
		table_column(out, column_name(column, columns->nr_nodes, name, sizeof(name)),
			     RIGHT);
	for (i = 0; i < sums->nr; i++)
		print_sum(out, sum_name(&sums->sum[i], by, name, sizeof(name)), &sums->sum[i],
			  columns);
	print_sum(out, "Total", all, columns);
	table_print(out);
}

static void print_sums(const struct sums *sums, enum by by, const struct buffer_table *table)
{
	unsigned int nr = table->nr_nodes + OTHER_COLUMNS, most = columns_per_table(nr);
	struct sum all = { .node_bytes = calloc(table->nr_nodes, sizeof(uint64_t)) };
	struct columns columns = { .nr_nodes = table->nr_nodes };
	size_t i;

	if (!all.node_bytes)
		err(EXIT_FAILED, "list");
	for (i = 0; i < table->nr; i++)
		add_buffer(&all, table, &table->buffer[i]);
	for (; columns.first < nr; columns.first = columns.end) {
		columns.end = nr - columns.first > most ? columns.first + most : nr;
		if (columns.first)
			putchar('\n');
		print_columns(sums, &all, by, &columns);
	}
	free(all.node_bytes);
}

/* ---- By node ---- */

static void sum_node(const struct buffer_table *table, unsigned int nid, unsigned long *nr,
		     uint64_t *bytes)
{
	size_t i;

	*nr = 0;
	*bytes = 0;
	for (i = 0; i < table->nr; i++) {
		*nr += table->buffer[i].node_bytes[nid] != 0;
		*bytes += table->buffer[i].node_bytes[nid];
	}
}

static void print_nodes_json(const struct buffer_table *table)
{
	unsigned long nr;
	unsigned int nid;
	uint64_t bytes;

	json_open(NULL, '{');
	json_open("nodes", '[');
	for (nid = 0; nid < table->nr_nodes; nid++) {
		sum_node(table, nid, &nr, &bytes);
		json_open(NULL, '{');
		json_number("node", nid);
		json_number("buffers", (long long)nr);
		json_number("bytes", (long long)bytes);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void print_nodes(const struct buffer_table *table)
{
	struct libscols_table *out = table_new();
	char node[16], number[24], size[24];
	unsigned long nr;
	unsigned int nid;
	uint64_t bytes;

	table_column(out, "NODE", RIGHT);
	table_column(out, "BUFFERS", RIGHT);
	table_column(out, "TOTAL", RIGHT);
	for (nid = 0; nid < table->nr_nodes; nid++) {
		sum_node(table, nid, &nr, &bytes);
		snprintf(node, sizeof(node), "%u", nid);
		snprintf(number, sizeof(number), "%lu", nr);
		format_size(bytes, size, sizeof(size));
		table_row(out, (const char *[]) { node, number, size }, 3);
	}
	table_print(out);
}

/* ---- The choice ---- */

void print_by(const struct buffer_table *table, enum by by, bool json)
{
	struct sums sums;

	if (by == BY_NODE) {
		if (json)
			print_nodes_json(table);
		else
			print_nodes(table);
		return;
	}
	sums = sum_up(table, by);
	if (json)
		print_sums_json(&sums, by, table);
	else
		print_sums(&sums, by, table);
	free_sums(&sums);
}
