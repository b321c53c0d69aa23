// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl alloc: allocates buffers, optionally writes and checks them (--touch), prints their
 * extents, keeps them for a while (--hold), and frees them by closing their descriptors. An extent
 * is a physically contiguous part of a buffer, as the ioctl QUERY reports it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define HOLD_FOREVER	(-1)
#define COUNT_MAX	4096
#define SIZE_END	(1ULL << 63)	/* of a file: off_t has a sign */

#define STR_(x)		#x
#define STR(x)		STR_(x)

struct alloc_args {
	struct options		opt;
	struct pbuddy_alloc	request;
	long			count;
	long			hold;		/* seconds */
	bool			touch;
};

/* A buffer, with its extents from QUERY. */
struct buffer {
	int			fd;
	uint64_t		bytes;
	uint32_t		nr_extents;
	struct pbuddy_extent	*extent;
};

enum {
	KEY_STRICT = 0x100,
	KEY_NOWAIT,
	KEY_RELIABLE,
	KEY_COUNT,
	KEY_HOLD,
	KEY_TOUCH,
};

static const struct argp_option alloc_options[] = {
	{ "size", 's', "SIZE", 0, "Bytes per buffer, as 4096, 64K, 2M, 1G (required)", 0 },
	{ "node", 'n', "NODE", 0, "Preferred NUMA node (default: by memory policy)", 0 },
	{ "strict", KEY_STRICT, NULL, 0, "Fail rather than use another node", 0 },
	{ "nodes", 'N', "LIST", 0, "Allowed nodes, as 0,2", 0 },
	{ "order", 'o', "ORDER", 0, "Minimum size and alignment of extents: 2^ORDER pages", 0 },
	{ "contig", 'c', NULL, 0, "One physically contiguous extent", 0 },
	{ "nowait", KEY_NOWAIT, NULL, 0, "Fail rather than sleep for memory", 0 },
	{ "reliable", KEY_RELIABLE, NULL, 0, "Mirrored memory, as mirrored_nodes= declares it", 0 },
	{ "class", 'C', "CLASS", 0, "Mobility: movable (default), unmovable or reclaimable", 0 },
	{ "label", 'l', "TEXT", 0, "Name of the buffers (up to 31 bytes)", 0 },
	{ "count", KEY_COUNT, "N", 0, "Number of buffers (default 1)", 0 },
	{ "touch", KEY_TOUCH, NULL, 0, "Map, check for zeroes, write a pattern, read it back", 0 },
	{ "hold", KEY_HOLD, "SECONDS", 0, "Time to keep the buffers, or 'forever'", 0 },
	OPTION_JSON,
	{ 0 }
};

static bool parse_class(const char *text, struct pbuddy_alloc *rq)
{
	static const char *const name[] = {
		[PBUDDY_CLASS_MOVABLE] = "movable",
		[PBUDDY_CLASS_UNMOVABLE] = "unmovable",
		[PBUDDY_CLASS_RECLAIMABLE] = "reclaimable",
	};

	for (rq->mclass = 0; rq->mclass < sizeof(name) / sizeof(name[0]); rq->mclass++)
		if (!strcmp(text, name[rq->mclass]))
			return true;
	return false;
}

static bool parse_nodes(char *list, struct pbuddy_alloc *rq)
{
	char *word;
	long node;

	rq->flags |= PBUDDY_ALLOC_NODEMASK;
	rq->nodemask = 0;
	while ((word = strsep(&list, ","))) {
		if (!parse_number(word, 0, 63, &node))
			return false;
		rq->nodemask |= 1ULL << node;
	}
	return true;
}

