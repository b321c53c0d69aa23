// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl top: the memory of each node and the processes that use most of it, again and again. On
 * a terminal it redraws the page and has keys; elsewhere it prints one page after another.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "list_sums.h"
#include "screen.h"

#define INTERVAL_MIN	0.1
#define INTERVAL_MAX	3600.0

enum { KEY_ITERATIONS = 0x100, KEY_INTERVAL, KEY_SORT };

enum sort { SORT_SIZE, SORT_BUFFERS, SORT_PID, SORT_USER, NR_SORTS };

static const char *const sort_name[NR_SORTS] = { "size", "buffers", "pid", "user" };

/* The free memory of a node at the page before. */
struct past {
	int		node;
	uint64_t	free;
};

struct top {
	struct options	opt;
	long		iterations;	/* pages to print, 0: no end */
	double		interval;	/* seconds */
	enum sort	sort;
	int		dev;
	struct past	*past;
	uint32_t	nr_past;
};

static const struct argp_option top_options[] = {
	{ "interval", KEY_INTERVAL, "S", 0, "Seconds between two pages (default 2)", 0 },
	{ "iterations", KEY_ITERATIONS, "N", 0, "End after N pages", 0 },
	{ "sort", KEY_SORT, "KEY", 0, "Sort by size (the default), buffers, pid or user", 0 },
	OPTION_JSON,
	{ 0 }
};

static bool parse_interval(const char *text, double *seconds)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return false;
	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds >= INTERVAL_MIN && *seconds <= INTERVAL_MAX;
}

static bool parse_sort(const char *text, enum sort *sort)
{
	unsigned int i;

	for (i = 0; i < NR_SORTS; i++) {
		if (!strcmp(text, sort_name[i])) {
			*sort = (enum sort)i;
			return true;
		}
	}
	return false;
}

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case KEY_INTERVAL:
		if (!parse_interval(arg, &top->interval))
			argp_error(state, "'%s': --interval takes 0.1 to 3600 seconds", arg);
		return 0;
	case KEY_ITERATIONS:
		if (!parse_number(arg, 1, INT32_MAX, &top->iterations))
			argp_error(state, "'%s': --iterations takes 1 or more", arg);
		return 0;
	case KEY_SORT:
		if (!parse_sort(arg, &top->sort))
			argp_error(state, "'%s': --sort takes size, buffers, pid or user", arg);
		return 0;
	case ARGP_KEY_INIT:
		return 0;
	default:
		state->input = &top->opt;
		return parse_plain(key, arg, state);
	}
}

#define KEYS	"Keys: q quits, s b p u sort as --sort, + and - change the interval."

static const struct argp top_argp = {
	.options	= top_options,
	.parser		= parse_top,
	.doc		= "Show live the memory of nodes, and processes that use it.\v" KEYS,
};

/* ---- A page ---- */

static uint64_t free_bytes(const struct pbuddy_node_info *node)
{
	return node->free_bytes + node->pcp_bytes;
}

/* How much more is free than at the page before, with its sign; "-" when it is not known. */
static const char *change_text(const struct top *top, const struct pbuddy_node_info *node,
			       char *text, size_t len)
{
	uint64_t now = free_bytes(node);
	char size[32];
	uint32_t i;

	snprintf(text, len, "-");
	for (i = 0; i < top->nr_past; i++) {
		if (top->past[i].node != node->node)
			continue;
		if (now >= top->past[i].free)
			snprintf(text, len, "%s%s", now > top->past[i].free ? "+" : "",
				 format_size(now - top->past[i].free, size, sizeof(size)));
		else
			snprintf(text, len, "-%s",
				 format_size(top->past[i].free - now, size, sizeof(size)));
	}
	return text;
}

static void remember(struct top *top, const struct node_table *nodes)
{
	uint32_t i;

	free(top->past);
	top->nr_past = nodes->info.nr_nodes;
	top->past = calloc(top->nr_past ? top->nr_past : 1, sizeof(*top->past));
	if (!top->past)
		err(EXIT_FAILED, "top");
	for (i = 0; i < top->nr_past; i++)
		top->past[i] = (struct past) {
			.node = nodes->node[i].node, .free = free_bytes(&nodes->node[i]),
		};
}

