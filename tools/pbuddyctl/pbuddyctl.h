/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of pbuddyctl share: options, exit codes, the device, printing. */
#ifndef PBUDDYCTL_H
#define PBUDDYCTL_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/pbuddy.h>

/* Exit codes; also in pbuddyctl.1. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* what was asked for could not be done */
	EXIT_USAGE = 2,		/* wrong command line */
	EXIT_NO_DEVICE = 3,	/* no module, no device node, no permission */
};

/* From the command line, before the verb. */
struct options {
	const char	*device;
	const char	*debugfs;
	bool		json;
};

/* A verb: its own argp parser sees argv[0] = "pbuddyctl VERB". */
struct verb {
	const char	*name;
	const char	*summary;
	int		(*run)(const struct options *opt, int argc, char **argv);
};

int cmd_info(const struct options *opt, int argc, char **argv);
int cmd_alloc(const struct options *opt, int argc, char **argv);
int cmd_buddyinfo(const struct options *opt, int argc, char **argv);
int cmd_doctor(const struct options *opt, int argc, char **argv);

/* The option --json, which may stand before or after the verb; for the argp of a verb. */
#define OPTION_JSON	{ "json", 'j', NULL, 0, "Print JSON", 0 }

/* For the argp of a verb with no other option and no arguments; its input is struct options. */
extern const struct argp_option plain_options[];
error_t parse_plain(int key, char *arg, struct argp_state *state);

/* device.c */

/* GET_INFO with its array. */
struct node_table {
	struct pbuddy_info	info;
	struct pbuddy_node_info	*node;
};

/* Opens the device, or says what is wrong and what to do: -1 then. */
int open_device(const struct options *opt);
/* 0, or -1 with errno set. Free table->node. */
int read_nodes(int fd, struct node_table *table);
const char *reason_text(uint32_t reason);

/* size.c */

/* "64M" to bytes; false when it is no size. K, M, G, T are powers of 1024. */
bool parse_size(const char *text, uint64_t *bytes);
/* A whole number within limits. */
bool parse_number(const char *text, long min, long max, long *number);
/* Bytes to "64M", in a buffer of the caller. */
const char *format_size(uint64_t bytes, char *buf, size_t len);

/* json.c: writes JSON to stdout, keeping track of commas and indentation. */

void json_open(const char *key, char bracket);	/* '{' or '['; key NULL inside an array */
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, long long value);
void json_bool(const char *key, bool value);

/* table.c: an aligned table on stdout, by libsmartcols. */

struct libscols_table;

#define RIGHT	true
#define LEFT	false

struct libscols_table *table_new(void);
void table_column(struct libscols_table *table, const char *name, bool right);
/* One value per column. */
void table_row(struct libscols_table *table, const char *const *values, size_t nr);
void table_print(struct libscols_table *table);

#endif /* PBUDDYCTL_H */
