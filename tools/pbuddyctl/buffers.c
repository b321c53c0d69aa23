// SPDX-License-Identifier: GPL-2.0-only
/* Reads the buffers by the ioctl LIST, and formats their fields. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "buffers.h"

#define CHUNK	256	/* buffers that one call reads */

/* ---- Reading ---- */

static bool add_chunk(struct buffer_table *table, uint64_t *node_bytes,
		      const struct pbuddy_buffer_info *record, uint32_t nr)
{
	uint64_t **chunk = reallocarray(table->chunk, table->nr_chunks + 1, sizeof(*chunk));
	struct buffer *more;
	uint32_t i;

	if (!chunk)
		return false;
	table->chunk = chunk;
	table->chunk[table->nr_chunks++] = node_bytes;
	more = reallocarray(table->buffer, table->nr + nr, sizeof(*more));
	if (!more)
		return false;
	table->buffer = more;
	for (i = 0; i < nr; i++)
		table->buffer[table->nr++] = (struct buffer) {
			.info = record[i],
			.node_bytes = node_bytes + (size_t)i * table->nr_nodes,
		};
	return true;
}

/* Returns the number of buffers behind @cursor that were added, or -1 with errno set. */
static int read_chunk(int fd, struct buffer_table *table, uint64_t *cursor)
{
	static struct pbuddy_buffer_info record[CHUNK];
	uint64_t *node_bytes = calloc((size_t)CHUNK * table->nr_nodes, sizeof(*node_bytes));
	struct pbuddy_list l = {
		.size = sizeof(l),
		.cursor = *cursor,
		.records_ptr = (uintptr_t)record,
		.nr_records = CHUNK,
		.record_size = sizeof(record[0]),
		.node_bytes_ptr = (uintptr_t)node_bytes,
		.nr_nodes = table->nr_nodes,
	};

	if (!node_bytes || ioctl(fd, PBUDDY_IOCTL_LIST, &l) || !l.nr_records) {
		int nr = node_bytes && !errno ? 0 : -1;

		free(node_bytes);
		return nr;
	}
	*cursor = l.cursor;
	if (!add_chunk(table, node_bytes, record, l.nr_records))
		return -1;
	return (int)l.nr_records;
}

static int add_nodes(struct buffer_table *table, const struct node_table *nodes)
{
	uint32_t nr = nodes->info.nr_nodes, i;

	table->nr_nodes = nr ? (unsigned int)nodes->node[nr - 1].node + 1 : 1;
	table->owns_memory = calloc(table->nr_nodes, sizeof(*table->owns_memory));
	if (!table->owns_memory)
		return -1;
	for (i = 0; i < nr; i++)
		table->owns_memory[nodes->node[i].node] = true;
	return 0;
}

static int read_all(int fd, struct buffer_table *table)
{
	struct node_table nodes;
	uint64_t cursor = 0;
	int nr;

	if (read_nodes(fd, &nodes))
		return -1;
	nr = add_nodes(table, &nodes);
	free(nodes.node);
	if (nr)
		return -1;
	do {
		errno = 0;
		nr = read_chunk(fd, table, &cursor);
	} while (nr > 0);
	return nr;
}

int read_buffers(const struct options *opt, struct buffer_table *table)
{
	int fd = open_device(opt), err;

	*table = (struct buffer_table) { 0 };
	if (fd < 0)
		return EXIT_NO_DEVICE;
	err = read_all(fd, table);
	if (err)
		fprintf(stderr, "pbuddyctl: %s: LIST: %s%s\n", opt->device, strerror(errno),
			errno == ENOTTY ? " (the module is older than this program)" : "");
	close(fd);
	if (!err)
		return EXIT_OK;
	free_buffers(table);
	return EXIT_FAILED;
}

void free_buffers(struct buffer_table *table)
{
	while (table->nr_chunks)
		free(table->chunk[--table->nr_chunks]);
	free(table->chunk);
	free(table->buffer);
	free(table->owns_memory);
	*table = (struct buffer_table) { 0 };
}

/* ---- Fields ---- */

static bool in_quarantine(const struct buffer *buffer)
{
	return buffer->info.flags & PBUDDY_BUFFER_QUARANTINED;
}

uint64_t bytes_held(const struct buffer *buffer)
{
	return in_quarantine(buffer) ? buffer->info.quarantine_bytes : buffer->info.bytes;
}

const char *user_name(uint32_t uid, char *text, size_t len)
{
	static char name[NAME_LEN];
	static uint32_t last;
	struct passwd *user;

	if (!name[0] || last != uid) {
		user = getpwuid(uid);
		if (user)
			snprintf(name, sizeof(name), "%s", user->pw_name);
		else
			snprintf(name, sizeof(name), "%u", uid);
		last = uid;
	}
	snprintf(text, len, "%s", name);
	return text;
}

const char *creator_name(const struct buffer *buffer, char *text, size_t len)
{
	snprintf(text, len, "%d %.*s", buffer->info.creator_pid, PBUDDY_COMM_LEN,
		 buffer->info.creator_comm);
	return text;
}