static void print_title(FILE *out, const struct top *top, const struct node_table *nodes,
			const struct buffer_table *buffers)
{
	char clock[32] = "", total[32], used[32], pinned[32];
	uint64_t bytes = 0, free_now = 0;
	time_t now = time(NULL);
	struct tm tm;
	uint32_t i;

	for (i = 0; i < nodes->info.nr_nodes; i++) {
		bytes += nodes->node[i].total_bytes;
		free_now += free_bytes(&nodes->node[i]);
	}
	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out, "pbuddy %s: %s of %s used, %s in quarantine, %zu buffers; every %g s\n", clock,
		format_size(bytes - free_now, used, sizeof(used)),
		format_size(bytes, total, sizeof(total)),
		format_size(nodes->info.quarantine_bytes, pinned, sizeof(pinned)), buffers->nr,
		top->interval);
}

static void print_nodes(FILE *out, const struct top *top, const struct node_table *nodes)
{
	char total[32], free[32], change[40], used[32], cached[32], largest[32];
	const struct pbuddy_node_info *node;

	fprintf(out, "%4s %8s %8s %8s %8s %8s %8s\n", "NODE", "TOTAL", "FREE", "CHANGE", "USED",
		"CACHED", "LARGEST");
	for (node = nodes->node; node < nodes->node + nodes->info.nr_nodes; node++) {
		snprintf(largest, sizeof(largest), "-");
		if (node->largest_free_order >= 0)
			format_size((uint64_t)nodes->info.page_size << node->largest_free_order,
				    largest, sizeof(largest));
		fprintf(out, "%4d %8s %8s %8s %8s %8s %8s\n", node->node,
			format_size(node->total_bytes, total, sizeof(total)),
			format_size(free_bytes(node), free, sizeof(free)),
			change_text(top, node, change, sizeof(change)),
			format_size(node->total_bytes - free_bytes(node), used, sizeof(used)),
			format_size(node->pcp_bytes, cached, sizeof(cached)), largest);
	}
}

static enum sort sort_key;

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_sort_key(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	int order = 0;

	if (sort_key == SORT_BUFFERS)
		order = compare(y->nr, x->nr);
	else if (sort_key == SORT_PID)
		order = compare((uint64_t)x->first->info.creator_pid,
				(uint64_t)y->first->info.creator_pid);
	else if (sort_key == SORT_USER)
		order = compare(x->first->info.creator_uid, y->first->info.creator_uid);
	return order ? order : compare(y->bytes, x->bytes);
}

/* The name of a process may have any bytes. */
static const char *printable(const char *name, char *text)
{
	size_t i;

	for (i = 0; i < PBUDDY_COMM_LEN && name[i]; i++)
		text[i] = isascii((unsigned char)name[i]) && isprint((unsigned char)name[i]) ?
			  name[i] : '?';
	text[i] = '\0';
	return text;
}

static void print_processes(FILE *out, const struct sums *sums)
{
	char comm[PBUDDY_COMM_LEN + 1], user[NAME_LEN], bytes[32], charged[32];
	const struct pbuddy_buffer_info *info;
	const struct sum *sum;

	fprintf(out, "%7s %-16s %-16s %8s %8s %8s\n", "PID", "COMMAND", "USER", "BUFFERS", "SIZE",
		"CHARGED");
	for (sum = sums->sum; sum < sums->sum + sums->nr; sum++) {
		info = &sum->first->info;
		fprintf(out, "%7d %-16s %-16.16s %8lu %8s %8s%s\n", info->creator_pid,
			printable(info->creator_comm, comm),
			user_name(info->creator_uid, user, sizeof(user)), sum->nr,
			format_size(sum->bytes, bytes, sizeof(bytes)),
			format_size(sum->charged, charged, sizeof(charged)),
			info->flags & PBUDDY_BUFFER_CREATOR_EXITED ? " exited" : "");
	}
}

