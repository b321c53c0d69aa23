// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl PRESSURE: makes a file that polls for memory pressure of a node. hooks/pressure.c
 * decides when there is an event.
 */
#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <uapi/linux/pbuddy.h>

#include "api/account.h"
#include "core/zone/zone.h"
#include "hooks/pressure.h"
#include "instance.h"
#include "user/pressure.h"
#include "user/user_copy.h"

#define KINDS		(PBUDDY_PRESSURE_LOW | PBUDDY_PRESSURE_FREE | PBUDDY_PRESSURE_STALL)
#define WINDOW_DEFAULT	USEC_PER_SEC

/* ---- the file ---- */

static __poll_t trigger_poll(struct file *file, poll_table *wait)
{
	struct pb_trigger *t = file->private_data;

	poll_wait(file, &t->wait, wait);
	return pb_trigger_take_event(t) ? EPOLLPRI : 0;
}

static void free_trigger(struct pb_trigger *t)
{
	if (t->eventfd)
		eventfd_ctx_put(t->eventfd);
	kfree(t);
}

static void end_trigger(struct pb_trigger *t)
{
	pb_trigger_remove(t);
	free_trigger(t);
}

static int trigger_release(struct inode *inode, struct file *file)
{
	end_trigger(file->private_data);
	return 0;
}

static const struct file_operations trigger_fops = {
	.owner		= THIS_MODULE,
	.poll		= trigger_poll,
	.release	= trigger_release,
	.llseek		= noop_llseek,
};

/* ---- the request ---- */

/* The threshold of a kind is set if and only if the kind is. */
static bool thresholds_are_valid(const struct pbuddy_pressure *p)
{
	if (!p->free_bytes == !!(p->flags & PBUDDY_PRESSURE_FREE))
		return false;
	if (!p->stall_us == !!(p->flags & PBUDDY_PRESSURE_STALL))
		return false;
	return p->stall_us <= p->window_us;
}

static bool check_node(int *node)
{
	struct pb_zone *zone;

	if (*node == PBUDDY_NODE_ANY)
		return true;
	if (*node < 0 || *node >= pb_instance.nr_nodes)
		return false;
	*node = array_index_nospec(*node, pb_instance.nr_nodes);
	pb_for_each_node_zone(zone, &pb_instance, *node)
		return true;
	return false;
}

static int check(struct pbuddy_pressure *p)
{
	BUILD_BUG_ON(sizeof(*p) != PBUDDY_PRESSURE_SIZE_VER0);

	if (!p->flags || p->flags & ~KINDS || memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return -EINVAL;
	if (p->fd_flags & ~(O_CLOEXEC | PBUDDY_FD_INHERIT) ||
	    p->fd_flags == (O_CLOEXEC | PBUDDY_FD_INHERIT))
		return -EINVAL;
	if (!p->window_us)
		p->window_us = WINDOW_DEFAULT;
	if (p->window_us < PBUDDY_PRESSURE_WINDOW_MIN_US ||
	    p->window_us > PBUDDY_PRESSURE_WINDOW_MAX_US)
		return -EINVAL;
	if (!thresholds_are_valid(p) || !check_node(&p->node) || p->eventfd < -1)
		return -EINVAL;
	return 0;
}

static struct pb_trigger *make_trigger(const struct pbuddy_pressure *p)
{
	struct pb_trigger *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	struct eventfd_ctx *eventfd;
	int err;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->user = pb_account_user(current_cred());
	t->node = p->node;
	t->kinds = p->flags;
	/* Rounded up: one page is less than a page and a byte. */
	t->free_pages = p->free_bytes ? ((p->free_bytes - 1) >> PAGE_SHIFT) + 1 : 0;
	t->stall_us = p->stall_us;
	t->window_us = p->window_us;
	if (p->eventfd >= 0) {
		eventfd = eventfd_ctx_fdget(p->eventfd);
		if (IS_ERR(eventfd)) {
			kfree(t);
			return ERR_CAST(eventfd);
		}
		t->eventfd = eventfd;
	}
	err = pb_trigger_add(t);
	if (!err)
		return t;
	free_trigger(t);
	return ERR_PTR(err);
}

/* The file owns the trigger. */
static struct file *make_file(const struct pbuddy_pressure *p)
{
	struct pb_trigger *t = make_trigger(p);
	struct file *file;

	if (IS_ERR(t))
		return ERR_CAST(t);
	file = anon_inode_getfile("pbuddy-pressure", &trigger_fops, t, O_RDONLY);
	if (IS_ERR(file))
		end_trigger(t);
	return file;
}

/**
 * pb_pressure_ioctl() - make a descriptor that reports memory pressure
 * @arg: user pointer to struct pbuddy_pressure
 *
 * Context: process, may sleep.
 * Return: 0 or an error that <uapi/linux/pbuddy.h> lists.
 */
long pb_pressure_ioctl(void __user *arg)
{
	struct pbuddy_pressure p;
	struct file *file;
	size_t usize;
	int err;

	err = pb_copy_in(&p, sizeof(p), PBUDDY_PRESSURE_SIZE_VER0, arg, &usize) ?: check(&p);
	if (err)
		return err;
	p.fd = get_unused_fd_flags(p.fd_flags & PBUDDY_FD_INHERIT ? 0 : O_CLOEXEC);
	if (p.fd < 0)
		return p.fd;
	file = make_file(&p);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto put_fd;
	err = pb_copy_out(arg, usize, &p, sizeof(p));
	if (err)
		goto put_file;
	fd_install(p.fd, file);
	return 0;

put_file:
	fput(file);
put_fd:
	put_unused_fd(p.fd);
	return err;
}
