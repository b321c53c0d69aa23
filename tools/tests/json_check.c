// SPDX-License-Identifier: GPL-2.0-only
/* pbuddy-test --check-json: is standard input one JSON value? A guest has no other checker. */
#include <ctype.h>

#include "common.h"

static const char *at;

static bool value(int depth);

static void skip_space(void)
{
	while (*at && strchr(" \t\r\n", *at))
		at++;
}

static bool string(void)
{
	if (*at++ != '"')
		return false;
	for (; *at && *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return false;
		if (*at == '\\' && !strchr("\"\\/bfnrtu", *++at))
			return false;
	}
	return *at++ == '"';
}

static bool number(void)
{
	char *end;

	if (*at != '-' && !isdigit((unsigned char)*at))
		return false;
	strtod(at, &end);
	if (end == at)
		return false;
	at = end;
	return true;
}

/* After the opening bracket: members up to the closing one. */
static bool members(char close, int depth)
{
	skip_space();
	if (*at == close) {
		at++;
		return true;
	}
	for (;;) {
		skip_space();
		if (close == '}') {
			if (!string())
				return false;
			skip_space();
			if (*at++ != ':')
				return false;
		}
		if (!value(depth + 1))
			return false;
		skip_space();
		if (*at == close) {
			at++;
			return true;
		}
		if (*at++ != ',')
			return false;
	}
}

static bool word(const char *text)
{
	size_t len = strlen(text);

	if (strncmp(at, text, len))
		return false;
	at += len;
	return true;
}

static bool value(int depth)
{
	if (depth > 32)
		return false;
	skip_space();
	switch (*at) {
	case '{':
		at++;
		return members('}', depth);
	case '[':
		at++;
		return members(']', depth);
	case '"':
		return string();
	default:
		return word("true") || word("false") || word("null") || number();
	}
}

int check_json(void)
{
	static char text[1 << 20];
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);

	text[len] = 0;
	at = text;
	if (value(0)) {
		skip_space();
		if (!*at && len)
			return 0;
	}
	fprintf(stderr, "not JSON at byte %zu: %.40s\n", (size_t)(at - text), at);
	return 1;
}
