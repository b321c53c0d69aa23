// SPDX-License-Identifier: MIT
/* libpbuddy: texts of failures. Each thread has a record of its last failure. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "error.h"
#include "libpbuddy.h"

static __thread struct {
	uint32_t	reason;
	char		text[320];
} last;

int pbuddy_fail__(uint32_t reason, const char *hint, const char *format, ...)
{
	char what[224];
	int err = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	errno = err;
	if (hint)
		snprintf(last.text, sizeof(last.text), "%s: %m (%s)", what, hint);
	else
		snprintf(last.text, sizeof(last.text), "%s: %m", what);
	last.reason = reason;
	errno = err;
	return -1;
}

const char *pbuddy_error(void)
{
	return last.text;
}

unsigned int pbuddy_error_reason(void)
{
	return last.reason;
}

const char *pbuddy_reason_text(unsigned int reason)
{
	static const char *const text[] = {
		[PBUDDY_REASON_NONE] = "no reason given",
		[PBUDDY_REASON_LIMIT] = "more than these nodes own, or than a limit allows",
		[PBUDDY_REASON_WATERMARK] = "not enough free pages",
		[PBUDDY_REASON_FRAGMENTATION] = "enough free pages, but not contiguous enough",
		[PBUDDY_REASON_NODE] = "the node owns no pbuddy memory",
		[PBUDDY_REASON_POLICY] = "the memory policy or cpuset allows no node",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : "unknown reason";
}

const char *pbuddy_swap_reason_text(unsigned int reason)
{
	static const char *const text[] = {
		[PBUDDY_SWAP_NONE] = "no reason given",
		[PBUDDY_SWAP_ADVICE] = "the buffer was not advised PBUDDY_ADVICE_SWAP",
		[PBUDDY_SWAP_NODE] = "the parameter swap= does not name the node",
		[PBUDDY_SWAP_EXPORTED] = "dma-bufs of the buffer exist",
		[PBUDDY_SWAP_PURGEABLE] = "the buffer is purgeable",
		[PBUDDY_SWAP_PINNED] = "pages are pinned",
		[PBUDDY_SWAP_NO_SPACE] = "not enough free swap space",
		[PBUDDY_SWAP_NO_MEMORY] = "not enough system memory, or a limit of the cgroup",
		[PBUDDY_SWAP_BAD_PAGE] = "a page has a memory error",
		[PBUDDY_SWAP_KILLED] = "a fatal signal",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : "unknown reason";
}
