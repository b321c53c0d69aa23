// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl watch: prints a line for each event of the ioctl PRESSURE. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define KINDS		3	/* of triggers for a node, at most */
#define WINDOW_MAX	(PBUDDY_PRESSURE_WINDOW_MAX_US / 1000)

enum { OPT_FREE = 256, OPT_STALL, OPT_WINDOW, OPT_COUNT };

struct watch_args {
	struct options	opt;
	long		node;		/* or -1 for all */
	uint64_t	free_bytes;
	long		stall_ms;
	long		window_ms;
	long		count;		/* events to print, or 0 for no end */
};

static const struct argp_option watch_options[] = {
	{ "node", 'n', "NODE", 0, "Watch this node (default: each node)", 0 },
	{ "free", OPT_FREE, "SIZE", 0, "Report also when less than this is free", 0 },
	{ "stall", OPT_STALL, "MS", 0, "Report also when requests wait so long", 0 },
	{ "window", OPT_WINDOW, "MS", 0, "At most one event in this time (default 1000)", 0 },
	{ "count", OPT_COUNT, "N", 0, "End after N events", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse_watch(int key, char *arg, struct argp_state *state)
{
	struct watch_args *args = state->input;

	switch (key) {
	case 'n':
		if (!parse_number(arg, 0, INT32_MAX, &args->node))
			argp_error(state, "'%s': --node takes the number of a NUMA node", arg);
		return 0;
	case OPT_FREE:
		if (!parse_size(arg, &args->free_bytes) || !args->free_bytes)
			argp_error(state, "'%s': --free takes bytes, as 64M", arg);
		return 0;
	case OPT_STALL:
		if (!parse_number(arg, 1, WINDOW_MAX, &args->stall_ms))
			argp_error(state, "'%s': --stall takes 1 to %d milliseconds", arg,
				   WINDOW_MAX);
		return 0;
	case OPT_WINDOW:
		if (!parse_number(arg, PBUDDY_PRESSURE_WINDOW_MIN_US / 1000, WINDOW_MAX,
				  &args->window_ms))
			argp_error(state, "'%s': --window takes 500 to %d milliseconds", arg,
				   WINDOW_MAX);
		return 0;
	case OPT_COUNT:
		if (!parse_number(arg, 1, INT32_MAX, &args->count))
			argp_error(state, "'%s': --count takes 1 or more", arg);
		return 0;
	case ARGP_KEY_END:
		if (args->stall_ms > args->window_ms)
			argp_error(state, "--stall is longer than --window");
		return 0;
	default:
		return parse_plain(key, arg, state);
	}
}

static const struct argp watch_argp = {
	.options	= watch_options,
	.parser		= parse_watch,
	.doc		= "Print a line whenever a node runs short of memory, until interrupted.",
};

/* A trigger: what to poll, and what an event of it means. */
struct trigger {
	int		node;
	const char	*event;
};

struct watch {
	struct pollfd	*poll;
	struct trigger	*trigger;
	nfds_t		nr;
};

static int add_trigger(int dev, struct watch *watch, struct pbuddy_pressure *p, const char *event)
{
	p->size = sizeof(*p);
	p->eventfd = -1;
	if (ioctl(dev, PBUDDY_IOCTL_PRESSURE, p))
		return -1;
	watch->trigger[watch->nr] = (struct trigger) { .node = p->node, .event = event };
	watch->poll[watch->nr++] = (struct pollfd) { .fd = p->fd, .events = POLLPRI };
	return 0;
}

static int watch_node(int dev, struct watch *watch, const struct watch_args *args, int node)
{
	struct pbuddy_pressure low = {
		.flags = PBUDDY_PRESSURE_LOW, .node = node,
		.window_us = (uint32_t)args->window_ms * 1000,
	};
	struct pbuddy_pressure bytes = low, stall = low;

	bytes.flags = PBUDDY_PRESSURE_FREE;
	bytes.free_bytes = args->free_bytes;
	stall.flags = PBUDDY_PRESSURE_STALL;
	stall.stall_us = (uint32_t)args->stall_ms * 1000;
	if (add_trigger(dev, watch, &low, "low") ||
	    (args->free_bytes && add_trigger(dev, watch, &bytes, "free")) ||
	    (args->stall_ms && add_trigger(dev, watch, &stall, "stall")))
		return -1;
	return 0;
}

/* Watches the chosen node, or each of the table; returns an exit code. */
static int watch_nodes(int dev, struct watch *watch, const struct watch_args *args,
		       const struct node_table *table)
{
	size_t most = (size_t)table->info.nr_nodes * KINDS;
	uint32_t i;

	watch->poll = calloc(most + 1, sizeof(*watch->poll));
	watch->trigger = calloc(most + 1, sizeof(*watch->trigger));
	if (!watch->poll || !watch->trigger)
		err(EXIT_FAILED, "watch");
	for (i = 0; i < table->info.nr_nodes; i++) {
		if (args->node >= 0 && args->node != table->node[i].node)
			continue;
		if (watch_node(dev, watch, args, table->node[i].node))
			return ioctl_failed(&args->opt, "PRESSURE", table->node[i].node);
	}
	if (watch->nr)
		return EXIT_OK;
	fprintf(stderr, "pbuddyctl: node %ld owns no pbuddy memory\n", args->node);
	return EXIT_FAILED;
}

static void print_event(int dev, const struct watch_args *args, const struct trigger *trigger)
{
	char clock[32] = "", free_text[32], total_text[32];
	const struct pbuddy_node_info *node = NULL;
	time_t now = time(NULL);
	struct node_table table;
	uint64_t free_now;
	struct tm tm;
	uint32_t i;

	if (read_nodes(dev, &table))
		return;
	for (i = 0; i < table.info.nr_nodes; i++)
		if (table.node[i].node == trigger->node)
			node = &table.node[i];
	if (!node)
		goto out;
	free_now = node->free_bytes + node->pcp_bytes;
	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (args->opt.json) {
		json_open(NULL, '{');
		json_number("time", now);
		json_number("node", trigger->node);
		json_string("event", trigger->event);
		json_number("free_bytes", (long long)node->free_bytes);
		json_number("pcp_bytes", (long long)node->pcp_bytes);
		json_number("total_bytes", (long long)node->total_bytes);
		json_close('}');
	} else {
		printf("%-8s %4d %-5s %8s %8s\n", clock, trigger->node, trigger->event,
		       format_size(free_now, free_text, sizeof(free_text)),
		       format_size(node->total_bytes, total_text, sizeof(total_text)));
	}
	fflush(stdout);
out:
	free(table.node);
}

/* Prints events until there were enough; false after a failure. */
static bool print_events(int dev, struct watch *watch, const struct watch_args *args)
{
	long printed = 0;
	nfds_t i;

	while (!ferror(stdout)) {
		if (poll(watch->poll, watch->nr, -1) < 0) {
			fprintf(stderr, "pbuddyctl: poll: %s\n", strerror(errno));
			return false;
		}
		for (i = 0; i < watch->nr; i++) {
			if (!watch->poll[i].revents)
				continue;
			print_event(dev, args, &watch->trigger[i]);
			if (++printed == args->count)
				return true;
		}
	}
	return true;
}

int cmd_watch(const struct options *global, int argc, char **argv)
{
	struct watch_args args = { .opt = *global, .node = -1, .window_ms = 1000 };
	struct watch watch = { 0 };
	struct node_table table;
	int dev, status;

	argp_parse(&watch_argp, argc, argv, 0, NULL, &args);
	status = open_nodes(&args.opt, args.node, &dev, &table);
	if (status)
		return status;
	status = watch_nodes(dev, &watch, &args, &table);
	free(table.node);
	if (!status && !args.opt.json) {
		printf("%-8s %4s %-5s %8s %8s\n", "TIME", "NODE", "EVENT", "FREE", "TOTAL");
		fflush(stdout);
	}
	if (!status && !print_events(dev, &watch, &args))
		status = EXIT_FAILED;
	free(watch.poll);
	free(watch.trigger);
	close(dev);
	return status;
}