/* Why the buffer was not swapped out. */
static const char *swap_reason(const struct pbuddy_buffer_info *info)
{
	static const char *const text[] = {
		"", "no advice", "node", "exported", "purgeable", "pinned", "no space", "no memory",
		"bad page", "killed",
	};

	return info->swap_reason < sizeof(text) / sizeof(text[0]) ? text[info->swap_reason] : "?";
}

/* For STATE: swapped, swappable, or swappable(WHY NOT). */
static const char *swap_state(const struct pbuddy_buffer_info *info, char *text, size_t len)
{
	if (info->flags & PBUDDY_BUFFER_SWAPPED)
		return ",swapped";
	if (!(info->flags & PBUDDY_BUFFER_SWAPPABLE))
		return "";
	if (!info->swap_reason)
		return ",swappable";
	snprintf(text, len, ",swappable(%s)", swap_reason(info));
	return text;
}

const char *state_name(const struct buffer *buffer, char *text, size_t len)
{
	const struct pbuddy_buffer_info *info = &buffer->info;
	char swap[32];

	snprintf(text, len, "%s%s%s%s%s%s",
		 in_quarantine(buffer) ? ",quarantine" : "",
		 info->nr_mappings ? ",mapped" : "",
		 info->nr_dmabufs ? ",exported" : "",
		 info->flags & PBUDDY_BUFFER_PURGED ? ",purged" :
		 info->flags & PBUDDY_BUFFER_PURGEABLE ? ",purgeable" : "",
		 swap_state(info, swap, sizeof(swap)),
		 info->flags & PBUDDY_BUFFER_CREATOR_EXITED ? ",exited" : "");
	if (text[0])
		memmove(text, text + 1, strlen(text));
	else
		snprintf(text, len, "-");
	return text;
}

void print_buffers(const struct buffer_table *table, const char *name,
		   const char *(*last)(const struct buffer *buffer, char *text, size_t len))
{
	char id[24], node[16], size[16], creator[NAME_LEN], user[NAME_LEN], text[STATE_LEN];
	struct libscols_table *out = table_new();
	size_t i;

	table_column(out, "ID", RIGHT);
	table_column(out, "NODE", RIGHT);
	table_column(out, "SIZE", RIGHT);
	table_column_cut(out, "LABEL");
	table_column_cut(out, "CREATOR");
	table_column_cut(out, "USER");
	table_column(out, name, LEFT);
	for (i = 0; i < table->nr; i++) {
		const struct buffer *b = &table->buffer[i];

		snprintf(id, sizeof(id), "%llu", (unsigned long long)b->info.id);
		snprintf(node, sizeof(node), "%d", b->info.node);
		format_size(bytes_held(b), size, sizeof(size));
		table_row(out, (const char *[]) {
			id, node, size, b->info.label, creator_name(b, creator, sizeof(creator)),
			user_name(b->info.creator_uid, user, sizeof(user)),
			last(b, text, sizeof(text)) }, 7);
	}
	table_print(out);
}

void json_buffer(const struct buffer_table *table, const struct buffer *buffer)
{
	const struct pbuddy_buffer_info *info = &buffer->info;
	char comm[PBUDDY_COMM_LEN + 1];
	unsigned int nid;

	snprintf(comm, sizeof(comm), "%.*s", PBUDDY_COMM_LEN, info->creator_comm);
	json_number("id", (long long)info->id);
	json_string("label", info->label);
	json_number("bytes", (long long)info->bytes);
	json_number("resident_bytes", (long long)info->resident_bytes);
	json_number("charged_bytes", (long long)info->charged_bytes);
	json_number("quarantine_bytes", (long long)info->quarantine_bytes);
	json_number("purgeable_bytes", (long long)info->purgeable_bytes);
	json_number("swapped_bytes", (long long)info->swapped_bytes);
	json_number("node", info->node);
	json_open("node_bytes", '[');
	for (nid = 0; nid < table->nr_nodes; nid++)
		json_number(NULL, (long long)buffer->node_bytes[nid]);
	json_close(']');
	json_number("order", info->order);
	json_number("mappings", info->nr_mappings);
	json_number("dmabufs", info->nr_dmabufs);
	json_bool("quarantined", in_quarantine(buffer));
	json_bool("purged", info->flags & PBUDDY_BUFFER_PURGED);
	json_bool("swappable", info->flags & PBUDDY_BUFFER_SWAPPABLE);
	json_bool("swapped", info->flags & PBUDDY_BUFFER_SWAPPED);
	json_string("swap_reason", swap_reason(info));
	json_number("creator_pid", info->creator_pid);
	json_string("creator_comm", comm);
	json_bool("creator_exited", info->flags & PBUDDY_BUFFER_CREATOR_EXITED);
	json_number("creator_uid", info->creator_uid);
	json_number("account_uid", info->account_uid);
}
