// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl resize: changes the size of a node by the ioctl RESIZE; says what was in the way. On a
 * terminal a thread shows on stderr how far the ioctl is.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define PROGRESS_MS	100	/* from one look at the size of the node to the next */

struct resize_args {
	struct options	opt;
	long		node;
	uint64_t	bytes;
	uint64_t	max_bytes;
};

/* SIZE[-MAX] */
static bool parse_sizes(const char *text, struct resize_args *args)
{
	const char *most = strchr(text, '-');
	char size[32];

	if (!most)
		return parse_size(text, &args->bytes);
	if ((size_t)(most - text) >= sizeof(size))
		return false;
	memcpy(size, text, most - text);
	size[most - text] = '\0';
	return parse_size(size, &args->bytes) && parse_size(most + 1, &args->max_bytes) &&
	       args->max_bytes >= args->bytes;
}

static error_t parse_arg(struct resize_args *args, const char *arg, struct argp_state *state)
{
	switch (state->arg_num) {
	case 0:
		if (!parse_number(arg, 0, INT32_MAX, &args->node))
			argp_error(state, "bad node '%s'", arg);
		return 0;
	case 1:
		if (!parse_sizes(arg, args) || !args->bytes)
			argp_error(state,
				   "'%s': SIZE[-MAX] takes bytes, as 64M-1G, SIZE from 1 to MAX",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_resize(int key, char *arg, struct argp_state *state)
{
	struct resize_args *args = state->input;

	switch (key) {
	case 'j':
		args->opt.json = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_arg(args, arg, state);
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_error(state, "a node and a size are expected");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option resize_options[] = { OPTION_JSON, { 0 } };

static const struct argp resize_argp = {
	.options	= resize_options,
	.parser		= parse_resize,
	.args_doc	= "NODE SIZE[-MAX]",
	.doc		= "Change how much memory pbuddy owns on a node, and how much it may own.",
};

static const char *resize_reason(uint32_t reason)
{
	static const char *const text[] = {
		[PBUDDY_RESIZE_DONE] = "done",
		[PBUDDY_RESIZE_WATERMARK] = "the rest is in use or below the watermark",
		[PBUDDY_RESIZE_PINNED] = "blocks cannot be moved",
		[PBUDDY_RESIZE_BUSY] = "blocks could not be moved now",
		[PBUDDY_RESIZE_KEPT] = "this memory is not given back",
		[PBUDDY_RESIZE_SOURCE] = "the source has no more memory",
		[PBUDDY_RESIZE_NO_MEMORY] = "no memory for lists of the module",
		[PBUDDY_RESIZE_KILLED] = "interrupted",
	};

	return reason < sizeof(text) / sizeof(text[0]) && text[reason] ? text[reason] : "?";
}

static const char *pinned_text(const struct pbuddy_resize_block *b)
{
	return b->flags & PBUDDY_RESIZE_BLOCK_PINNED ? ", pinned" : "";
}

static void print_block(const struct pbuddy_resize_block *b)
{
	char label[4 * PBUDDY_LABEL_LEN], comm[4 * PBUDDY_COMM_LEN], size[32];
	char owner[4 * PBUDDY_RESIZE_OWNER_LEN];

	printf("    %s at 0x%" PRIx64 ": ", format_size(b->bytes, size, sizeof(size)),
	       (uint64_t)b->phys);
	if (b->buffer_id)
		printf("buffer %" PRIu64 " \"%s\" of %s[%" PRId32 "], user %" PRIu32 "%s%s",
		       (uint64_t)b->buffer_id, plain_text(b->label, label, sizeof(label)),
		       plain_text(b->creator_comm, comm, sizeof(comm)), b->creator_pid,
		       b->creator_uid, pinned_text(b),
		       b->flags & PBUDDY_RESIZE_BLOCK_EXPORTED ? ", exported" : "");
	else
		printf("%s", b->owner[0] ? "" : "not of a buffer");
	printf(b->owner[0] ? "%sallocated by %s\n" : "\n", b->buffer_id ? ", " : "",
	       plain_text(b->owner, owner, sizeof(owner)));
}

static void print_json_block(const struct pbuddy_resize_block *b)
{
	json_open(NULL, '{');
	json_number("phys", (long long)b->phys);
	json_number("bytes", (long long)b->bytes);
	if (b->buffer_id) {
		json_number("buffer", (long long)b->buffer_id);
		json_string("label", b->label);
		json_string("creator_comm", b->creator_comm);
		json_number("creator_pid", b->creator_pid);
		json_number("creator_uid", b->creator_uid);
		json_bool("pinned", b->flags & PBUDDY_RESIZE_BLOCK_PINNED);
		json_bool("exported", b->flags & PBUDDY_RESIZE_BLOCK_EXPORTED);
	}
	if (b->owner[0])
		json_string("owner", b->owner);
	json_close('}');
}

static void print_json(const struct pbuddy_resize *r, const struct pbuddy_resize_block *blocks)
{
	uint32_t i;

	json_open(NULL, '{');
	json_number("node", r->node);
	json_number("before_bytes", (long long)r->before_bytes);
	json_number("total_bytes", (long long)r->bytes);
	json_number("max_bytes", (long long)r->max_bytes);
	json_string("reason", resize_reason(r->reason));
	json_number("pinned_bytes", (long long)r->pinned_bytes);
	json_number("busy_bytes", (long long)r->busy_bytes);
	json_number("kept_bytes", (long long)r->kept_bytes);
	if (r->pinned_phys != UINT64_MAX)
		json_number("pinned_phys", (long long)r->pinned_phys);
	if (r->owner[0])
		json_string("owner", r->owner);
	json_open("blocks", '[');
	for (i = 0; i < r->nr_blocks; i++)
		print_json_block(&blocks[i]);
	json_close(']');
	json_close('}');
}

static void print_part(uint64_t bytes, const char *what)
{
	char size[32];

	if (bytes)
		printf("  %s %s\n", format_size(bytes, size, sizeof(size)), what);
}

static void print_text(const struct pbuddy_resize *r, const struct pbuddy_resize_block *blocks)
{
	char before[32], now[32], most[32];
	uint32_t i;

	printf("node %" PRId32 ": %s, was %s, maximum %s", r->node,
	       format_size(r->bytes, now, sizeof(now)),
	       format_size(r->before_bytes, before, sizeof(before)),
	       format_size(r->max_bytes, most, sizeof(most)));
	printf(r->reason == PBUDDY_RESIZE_DONE ? "\n" : ": %s\n", resize_reason(r->reason));
	if (r->reason == PBUDDY_RESIZE_DONE)
		return;
	print_part(r->pinned_bytes, "in pageblocks with blocks that cannot be moved");
	print_part(r->busy_bytes, "in pageblocks that could not be emptied now");
	for (i = 0; i < r->nr_blocks; i++)
		print_block(&blocks[i]);
	print_part(r->kept_bytes,
		   "of groups, source reserve, ZONE_MOVABLE, contiguous areas and reserves");
}

/* ---- Progress ---- */

struct progress {
	int		fd;
	long		node;
	uint64_t	wanted;
	pthread_t	thread;
	bool		started;
	bool		ended;		/* under the mutex */
	pthread_mutex_t	mutex;
	pthread_cond_t	end;
};

static void show_progress(const struct progress *progress)
{
	char now[32], wanted[32];
	struct node_table table;
	uint32_t i;

	if (read_nodes(progress->fd, &table))
		return;
	for (i = 0; i < table.info.nr_nodes; i++)
		if (table.node[i].node == progress->node)
			fprintf(stderr, "\rnode %ld: %s, %s wanted ...\033[K", progress->node,
				format_size(table.node[i].total_bytes, now, sizeof(now)),
				format_size(progress->wanted, wanted, sizeof(wanted)));
	free(table.node);
}

/* Shows how far it is from time to time, until stop_progress(). */
static void *run_progress(void *arg)
{
	struct progress *progress = arg;
	struct timespec until;

	pthread_mutex_lock(&progress->mutex);
	while (!progress->ended) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PROGRESS_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&progress->end, &progress->mutex, &until) == ETIMEDOUT)
			show_progress(progress);
	}
	pthread_mutex_unlock(&progress->mutex);
	return NULL;
}

static void start_progress(struct progress *progress)
{
	show_progress(progress);
	progress->started = !pthread_create(&progress->thread, NULL, run_progress, progress);
}

static void stop_progress(struct progress *progress)
{
	if (progress->started) {
		pthread_mutex_lock(&progress->mutex);
		progress->ended = true;
		pthread_cond_signal(&progress->end);
		pthread_mutex_unlock(&progress->mutex);
		pthread_join(progress->thread, NULL);
	}
	fprintf(stderr, "\r\033[K");
}

/* Returns 0 or an error number. */
static int resize(const struct resize_args *args, int fd, struct pbuddy_resize *r)
{
	struct progress progress = {
		.fd = fd, .node = args->node, .wanted = args->bytes,
		.mutex = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER,
	};
	bool shown = isatty(STDERR_FILENO) && !args->opt.json;
	int err;

	if (shown)
		start_progress(&progress);
	err = ioctl(fd, PBUDDY_IOCTL_RESIZE, r) ? errno : 0;
	if (shown)
		stop_progress(&progress);
	return err;
}

/* Whether the kernel has filled the output. */
static bool has_result(int err)
{
	return err == ENOMEM || err == EBUSY || err == EOPNOTSUPP;
}

int cmd_resize(const struct options *global, int argc, char **argv)
{
	struct resize_args args = { .opt = *global };
	struct pbuddy_resize_block blocks[PBUDDY_RESIZE_BLOCKS_MAX];
	struct pbuddy_resize r = { .size = sizeof(r), .nr_blocks = PBUDDY_RESIZE_BLOCKS_MAX,
				   .block_size = sizeof(blocks[0]),
				   .blocks_ptr = (uintptr_t)blocks };
	int fd, err;

	argp_parse(&resize_argp, argc, argv, 0, NULL, &args);
	fd = open_device(&args.opt);
	if (fd < 0)
		return EXIT_NO_DEVICE;
	r.node = (int32_t)args.node;
	r.bytes = args.bytes;
	r.max_bytes = args.max_bytes;
	err = resize(&args, fd, &r);
	close(fd);
	if (!err || has_result(err)) {
		if (args.opt.json)
			print_json(&r, blocks);
		else
			print_text(&r, blocks);
	}
	if (!err)
		return EXIT_OK;
	if (err == ENXIO)
		fprintf(stderr, "pbuddyctl: node %ld owns no pbuddy memory\n", args.node);
	else
		fprintf(stderr, "pbuddyctl: node %ld not resized: %s%s\n", args.node,
			has_result(err) ? resize_reason(r.reason) : strerror(err),
			err == EINVAL ? " (the node has less memory)" :
			err == EPERM ? " (needs CAP_SYS_ADMIN)" : "");
	return EXIT_FAILED;
}
