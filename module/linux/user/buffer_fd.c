// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a buffer: mmap and fdinfo; buffer_ioctl.c has its ioctls. A buffer has one file. The
 * owner of its operations is the module, so the module stays while a descriptor, a mapping or a
 * message in flight references the file.
 *
 * The file has an inode of its own in a pseudo filesystem: fstat() returns the size of the buffer,
 * and st_ino is its id. Each file pins the mount, which exists while a file does. The
 * mount references the module through the filesystem type. __fput() drops the mount last, so the
 * module stays until the dentry, whose operations it has, is gone.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/seq_file.h>

#include "compat.h"
#include "instance.h"
#include "user/buffer_fd.h"
#include "user/buffer_ioctl.h"
#include "user/dmabuf.h"
#include "user/mmap.h"
#include "user/purge.h"
#include "user/segment.h"

static const char * const class_name[PB_PCPTYPES] = {
	[PB_UNMOVABLE]	 = "unmovable",
	[PB_MOVABLE]	 = "movable",
	[PB_RECLAIMABLE] = "reclaimable",
};

#define BUFFER_FS_MAGIC		0x70627564	/* "pbud" */
#define BUFFER_FILE_NAME	"anon_inode:pbuddy"

static struct vfsmount *buffer_mount;
static int buffer_mount_pins;

/* What readlink() of /proc/PID/fd/N shows. */
static char *buffer_dname(struct dentry *dentry, char *buffer, int len)
{
	if (len < (int)sizeof(BUFFER_FILE_NAME))
		return ERR_PTR(-ENAMETOOLONG);
	buffer += len - sizeof(BUFFER_FILE_NAME);
	return memcpy(buffer, BUFFER_FILE_NAME, sizeof(BUFFER_FILE_NAME));
}

static const struct dentry_operations buffer_dentry_ops = {
	.d_dname	= buffer_dname,
};

static int buffer_fs_init_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, BUFFER_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->dops = &buffer_dentry_ops;
	return 0;
}

static struct file_system_type buffer_fs_type = {
	.name		 = "pbuddy",
	.owner		 = THIS_MODULE,
	.init_fs_context = buffer_fs_init_context,
	.kill_sb	 = kill_anon_super,
};

/* A buffer keeps its size, and its descriptor is the permission: ftruncate() and fchmod() fail. */
static int buffer_setattr(struct pb_mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations buffer_inode_ops = {
	.setattr	= buffer_setattr,
};

/* The inode is a regular file, for programs that take the length of a mapping from st_size. */
static struct inode *buffer_inode(const struct pb_buffer *buf)
{
	struct inode *inode = alloc_anon_inode(buffer_mount->mnt_sb);

	if (IS_ERR(inode))
		return inode;
	inode->i_ino = buf->entry.id;
	inode->i_mode |= S_IFREG;
	inode->i_op = &buffer_inode_ops;
	inode->i_flags |= S_NOCMTIME;	/* a fault does not change the times of the file */
	i_size_write(inode, (loff_t)buf->nr_pages << PAGE_SHIFT);
	inode_set_bytes(inode, (loff_t)buf->nr_pages << PAGE_SHIFT);
	return inode;
}

static int buffer_release(struct inode *inode, struct file *file)
{
	struct pb_buffer *buf = file->private_data;

	/* All mappings are gone. What uses the inode ends first; a store does so at once. */
	WRITE_ONCE(buf->closed, true);
	down_read(&buf->frames);
	WRITE_ONCE(buf->mapping, NULL);
	up_read(&buf->frames);
	pb_buffer_put(buf);
	simple_release_fs(&buffer_mount, &buffer_mount_pins);
	return 0;
}

static int buffer_mmap(struct file *file, struct vm_area_struct *vma)
{
	return pb_mmap_buffer(file->private_data, vma);
}

/* Lets a program read the length with lseek(fd, 0, SEEK_END), as for a dma-buf. */
static loff_t buffer_llseek(struct file *file, loff_t offset, int whence)
{
	const struct pb_buffer *buf = file->private_data;

	return fixed_size_llseek(file, offset, whence, (loff_t)buf->nr_pages << PAGE_SHIFT);
}

static void show_pages(struct seq_file *m, const char *key, unsigned long nr_pages)
{
	seq_printf(m, "pbuddy-%s:\t%lu KiB\n", key, nr_pages << (PAGE_SHIFT - 10));
}

static void show_nodes(struct seq_file *m, const struct pb_buffer *buf)
{
	char key[24];
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (!pb_buffer_node_pages(buf, nid))
			continue;
		snprintf(key, sizeof(key), "total-node%d", nid);
		show_pages(m, key, pb_buffer_node_pages(buf, nid));
	}
}

