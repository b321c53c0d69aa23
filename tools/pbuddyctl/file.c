// SPDX-License-Identifier: GPL-2.0-only
/* Reading fields of the small files in /proc, /sys and debugfs. */
#include <stdio.h>
#include <string.h>

#include "pbuddyctl.h"

bool read_field(const char *path, const char *prefix, char *value, size_t len)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, prefix, strlen(prefix));
	fclose(file);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = 0;
	snprintf(value, len, "%.*s", (int)len - 1, line + strlen(prefix));
	return true;
}

bool read_line(const char *path, char *line, size_t len)
{
	return read_field(path, "", line, len);
}
