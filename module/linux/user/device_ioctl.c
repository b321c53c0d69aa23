// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of /dev/pbuddy: GET_INFO, ALLOC, ALLOC_BATCH and RESIZE; list.c has LIST, pressure.c
 * has PRESSURE, admin_ioctl.c COMPACT and DRAIN, frag.c FRAG, and buffer_ioctl.c those of a
 * buffer's descriptor. This file checks all input of user space; the parameters it passes to
 * buffer.c are valid.
 *
 * A descriptor is installed last, after everything that can fail, so that no thread can use (by
 * guessing its number) a descriptor that is removed again.
 */
#include <linux/bitmap.h>
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <uapi/linux/pbuddy.h>

#include "api/quarantine.h"
#include "api/resize.h"
#include "api/resize_blocks.h"
#include "hooks/owner.h"
#include "instance.h"
#include "user/admin_ioctl.h"
#include "user/buffer.h"
#include "user/buffer_fd.h"
#include "user/device_ioctl.h"
#include "user/fd_flags.h"
#include "user/frag.h"
#include "user/label.h"
#include "user/list.h"
#include "user/node_info.h"
#include "user/pressure.h"
#include "user/user_copy.h"

#define FEATURES	(PBUDDY_FEATURE_ALLOC | PBUDDY_FEATURE_BATCH | PBUDDY_FEATURE_DEV_MMAP | \
			 PBUDDY_FEATURE_SET_LABEL | PBUDDY_FEATURE_LIST | \
			 PBUDDY_FEATURE_PRESSURE | PBUDDY_FEATURE_RESIZE | PBUDDY_FEATURE_PURGE | \
			 PBUDDY_FEATURE_RELIABLE | PBUDDY_FEATURE_ADMIN | \
			 PBUDDY_FEATURE_SWAP | \
			 (IS_ENABLED(CONFIG_DMA_SHARED_BUFFER) ? PBUDDY_FEATURE_DMABUF : 0))

static void check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct pbuddy_node_info) != PBUDDY_NODE_INFO_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_info) != PBUDDY_INFO_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_alloc) != PBUDDY_ALLOC_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_alloc_batch) != PBUDDY_ALLOC_BATCH_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_extent) != PBUDDY_EXTENT_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_query) != PBUDDY_QUERY_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_export_dmabuf) != PBUDDY_EXPORT_DMABUF_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_set_label) != PBUDDY_SET_LABEL_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_advise) != PBUDDY_ADVISE_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_resize) != PBUDDY_RESIZE_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_resize_block) != PBUDDY_RESIZE_BLOCK_SIZE_VER0);
	BUILD_BUG_ON(PBUDDY_RESIZE_OWNER_LEN != PB_OWNER_TEXT_LEN);
	BUILD_BUG_ON(PBUDDY_MAX_ORDER != PB_MAX_ORDER);
	BUILD_BUG_ON((int)PBUDDY_REASON_NONE != (int)PB_REASON_NONE);
	BUILD_BUG_ON((int)PBUDDY_REASON_LIMIT != (int)PB_REASON_LIMIT);
	BUILD_BUG_ON((int)PBUDDY_REASON_WATERMARK != (int)PB_REASON_WATERMARK);
	BUILD_BUG_ON((int)PBUDDY_REASON_FRAGMENTATION != (int)PB_REASON_FRAGMENTATION);
	BUILD_BUG_ON((int)PBUDDY_REASON_NODE != (int)PB_REASON_NODE);
	BUILD_BUG_ON((int)PBUDDY_REASON_POLICY != (int)PB_REASON_POLICY);
}

/* ---- GET_INFO ---- */

/* Fills the caller's array; sets @info->nr_nodes to the total number. */
static int copy_nodes(struct pbuddy_info *info)
{
	void __user *array = u64_to_user_ptr(info->nodes_ptr);
	u32 nr = 0;
	int err = 0;
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes && !err; nid++) {
		bool wanted = array && nr < info->nr_nodes;
		struct pbuddy_node_info node;

		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (!pb_node_info(nid, &node, wanted))
			continue;
		else if (wanted)
			err = pb_copy_out_element(array, nr, info->node_size, &node, sizeof(node));
		nr++;
	}
	info->nr_nodes = nr;
	return err;
}

