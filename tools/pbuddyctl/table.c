// SPDX-License-Identifier: GPL-2.0-only
/* Tables, by libsmartcols. The program exits when there is no memory for a table. */
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <libsmartcols.h>

#include "pbuddyctl.h"

struct libscols_table *table_new(void)
{
	struct libscols_table *table;

	scols_init_debug(0);
	table = scols_new_table();
	if (!table)
		err(EXIT_FAILED, "table");
	return table;
}

static void add_column(struct libscols_table *table, const char *name, int flags)
{
	if (!scols_table_new_column(table, name, 0, flags))
		err(EXIT_FAILED, "table");
}

void table_column(struct libscols_table *table, const char *name, bool right)
{
	add_column(table, name, right ? SCOLS_FL_RIGHT : 0);
}

void table_column_cut(struct libscols_table *table, const char *name)
{
	add_column(table, name, SCOLS_FL_TRUNC);
}

void table_row(struct libscols_table *table, const char *const *values, size_t nr)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	size_t i;

	if (!line)
		err(EXIT_FAILED, "table");
	for (i = 0; i < nr; i++)
		if (scols_line_set_data(line, i, values[i]))
			err(EXIT_FAILED, "table");
}

size_t output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width;

	if (columns && parse_number(columns, 1, INT32_MAX, &width))
		return (size_t)width;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static void set_width(struct libscols_table *table)
{
	size_t width = output_width();

	if (!width)
		return;
	scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(table, width);
}

void table_print(struct libscols_table *table)
{
	set_width(table);
	scols_print_table(table);
	scols_unref_table(table);
}
