// SPDX-License-Identifier: GPL-2.0-only
/* Tables, by libsmartcols. The program exits when there is no memory for a table. */
#include <err.h>
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

void table_column(struct libscols_table *table, const char *name, bool right)
{
	if (!scols_table_new_column(table, name, 0, right ? SCOLS_FL_RIGHT : 0))
		err(EXIT_FAILED, "table");
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

void table_print(struct libscols_table *table)
{
	scols_print_table(table);
	scols_unref_table(table);
}
