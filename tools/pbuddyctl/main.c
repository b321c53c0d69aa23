// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl: parses the options before the verb, and runs the verb (cmd_VERB.c). */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	{ "info", "show owned and free memory of each node", cmd_info },
	{ "alloc", "allocate buffers, show their extents, hold them", cmd_alloc },
	{ "list", "show the buffers that exist, or sums by process, user, node", cmd_list },
	{ "leaks", "show buffers that no process holds; exit with 4 if there are", cmd_leaks },
	{ "buddyinfo", "show free blocks by order, as /proc/buddyinfo", cmd_buddyinfo },
	{ "watch", "report when a node runs short of memory", cmd_watch },
	{ "resize", "change how much memory a node owns", cmd_resize },
	{ "top", "show live how memory is used, and by which processes", cmd_top },
	{ "frag", "show a picture of the pageblocks, also as PNG", cmd_frag },
	{ "compact", "move blocks so that pageblocks become free", cmd_compact },
	{ "drain", "return the free pages in per-CPU caches to the zones", cmd_drain },
	{ "group", "give cgroups memory of their own", cmd_group },
	{ "doctor", "check the installation, advise how to fix it", cmd_doctor },
};

#define NR_VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static const struct argp_option main_options[] = {
	{ "device", 'd', "PATH", 0, "The device node (default /dev/pbuddy)", 0 },
	{ "debugfs", 'D', "DIR", 0, "Debugfs directory (default /sys/kernel/debug/pbuddy)", 0 },
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
		/* The verb parses the remaining arguments. */
		args->verb = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a verb is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Adds the list of verbs to the end of --help. */
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
	len += snprintf(doc, size, "Verbs (VERB --help lists the options of the verb):\n");
	for (i = 0; i < NR_VERBS; i++)
		len += snprintf(doc + len, size - len, "  %-12s%s\n", verbs[i].name,
				verbs[i].summary);
	snprintf(doc + len, size - len,
		 "\nExit status: 0 success, 1 failure, 2 wrong usage, 3 no usable device,\n"
		 "4 leaks were found.");
	return doc;
}

static const struct argp main_argp = {
	.options	= main_options,
	.parser		= parse_main,
	.args_doc	= "VERB [OPTION...]",
	.doc		= "Show and allocate the memory that the pbuddy kernel module owns.\v ",
	.help_filter	= list_verbs,
};

/*
 * At exit, also from --help: output that could not be written, as to a full disk, is a failure. A
 * stdout that was closed by the caller is none for a program that prints nothing.
 */
static void close_stdout(void)
{
	bool lost = ferror(stdout), pending = __fpending(stdout);

	if (!fclose(stdout) && !lost)
		return;
	if (!lost && !pending && errno == EBADF)
		return;
	/* A failed fflush() has dropped the text, and later calls find nothing to write. */
	if (lost)
		fprintf(stderr, "pbuddyctl: cannot write the output\n");
	else
		fprintf(stderr, "pbuddyctl: cannot write the output: %s\n", strerror(errno));
	_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	struct main_args args = {
		.opt = { .device = "/dev/pbuddy", .debugfs = "/sys/kernel/debug/pbuddy" },
	};
	char name[64];
	size_t i;

	atexit(close_stdout);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, &args);
	argc -= args.verb;
	argv += args.verb;
	for (i = 0; i < NR_VERBS; i++) {
		if (strcmp(argv[0], verbs[i].name))
			continue;
		snprintf(name, sizeof(name), "pbuddyctl %s", argv[0]);
		argv[0] = name;
		return verbs[i].run(&args.opt, argc, argv);
	}
	fprintf(stderr, "pbuddyctl: no verb '%s'; see pbuddyctl --help\n", argv[0]);
	return EXIT_USAGE;
}
