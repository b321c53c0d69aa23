// SPDX-License-Identifier: GPL-2.0-only
/* Sizes and numbers in the notation of the command line. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pbuddyctl.h"

static const char suffixes[] = "KMGTP";

bool parse_size(const char *text, uint64_t *bytes)
{
	unsigned long long value;
	const char *suffix;
	int shift = 0;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno)
		return false;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix)
			return false;
		shift = 10 * (int)(suffix - suffixes + 1);
		end++;
		if (strcmp(end, "") && strcmp(end, "B") && strcmp(end, "iB"))
			return false;
	}
	if (value > UINT64_MAX >> shift)
		return false;
	*bytes = (uint64_t)value << shift;
	return true;
}

bool parse_number(const char *text, long min, long max, long *number)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtol(text, &end, 0);
	if (errno || *end || value < min || value > max)
		return false;
	*number = value;
	return true;
}

const char *format_size(uint64_t bytes, char *buf, size_t len)
{
	double value = (double)bytes;
	const char *suffix = "";
	size_t i;

	for (i = 0; value >= 1024 && i < strlen(suffixes); i++) {
		value /= 1024;
		suffix = &suffixes[i];
	}
	/* No fraction where the value is exact. */
	if (value == (double)(uint64_t)value)
		snprintf(buf, len, "%.0f%.1s", value, suffix);
	else
		snprintf(buf, len, "%.1f%.1s", value, suffix);
	return buf;
}