static void print_json(const struct node_table *nodes, const struct sums *sums)
{
	const struct pbuddy_node_info *node;
	char comm[PBUDDY_COMM_LEN + 1];
	const struct sum *sum;

	json_open(NULL, '{');
	json_number("time", time(NULL));
	json_number("quarantine_bytes", (long long)nodes->info.quarantine_bytes);
	json_open("nodes", '[');
	for (node = nodes->node; node < nodes->node + nodes->info.nr_nodes; node++) {
		json_open(NULL, '{');
		json_number("node", node->node);
		json_number("total_bytes", (long long)node->total_bytes);
		json_number("free_bytes", (long long)node->free_bytes);
		json_number("pcp_bytes", (long long)node->pcp_bytes);
		json_number("largest_free_order", node->largest_free_order);
		json_close('}');
	}
	json_close(']');
	json_open("processes", '[');
	for (sum = sums->sum; sum < sums->sum + sums->nr; sum++) {
		json_open(NULL, '{');
		json_number("creator_pid", sum->first->info.creator_pid);
		json_string("creator_comm", printable(sum->first->info.creator_comm, comm));
		json_bool("creator_exited",
			  sum->first->info.flags & PBUDDY_BUFFER_CREATOR_EXITED);
		json_number("creator_uid", sum->first->info.creator_uid);
		json_number("buffers", (long long)sum->nr);
		json_number("bytes", (long long)sum->bytes);
		json_number("charged_bytes", (long long)sum->charged);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void draw(const struct top *top, const struct node_table *nodes,
		 const struct buffer_table *buffers, const struct sums *sums, bool live)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		err(EXIT_FAILED, "top");
	print_title(out, top, nodes, buffers);
	print_nodes(out, top, nodes);
	fputc('\n', out);
	print_processes(out, sums);
	if (fclose(out))
		err(EXIT_FAILED, "top");
	if (live)
		screen_draw(text);
	else
		printf("%s\n", text);
	free(text);
}

/* Reads everything and shows it; returns an exit code. */
static int show_page(struct top *top, bool live)
{
	struct buffer_table buffers;
	struct node_table nodes;
	struct sums sums;
	int status;

	if (read_nodes(top->dev, &nodes))
		return ioctl_failed(&top->opt, "GET_INFO", PBUDDY_NODE_ANY);
	status = read_buffers(&top->opt, &buffers);
	if (status) {
		free(nodes.node);
		return status;
	}
	sums = sum_up(&buffers, BY_PROCESS);
	sort_key = top->sort;
	if (sums.nr)
		qsort(sums.sum, sums.nr, sizeof(*sums.sum), by_sort_key);
	if (top->opt.json)
		print_json(&nodes, &sums);
	else
		draw(top, &nodes, &buffers, &sums, live);
	fflush(stdout);
	remember(top, &nodes);
	free_sums(&sums);
	free_buffers(&buffers);
	free(nodes.node);
	return EXIT_OK;
}

/* ---- Keys ---- */

static void set_interval(struct top *top, double seconds)
{
	if (seconds >= INTERVAL_MIN && seconds <= INTERVAL_MAX)
		top->interval = seconds;
}

/* False when the key ends the program. */
static bool do_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
	case SCREEN_END:
		return false;
	case 's':
		top->sort = SORT_SIZE;
		break;
	case 'b':
		top->sort = SORT_BUFFERS;
		break;
	case 'p':
		top->sort = SORT_PID;
		break;
	case 'u':
		top->sort = SORT_USER;
		break;
	case '+':
		set_interval(top, top->interval * 2);
		break;
	case '-':
		set_interval(top, top->interval / 2);
		break;
	}
	return true;
}

static int show_pages(struct top *top, bool live)
{
	long page = 0;
	int status;

	for (;;) {
		status = show_page(top, live);
		if (status || ferror(stdout) || ++page == top->iterations)
			return status;
		if (!do_key(top, screen_wait((int)(top->interval * 1000))))
			return EXIT_OK;
	}
}

int cmd_top(const struct options *global, int argc, char **argv)
{
	struct top top = { .opt = *global, .interval = 2 };
	bool live;
	int status;

	argp_parse(&top_argp, argc, argv, 0, NULL, &top);
	top.dev = open_device(&top.opt);
	if (top.dev < 0)
		return EXIT_NO_DEVICE;
	live = !top.opt.json && screen_possible();
	screen_start(!live);
	status = show_pages(&top, live);
	free(top.past);
	close(top.dev);
	return status;
}
