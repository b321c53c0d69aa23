// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of other users in the output: names of processes may have any bytes, and labels all but
 * control characters of ASCII. Written to a terminal, they could be an escape sequence.
 */
#include <stdio.h>

#include "pbuddyctl.h"

const char *plain_text(const char *text, char *buf, size_t len)
{
	char *end = buf;

	/* The longest form of a byte, and the NUL. */
	for (; *text && (size_t)(end - buf) + sizeof("\\x00") <= len; text++)
		if (*text >= ' ' && *text <= '~')
			*end++ = *text;
		else
			end += sprintf(end, "\\x%02x", (unsigned char)*text);
	*end = 0;
	return buf;
}

size_t utf8_char(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *c = (const unsigned char *)text;
	size_t len = c[0] < 0x80 ? 1 : c[0] < 0xc0 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 :
		     c[0] < 0xf8 ? 4 : 0, i;

	*code = len > 1 ? c[0] & (0x7fU >> len) : c[0];
	for (i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (c[i] & 0x3f);
	}
	if (!len || *code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}
