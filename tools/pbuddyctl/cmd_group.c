// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl group: cgroups with memory of their own, by the parameters group_* of the module. */
#include <ctype.h>
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

/* A path, or the number of a cgroup in the output of list. */
static bool is_cgroup(const char *text)
{
	return *text == '/' || (*text && text[strspn(text, "0123456789")] == '\0');
}

/* NODE:NRxSIZE */
static bool is_blocks(const char *text)
{
	unsigned int node, nr;
	int end = 0;

	return isdigit((unsigned char)*text) &&
	       sscanf(text, "%u:%ux%n", &node, &nr, &end) == 2 && end && !strchr(text, '-') &&
	       (!strcmp(text + end, "2M") || !strcmp(text + end, "1G"));
}

/* Checks the words after the verb. */
static void check_group(const struct group_args *args, struct argp_state *state)
{
	const char *verb = args->verb, *value = args->value;

	if (!strcmp(verb, "list")) {
		if (args->cgroup)
			argp_error(state, "list takes no arguments");
		return;
	}
	if (strcmp(verb, "give") && strcmp(verb, "take") && strcmp(verb, "strict"))
		argp_error(state, "'%s': list, give, take or strict is expected", verb);
	if (!value)
		argp_error(state, "%s takes two words", verb);
	if (!is_cgroup(args->cgroup))
		argp_error(state, "'%s': CGROUP is a path, or a number that list shows",
			   args->cgroup);
	if (!strcmp(verb, "strict")) {
		if (strcmp(value, "on") && strcmp(value, "off"))
			argp_error(state, "'%s': strict takes on or off", value);
	} else if (!is_blocks(value) && (strcmp(verb, "take") || strcmp(value, "all"))) {
		argp_error(state, "'%s': %s takes NODE:NRx2M or NODE:NRx1G%s", value, verb,
			   strcmp(verb, "take") ? "" : ", or all");
	}
}

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
		check_group(args, state);
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

/* The output of list. */
struct group_list {
	struct libscols_table	*table;		/* NULL: JSON */
	bool			truncated;	/* the kernel has left groups out */
};

/* A group, as groups has it, with its memory on one node. */
struct group {
	const char		*path;
	const char		*number;
	bool			strict;
	int			node;		/* or -1: it has no memory yet */
	unsigned long long	free_kib;
	unsigned long long	all_kib;
};

static void show_json(const struct group *group)
{
	json_open(NULL, '{');
	json_string("cgroup", group->path);
	json_number("id", strtoll(group->number, NULL, 10));
	json_bool("strict", group->strict);
	if (group->node >= 0)
		json_number("node", group->node);
	json_number("total_bytes", (long long)group->all_kib << 10);
	json_number("free_bytes", (long long)group->free_kib << 10);
	json_close('}');
}

static void show_node(const struct group_list *out, const struct group *group)
{
	char node[16] = "-", unused[32], all[32];

	if (!out->table) {
		show_json(group);
		return;
	}
	if (group->node >= 0)
		snprintf(node, sizeof(node), "%d", group->node);
	table_row(out->table, (const char *[]) {
		group->path, group->number, group->strict ? "yes" : "no", node,
		format_size(group->all_kib << 10, all, sizeof(all)),
		format_size(group->free_kib << 10, unused, sizeof(unused)) }, 6);
}

/*
 * A line of groups: "NUMBER Y|N NODE:FREE/ALL,... PATH", with "-" for no memory, or "..." for lines
 * that were left out; false when it has another format.
 */
static bool show(char *line, struct group_list *out)
{
	char *number, *strict, *memory, *part;
	struct group group = { .node = -1 };

	if (!strcmp(line, "...\n")) {
		out->truncated = true;
		return true;
	}
	number = strtok(line, " ");
	strict = strtok(NULL, " ");
	memory = strtok(NULL, " ");
	group.path = strtok(NULL, "\n");
	if (!number || !strict || !memory || !group.path)
		return false;
	group.number = number;
	group.strict = *strict == 'Y';
	if (!strcmp(memory, "-"))
		show_node(out, &group);
	else
		for (part = strtok(memory, ","); part; part = strtok(NULL, ",")) {
			if (sscanf(part, "%d:%lluK/%lluK", &group.node, &group.free_kib,
				   &group.all_kib) != 3)
				return false;
			show_node(out, &group);
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
	struct group_list out = { 0 };
	char line[4096 + 1];
	bool good = true;

	if (!file)
		return no_parameter(PARAMETERS "groups");
	if (json) {
		json_open(NULL, '{');
		json_open("groups", '[');
	} else {
		out.table = make_table();
	}
	while (good && fgets(line, sizeof(line), file))
		good = show(line, &out);
	fclose(file);
	if (json) {
		json_close(']');
		json_bool("truncated", out.truncated);
		json_close('}');
	} else {
		table_print(out.table);
	}
	if (out.truncated)
		fprintf(stderr, "pbuddyctl: there are more groups; the kernel shows 4096 bytes\n");
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
	case EPERM:
		return "this needs CAP_SYS_ADMIN";
	case ENXIO:
		return "pbuddy has no memory on this node";
	case ENOSPC:
		return "there are too many groups";
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
		value = !strcmp(value, "on") ? "Y" : "N";
	snprintf(path, sizeof(path), PARAMETERS "group_%s", args->verb);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return no_parameter(path);
	if ((size_t)snprintf(text, sizeof(text), "%s %s", cgroup, value) >= sizeof(text))
		err = ENAMETOOLONG;
	else if (write(fd, text, strlen(text)) < 0)
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
	return change(&args);
}
