// SPDX-License-Identifier: GPL-2.0-only
/* Registers a console that counts log lines; see kernel_log.h. */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/console.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "kernel_log.h"

#define MARK		"pbuddy_kunit: the lines up to here are counted"

static const char *watched;
static atomic_t seen;
static int marks;		/* lines with MARK */
static atomic_t marks_seen;

static void count_line(struct console *con, const char *text, unsigned int len)
{
	if (strnstr(text, MARK, len))
		atomic_inc(&marks_seen);
	else if (strnstr(text, watched, len))
		atomic_inc(&seen);
}

static struct console listener = {
	.name = "pbtest", .write = count_line, .index = -1,
};

void pt_log_watch(const char *what)
{
	watched = what;
	atomic_set(&seen, 0);
	marks = 0;
	atomic_set(&marks_seen, 0);
	/*
	 * Enabled, or it would have to be named on the command line. Unregistering clears the
	 * flag.
	 */
	listener.flags = CON_ENABLED;
	register_console(&listener);
}

/*
 * Releasing the console lock prints pending lines, unless another task that prints takes it over
 * meanwhile. Lines are printed in order, so those before a line of this function are counted when
 * it has been printed.
 */
unsigned int pt_log_seen(void)
{
	unsigned int tries;

	pr_warn(MARK "\n");
	marks++;
	for (tries = 0; tries < 6000; tries++) {
		console_lock();
		console_unlock();
		if (atomic_read(&marks_seen) >= marks)
			break;
		msleep(20);
	}
	return atomic_xchg(&seen, 0);
}

void pt_log_unwatch(void)
{
	unregister_console(&listener);
}

#if defined(CONFIG_GENERIC_BUG) && defined(CONFIG_TRACEPOINTS)
/*
 * As generic_bug_clear_once() does for every module. The notifier gets each module with
 * tracepoints.
 */
static int clear_once(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *mod = ((struct tp_module *)data)->mod;
	unsigned int i;

	if (state == MODULE_STATE_COMING && !strcmp(mod->name, "pbuddy"))
		for (i = 0; i < mod->num_bugs; i++)
			mod->bug_table[i].flags &= ~BUGFLAG_DONE;
	return NOTIFY_OK;
}

bool pt_warn_again(void)
{
	static struct notifier_block nb = { .notifier_call = clear_once };

	if (register_tracepoint_module_notifier(&nb))
		return false;
	unregister_tracepoint_module_notifier(&nb);
	return true;
}
#else
bool pt_warn_again(void)
{
	return false;
}
#endif