static bool parse_label(const char *text, struct pbuddy_alloc *rq)
{
	const char *c;

	if (strlen(text) >= sizeof(rq->label))
		return false;
	for (c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	memset(rq->label, 0, sizeof(rq->label));
	strcpy(rq->label, text);
	return true;
}

/* What the value of an option must be. */
static const char *value_range(int key)
{
	switch (key) {
	case 's':
		return "--size takes bytes above 0 and below 8192P, with a suffix K, M, G, T or P";
	case 'n':
		return "--node takes the number of a NUMA node, 0 or more";
	case 'N':
		return "--nodes takes numbers from 0 to 63, separated by commas";
	case 'o':
		return "--order takes 0 to " STR(PBUDDY_MAX_ORDER);
	case 'C':
		return "--class takes movable, unmovable or reclaimable";
	case 'l':
		return "--label takes up to 31 bytes, and no control characters";
	case KEY_COUNT:
		return "--count takes 1 to " STR(COUNT_MAX);
	default:
		return "--hold takes seconds, 0 or more, or 'forever'";
	}
}

/* Parses the value of an option; returns false when it is not valid. */
static bool parse_value(int key, char *arg, struct alloc_args *args)
{
	struct pbuddy_alloc *rq = &args->request;
	uint64_t bytes;
	long number;

	switch (key) {
	case 's':
		if (!parse_size(arg, &bytes) || !bytes || bytes >= SIZE_END)
			return false;
		rq->bytes = bytes;
		return true;
	case 'n':
		if (!parse_number(arg, 0, INT32_MAX, &number))
			return false;
		rq->node = (int32_t)number;
		return true;
	case 'N':
		return parse_nodes(arg, rq);
	case 'o':
		if (!parse_number(arg, 0, PBUDDY_MAX_ORDER, &number))
			return false;
		rq->order = (uint32_t)number;
		return true;
	case 'C':
		return parse_class(arg, rq);
	case 'l':
		return parse_label(arg, rq);
	case KEY_COUNT:
		return parse_number(arg, 1, COUNT_MAX, &args->count);
	case KEY_HOLD:
		args->hold = HOLD_FOREVER;
		return !strcmp(arg, "forever") || parse_number(arg, 0, INT32_MAX, &args->hold);
	default:
		return false;
	}
}

static error_t parse_alloc(int key, char *arg, struct argp_state *state)
{
	struct alloc_args *args = state->input;
	char text[64];

	switch (key) {
	case 'c':
		args->request.flags |= PBUDDY_ALLOC_CONTIG;
		return 0;
	case KEY_STRICT:
		args->request.flags |= PBUDDY_ALLOC_STRICT_NODE;
		return 0;
	case KEY_NOWAIT:
		args->request.flags |= PBUDDY_ALLOC_NOWAIT;
		return 0;
	case KEY_RELIABLE:
		args->request.flags |= PBUDDY_ALLOC_RELIABLE;
		return 0;
	case KEY_TOUCH:
		args->touch = true;
		return 0;
	case 'j':
		args->opt.json = true;
		return 0;
	case 's': case 'n': case 'N': case 'o': case 'C': case 'l': case KEY_COUNT: case KEY_HOLD:
		plain_text(arg, text, sizeof(text));	/* parse_nodes() changes the list */
		if (!parse_value(key, arg, args))
			argp_error(state, "bad value '%s': %s", text, value_range(key));
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!args->request.bytes)
			argp_error(state, "--size is required");
		if (args->request.flags & PBUDDY_ALLOC_STRICT_NODE &&
		    args->request.flags & PBUDDY_ALLOC_NODEMASK)
			argp_error(state, "--strict and --nodes exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp alloc_argp = {
	.options	= alloc_options,
	.parser		= parse_alloc,
	.doc		= "Allocate buffers, show their extents (for root with addresses), free.",
};

/* ---- Allocating ---- */

/* Whether the node owns pbuddy memory. */
static bool is_node(const struct node_table *nodes, long node)
{
	uint32_t i;

	for (i = 0; i < nodes->info.nr_nodes; i++)
		if (nodes->node[i].node == node)
			return true;
	return false;
}

/* The first node of the request without pbuddy memory, or -1. */
static long missing_node(const struct alloc_args *args, const struct node_table *nodes)
{
	long node;

	if (args->request.node != PBUDDY_NODE_ANY && !is_node(nodes, args->request.node))
		return args->request.node;
	for (node = 0; node < 64; node++)
		if (args->request.nodemask >> node & 1 && !is_node(nodes, node))
			return node;
	return -1;
}

/* Prints " (--node: no node 2 (there are 0, 1))"; returns false when there are all of them. */
static bool explain_nodes(int dev, const struct alloc_args *args)
{
	struct node_table nodes;
	uint32_t i;
	long node;

	if (read_nodes(dev, &nodes))
		return false;
	node = missing_node(args, &nodes);
	if (node >= 0) {
		fprintf(stderr, " (--node%s: no node %ld (there are ",
			args->request.flags & PBUDDY_ALLOC_NODEMASK ? "s" : "", node);
		for (i = 0; i < nodes.info.nr_nodes; i++)
			fprintf(stderr, "%s%d", i ? ", " : "", nodes.node[i].node);
		fputs("))", stderr);
	}
	free(nodes.node);
	return node >= 0;
}

/* Whether the module was loaded with movable=100, and so has no memory for buffers. */
static bool all_movable(void)
{
	char percent[16];

	return read_line("/sys/module/pbuddy/parameters/movable", percent, sizeof(percent)) &&
	       atoi(percent) == 100;
}

/* Which option to change after a failure with @reason. */
static const char *advice(const struct pbuddy_alloc *rq, uint32_t reason)
{
	bool strict = rq->flags & (PBUDDY_ALLOC_STRICT_NODE | PBUDDY_ALLOC_NODEMASK);

	switch (reason) {
	case PBUDDY_REASON_LIMIT:
		return strict ? "; lower --size, or allow more nodes" : "; lower --size";
	case PBUDDY_REASON_WATERMARK:
		return strict ? "; lower --size, or allow more nodes" :
			"; lower --size, or free buffers: pbuddyctl doctor lists their processes";
	case PBUDDY_REASON_FRAGMENTATION:
		return rq->flags & PBUDDY_ALLOC_CONTIG ? "; leave out --contig, or lower --size" :
			"; lower --order";
	case PBUDDY_REASON_POLICY:
		return "; name nodes with --node or --nodes, or see numactl(8) and cpuset(7)";
	default:
		return "";
	}
}

/* Prints the cause of an error, and what to do. */
static void explain(int dev, const struct alloc_args *args, int err, uint32_t reason)
{
	const struct pbuddy_alloc *rq = &args->request;

	if (err == EMFILE)
		fprintf(stderr, " (--count %ld: raise RLIMIT_NOFILE, as by ulimit -n %ld)",
			args->count, args->count + 16);
	else if (explain_nodes(dev, args))
		return;
	else if (err == ENOMEM && all_movable())
		fprintf(stderr, " (pbuddy is loaded with movable=100: no memory for buffers)");
	else if (err == ENOMEM || err == EDQUOT)
		fprintf(stderr, " (%s%s)", pbuddy_reason_text(reason), advice(rq, reason));
}

/* Prints why an allocation failed; returns -1. */
static int alloc_failed(int dev, const struct alloc_args *args, int err, uint32_t reason)
{
	char size[32];

	fprintf(stderr, "pbuddyctl: cannot allocate --size %s: %s",
		format_size(args->request.bytes, size, sizeof(size)), strerror(err));
	explain(dev, args, err, reason);
	fputc('\n', stderr);
	return -1;
}

static int alloc_all(int dev, const struct alloc_args *args, struct buffer *buf)
{
	struct pbuddy_alloc request = args->request;
	int fds[COUNT_MAX];
	long i;

	if (pbuddy_alloc_buffers(dev, &request, (unsigned int)args->count, fds))
		return alloc_failed(dev, args, errno, pbuddy_error_reason());
	for (i = 0; i < args->count; i++)
		buf[i] = (struct buffer) { .fd = fds[i], .bytes = request.bytes };
	return 0;
}

/* A buffer may be moved, purged or restored between two calls, and then has other extents. */
static int query(struct buffer *buf)
{
	struct pbuddy_extent *more;
	int nr = 0, space;

	do {
		space = nr;
		more = reallocarray(buf->extent, (size_t)space + 1, sizeof(*more));
		if (!more)
			return -1;
		buf->extent = more;
		nr = pbuddy_get_extents(buf->fd, 0, more, sizeof(*more), (uint32_t)space);
		if (nr < 0)
			return -1;
	} while (nr > space);
	buf->nr_extents = (uint32_t)nr;
	return 0;
}

/* ---- Touching ---- */

/* A value for each word of each buffer, so that a page mapped at a wrong place is noticed. */
static uint64_t pattern(size_t buffer, size_t word)
{
	return (buffer + 1) * 0x9e3779b97f4a7c15ULL ^ word * 0xff51afd7ed558ccdULL;
}

static int touch(const struct buffer *buf, size_t number)
{
	size_t nr = buf->bytes / sizeof(uint64_t), i;
	uint64_t *word;
	int ret = -1;

	word = mmap(NULL, buf->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);
	if (word == MAP_FAILED) {
		fprintf(stderr, "pbuddyctl: mmap: %s\n", strerror(errno));
		return -1;
	}
	for (i = 0; i < nr; i++) {
		if (word[i]) {
			fprintf(stderr, "pbuddyctl: buffer %zu is not zero at byte %zu\n", number,
				i * sizeof(*word));
			goto out;
		}
		word[i] = pattern(number, i);
	}
	for (i = 0; i < nr; i++) {
		if (word[i] != pattern(number, i)) {
			fprintf(stderr, "pbuddyctl: buffer %zu has changed at byte %zu\n", number,
				i * sizeof(*word));
			goto out;
		}
	}
	ret = 0;
out:
	munmap(word, buf->bytes);
	return ret;
}

/* ---- Printing ---- */

static void print_json(const struct alloc_args *args, const struct buffer *buf)
{
	uint32_t k;
	long i;

	json_open(NULL, '{');
	json_bool("touched", args->touch);
	json_open("buffers", '[');
	for (i = 0; i < args->count; i++) {
		json_open(NULL, '{');
		json_number("bytes", (long long)buf[i].bytes);
		json_open("extents", '[');
		for (k = 0; k < buf[i].nr_extents; k++) {
			const struct pbuddy_extent *ext = &buf[i].extent[k];

			json_open(NULL, '{');
			json_number("offset", (long long)ext->offset);
			json_number("bytes", (long long)ext->bytes);
			json_number("node", ext->node);
			json_number("order", ext->order);
			if (ext->phys)
				json_number("phys", (long long)ext->phys);
			json_close('}');
		}
		json_close(']');
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void print_extent(struct libscols_table *out, long number, const struct pbuddy_extent *ext)
{
	char buffer[24], offset[32], size[32], node[16], order[16], phys[32] = "-";

	snprintf(buffer, sizeof(buffer), "%ld", number);
	format_size(ext->offset, offset, sizeof(offset));
	format_size(ext->bytes, size, sizeof(size));
	snprintf(node, sizeof(node), "%d", ext->node);
	snprintf(order, sizeof(order), "%" PRIu32, ext->order);
	if (ext->phys)
		snprintf(phys, sizeof(phys), "%#" PRIx64, (uint64_t)ext->phys);
	table_row(out, (const char *[]) { buffer, offset, size, node, order, phys }, 6);
}

static void print_table(const struct alloc_args *args, const struct buffer *buf)
{
	struct libscols_table *out = table_new();
	uint32_t k;
	long i;

	table_column(out, "BUFFER", RIGHT);
	table_column(out, "OFFSET", RIGHT);
	table_column(out, "SIZE", RIGHT);
	table_column(out, "NODE", RIGHT);
	table_column(out, "ORDER", RIGHT);
	table_column(out, "PHYS", RIGHT);
	for (i = 0; i < args->count; i++)
		for (k = 0; k < buf[i].nr_extents; k++)
			print_extent(out, i, &buf[i].extent[k]);
	table_print(out);
	if (args->touch)
		printf("all %ld buffers were zero, and keep what is written\n", args->count);
}

/* ---- The verb ---- */

static void on_signal(int sig)
{
	(void)sig;
}

/*
 * Waits until the time is over, or for SIGINT or SIGTERM. These are blocked but in ppoll(), so that
 * one that comes after the output is not lost.
 */
static void hold(long seconds)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct timespec time = { .tv_sec = seconds };
	sigset_t ends, outside;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &outside);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (fflush(stdout))
		return;	/* close_stdout() reports it */
	ppoll(NULL, 0, seconds == HOLD_FOREVER ? NULL : &time, &outside);
}

static int use_buffers(int dev, const struct alloc_args *args, struct buffer *buf)
{
	long i;

	if (alloc_all(dev, args, buf))
		return EXIT_FAILED;
	for (i = 0; i < args->count; i++) {
		if (query(&buf[i])) {
			fprintf(stderr, "pbuddyctl: QUERY: %s\n", strerror(errno));
			return EXIT_FAILED;
		}
		if (args->touch && touch(&buf[i], (size_t)i))
			return EXIT_FAILED;
	}
	if (args->opt.json)
		print_json(args, buf);
	else
		print_table(args, buf);
	if (args->hold)
		hold(args->hold);
	return EXIT_OK;
}

int cmd_alloc(const struct options *global, int argc, char **argv)
{
	struct alloc_args args = {
		.opt = *global,
		.request = {
			.size = sizeof(args.request),
			.node = PBUDDY_NODE_ANY,
			.fd_flags = O_RDWR | O_CLOEXEC,
			.label = "pbuddyctl",
		},
		.count = 1,
	};
	struct buffer *buf;
	int dev, ret;
	long i;

	argp_parse(&alloc_argp, argc, argv, 0, NULL, &args);
	dev = open_device(&args.opt);
	if (dev < 0)
		return EXIT_NO_DEVICE;
	buf = calloc((size_t)args.count, sizeof(*buf));
	if (!buf) {
		fprintf(stderr, "pbuddyctl: out of memory\n");
		close(dev);
		return EXIT_FAILED;
	}
	for (i = 0; i < args.count; i++)
		buf[i].fd = -1;
	ret = use_buffers(dev, &args, buf);
	for (i = 0; i < args.count; i++) {
		if (buf[i].fd >= 0)
			close(buf[i].fd);
		free(buf[i].extent);
	}
	free(buf);
	close(dev);
	return ret;
}
