// SPDX-License-Identifier: GPL-2.0-only
/*
 * PBUDDY_IOCTL_LIST: copies a record of each buffer that the caller may see, from the registry, to
 * the caller's array. A record is made with the lock of the registry held, and copied to user
 * space without it.
 *
 * A caller sees the buffers that its user created. With CAP_SYS_ADMIN in its user namespace it sees
 * those of all users that the namespace maps, as in privileged_wrt_inode_uidgid(): root of the
 * initial namespace sees all buffers, and root of another those of its users. User and process
 * numbers are those of the caller's namespaces.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include <uapi/linux/pbuddy.h>

#include "instance.h"
#include "user/buffer.h"
#include "user/creator.h"
#include "user/list.h"
#include "user/purge.h"
#include "user/user_copy.h"

/**
 * struct reader - a caller, and the buffer it reads
 * @ns: its user namespace
 * @uid: its user
 * @admin: has CAP_SYS_ADMIN there
 * @record: what it gets of the buffer
 * @node_bytes: bytes of the buffer on each node, or NULL when they are not requested
 */
struct reader {
	struct user_namespace		*ns;
	kuid_t				uid;
	bool				admin;
	struct pbuddy_buffer_info	record;
	u64				*node_bytes;
};

static bool is_visible(const struct reader *reader, const struct pb_buffer *buf)
{
	/* The last page has left the quarantine, and the buffer is about to be removed. */
	if (buf->entry.ended && !READ_ONCE(buf->quarantine.nr_pages))
		return false;
	return uid_eq(buf->uid, reader->uid) ||
	       (reader->admin && kuid_has_mapping(reader->ns, buf->uid));
}

static void fill_charge(struct pbuddy_buffer_info *record, const struct pb_buffer *buf)
{
	unsigned long charged = buf->charged;

	record->flags = pb_creator_gone(buf->creator) ? PBUDDY_BUFFER_CREATOR_EXITED : 0;
	if (record->nr_dmabufs)
		record->flags |= PBUDDY_BUFFER_EXPORTED;
	if (READ_ONCE(buf->purgeable))
		record->flags |= PBUDDY_BUFFER_PURGEABLE;
	if (READ_ONCE(buf->purged))
		record->flags |= PBUDDY_BUFFER_PURGED;
	if (READ_ONCE(buf->swappable))
		record->flags |= PBUDDY_BUFFER_SWAPPABLE;
	if (READ_ONCE(buf->stored))
		record->flags |= PBUDDY_BUFFER_SWAPPED;
	record->swapped_bytes = (u64)READ_ONCE(buf->nr_stored) << PAGE_SHIFT;
	record->swap_reason = READ_ONCE(buf->swap_reason);
	record->purgeable_bytes = (u64)pb_purgeable_pages(buf) << PAGE_SHIFT;
	if (buf->entry.ended) {
		record->flags |= PBUDDY_BUFFER_QUARANTINED;
		record->quarantine_bytes = (u64)READ_ONCE(buf->quarantine.nr_pages) << PAGE_SHIFT;
		record->resident_bytes = record->quarantine_bytes;
		charged = READ_ONCE(buf->quarantine.charged);
	}
	/* Kernel threads are not charged. */
	record->charged_bytes = buf->account ? (u64)charged << PAGE_SHIFT : 0;
}

static bool take(const struct pb_registry_entry *entry, void *arg)
{
	struct pb_buffer *buf = container_of(entry, struct pb_buffer, entry);
	struct reader *reader = arg;
	struct pbuddy_buffer_info *record = &reader->record;
	int nid;

	if (!is_visible(reader, buf))
		return false;
	*record = (struct pbuddy_buffer_info) {
		.id = entry->id,
		.bytes = (u64)buf->nr_pages << PAGE_SHIFT,
		.resident_bytes = (u64)atomic_long_read(&buf->nr_prepared) << PAGE_SHIFT,
		.node = buf->node,
		.order = buf->order,
		.nr_mappings = atomic_read(&buf->nr_mappings),
		.nr_dmabufs = atomic_read(&buf->nr_dmabufs),
		.creator_pid = pid_vnr(pb_creator_pid(buf->creator)),
		.creator_uid = from_kuid_munged(reader->ns, buf->uid),
		.account_uid = from_kuid_munged(reader->ns, pb_creator_user(buf->creator)),
	};
	fill_charge(record, buf);
	memcpy(record->creator_comm, buf->comm, sizeof(record->creator_comm));
	pb_label_get(&buf->label, record->label);
	for (nid = 0; reader->node_bytes && nid < pb_instance.nr_nodes; nid++)
		reader->node_bytes[nid] = (u64)pb_buffer_node_pages(buf, nid) << PAGE_SHIFT;
	return true;
}

