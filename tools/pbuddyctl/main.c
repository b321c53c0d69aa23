// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl: finds the verb on the command line and runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pbuddyctl.h"

const struct argp_option plain_options[] = { OPTION_JSON, { 0 } };

error_t parse_plain(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		opt->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are expected");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const char *argp_program_version = "pbuddyctl " PBUDDY_VERSION;

static const struct verb verbs[] = {
	{ "info", "what pbuddy owns on each node, and what is free", cmd_info },
	{ "alloc", "allocate buffers, show where they are, hold them", cmd_alloc },
	{ "buddyinfo", "free blocks by order, as /proc/buddyinfo", cmd_buddyinfo },
	{ "doctor", "find out what is wrong, and what to do about it", cmd_doctor },
};

#define NR_VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static const struct argp_option main_options[] = {
	{ "device", 'd', "PATH", 0, "The device node (default /dev/pbuddy)", 0 },
	{ "debugfs", 'D', "DIR", 0, "Where debugfs is (default /sys/kernel/debug/pbuddy)", 0 },
	OPTION_JSON,
	{ 0 }
};

struct main_args {
	struct options	opt;
	int		verb;		/* index of the verb in argv, 0: none */
};

static error_t parse_main(int key, char *arg, struct argp_state *state)
{
	struct main_args *args = state->input;

	switch (key) {
	case 'd':
		args->opt.device = arg;
		return 0;
	case 'D':
		args->opt.debugfs = arg;
		return 0;
	case 'j':
		args->opt.json = true;
		return 0;
	case ARGP_KEY_ARG:
		/* The rest belongs to the verb. */
		args->verb = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which verb?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *list_verbs(int key, const char *text, void *input)
{
	size_t len = 0, size = 1024, i;
	char *doc;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	doc = malloc(size);
	if (!doc)
		return (char *)text;
	len += snprintf(doc, size, "Verbs (VERB --help tells more):\n");
	for (i = 0; i < NR_VERBS; i++)
		len += snprintf(doc + len, size - len, "  %-12s%s\n", verbs[i].name,
				verbs[i].summary);
	snprintf(doc + len, size - len,
		 "\nExit status: 0 done, 1 could not be done, 2 wrong usage, 3 no usable device.");
	return doc;
}

static const struct argp main_argp = {
	.options	= main_options,
	.parser		= parse_main,
	.args_doc	= "VERB [OPTION...]",
	.doc		= "Look at and use the memory that the pbuddy kernel module owns.\v ",
	.help_filter	= list_verbs,
};

static int run_verb(const struct verb *verb, const struct options *opt, int argc, char **argv)
{
	static char name[64];

	snprintf(name, sizeof(name), "pbuddyctl %s", verb->name);
	argv[0] = name;
	return verb->run(opt, argc, argv);
}

int main(int argc, char **argv)
{
	struct main_args args = {
		.opt = { .device = "/dev/pbuddy", .debugfs = "/sys/kernel/debug/pbuddy" },
	};
	size_t i;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, &args);
	for (i = 0; i < NR_VERBS; i++)
		if (!strcmp(argv[args.verb], verbs[i].name))
			return run_verb(&verbs[i], &args.opt, argc - args.verb, argv + args.verb);
	fprintf(stderr, "pbuddyctl: no verb '%s'; see pbuddyctl --help\n", argv[args.verb]);
	return EXIT_USAGE;
}
