// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of buffers by the process that created them, by the user that is charged for them, or by
 * node; with a column for each node, as numastat -p has.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list_sums.h"

/* ---- By process and by user ---- */

/* Buffers of one process or user. */
struct sum {
	const struct buffer	*first;
	unsigned long		nr;
	uint64_t		bytes;
	uint64_t		charged;
	uint64_t		*node_bytes;
};

struct sums {
	struct sum	*sum;
	size_t		nr;
};

static bool same(enum by by, const struct pbuddy_buffer_info *a, const struct pbuddy_buffer_info *b)
{
	if (by == BY_USER)
		return a->account_uid == b->account_uid;
	return a->creator_pid == b->creator_pid && a->creator_uid == b->creator_uid &&
	       !((a->flags ^ b->flags) & PBUDDY_BUFFER_CREATOR_EXITED) &&
	       !strncmp(a->creator_comm, b->creator_comm, PBUDDY_COMM_LEN);
}

static struct sum *sum_of(struct sums *sums, enum by by, const struct buffer_table *table,
			  const struct buffer *buffer)
{
	struct sum *sum;
	size_t i;

	for (i = sums->nr; i-- > 0; )		/* the last ones are the likeliest */
		if (same(by, &sums->sum[i].first->info, &buffer->info))
			return &sums->sum[i];
	sum = reallocarray(sums->sum, sums->nr + 1, sizeof(*sum));
	if (!sum)
		err(EXIT_FAILED, "list");
	sums->sum = sum;
	sum = &sums->sum[sums->nr++];
	*sum = (struct sum) {
		.first = buffer, .node_bytes = calloc(table->nr_nodes, sizeof(uint64_t)),
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

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static struct sums sum_up(const struct buffer_table *table, enum by by)
{
	struct sums sums = { 0 };
	size_t i;

	for (i = 0; i < table->nr; i++)
		add_buffer(sum_of(&sums, by, table, &table->buffer[i]), table, &table->buffer[i]);
	if (sums.nr)
		qsort(sums.sum, sums.nr, sizeof(*sums.sum), by_bytes);
	return sums;
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

#define SUM_COLUMNS	4	/* beside those of the nodes */

/* One line: the name, the number of buffers, each node, the total, the charge. */
static void print_sum(struct libscols_table *out, const char *name, const struct sum *sum,
		      const struct buffer_table *table)
{
	const char **value = calloc(table->nr_nodes + SUM_COLUMNS, sizeof(*value));
	char (*text)[24] = calloc(table->nr_nodes + SUM_COLUMNS, sizeof(*text));
	unsigned int nid, i = 0;

	if (!value || !text)
		err(EXIT_FAILED, "list");
	value[i++] = name;
	snprintf(text[i], sizeof(text[i]), "%lu", sum->nr);
	value[i] = text[i];
	i++;
	for (nid = 0; nid < table->nr_nodes; nid++, i++)
		value[i] = format_size(sum->node_bytes[nid], text[i], sizeof(text[i]));
	value[i] = format_size(sum->bytes, text[i], sizeof(text[i]));
	i++;
	value[i] = format_size(sum->charged, text[i], sizeof(text[i]));
	table_row(out, value, i + 1);
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

static void print_sums(const struct sums *sums, enum by by, const struct buffer_table *table)
{
	struct libscols_table *out = table_new();
	char name[NAME_LEN + 16];
	struct sum all = { .node_bytes = calloc(table->nr_nodes, sizeof(uint64_t)) };
	unsigned int nid;
	size_t i;

	if (!all.node_bytes)
		err(EXIT_FAILED, "list");
	table_column_cut(out, by == BY_PROCESS ? "PROCESS" : "USER");
	table_column(out, "BUFFERS", RIGHT);
	for (nid = 0; nid < table->nr_nodes; nid++) {
		snprintf(name, sizeof(name), "NODE %u", nid);
		table_column(out, name, RIGHT);
	}
	table_column(out, "TOTAL", RIGHT);
	table_column(out, "CHARGED", RIGHT);
	for (i = 0; i < sums->nr; i++)
		print_sum(out, sum_name(&sums->sum[i], by, name, sizeof(name)), &sums->sum[i],
			  table);
	for (i = 0; i < table->nr; i++)
		add_buffer(&all, table, &table->buffer[i]);
	print_sum(out, "Total", &all, table);
	table_print(out);
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
	while (sums.nr)
		free(sums.sum[--sums.nr].node_bytes);
	free(sums.sum);
}
