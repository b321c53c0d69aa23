// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device node /dev/pbuddy. Its ioctls are in device_ioctl.c, its mmap() in device_mmap.c, its
 * files in sysfs in node_sysfs.c.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "user/buffer_fd.h"
#include "user/device.h"
#include "user/device_ioctl.h"
#include "user/device_mmap.h"
#include "user/node_sysfs.h"

static int device_open(struct inode *inode, struct file *file)
{
	return pb_buffer_fs_pin();
}

static int device_release(struct inode *inode, struct file *file)
{
	pb_buffer_fs_unpin();
	return 0;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return pb_mmap_new(vma);
}

static const struct file_operations device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.mmap		= device_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.unlocked_ioctl	= pb_device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.fsync		= noop_fsync,	/* msync() of a mapping has nothing to do */
};

/* The mode applies until udev sets group pbuddy. */
static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pbuddy",
	.mode	= 0660,
	.fops	= &device_fops,
};

/**
 * pb_device_init() - register /dev/pbuddy
 *
 * Called last when the module is loaded: user space may use it at once.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM or an error of misc_register().
 */
int pb_device_init(void)
{
	int err;

	device.groups = pb_node_sysfs_create();
	if (!device.groups)
		return -ENOMEM;
	err = misc_register(&device);
	if (err)
		pb_node_sysfs_destroy();
	return err;
}

/**
 * pb_device_exit() - unregister /dev/pbuddy
 *
 * The device is not in use, because files and mappings hold the module.
 *
 * Context: may sleep.
 */
void pb_device_exit(void)
{
	misc_deregister(&device);
	pb_node_sysfs_destroy();
}