/* In the form of drm_show_memory_stats(); the keys are in pbuddy(4). */
static void buffer_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct pb_buffer *buf = file->private_data;
	char label[PBUDDY_LABEL_LEN];

	pb_label_get(&buf->label, label);
	seq_printf(m, "pbuddy-id:\t%llu\n", buf->entry.id);
	seq_printf(m, "pbuddy-label:\t%s\n", label);
	show_pages(m, "total", buf->nr_pages);
	show_pages(m, "resident", atomic_long_read(&buf->nr_prepared));
	show_pages(m, "shared", atomic_read(&buf->nr_dmabufs) ? buf->nr_pages : 0);
	show_pages(m, "purgeable", pb_purgeable_pages(buf));
	show_pages(m, "swapped", READ_ONCE(buf->nr_stored));
	show_nodes(m, buf);
	seq_printf(m, "pbuddy-class:\t%s\n", class_name[buf->migratetype]);
	seq_printf(m, "pbuddy-node:\t%d\n", buf->node);
	seq_printf(m, "pbuddy-extents:\t%u\n", pb_buffer_nr_segments(buf));
}

static const struct file_operations buffer_fops = {
	.owner		= THIS_MODULE,
	.release	= buffer_release,
	.mmap		= buffer_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.llseek		= buffer_llseek,
	.unlocked_ioctl	= pb_buffer_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.fsync		= noop_fsync,	/* msync() of a mapping has nothing to do */
	.show_fdinfo	= buffer_show_fdinfo,
};

/**
 * pb_buffer_fs_pin() - make the mount of buffer files exist
 *
 * Called when the device is opened: creating a mount takes locks that are held around page faults,
 * so mmap() of the device must find it.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_buffer_fs_pin(void)
{
	return simple_pin_fs(&buffer_fs_type, &buffer_mount, &buffer_mount_pins);
}

/**
 * pb_buffer_fs_unpin() - undo pb_buffer_fs_pin()
 *
 * Context: may sleep.
 */
void pb_buffer_fs_unpin(void)
{
	simple_release_fs(&buffer_mount, &buffer_mount_pins);
}

/**
 * pb_buffer_file() - create the file of a buffer
 * @buf: the buffer; on success the file owns the caller's reference
 * @flags: O_RDWR or O_RDONLY
 *
 * Context: may sleep.
 * Return: the file, or an error pointer; then the caller keeps its reference.
 */
struct file *pb_buffer_file(struct pb_buffer *buf, unsigned int flags)
{
	struct inode *inode;
	struct file *file;
	int err;

	err = simple_pin_fs(&buffer_fs_type, &buffer_mount, &buffer_mount_pins);
	if (err)
		return ERR_PTR(err);
	inode = buffer_inode(buf);
	if (IS_ERR(inode)) {
		file = ERR_CAST(inode);
		goto unpin;
	}
	__module_get(buffer_fops.owner);	/* the last fput() puts it */
	file = alloc_file_pseudo(inode, buffer_mount, "pbuddy", flags, &buffer_fops);
	if (IS_ERR(file)) {
		module_put(buffer_fops.owner);
		iput(inode);
		goto unpin;
	}
	file->private_data = buf;
	/* A migration that does not see it yet finds no page table entries. */
	WRITE_ONCE(buf->mapping, inode->i_mapping);
	file->f_mode |= FMODE_LSEEK;
	return file;
unpin:
	simple_release_fs(&buffer_mount, &buffer_mount_pins);
	return file;
}

/**
 * pb_buffer_of_file() - get the buffer of a file
 * @file: any file
 *
 * Context: any.
 * Return: the buffer, which the file references, or NULL. The file may be a dma-buf of it.
 */
struct pb_buffer *pb_buffer_of_file(const struct file *file)
{
	return file->f_op == &buffer_fops ? file->private_data : pb_buffer_of_dmabuf(file);
}
