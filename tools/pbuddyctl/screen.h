/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal of pbuddyctl top. See screen.c. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* What screen_wait() has ended with, beside the key that was pressed. */
enum { SCREEN_TIMEOUT = -1, SCREEN_RESIZED = -2, SCREEN_END = -3 };

/* Whether stdin and stdout are terminals that can be drawn on. */
bool screen_possible(void);
/* Prepares the terminal, or with @plain only waits for signals; undone at exit. */
void screen_start(bool plain);
/* Lines and columns now. */
void screen_size(size_t *rows, size_t *columns);
/* Replaces what is on the terminal by lines of text, cut to its size. */
void screen_draw(char *text);
/* Waits for a key or for the time; returns it or one of the above. */
int screen_wait(int milliseconds);

#endif /* SCREEN_H */
