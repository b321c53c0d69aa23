// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl drain: empties the per-CPU caches by the ioctl DRAIN. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pbuddyctl.h"

static const struct argp drain_argp = {
	.options	= plain_options,
	.parser		= parse_node_arg,
	.args_doc	= "[NODE]",
	.doc		= "Return free pages in per-CPU caches to the zones of a node, or all.",
};

static void print_json(long node, const struct pbuddy_drain *d)
{
	json_open(NULL, '{');
	if (node != PBUDDY_NODE_ANY)
		json_number("node", node);
	json_number("drained_bytes", (long long)d->drained_bytes);
	json_number("cached_bytes", (long long)d->cached_bytes);
	json_close('}');
}

int cmd_drain(const struct options *global, int argc, char **argv)
{
	struct node_args args = { .opt = *global, .node = PBUDDY_NODE_ANY };
	struct pbuddy_drain d = { .size = sizeof(d) };
	char drained[32], cached[32];
	int fd, status = EXIT_OK;

	argp_parse(&drain_argp, argc, argv, 0, NULL, &args);
	fd = open_device(&args.opt);
	if (fd < 0)
		return EXIT_NO_DEVICE;
	d.node = (int32_t)args.node;
	if (ioctl(fd, PBUDDY_IOCTL_DRAIN, &d)) {
		status = ioctl_failed(&args.opt, "DRAIN", args.node);
	} else if (args.opt.json) {
		print_json(args.node, &d);
	} else {
		print_node_arg(args.node);
		printf(": %s drained, %s still cached\n",
		       format_size(d.drained_bytes, drained, sizeof(drained)),
		       format_size(d.cached_bytes, cached, sizeof(cached)));
	}
	close(fd);
	return status;
}