static int get_info(void __user *arg)
{
	struct pbuddy_info info;
	size_t usize;
	int err;

	err = pb_copy_in(&info, sizeof(info), PBUDDY_INFO_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	if (info.nodes_ptr) {
		err = pb_check_element_size(info.node_size, PBUDDY_NODE_INFO_SIZE_VER0);
		if (err)
			return err;
	}
	err = copy_nodes(&info);
	if (err)
		return err;
	info.version = PBUDDY_ABI_VERSION;
	info.max_order = PB_MAX_ORDER;
	info.features = FEATURES;
	info.page_size = PAGE_SIZE;
	info.block_order = PB_PAGEBLOCK_ORDER;
	info.quarantine_bytes = (u64)pb_quarantine_pages() << PAGE_SHIFT;
	return pb_copy_out(arg, usize, &info, sizeof(info));
}

/* ---- Checking a request ---- */

static int parse_class(u32 mclass, enum pb_migratetype *mt)
{
	static const enum pb_migratetype type_of[] = {
		[PBUDDY_CLASS_MOVABLE]	   = PB_MOVABLE,
		[PBUDDY_CLASS_UNMOVABLE]   = PB_UNMOVABLE,
		[PBUDDY_CLASS_RECLAIMABLE] = PB_RECLAIMABLE,
	};

	if (mclass >= ARRAY_SIZE(type_of))
		return -EINVAL;
	*mt = type_of[array_index_nospec(mclass, ARRAY_SIZE(type_of))];
	return 0;
}

static int parse_nodes(const struct pbuddy_alloc *a, struct pb_buffer_spec *spec, nodemask_t *mask)
{
	unsigned int nid;

	if (a->node < PBUDDY_NODE_ANY || a->node >= pb_instance.nr_nodes)
		return -EINVAL;
	spec->policy = a->node == PBUDDY_NODE_ANY &&
		!(a->flags & (PBUDDY_ALLOC_NODEMASK | PBUDDY_ALLOC_STRICT_NODE));
	spec->nid = a->node == PBUDDY_NODE_ANY ? numa_node_id() :
		array_index_nospec(a->node, pb_instance.nr_nodes);
	spec->strict = a->flags & PBUDDY_ALLOC_STRICT_NODE;
	if (!(a->flags & PBUDDY_ALLOC_NODEMASK))
		return a->nodemask ? -EINVAL : 0;

	/* A strict node and a choice of nodes contradict each other. */
	if (spec->strict || !a->nodemask)
		return -EINVAL;
	nodes_clear(*mask);
	for (nid = 0; nid < BITS_PER_TYPE(a->nodemask); nid++) {
		if (!(a->nodemask & BIT_ULL(nid)))
			continue;
		if (nid >= pb_instance.nr_nodes)
			return -EINVAL;
		node_set(nid, *mask);
	}
	spec->nodemask = mask;
	return 0;
}

/* A checked request; @spec points to @mask and into the struct it was made from. */
struct alloc_args {
	struct pb_buffer_spec	spec;
	nodemask_t		mask;
	unsigned int		file_flags;
	unsigned int		fd_flags;
};

static int parse_alloc(struct pbuddy_alloc *a, struct alloc_args *args)
{
	struct pb_buffer_spec *spec = &args->spec;
	int err;

	*args = (struct alloc_args) { };
	if (a->flags & ~PBUDDY_ALLOC_FLAGS || memchr_inv(a->reserved, 0, sizeof(a->reserved)))
		return -EINVAL;
	if (!a->bytes || a->bytes > MAX_LFS_FILESIZE - PAGE_SIZE || a->order > PB_MAX_ORDER)
		return -EINVAL;
	err = parse_class(a->mclass, &spec->migratetype) ?:
	      pb_label_check(a->label) ?:
	      parse_nodes(a, spec, &args->mask) ?:
	      pb_parse_fd_flags(a->fd_flags, &args->file_flags, &args->fd_flags);
	if (err)
		return err;
	spec->nr_pages = PAGE_ALIGN(a->bytes) >> PAGE_SHIFT;
	spec->order = a->order;
	spec->contig = a->flags & PBUDDY_ALLOC_CONTIG;
	spec->nowait = a->flags & PBUDDY_ALLOC_NOWAIT;
	spec->reliable = a->flags & PBUDDY_ALLOC_RELIABLE;
	spec->label = a->label;
	a->bytes = (u64)spec->nr_pages << PAGE_SHIFT;
	return 0;
}

/* ---- ALLOC ---- */

/* A new buffer before its descriptor is installed: its file and the reserved number. */
struct pending_fd {
	struct file	*file;
	int		fd;
};

/* Allocates a buffer and reserves a descriptor; stores the result or the reason in @a. */
static int prepare_fd(const struct alloc_args *args, struct pbuddy_alloc *a,
		      struct pending_fd *pending)
{
	enum pb_reason reason;
	struct pb_buffer *buf;
	struct file *file;
	int fd;

	buf = pb_buffer_create(&args->spec, &reason);
	a->reason = reason;
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	a->node = buf->node;

	fd = get_unused_fd_flags(args->fd_flags);
	if (fd < 0) {
		pb_buffer_put(buf);
		return fd;
	}
	file = pb_buffer_file(buf, args->file_flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		pb_buffer_put(buf);
		return PTR_ERR(file);
	}
	*pending = (struct pending_fd) { .file = file, .fd = fd };
	a->fd = fd;
	return 0;
}

static void drop_pending(struct pending_fd *pending, unsigned int nr)
{
	while (nr--) {
		put_unused_fd(pending[nr].fd);
		fput(pending[nr].file);
	}
}

/*
 * A buffer's file has no more access than the file of the device that it was made with: the one of
 * a device opened O_RDONLY is O_RDONLY. No buffer is write-only.
 */
static int limit_access(const struct file *device, struct alloc_args *args)
{
	if (!(device->f_mode & FMODE_READ))
		return -EACCES;
	if (!(device->f_mode & FMODE_WRITE))
		args->file_flags = O_RDONLY;
	return 0;
}

static int alloc_one(const struct file *device, struct pbuddy_alloc __user *arg)
{
	struct pending_fd pending;
	struct alloc_args args;
	struct pbuddy_alloc a;
	size_t usize;
	int err;

	err = pb_copy_in(&a, sizeof(a), PBUDDY_ALLOC_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	err = parse_alloc(&a, &args) ?: limit_access(device, &args);
	if (err)
		return err;
	err = prepare_fd(&args, &a, &pending);
	if (err)
		return put_user(a.reason, &arg->reason) ? -EFAULT : err;
	err = pb_copy_out(arg, usize, &a, sizeof(a));
	if (err) {
		drop_pending(&pending, 1);
		return err;
	}
	fd_install(pending.fd, pending.file);
	return 0;
}

/* ---- ALLOC_BATCH ---- */

static int check_batch(const struct pbuddy_alloc_batch *b, size_t usize)
{
	if (b->flags || b->reserved || !b->count || b->count > PBUDDY_BATCH_MAX || !b->fds_ptr)
		return -EINVAL;
	if (b->each.size != usize - offsetof(struct pbuddy_alloc_batch, each))
		return -EINVAL;
	return 0;
}

static int copy_fds(const struct pbuddy_alloc_batch *b, const struct pending_fd *pending)
{
	s32 __user *fds = u64_to_user_ptr(b->fds_ptr);
	u32 i;

	for (i = 0; i < b->count; i++)
		if (put_user(pending[i].fd, &fds[i]))
			return -EFAULT;
	return 0;
}

/* Creates all descriptors and copies the results to the caller, or creates none. */
static int prepare_batch(const struct file *device, struct pbuddy_alloc_batch *b, size_t usize,
			 struct pbuddy_alloc_batch __user *arg, struct pending_fd *pending)
{
	struct alloc_args args;
	u32 nr = 0;
	int err;

	err = parse_alloc(&b->each, &args) ?: limit_access(device, &args);
	if (err)
		return err;
	for (nr = 0; nr < b->count; nr++) {
		err = prepare_fd(&args, &b->each, &pending[nr]);
		if (err && put_user(b->each.reason, &arg->each.reason))
			err = -EFAULT;
		if (err)
			goto drop;
	}
	err = copy_fds(b, pending);
	if (!err)
		err = pb_copy_out(arg, usize, b, sizeof(*b));
drop:
	if (err)
		drop_pending(pending, nr);
	return err;
}

static int alloc_batch(const struct file *device, struct pbuddy_alloc_batch __user *arg)
{
	struct pbuddy_alloc_batch b;
	struct pending_fd *pending;
	size_t usize;
	int err;
	u32 i;

	err = pb_copy_in(&b, sizeof(b), PBUDDY_ALLOC_BATCH_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	err = check_batch(&b, usize);
	if (err)
		return err;
	pending = kcalloc(b.count, sizeof(*pending), GFP_KERNEL);
	if (!pending)
		return -ENOMEM;
	err = prepare_batch(device, &b, usize, arg, pending);
	for (i = 0; !err && i < b.count; i++)
		fd_install(pending[i].fd, pending[i].file);
	kfree(pending);
	return err;
}

/* ---- RESIZE ---- */

static void fill_resize(struct pbuddy_resize *r, const struct pb_resize *done)
{
	r->reason = done->reason;
	r->bytes = (u64)done->now << PAGE_SHIFT;
	r->max_bytes = (u64)(done->max_pages ?: done->pages) << PAGE_SHIFT;
	r->before_bytes = (u64)done->before << PAGE_SHIFT;
	r->pinned_bytes = (u64)done->pinned << PAGE_SHIFT;
	r->busy_bytes = (u64)done->busy << PAGE_SHIFT;
	r->kept_bytes = (u64)done->kept << PAGE_SHIFT;
	r->pinned_phys = done->pinned_pfn == PB_NO_PFN ? ~0ULL : PFN_PHYS(done->pinned_pfn);
	memset(r->owner, 0, sizeof(r->owner));
	if (done->pinned_pfn == PB_NO_PFN ||
	    !pb_owner_text(done->pinned_pfn, r->owner, sizeof(r->owner)))
		r->owner[0] = 0;
}

/* Copies up to @r->nr_blocks records, for which @blocks has space, and sets it to their number. */
static int copy_blocks(struct pbuddy_resize *r, const struct pb_blocked *blocked,
		       struct pbuddy_resize_block *blocks)
{
	void __user *array = u64_to_user_ptr(r->blocks_ptr);
	unsigned int i;
	int err = 0;

	r->nr_blocks = min(r->nr_blocks, blocked->nr);
	if (!r->nr_blocks)
		return 0;
	pb_resize_describe(blocked, blocks);
	for (i = 0; !err && i < r->nr_blocks; i++)
		err = pb_copy_out_element(array, i, r->block_size, &blocks[i], sizeof(*blocks));
	return err;
}

static int check_resize(const struct pbuddy_resize *r)
{
	if (r->flags || memchr_inv(r->reserved, 0, sizeof(r->reserved)) ||
	    r->bytes > LLONG_MAX || r->max_bytes > LLONG_MAX)
		return -EINVAL;
	if (!r->nr_blocks)
		return r->block_size || r->blocks_ptr ? -EINVAL : 0;
	if (!r->blocks_ptr)
		return -EINVAL;
	return pb_check_element_size(r->block_size, PBUDDY_RESIZE_BLOCK_SIZE_VER0);
}

/* Stores the result in @r. @blocks has space for all records, or is NULL without any. */
static int do_resize(struct pbuddy_resize *r, struct pbuddy_resize_block *blocks, void __user *arg,
		     size_t usize)
{
	struct pb_resize new = {
		.nid = r->node,
		.pages = DIV_ROUND_UP_ULL(r->bytes, PAGE_SIZE),
		.max_pages = DIV_ROUND_UP_ULL(r->max_bytes, PAGE_SIZE),
	};
	int err = pb_resize_node(&new);

	if (err == -EINVAL || err == -ENXIO)
		return err;
	fill_resize(r, &new);
	return copy_blocks(r, &new.blocked, blocks) ?: pb_copy_out(arg, usize, r, sizeof(*r)) ?:
	       err;
}

static int resize(void __user *arg)
{
	struct pbuddy_resize_block *blocks = NULL;
	struct pbuddy_resize r;
	size_t usize;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = pb_copy_in(&r, sizeof(r), PBUDDY_RESIZE_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	err = check_resize(&r);
	if (err)
		return err;
	if (r.nr_blocks) {
		blocks = kcalloc(PB_BLOCKED_MAX, sizeof(*blocks), GFP_KERNEL);
		if (!blocks)
			return -ENOMEM;
	}
	err = do_resize(&r, blocks, arg, usize);
	kfree(blocks);
	return err;
}

/**
 * pb_device_ioctl() - handle an ioctl of the device
 * @file: the device's file, whose access limits that of new buffers
 * @cmd: PBUDDY_IOCTL_ number
 * @arg: user pointer to its struct
 *
 * Context: may sleep.
 * Return: as <uapi/linux/pbuddy.h> says, or -ENOTTY.
 */
long pb_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	check_abi();
	switch (PB_IOCTL_ID(cmd)) {
	case PB_IOCTL_ID(PBUDDY_IOCTL_GET_INFO):
		return get_info(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_ALLOC):
		return alloc_one(file, user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_ALLOC_BATCH):
		return alloc_batch(file, user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_PRESSURE):
		return pb_pressure_ioctl(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_LIST):
		return pb_list_ioctl(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_RESIZE):
		return resize(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_COMPACT):
		return pb_compact_ioctl(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_DRAIN):
		return pb_drain_ioctl(user);
	case PB_IOCTL_ID(PBUDDY_IOCTL_FRAG):
		return pb_frag_ioctl(user);
	default:
		return -ENOTTY;
	}
}
