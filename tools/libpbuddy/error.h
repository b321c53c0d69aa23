/* SPDX-License-Identifier: MIT */
/*
 * The record of the last failure, one for each thread. Not installed, and not exported by the
 * shared library.
 */
#ifndef LIBPBUDDY_ERROR_H
#define LIBPBUDDY_ERROR_H

#include <stdint.h>

/*
 * Records a failure: the text is "FORMAT: errno (HINT)", without a hint that is NULL. @reason is an
 * enum pbuddy_reason. Keeps errno; returns -1.
 */
__attribute__((format(printf, 3, 4)))
int pbuddy_fail__(uint32_t reason, const char *hint, const char *format, ...);

#endif /* LIBPBUDDY_ERROR_H */
