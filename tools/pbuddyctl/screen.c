// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws pages of text on a terminal and reads single keys. It needs cursor movement and the
 * alternate screen of ECMA-48 terminals only, so it does without curses.
 *
 * Signals are blocked but in ppoll(), so none comes between a look at their flags and the wait.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "screen.h"

#define ROWS_DEFAULT	24
#define COLUMNS_DEFAULT	80

static struct termios saved;
static bool drawing;		/* the terminal is changed */
static bool watch_keys;
static sigset_t outside;	/* signals blocked in ppoll() */
static volatile sig_atomic_t resized, stopped, ended;

static void on_resize(int sig)
{
	(void)sig;
	resized = 1;
}

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void on_end(int sig)
{
	(void)sig;
	ended = 1;
}

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

static void enter(void)
{
	struct termios raw = saved;

	raw.c_lflag &= (tcflag_t)~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	drawing = true;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs("\033[?1049h\033[?25l", stdout);	/* alternate screen, no cursor */
	fflush(stdout);
}

static void leave(void)
{
	if (!drawing)
		return;
	drawing = false;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

static void catch(int sig, void (*handler)(int sig))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(sig, &action, NULL);
}

/* Stops the process as if SIGTSTP were not caught, with the terminal as it was. */
static void stop(void)
{
	sigset_t stops;

	leave();
	sigemptyset(&stops);
	sigaddset(&stops, SIGTSTP);
	catch(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stops, NULL);		/* here, until SIGCONT */
	sigprocmask(SIG_BLOCK, &stops, NULL);
	catch(SIGTSTP, on_stop);
	enter();
}

void screen_start(bool plain)
{
	static const struct {
		int	sig;
		void	(*handler)(int sig);
	} table[] = {
		{ SIGWINCH, on_resize }, { SIGCONT, on_resize }, { SIGTSTP, on_stop },
		{ SIGINT, on_end }, { SIGQUIT, on_end }, { SIGTERM, on_end }, { SIGHUP, on_end },
	};
	sigset_t caught;
	size_t i;

	if (plain || tcgetattr(STDIN_FILENO, &saved))
		return;
	sigemptyset(&caught);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		sigaddset(&caught, table[i].sig);
	sigprocmask(SIG_BLOCK, &caught, &outside);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		catch(table[i].sig, table[i].handler);
	watch_keys = true;
	atexit(leave);
	enter();
}

void screen_size(size_t *rows, size_t *columns)
{
	struct winsize size;

	*rows = ROWS_DEFAULT;
	*columns = COLUMNS_DEFAULT;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return;
	*rows = size.ws_row;
	*columns = size.ws_col;
}

void screen_draw(char *text)
{
	size_t rows, columns, row;
	char *line = text, *end;

	screen_size(&rows, &columns);
	fputs("\033[H", stdout);
	for (row = 0; row < rows && *line; row++, line = end) {
		end = line + strcspn(line, "\n");
		/* No line break after the last row, which would scroll. */
		printf("%s%.*s\033[K", row ? "\n" : "",
		       (int)((size_t)(end - line) < columns ? (size_t)(end - line) : columns),
		       line);
		end += *end == '\n';
	}
	fputs(row < rows ? "\033[J" : "", stdout);
	fflush(stdout);
}

int screen_wait(int milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
	struct pollfd key = { .fd = watch_keys ? STDIN_FILENO : -1, .events = POLLIN };
	unsigned char pressed;
	int nr = ppoll(&key, 1, &time, watch_keys ? &outside : NULL);

	if (ended)
		return SCREEN_END;
	if (stopped) {
		stopped = 0;
		stop();
		return SCREEN_RESIZED;
	}
	if (resized) {
		resized = 0;
		enter();	/* another program may have had the terminal */
		return SCREEN_RESIZED;
	}
	if (nr <= 0)
		return SCREEN_TIMEOUT;
	return read(STDIN_FILENO, &pressed, 1) == 1 ? pressed : SCREEN_END;
}
