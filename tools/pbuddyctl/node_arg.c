// SPDX-License-Identifier: GPL-2.0-only
/* The command line of verbs that take a node. */
#include <errno.h>
#include <stdio.h>

#include "pbuddyctl.h"

error_t parse_node_arg(int key, char *arg, struct argp_state *state)
{
	struct node_args *args = state->input;

	switch (key) {
	case 'j':
		args->opt.json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "only one node is expected");
		if (!parse_number(arg, 0, INT32_MAX, &args->node))
			argp_error(state, "bad node '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void print_node_arg(long node)
{
	if (node == PBUDDY_NODE_ANY)
		printf("all nodes");
	else
		printf("node %ld", node);
}
