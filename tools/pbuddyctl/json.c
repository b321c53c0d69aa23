// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes JSON to stdout, one value per line. The state is the nesting depth, and whether the next
 * value is the first of its object or array, and so has no comma before it.
 */
#include <stdio.h>

#include "pbuddyctl.h"

static int depth;
static bool first = true;

/* JSON is UTF-8: a byte that is not becomes the replacement character. */
static void put_string(const char *s)
{
	uint32_t code;
	size_t len;

	putchar('"');
	for (; *s; s += len ? len : 1) {
		len = utf8_char(s, &code);
		if (!len)
			printf("\\ufffd");
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			printf("\\u%04x", code);
		else if (code == '"' || code == '\\')
			printf("\\%c", (int)code);
		else
			fwrite(s, 1, len, stdout);
	}
	putchar('"');
}

/* Writes the part of a value before the value itself: comma, new line, indentation, key. */
static void begin(const char *key)
{
	if (depth)
		printf("%s\n%*s", first ? "" : ",", 2 * depth, "");
	first = false;
	if (key) {
		put_string(key);
		printf(": ");
	}
}

void json_open(const char *key, char bracket)
{
	begin(key);
	putchar(bracket);
	depth++;
	first = true;
}

void json_close(char bracket)
{
	depth--;
	if (!first)
		printf("\n%*s", 2 * depth, "");
	putchar(bracket);
	first = false;
	if (!depth) {
		putchar('\n');
		first = true;
	}
}

void json_string(const char *key, const char *value)
{
	begin(key);
	put_string(value);
}

void json_number(const char *key, long long value)
{
	begin(key);
	printf("%lld", value);
}

void json_bool(const char *key, bool value)
{
	begin(key);
	printf("%s", value ? "true" : "false");
}
