/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations of pbuddyctl. The command line is pbuddyctl [OPTION...] VERB [OPTION...]: main.c
 * parses the options before the verb; cmd_VERB.c parses those after it and implements the verb.
 */
#ifndef PBUDDYCTL_H
#define PBUDDYCTL_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpbuddy.h>

/* Exit codes; also in pbuddyctl.1. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* an allocation or another operation failed */
	EXIT_USAGE = 2,		/* wrong command line */
	EXIT_NO_DEVICE = 3,	/* no module, no device node, or no permission */
	EXIT_LEAKS = 4,		/* pbuddyctl leaks has found buffers */
};

/* The options before the verb. */
struct options {
	const char	*device;
	const char	*debugfs;
	bool		json;
};

/* A verb. Its argv begins with "pbuddyctl VERB", the program name in messages of argp. */
struct verb {
	const char	*name;
	const char	*summary;
	int		(*run)(const struct options *opt, int argc, char **argv);
};

int cmd_info(const struct options *opt, int argc, char **argv);
int cmd_alloc(const struct options *opt, int argc, char **argv);
int cmd_buddyinfo(const struct options *opt, int argc, char **argv);
int cmd_watch(const struct options *opt, int argc, char **argv);
int cmd_list(const struct options *opt, int argc, char **argv);
int cmd_leaks(const struct options *opt, int argc, char **argv);
int cmd_resize(const struct options *opt, int argc, char **argv);
int cmd_group(const struct options *opt, int argc, char **argv);
int cmd_doctor(const struct options *opt, int argc, char **argv);
int cmd_top(const struct options *opt, int argc, char **argv);
int cmd_frag(const struct options *opt, int argc, char **argv);
int cmd_compact(const struct options *opt, int argc, char **argv);
int cmd_drain(const struct options *opt, int argc, char **argv);

/* The option --json, which is allowed before and after the verb. */
#define OPTION_JSON	{ "json", 'j', NULL, 0, "Print JSON", 0 }

/* Options and parser of a verb with no option but --json; the input is a struct options. */
extern const struct argp_option plain_options[];
error_t parse_plain(int key, char *arg, struct argp_state *state);

/* node_arg.c: a verb whose only argument is a node, and whose only option is --json */

struct node_args {
	struct options	opt;
	long		node;		/* PBUDDY_NODE_ANY without an argument */
};

error_t parse_node_arg(int key, char *arg, struct argp_state *state);
/* Prints "node 3" or "all nodes". */
void print_node_arg(long node);

/* device.c */

/* The result of GET_INFO, with one element for each node that owns pbuddy memory. */
struct node_table {
	struct pbuddy_info	info;
	struct pbuddy_node_info	*node;
};

/* Opens the device; on failure prints the error with advice and returns -1. */
int open_device(const struct options *opt);
/* Returns 0, or -1 with errno set. The caller frees table->node. */
int read_nodes(int fd, struct node_table *table);

/*
 * Prints why an ioctl has failed, by errno, and returns EXIT_FAILED. @node is what it was called
 * for, if it takes one.
 */
int ioctl_failed(const struct options *opt, const char *name, long node);
/*
 * Opens the device and reads its nodes. Returns EXIT_OK, and the caller closes @fd and frees
 * table->node; or prints the error, and returns another exit code.
 */
int open_nodes(const struct options *opt, long node, int *fd, struct node_table *table);
uint64_t pageblock_bytes(const struct node_table *table);

/* file.c */

/* Copies the rest of the first line that begins with @prefix; false when there is none. */
bool read_field(const char *path, const char *prefix, char *value, size_t len);
/* Copies the first line of a file, without the newline; false when there is none. */
bool read_line(const char *path, char *line, size_t len);

/* size.c */

/* Converts text such as "64M" to bytes; K, M, G, T and P are powers of 1024. */
bool parse_size(const char *text, uint64_t *bytes);
/* Parses an integer without a sign, from @min to @max. */
bool parse_number(const char *text, long min, long max, long *number);
/* Formats bytes as "64M" in @buf, and returns @buf. */
const char *format_size(uint64_t bytes, char *buf, size_t len);

/* text.c */

/* Copies @text to @buf, and returns @buf: bytes that are no printable ASCII become "\xNN". */
const char *plain_text(const char *text, char *buf, size_t len);
/* Length of the UTF-8 character at @text, which @code is set to; 0: there is no valid one. */
size_t utf8_char(const char *text, uint32_t *code);

/* json.c: JSON on stdout, with commas and indentation. @key is NULL in an array. */

void json_open(const char *key, char bracket);	/* '{' or '[' */
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, long long value);
void json_bool(const char *key, bool value);

/*
 * table.c: an aligned table on stdout, by libsmartcols; on ENOMEM the program exits. On a terminal,
 * and with COLUMNS in the environment, columns that may be cut are, to fit the width.
 */

struct libscols_table;

#define RIGHT	true
#define LEFT	false

struct libscols_table *table_new(void);
void table_column(struct libscols_table *table, const char *name, bool right);
void table_column_cut(struct libscols_table *table, const char *name);
/* @values has one element per column. */
void table_row(struct libscols_table *table, const char *const *values, size_t nr);
/* Prints the table and frees it. */
void table_print(struct libscols_table *table);

/* Columns of the terminal on stdout, or COLUMNS; 0 when lines may have any width. */
size_t output_width(void);

#endif /* PBUDDYCTL_H */
