// SPDX-License-Identifier: GPL-2.0-only
/* pbuddyctl buddyinfo: prints the debugfs file of that name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pbuddyctl.h"

#define NR_ORDERS	(PBUDDY_MAX_ORDER + 1)

/* A line of the file: "Node 0, zone   Normal      1      0 ...", one number per order. */
struct zone_line {
	int			node;
	char			zone[16];
	unsigned long long	blocks[NR_ORDERS];
	int			nr_orders;
};

static const struct argp buddyinfo_argp = {
	.options	= plain_options,
	.parser		= parse_plain,
	.doc		= "Show the free blocks of each order, from debugfs (for root only).",
};

static bool parse_line(const char *line, struct zone_line *zone)
{
	int used = 0;
	char *end;

	if (sscanf(line, "Node %d, zone %15s%n", &zone->node, zone->zone, &used) != 2)
		return false;
	line += used;
	for (zone->nr_orders = 0; zone->nr_orders < NR_ORDERS; zone->nr_orders++, line = end) {
		zone->blocks[zone->nr_orders] = strtoull(line, &end, 10);
		if (end == line)
			break;
	}
	return zone->nr_orders;
}

static uint64_t zone_bytes(const struct zone_line *zone)
{
	uint64_t pages = 0;
	int order;

	for (order = 0; order < zone->nr_orders; order++)
		pages += zone->blocks[order] << order;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_json(const struct zone_line *zone)
{
	int order;

	json_open(NULL, '{');
	json_number("node", zone->node);
	json_string("zone", zone->zone);
	json_number("free_bytes", (long long)zone_bytes(zone));
	json_open("blocks", '[');
	for (order = 0; order < zone->nr_orders; order++)
		json_number(NULL, (long long)zone->blocks[order]);
	json_close(']');
	json_close('}');
}

static void print_row(struct libscols_table *out, const struct zone_line *zone)
{
	char text[NR_ORDERS][24], node[16], size[32];
	const char *value[NR_ORDERS + 3];
	int order, nr = 0;

	snprintf(node, sizeof(node), "%d", zone->node);
	value[nr++] = node;
	value[nr++] = zone->zone;
	value[nr++] = format_size(zone_bytes(zone), size, sizeof(size));
	for (order = 0; order < NR_ORDERS; order++) {
		snprintf(text[order], sizeof(text[order]), "%llu",
			 order < zone->nr_orders ? zone->blocks[order] : 0);
		value[nr++] = text[order];
	}
	table_row(out, value, (size_t)nr);
}

static struct libscols_table *make_table(void)
{
	struct libscols_table *out = table_new();
	char name[16];
	int order;

	table_column(out, "NODE", RIGHT);
	table_column(out, "ZONE", LEFT);
	table_column(out, "FREE", RIGHT);
	for (order = 0; order < NR_ORDERS; order++) {
		snprintf(name, sizeof(name), "%d", order);
		table_column(out, name, RIGHT);
	}
	return out;
}

/* Prints the file; returns false when a line does not have the expected format. */
static bool print_file(FILE *file, bool json)
{
	struct libscols_table *out = json ? NULL : make_table();
	struct zone_line zone;
	char line[1024];
	bool good = true;

	if (json) {
		json_open(NULL, '{');
		json_open("zones", '[');
	}
	while (good && fgets(line, sizeof(line), file)) {
		good = parse_line(line, &zone);
		if (good && json)
			print_json(&zone);
		else if (good)
			print_row(out, &zone);
	}
	if (json) {
		json_close(']');
		json_close('}');
	} else {
		table_print(out);
	}
	return good;
}

int cmd_buddyinfo(const struct options *global, int argc, char **argv)
{
	struct options opt = *global;
	char path[4096];
	bool good;
	FILE *file;

	argp_parse(&buddyinfo_argp, argc, argv, 0, NULL, &opt);
	snprintf(path, sizeof(path), "%s/buddyinfo", opt.debugfs);
	file = fopen(path, "re");
	if (!file) {
		fprintf(stderr, "pbuddyctl: %s: %s (%s)\n", path, strerror(errno),
			errno == EACCES ? "debugfs is for root only" :
			"is the module loaded and debugfs mounted? Try: pbuddyctl doctor");
		return EXIT_NO_DEVICE;
	}
	good = print_file(file, opt.json);
	if (!good)
		fprintf(stderr, "pbuddyctl: %s: not in the format of /proc/buddyinfo\n", path);
	fclose(file);
	return good ? EXIT_OK : EXIT_FAILED;
}
