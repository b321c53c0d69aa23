// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl group: cgroups with memory of their own, by the parameters group_* of the module. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define PARAMETERS	"/sys/module/pbuddy/parameters/"
#define MOUNT		"/sys/fs/cgroup"

struct group_args {
	struct options	opt;
	const char	*verb;
	const char	*cgroup;
	const char	*value;
};

static error_t parse_group(int key, char *arg, struct argp_state *state)
{
	struct group_args *args = state->input;

	switch (key) {
	case 'j':
		args->opt.json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 2)
			return ARGP_ERR_UNKNOWN;
		*(state->arg_num == 0 ? &args->verb : state->arg_num == 1 ? &args->cgroup :
		  &args->value) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!args->verb)
			args->verb = "list";
		if (!strcmp(args->verb, "list") ? !!args->cgroup : !args->value)
			argp_error(state, "expected: list, or a verb and two words");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option group_options[] = { OPTION_JSON, { 0 } };

static const struct argp group_argp = {
	.options	= group_options,
	.parser		= parse_group,
	.args_doc	= "[list]\n{give|take} CGROUP NODE:NRxSIZE\ntake CGROUP all\n"
			  "strict CGROUP on|off",
	.doc		= "Cgroups with memory of their own: show them, give and take blocks.",
};

/* A line of groups: "NUMBER Y|N NODE:FREE/ALL,... PATH"; false when it has another format. */
static bool show(char *line, bool json, struct libscols_table *out)
{
	char *number = strtok(line, " "), *strict = strtok(NULL, " "), *memory = strtok(NULL, " ");
	char *path = strtok(NULL, "\n");

	if (!number || !strict || !memory || !path)
		return false;
	for (char *part = strtok(memory, ","); part; part = strtok(NULL, ",")) {
		unsigned long long free_kib, all_kib;
		char node[16], unused[32], all[32];
		int nid;

		if (sscanf(part, "%d:%lluK/%lluK", &nid, &free_kib, &all_kib) != 3)
			return false;
		if (json) {
			json_open(NULL, '{');
			json_string("cgroup", path);
			json_number("id", strtoll(number, NULL, 10));
			json_bool("strict", *strict == 'Y');
			json_number("node", nid);
			json_number("total_bytes", (long long)all_kib << 10);
			json_number("free_bytes", (long long)free_kib << 10);
			json_close('}');
			continue;
		}
		snprintf(node, sizeof(node), "%d", nid);
		const char *const row[] = {
			path, number, *strict == 'Y' ? "yes" : "no", node,
			format_size(all_kib << 10, all, sizeof(all)),
			format_size(free_kib << 10, unused, sizeof(unused)),
		};
		table_row(out, row, sizeof(row) / sizeof(row[0]));
	}
	return true;
}

static struct libscols_table *make_table(void)
{
	struct libscols_table *out = table_new();

	table_column(out, "CGROUP", LEFT);
	table_column(out, "ID", RIGHT);
	table_column(out, "STRICT", LEFT);
	table_column(out, "NODE", RIGHT);
	table_column(out, "TOTAL", RIGHT);
	table_column(out, "FREE", RIGHT);
	return out;
}

static int no_parameter(const char *path)
{
	fprintf(stderr, "pbuddyctl: %s: %s (%s)\n", path, strerror(errno),
		errno == EACCES ? "for root only" : "is the module loaded? Try: pbuddyctl doctor");
	return EXIT_NO_DEVICE;
}

static int list(bool json)
{
	FILE *file = fopen(PARAMETERS "groups", "re");
	struct libscols_table *out;
	char line[4096 + 1];
	bool good = true;

	if (!file)
		return no_parameter(PARAMETERS "groups");
	out = json ? NULL : make_table();
	if (json) {
		json_open(NULL, '{');
		json_open("groups", '[');
	}
	while (good && fgets(line, sizeof(line), file))
		good = show(line, json, out);
	if (json) {
		json_close(']');
		json_close('}');
	} else {
		table_print(out);
	}
	fclose(file);
	if (!good)
		fprintf(stderr, "pbuddyctl: %sgroups: unexpected format\n", PARAMETERS);
	return good ? EXIT_OK : EXIT_FAILED;
}

static const char *advice(int err)
{
	switch (err) {
	case ENOMEM:
		return "the node has no more such blocks; those that were given stay";
	case EBUSY:
		return "the other blocks are in use";
	case ENOENT:
		return "there is no such cgroup, or it has no memory of its own";
	case ENXIO:
		return "pbuddy has no memory on this node";
	default:
		return strerror(err);
	}
}

/* Writes to a parameter of the module, whose log has the details of a failure. */
static int change(const struct group_args *args)
{
	const char *cgroup = args->cgroup, *value = args->value;
	char path[128], text[4096 + 64];
	int fd, err = 0;

	if (!strncmp(cgroup, MOUNT "/", sizeof(MOUNT)))
		cgroup += strlen(MOUNT);
	if (!strcmp(args->verb, "strict"))
		value = !strcmp(value, "on") ? "Y" : !strcmp(value, "off") ? "N" : value;
	snprintf(path, sizeof(path), PARAMETERS "group_%s", args->verb);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return no_parameter(path);
	snprintf(text, sizeof(text), "%s %s", cgroup, value);
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	if (!err)
		return EXIT_OK;
	fprintf(stderr, "pbuddyctl: group %s %s %s: %s; dmesg says more\n", args->verb, cgroup,
		args->value, advice(err));
	return EXIT_FAILED;
}

int cmd_group(const struct options *global, int argc, char **argv)
{
	struct group_args args = { .opt = *global };

	argp_parse(&group_argp, argc, argv, 0, NULL, &args);
	if (!strcmp(args.verb, "list"))
		return list(args.opt.json);
	if (strcmp(args.verb, "give") && strcmp(args.verb, "take") && strcmp(args.verb, "strict")) {
		fprintf(stderr, "pbuddyctl: group %s: list, give, take or strict is expected\n",
			args.verb);
		return EXIT_USAGE;
	}
	return change(&args);
}