/* Copies the bytes of record @nr on the nodes that the caller asks for. */
static int copy_node_bytes(const struct reader *reader, const struct pbuddy_list *l, u32 nr)
{
	u64 __user *array = (u64 __user *)u64_to_user_ptr(l->node_bytes_ptr) +
			    (size_t)nr * l->nr_nodes;
	u32 known = min_t(u32, l->nr_nodes, pb_instance.nr_nodes);

	if (copy_to_user(array, reader->node_bytes, known * sizeof(*array)))
		return -EFAULT;
	return clear_user(array + known, (l->nr_nodes - known) * sizeof(*array)) ? -EFAULT : 0;
}

/* Fills the caller's arrays; sets @l->nr_records to the number, and @l->cursor to the last id. */
static int copy_records(struct reader *reader, struct pbuddy_list *l)
{
	void __user *array = u64_to_user_ptr(l->records_ptr);
	u64 cursor = l->cursor;
	u32 nr = 0;
	int err = 0;

	while (!err && nr < l->nr_records && pb_registry_next(&cursor, take, reader)) {
		err = pb_copy_out_element(array, nr, l->record_size, &reader->record,
					  sizeof(reader->record));
		if (!err && reader->node_bytes)
			err = copy_node_bytes(reader, l, nr);
		nr++;
		l->cursor = reader->record.id;
	}
	if (!err && fatal_signal_pending(current))
		err = -EINTR;
	l->nr_records = nr;
	return err;
}

static int check_list(const struct pbuddy_list *l)
{
	if (l->flags || l->reserved0 || memchr_inv(l->reserved, 0, sizeof(l->reserved)))
		return -EINVAL;
	if (!l->node_bytes_ptr != !l->nr_nodes || l->nr_nodes > PBUDDY_LIST_NODES_MAX)
		return -EINVAL;
	if (!l->nr_records)
		return 0;
	if (!l->records_ptr)
		return -EINVAL;
	return pb_check_element_size(l->record_size, PBUDDY_BUFFER_INFO_SIZE_VER0);
}

/**
 * pb_list_ioctl() - handle PBUDDY_IOCTL_LIST
 * @arg: user pointer to its struct
 *
 * Context: may sleep; takes no lock that is held while memory of user space is accessed.
 * Return: as <uapi/linux/pbuddy.h> says.
 */
long pb_list_ioctl(void __user *arg)
{
	struct reader reader = { .ns = current_user_ns(), .uid = current_uid() };
	struct pbuddy_list l;
	size_t usize;
	int err;

	BUILD_BUG_ON(sizeof(struct pbuddy_list) != PBUDDY_LIST_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_buffer_info) != PBUDDY_BUFFER_INFO_SIZE_VER2);
	BUILD_BUG_ON(PBUDDY_COMM_LEN != TASK_COMM_LEN);
	err = pb_copy_in(&l, sizeof(l), PBUDDY_LIST_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	err = check_list(&l);
	if (err)
		return err;
	reader.admin = ns_capable_noaudit(reader.ns, CAP_SYS_ADMIN);
	if (l.node_bytes_ptr) {
		reader.node_bytes = kcalloc(pb_instance.nr_nodes, sizeof(*reader.node_bytes),
					    GFP_KERNEL);
		if (!reader.node_bytes)
			return -ENOMEM;
	}
	err = copy_records(&reader, &l);
	kfree(reader.node_bytes);
	return err ?: pb_copy_out(arg, usize, &l, sizeof(l));
}
