// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl leaks: prints the buffers that no process holds by a descriptor or a mapping: those in
 * a message of a socket, in a table of io_uring, in a driver that imports a dma-buf, or in
 * quarantine because pages are pinned.
 *
 * A descriptor may be passed on while /proc is read, so a buffer counts if it is not found twice in
 * a row, and exists before and after.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffers.h"
#include "held_ids.h"

#define LOOKS		2
#define PAUSE_US	100000

static const struct argp leaks_argp = {
	.options	= plain_options,
	.parser		= parse_plain,
	.doc		= "Show buffers that no process holds by a descriptor or a mapping.",
};

/* What holds a buffer that no process holds. */
static const char *holder_name(const struct buffer *buffer)
{
	if (buffer->info.flags & PBUDDY_BUFFER_QUARANTINED)
		return "pinned pages";
	if (buffer->info.nr_dmabufs)
		return "dma-buf";
	return "socket, io_uring";
}

static const char *holder_column(const struct buffer *buffer, char *text, size_t len)
{
	(void)text;
	(void)len;
	return holder_name(buffer);
}

/* Removes the buffers that a process holds; they stay in order. */
static void keep_unheld(struct buffer_table *table, const struct held_ids *held)
{
	size_t i, nr = 0;

	for (i = 0; i < table->nr; i++)
		if (!table->buffer[i].info.nr_mappings &&
		    !is_held(held, table->buffer[i].info.id))
			table->buffer[nr++] = table->buffer[i];
	table->nr = nr;
}

/* Removes the buffers that are not in another table; both are in the order of the ids. */
static void keep_common(struct buffer_table *table, const struct buffer_table *other)
{
	size_t i, k = 0, nr = 0;

	for (i = 0; i < table->nr; i++) {
		while (k < other->nr && other->buffer[k].info.id < table->buffer[i].info.id)
			k++;
		if (k < other->nr && other->buffer[k].info.id == table->buffer[i].info.id)
			table->buffer[nr++] = table->buffer[i];
	}
	table->nr = nr;
}

/* Reads the buffers that no process holds now. Returns an exit code. */
static int look(const struct options *opt, struct buffer_table *table, struct proc_unseen *unseen)
{
	struct held_ids held;
	int status = read_buffers(opt, table);

	if (status)
		return status;
	if (find_held_ids(&held)) {
		fprintf(stderr, "pbuddyctl: cannot look through /proc: %s\n", strerror(errno));
		free(held.id);
		free_buffers(table);
		return EXIT_FAILED;
	}
	keep_unheld(table, &held);
	*unseen = held.unseen;
	free(held.id);
	return EXIT_OK;
}

static int find_leaks(const struct options *opt, struct buffer_table *leaks,
		      struct proc_unseen *unseen)
{
	struct buffer_table earlier;
	int status = look(opt, leaks, unseen), i;

	/* The latest table remains, as the states are those of now. */
	for (i = 1; i < LOOKS && !status && leaks->nr; i++) {
		earlier = *leaks;
		usleep(PAUSE_US);
		status = look(opt, leaks, unseen);
		if (!status)
			keep_common(leaks, &earlier);
		free_buffers(&earlier);
	}
	return status;
}

static void print_json(const struct buffer_table *table, const struct proc_unseen *unseen)
{
	size_t i;

	json_open(NULL, '{');
	json_number("unreadable_processes", unseen->unreadable);
	json_bool("hidden_processes", unseen->hidden);
	json_open("leaks", '[');
	for (i = 0; i < table->nr; i++) {
		json_open(NULL, '{');
		json_string("held_by", holder_name(&table->buffer[i]));
		json_buffer(table, &table->buffer[i]);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void warn_unseen(const struct proc_unseen *unseen)
{
	const char *const advice = "may hold some of them: run as root to see all";

	if (unseen->hidden)
		fprintf(stderr, "pbuddyctl: processes that /proc hides %s\n", advice);
	else if (unseen->unreadable)
		fprintf(stderr, "pbuddyctl: %u processes %s\n", unseen->unreadable, advice);
}

int cmd_leaks(const struct options *global, int argc, char **argv)
{
	struct options opt = *global;
	struct buffer_table table;
	struct proc_unseen unseen = { 0 };
	int status;

	argp_parse(&leaks_argp, argc, argv, 0, NULL, &opt);
	status = find_leaks(&opt, &table, &unseen);
	if (status)
		return status;
	if (opt.json)
		print_json(&table, &unseen);
	else if (table.nr)
		print_buffers(&table, "HELD BY", holder_column);
	if (table.nr)
		warn_unseen(&unseen);
	status = table.nr ? EXIT_LEAKS : EXIT_OK;
	free_buffers(&table);
	return status;
}
