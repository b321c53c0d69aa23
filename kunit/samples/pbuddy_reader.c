// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_reader: a kernel thread that accesses memory of a program, as those of KVM, vhost and RDMA
 * do. Writing an address to /dev/pbuddy_reader makes it read a byte there. It is for
 * tools/tests/test_swap_wait.c.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

/* An access, which the caller waits for. */
struct access {
	struct mm_struct	*mm;
	ulong			addr;
	u8			byte;
	int			err;
	struct completion	done;
};

static int read_byte(void *arg)
{
	struct access *access = arg;

	kthread_use_mm(access->mm);
	access->err = get_user(access->byte, (u8 __user *)access->addr);
	kthread_unuse_mm(access->mm);
	kthread_complete_and_exit(&access->done, 0);
}

static ssize_t reader_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct access access = { .mm = current->mm };
	struct task_struct *thread;
	int err;

	err = kstrtoul_from_user(buf, count, 0, &access.addr);
	if (err)
		return err;
	init_completion(&access.done);
	thread = kthread_run(read_byte, &access, "pbuddy_reader");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_for_completion(&access.done);
	return access.err ?: count;
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.write	= reader_write,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pbuddy_reader",
	.fops	= &fops,
	.mode	= 0666,
};

module_misc_device(device);
MODULE_DESCRIPTION("Reads memory of programs by a kernel thread");
MODULE_LICENSE("GPL");
