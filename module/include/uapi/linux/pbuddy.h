/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The user-space ABI of /dev/pbuddy and of the buffers it hands out: ioctl numbers, structs, flags.
 *
 * Every struct begins with size and flags. The caller sets size to sizeof() of the struct it was
 * compiled with; a kernel that knows a longer struct treats the missing tail as zero, a kernel
 * that knows a shorter one refuses with E2BIG unless the tail is zero. What is shorter than the
 * first version (PBUDDY_*_SIZE_VER0) is refused with EINVAL. The size that is encoded in an ioctl
 * number is ignored: it is the one in the struct that counts. Unknown flag bits and non-zero
 * reserved fields are refused with EINVAL, so both can be given a meaning later. Output fields
 * may hold anything on input.
 *
 * An array that the kernel fills comes with the size of its elements, for the same reason.
 * GET_INFO and QUERY only count without one (the pointer is zero). The others refuse a length
 * without an array with EINVAL, before they do anything. EFAULT, for a pointer that is not zero,
 * may come after the work.
 */
#ifndef _UAPI_LINUX_PBUDDY_H
#define _UAPI_LINUX_PBUDDY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PBUDDY_ABI_VERSION	1
#define PBUDDY_MAX_ORDER	18	/* 1 GiB of 4 KiB pages */
#define PBUDDY_LABEL_LEN	32	/* bytes, with the terminating NUL */
#define PBUDDY_COMM_LEN		16	/* bytes of a process name, with the terminating NUL */
#define PBUDDY_LIST_NODES_MAX	65536	/* struct pbuddy_list.nr_nodes */
#define PBUDDY_NODE_ANY		(-1)	/* nearest node with memory, as the caller's policy says */
#define PBUDDY_BATCH_MAX	256	/* buffers in one PBUDDY_IOCTL_ALLOC_BATCH */

/* struct pbuddy_info.features */
#define PBUDDY_FEATURE_ALLOC	(1ULL << 0)	/* ALLOC, QUERY, buffer mmap */
#define PBUDDY_FEATURE_BATCH	(1ULL << 1)	/* ALLOC_BATCH */
#define PBUDDY_FEATURE_DEV_MMAP	(1ULL << 2)	/* mmap of the device itself */
#define PBUDDY_FEATURE_DMABUF	(1ULL << 3)	/* EXPORT_DMABUF */
#define PBUDDY_FEATURE_PURGE	(1ULL << 4)	/* ADVISE */
#define PBUDDY_FEATURE_SET_LABEL (1ULL << 5)	/* SET_LABEL */
#define PBUDDY_FEATURE_LIST	(1ULL << 6)	/* LIST; st_ino of a buffer is its id */
#define PBUDDY_FEATURE_PRESSURE	(1ULL << 7)	/* PRESSURE */
#define PBUDDY_FEATURE_RESIZE	(1ULL << 8)	/* RESIZE */
#define PBUDDY_FEATURE_RELIABLE	(1ULL << 9)	/* PBUDDY_ALLOC_RELIABLE */
#define PBUDDY_FEATURE_ADMIN	(1ULL << 10)	/* COMPACT, DRAIN, FRAG */
#define PBUDDY_FEATURE_SWAP	(1ULL << 11)	/* ADVISE: SWAP, NOSWAP, PAGEOUT */

/*
 * What kind of neighbours the pages may have: enum migratetype of mm/. Pages of a movable buffer
 * may be moved to other physical memory while they are used, unless it is contiguous.
 */
enum pbuddy_class {
	PBUDDY_CLASS_MOVABLE = 0,
	PBUDDY_CLASS_UNMOVABLE = 1,
	PBUDDY_CLASS_RECLAIMABLE = 2,
};

/* Why an allocation failed: struct pbuddy_alloc.reason. */
enum pbuddy_reason {
	PBUDDY_REASON_NONE = 0,
	PBUDDY_REASON_LIMIT = 1,	/* larger than any zone, or a quota */
	PBUDDY_REASON_WATERMARK = 2,	/* not enough free pages */
	PBUDDY_REASON_FRAGMENTATION = 3,/* enough free pages, none contiguous enough */
	PBUDDY_REASON_NODE = 4,		/* the node asked for owns no pbuddy memory */
	PBUDDY_REASON_POLICY = 5,	/* mempolicy or cpuset leaves no node */
};

/**
 * struct pbuddy_node_info - one node in GET_INFO
 * @node: NUMA node number
 * @reserved: zero
 * @total_bytes: bytes owned by pbuddy on this node
 * @free_bytes: bytes free now, without those cached per CPU
 * @largest_free_order: largest order of which a contiguous buffer could have a block without
 *	reclaim or compaction, with the watermarks; -1 when none
 * @reserved2: zero
 * @pcp_bytes: free bytes cached per CPU; approximate while others allocate, and with @free_bytes
 *	never more than @total_bytes
 */
struct pbuddy_node_info {
	__s32 node;
	__u32 reserved;
	__u64 total_bytes;
	__u64 free_bytes;
	__s32 largest_free_order;
	__u32 reserved2;
	__u64 pcp_bytes;
};

#define PBUDDY_NODE_INFO_SIZE_VER0	40

/**
 * struct pbuddy_info - PBUDDY_IOCTL_GET_INFO
 * @size: in: sizeof(struct pbuddy_info)
 * @flags: in: zero
 * @version: out: PBUDDY_ABI_VERSION
 * @max_order: out: largest order
 * @features: out: PBUDDY_FEATURE_ bits
 * @page_size: out: bytes per page (order 0)
 * @block_order: out: order of a pageblock, the unit in which pbuddy owns memory
 * @nodes_ptr: in: user pointer to an array of struct pbuddy_node_info, or 0
 * @nr_nodes: in: length of that array; out: nodes that own pbuddy memory (may be more than asked)
 * @node_size: in: sizeof(struct pbuddy_node_info)
 * @quarantine_bytes: out: bytes of destroyed buffers that are still pinned
 * @reserved: zero
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EINTR by a fatal signal, EFAULT.
 */
struct pbuddy_info {
	__u32 size;
	__u32 flags;
	__u32 version;
	__u32 max_order;
	__u64 features;
	__u32 page_size;
	__u32 block_order;
	__u64 nodes_ptr;
	__u32 nr_nodes;
	__u32 node_size;
	__u64 quarantine_bytes;
	__u64 reserved[2];
};

#define PBUDDY_INFO_SIZE_VER0		72

/* struct pbuddy_alloc.flags */
#define PBUDDY_ALLOC_CONTIG		(1U << 0)	/* one physically contiguous extent */
#define PBUDDY_ALLOC_STRICT_NODE	(1U << 1)	/* @node only, no fallback by distance */
#define PBUDDY_ALLOC_NOWAIT		(1U << 2)	/* fail rather than sleep for memory */
#define PBUDDY_ALLOC_NODEMASK		(1U << 3)	/* only nodes of @nodemask, by distance */
#define PBUDDY_ALLOC_RELIABLE		(1U << 4)	/* mirrored memory (mirrored_nodes=) */
#define PBUDDY_ALLOC_FLAGS		0x1fU

/**
 * struct pbuddy_alloc - PBUDDY_IOCTL_ALLOC: allocate a buffer and return a file descriptor for it
 * @size: in: sizeof(struct pbuddy_alloc)
 * @flags: in: PBUDDY_ALLOC_ bits
 * @bytes: in: length, not zero; rounded up to whole pages. out: the rounded length
 * @node: in: NUMA node, or PBUDDY_NODE_ANY for the one that the caller's memory policy selects,
 *	with PBUDDY_ALLOC_STRICT_NODE or _NODEMASK for the one the caller runs on. out: node of the
 *	first page
 * @order: in: every extent is aligned to and at least 2^order pages (the last may be shorter). With
 *	PBUDDY_ALLOC_CONTIG the extent is aligned, whatever its length, and may be shorter
 * @mclass: in: enum pbuddy_class
 * @fd_flags: in: O_RDWR or O_RDONLY (which can never be mapped writable), and O_CLOEXEC or 0;
 *	buffers are O_CLOEXEC unless PBUDDY_FD_INHERIT is given. Through a device opened O_RDONLY
 *	every buffer is O_RDONLY
 * @nodemask: in: bit n allows node n (nodes 0-63), with PBUDDY_ALLOC_NODEMASK; otherwise zero. If
 *	the caller's cpuset allows none of them, ENOMEM with PBUDDY_REASON_POLICY
 * @label: in: NUL-terminated name shown in fdinfo and listings; no control characters
 * @fd: out: the buffer's file descriptor
 * @reason: out: enum pbuddy_reason, written also when the ioctl fails with ENOMEM
 *	or EDQUOT
 * @reserved: zero
 *
 * The pages are zeroed and owned until the last reference to the buffer (descriptor or mapping)
 * goes.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with
 * something in it, ENOMEM with @reason, EDQUOT over a limit, EINTR by a fatal signal, EMFILE,
 * ENFILE, EFAULT, EACCES through a device opened O_WRONLY.
 */
struct pbuddy_alloc {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	__s32 node;
	__u32 order;
	__u32 mclass;
	__u32 fd_flags;
	__u64 nodemask;
	char label[PBUDDY_LABEL_LEN];
	__s32 fd;
	__u32 reason;
	__u64 reserved[4];
};

#define PBUDDY_ALLOC_SIZE_VER0		112

/* In fd_flags, and not together with O_CLOEXEC: stays open across exec. */
#define PBUDDY_FD_INHERIT		(1U << 31)

/**
 * struct pbuddy_alloc_batch - PBUDDY_IOCTL_ALLOC_BATCH: many buffers of one shape, all or none
 * @size: in: sizeof(struct pbuddy_alloc_batch)
 * @flags: in: zero
 * @count: in: buffers, 1 to PBUDDY_BATCH_MAX
 * @reserved: zero
 * @fds_ptr: in: user pointer to an array of @count __s32, filled with the descriptors
 * @each: in: the request for each buffer, whose @size is @size less the offset of @each; out: as
 *	of the last one, its @reason also when the ioctl fails. The place of the request is last, so
 *	that both structs can grow
 *
 * Errors: as of PBUDDY_IOCTL_ALLOC.
 */
struct pbuddy_alloc_batch {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 reserved;
	__u64 fds_ptr;
	struct pbuddy_alloc each;
};

#define PBUDDY_ALLOC_BATCH_SIZE_VER0	136

/* Kinds of events, for @flags of struct pbuddy_pressure. */
#define PBUDDY_PRESSURE_LOW	(1U << 0)	/* a request found a zone below its low watermark */
#define PBUDDY_PRESSURE_FREE	(1U << 1)	/* less than free_bytes are free */
#define PBUDDY_PRESSURE_STALL	(1U << 2)	/* requests waited for stall_us in a window */

#define PBUDDY_PRESSURE_WINDOW_MIN_US	500000
#define PBUDDY_PRESSURE_WINDOW_MAX_US	10000000
#define PBUDDY_PRESSURE_USER_MAX	256	/* descriptors that a user can have at a time */

/**
 * struct pbuddy_pressure - PBUDDY_IOCTL_PRESSURE: a descriptor that reports memory pressure
 * @size: in: sizeof(struct pbuddy_pressure)
 * @flags: in: PBUDDY_PRESSURE_ bits, at least one
 * @node: in: node to watch, or PBUDDY_NODE_ANY for the sum of all
 * @fd_flags: in: O_CLOEXEC, the default, or PBUDDY_FD_INHERIT
 * @eventfd: in: an eventfd(2) to add 1 to at each event, or -1
 * @fd: out: the descriptor
 * @free_bytes: in: threshold of PBUDDY_PRESSURE_FREE, which counts free and cached pages; else 0
 * @stall_us: in: threshold of PBUDDY_PRESSURE_STALL, 1 to window_us; else 0
 * @window_us: in: at most one event in this time; 0 for one second
 * @reserved: zero
 *
 * An event is reported by poll() as POLLPRI, once, as for the files in /proc/pressure; then again
 * if it still is so after a window. There is at least one before a request fails for want of
 * memory, if the node has watermarks.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EBADF when @eventfd is no descriptor, EDQUOT when the user has PBUDDY_PRESSURE_USER_MAX of
 * them, ENOMEM, EMFILE, ENFILE, EFAULT.
 */
struct pbuddy_pressure {
	__u32 size;
	__u32 flags;
	__s32 node;
	__u32 fd_flags;
	__s32 eventfd;
	__s32 fd;
	__u64 free_bytes;
	__u32 stall_us;
	__u32 window_us;
	__u64 reserved[2];
};

#define PBUDDY_PRESSURE_SIZE_VER0	56

/* struct pbuddy_buffer_info.flags */
#define PBUDDY_BUFFER_EXPORTED		(1U << 0)	/* dma-bufs of it exist */
#define PBUDDY_BUFFER_QUARANTINED	(1U << 1)	/* ended; pages of it are still pinned */
#define PBUDDY_BUFFER_CREATOR_EXITED	(1U << 2)	/* the pid may be another process's */
#define PBUDDY_BUFFER_PURGEABLE		(1U << 3)	/* advised PBUDDY_ADVICE_DONTNEED */
#define PBUDDY_BUFFER_PURGED		(1U << 4)	/* its contents were purged since */
#define PBUDDY_BUFFER_SWAPPABLE		(1U << 5)	/* advised PBUDDY_ADVICE_SWAP */
#define PBUDDY_BUFFER_SWAPPED		(1U << 6)	/* is swapped out now */

/* Why a buffer was not swapped out: struct pbuddy_buffer_info.swap_reason. */
enum pbuddy_swap_reason {
	PBUDDY_SWAP_NONE = 0,		/* it was, or nothing tried to */
	PBUDDY_SWAP_ADVICE = 1,		/* it was not advised PBUDDY_ADVICE_SWAP */
	PBUDDY_SWAP_NODE = 2,		/* the parameter swap= lacks a node that it has pages on */
	PBUDDY_SWAP_EXPORTED = 3,	/* dma-bufs of it exist */
	PBUDDY_SWAP_PURGEABLE = 4,	/* it is purgeable */
	PBUDDY_SWAP_PINNED = 5,		/* pages of it are pinned */
	PBUDDY_SWAP_NO_SPACE = 6,	/* less swap space is free than its length */
	PBUDDY_SWAP_NO_MEMORY = 7,	/* no memory of the system or cgroup, or not soon enough */
	PBUDDY_SWAP_BAD_PAGE = 8,	/* a page of it has a memory error */
	PBUDDY_SWAP_KILLED = 9,		/* a fatal signal */
};

/**
 * struct pbuddy_buffer_info - a buffer in LIST
 * @id: number of the buffer, not used again while the module is loaded; also st_ino of its
 *	descriptors and the inode number in /proc/PID/maps
 * @bytes: length
 * @charged_bytes: what its user is charged for it now
 * @resident_bytes: bytes that have been zeroed for access: less than @bytes for a mapping of the
 *	device of which parts were not accessed yet
 * @quarantine_bytes: with PBUDDY_BUFFER_QUARANTINED: bytes that are still pinned
 * @node: node of the first page
 * @order: as requested
 * @flags: PBUDDY_BUFFER_ bits
 * @nr_mappings: mappings of it in all processes
 * @nr_dmabufs: dma-bufs of it
 * @creator_pid: process that created it, or restored its memory after a purge, in the caller's pid
 *	namespace; 0 if it is not in it
 * @creator_uid: user that created it, in the caller's user namespace
 * @account_uid: user of the initial user namespace that is charged, as the caller's has it. A user
 *	that it does not map is the overflow user (65534)
 * @creator_comm: name that the process had then
 * @label: its label
 * @purgeable_bytes: bytes of it that may be purged; with PBUDDY_BUFFER_PURGEABLE, 0 means that it
 *	has no memory now
 * @swapped_bytes: bytes of its contents in memory of the system or swap space; with
 *	PBUDDY_BUFFER_SWAPPED; pages that are zero take none
 * @swap_reason: enum pbuddy_swap_reason of the last attempt to swap it out
 * @reserved: zero
 */
struct pbuddy_buffer_info {
	__u64 id;
	__u64 bytes;
	__u64 charged_bytes;
	__u64 resident_bytes;
	__u64 quarantine_bytes;
	__s32 node;
	__u32 order;
	__u32 flags;
	__u32 nr_mappings;
	__u32 nr_dmabufs;
	__s32 creator_pid;
	__u32 creator_uid;
	__u32 account_uid;
	char creator_comm[PBUDDY_COMM_LEN];
	char label[PBUDDY_LABEL_LEN];
	__u64 purgeable_bytes;
	__u64 swapped_bytes;
	__u32 swap_reason;
	__u32 reserved;
};

#define PBUDDY_BUFFER_INFO_SIZE_VER0	120
#define PBUDDY_BUFFER_INFO_SIZE_VER1	128	/* with purgeable_bytes */
#define PBUDDY_BUFFER_INFO_SIZE_VER2	144	/* with swapped_bytes and swap_reason */

/**
 * struct pbuddy_list - PBUDDY_IOCTL_LIST: the buffers that exist, in the order of their creation
 * @size: in: sizeof(struct pbuddy_list)
 * @flags: in: zero
 * @cursor: in: 0 to begin; out: id of the last record, with which the next call continues
 * @records_ptr: in: user pointer to an array of struct pbuddy_buffer_info
 * @nr_records: in: length of that array; out: records filled; less than asked at the end
 * @record_size: in: sizeof(struct pbuddy_buffer_info)
 * @node_bytes_ptr: in: user pointer to an array of __u64, @nr_nodes for each record: the bytes of
 *	the buffer on nodes 0, 1 and so on, in quarantine those still pinned; or 0
 * @nr_nodes: in: nodes that array has space for, at most PBUDDY_LIST_NODES_MAX; 0 without an array
 * @reserved0: zero
 * @reserved: zero
 *
 * Lists buffers also when no process has a descriptor of them: those in a message of a socket, in
 * an io_uring, only mapped, only exported, or in quarantine because pages are pinned. A caller sees
 * those that its user created; with CAP_SYS_ADMIN in its user namespace those of all users that
 * the namespace maps.
 *
 * A buffer that exists during all calls is listed once. One that is created or ends meanwhile may
 * be listed or not, and does not affect the others.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EFAULT, ENOMEM, EINTR by a fatal signal.
 */
struct pbuddy_list {
	__u32 size;
	__u32 flags;
	__u64 cursor;
	__u64 records_ptr;
	__u32 nr_records;
	__u32 record_size;
	__u64 node_bytes_ptr;
	__u32 nr_nodes;
	__u32 reserved0;
	__u64 reserved[2];
};

#define PBUDDY_LIST_SIZE_VER0		64

/**
 * struct pbuddy_extent - a physically contiguous piece of a buffer
 * @offset: bytes from the start of the buffer
 * @bytes: length
 * @phys: physical address, valid as long as the buffer exists and is neither purgeable nor advised
 *	PBUDDY_ADVICE_SWAP; zero for a caller without CAP_SYS_ADMIN, whose extents may differ at the
 *	next call
 * @node: NUMA node
 * @order: order of the largest block it was allocated as
 */
struct pbuddy_extent {
	__u64 offset;
	__u64 bytes;
	__u64 phys;
	__s32 node;
	__u32 order;
};

#define PBUDDY_EXTENT_SIZE_VER0		32

/**
 * struct pbuddy_query - PBUDDY_IOCTL_QUERY, on a buffer's descriptor
 * @size: in: sizeof(struct pbuddy_query)
 * @flags: in: zero
 * @bytes: out: length of the buffer
 * @extents_ptr: in: user pointer to an array of struct pbuddy_extent, or 0
 * @nr_extents: in: length of that array; out: extents the buffer has (may be more than asked); 0
 *	while it is purged or swapped out
 * @extent_size: in: sizeof(struct pbuddy_extent)
 * @first_extent: in: index of the first extent to return
 * @mclass: out: enum pbuddy_class
 * @label: out: as given, or as changed by PBUDDY_IOCTL_SET_LABEL
 * @reserved: zero
 *
 * Errors: as of PBUDDY_IOCTL_GET_INFO.
 */
struct pbuddy_query {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	__u64 extents_ptr;
	__u32 nr_extents;
	__u32 extent_size;
	__u32 first_extent;
	__u32 mclass;
	char label[PBUDDY_LABEL_LEN];
	__u64 reserved[4];
};

#define PBUDDY_QUERY_SIZE_VER0		104

/**
 * struct pbuddy_export_dmabuf - PBUDDY_IOCTL_EXPORT_DMABUF, on a buffer's descriptor
 * @size: in: sizeof(struct pbuddy_export_dmabuf)
 * @flags: in: zero
 * @fd_flags: in: as in struct pbuddy_alloc
 * @fd: out: descriptor of a new dma-buf of the buffer
 * @reserved: zero
 *
 * The dma-buf references the buffer, so the buffer's descriptor may be closed. While the dma-buf
 * exists, the buffer is neither purged nor swapped out. The buffer is not moved while an importer
 * has pinned it. A dma-buf that is O_RDONLY is mapped for devices to read.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EACCES for O_RDWR on a read-only buffer, EBUSY for a buffer that is purgeable, EOPNOTSUPP
 * in a kernel without dma-bufs, ENOMEM, EMFILE, ENFILE, EFAULT, EINTR; for a buffer that is swapped
 * out also EDQUOT above a limit, and EIO if the swap space cannot be read.
 */
struct pbuddy_export_dmabuf {
	__u32 size;
	__u32 flags;
	__u32 fd_flags;
	__s32 fd;
	__u64 reserved[2];
};

#define PBUDDY_EXPORT_DMABUF_SIZE_VER0	32

/**
 * struct pbuddy_set_label - PBUDDY_IOCTL_SET_LABEL, on a buffer's descriptor
 * @size: in: sizeof(struct pbuddy_set_label)
 * @flags: in: zero
 * @label: in: the new label, as in struct pbuddy_alloc
 * @reserved: zero
 *
 * A reader of the label gets the old or the new one.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EACCES through a descriptor that is O_RDONLY, EFAULT.
 */
struct pbuddy_set_label {
	__u32 size;
	__u32 flags;
	char label[PBUDDY_LABEL_LEN];
	__u64 reserved[2];
};

#define PBUDDY_SET_LABEL_SIZE_VER0	56

/* What a program says of the contents of a buffer: struct pbuddy_advise.advice. */
enum pbuddy_advice {
	PBUDDY_ADVICE_WILLNEED = 0,	/* they are needed; also the state of a new buffer */
	PBUDDY_ADVICE_DONTNEED = 1,	/* they may be lost: the buffer is purgeable */
	PBUDDY_ADVICE_SWAP = 2,		/* they may be swapped out while the buffer is idle */
	PBUDDY_ADVICE_NOSWAP = 3,	/* they may not; also the state of a new buffer */
	PBUDDY_ADVICE_PAGEOUT = 4,	/* after PBUDDY_ADVICE_SWAP: swap them out now */
};

/**
 * struct pbuddy_advise - PBUDDY_IOCTL_ADVISE, on a buffer's descriptor
 * @size: in: sizeof(struct pbuddy_advise)
 * @flags: in: zero
 * @advice: in: enum pbuddy_advice
 * @retained: out: 1 if the contents are there; 0 if the buffer was purged since it became
 *	purgeable: all its pages are zero, but for what was stored after the purge. 1 for
 *	PBUDDY_ADVICE_SWAP, PBUDDY_ADVICE_NOSWAP and PBUDDY_ADVICE_PAGEOUT
 * @reason: out: enum pbuddy_reason, written also when the ioctl fails with ENOMEM or EDQUOT; of
 *	PBUDDY_ADVICE_PAGEOUT enum pbuddy_swap_reason, written also when it fails
 * @reserved0: zero
 * @reserved: zero
 *
 * While a buffer is purgeable, the memory of the whole buffer may be taken for other requests,
 * before one of them fails or the size of a node cannot be reduced. Buffers that were advised the
 * longest ago go first. While pages of a buffer are pinned (O_DIRECT, io_uring, RDMA, vmsplice())
 * it is not purged. A purged buffer keeps its descriptors, mappings and id, and is not charged.
 *
 * PBUDDY_ADVICE_WILLNEED gives a purged buffer memory again, zeroed, as a new request of the caller
 * for a buffer of this kind. If that fails, the buffer stays purgeable and purged.
 *
 * A purgeable buffer may be mapped and accessed. An access to one that was purged gives it memory
 * again, too, zeroed, and it stays purgeable. It waits until there is memory, or a fatal signal: it
 * does not end in SIGBUS. A program that must not wait calls PBUDDY_ADVICE_WILLNEED before. A
 * system call that cannot wait, as an operation on a futex, fails with EFAULT or ENOMEM.
 *
 * The contents of a buffer that was advised PBUDDY_ADVICE_SWAP may be moved to memory of the
 * system, which the kernel swaps out as that of memfd_create(). The memory cgroup of the caller is
 * charged for it. PBUDDY_ADVICE_PAGEOUT does so at once. Reclaim does so for buffers that were not
 * accessed for the time of the parameter swap=, which names the nodes that allow it. A buffer that
 * is purgeable, exported or pinned is not swapped out. One that is swapped out is not charged for
 * memory of pbuddy, and keeps its descriptors, mappings and id. PBUDDY_ADVICE_WILLNEED,
 * PBUDDY_ADVICE_NOSWAP, an export and an access give it memory again, with its contents. An access
 * waits for memory, as for one that was purged. It ends in SIGBUS only if the swap space cannot be
 * read.
 *
 * The advice holds for the buffer, whichever descriptor it comes through.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EACCES through a descriptor that is O_RDONLY, EBUSY for PBUDDY_ADVICE_DONTNEED while
 * dma-bufs of the buffer exist, ENOMEM with @reason, EDQUOT over a limit, EIO when contents cannot
 * be read from swap space, EINTR by a fatal signal, EFAULT. PBUDDY_ADVICE_PAGEOUT: EPERM with
 * PBUDDY_SWAP_ADVICE and PBUDDY_SWAP_NODE; EBUSY with PBUDDY_SWAP_EXPORTED, PBUDDY_SWAP_PURGEABLE
 * and PBUDDY_SWAP_PINNED; ENOSPC with PBUDDY_SWAP_NO_SPACE; ENOMEM with PBUDDY_SWAP_NO_MEMORY; EIO
 * with PBUDDY_SWAP_BAD_PAGE.
 */
struct pbuddy_advise {
	__u32 size;
	__u32 flags;
	__u32 advice;
	__u32 retained;
	__u32 reason;
	__u32 reserved0;
	__u64 reserved[2];
};

#define PBUDDY_ADVISE_SIZE_VER0		40

/* What kept a node from its new size: struct pbuddy_resize.reason. */
enum pbuddy_resize_reason {
	PBUDDY_RESIZE_DONE = 0,		/* nothing */
	PBUDDY_RESIZE_WATERMARK = 1,	/* the free pages that are left, below the watermark */
	PBUDDY_RESIZE_PINNED = 2,	/* blocks that cannot be moved */
	PBUDDY_RESIZE_BUSY = 3,		/* blocks that could not be moved now */
	PBUDDY_RESIZE_KEPT = 4,		/* memory that is not given back, see @kept_bytes */
	PBUDDY_RESIZE_SOURCE = 5,	/* the source has no more memory, or does not grow */
	PBUDDY_RESIZE_NO_MEMORY = 6,	/* no memory for lists of the module */
	PBUDDY_RESIZE_KILLED = 7,	/* a fatal signal */
};

#define PBUDDY_RESIZE_OWNER_LEN		160	/* bytes, with the terminating NUL */

#define PBUDDY_RESIZE_BLOCKS_MAX	8	/* records that RESIZE fills at most */

/* struct pbuddy_resize_block.flags */
/*
 * A page has another user than mappings, or an importer has pinned the buffer. Of a buffer that is
 * mapped by huge pages a kernel before 6.12 shows only users that pin pages (O_DIRECT, io_uring),
 * and none that reads them (vmsplice()).
 */
#define PBUDDY_RESIZE_BLOCK_PINNED	(1U << 0)
#define PBUDDY_RESIZE_BLOCK_EXPORTED	(1U << 1)	/* the buffer has a dma-buf */

/**
 * struct pbuddy_resize_block - a block that kept its pageblock from being given back
 * @phys: its physical address
 * @bytes: its length
 * @buffer_id: the buffer that it is part of, as in LIST; 0: not of a buffer, or of one that has
 *	ended by now. Then the following four are 0.
 * @flags: PBUDDY_RESIZE_BLOCK_*
 * @creator_pid: process that created the buffer, in the caller's pid namespace; 0: in none of it
 * @creator_uid: its user, in the caller's user namespace
 * @reserved: zero
 * @creator_comm: its name at that time
 * @label: of the buffer
 * @owner: the task that allocated the block, if it is known (owner=1), or empty
 */
struct pbuddy_resize_block {
	__u64 phys;
	__u64 bytes;
	__u64 buffer_id;
	__u32 flags;
	__s32 creator_pid;
	__u32 creator_uid;
	__u32 reserved;
	char creator_comm[PBUDDY_COMM_LEN];
	char label[PBUDDY_LABEL_LEN];
	char owner[PBUDDY_RESIZE_OWNER_LEN];
};

#define PBUDDY_RESIZE_BLOCK_SIZE_VER0	248

/**
 * struct pbuddy_resize - PBUDDY_IOCTL_RESIZE, on the device: change the size of a node
 * @size: in: sizeof(struct pbuddy_resize)
 * @flags: in: zero
 * @node: in: NUMA node that owns pbuddy memory
 * @reason: out: enum pbuddy_resize_reason
 * @bytes: in: new size, not zero; rounded up to whole pageblocks. out: size of the node now
 * @max_bytes: in: maximum to which the node may grow when requests need it, at least @bytes; 0:
 *	none above @bytes. out: the maximum
 * @before_bytes: out: size of the node before
 * @pinned_bytes: out: pageblocks that stay because of blocks that cannot be moved
 * @busy_bytes: out: pageblocks that stay because blocks could not be moved, or pages have other
 *	users
 * @kept_bytes: out: pageblocks that the pool does not give back: of groups, of the source reserve,
 *	in ZONE_MOVABLE, in contiguous areas (cma=), and in the highatomic reserve
 * @pinned_phys: out: physical address of the first block that was counted in @pinned_bytes, or
 *	~0
 * @owner: out: the task that allocated it, if it is known (owner=1), or empty
 * @blocks_ptr: in: array of struct pbuddy_resize_block for the first blocks that were in the way:
 *	those in @pinned_bytes and @busy_bytes, with PBUDDY_RESIZE_WATERMARK also others that are
 *	allocated; 0 without @nr_blocks
 * @nr_blocks: in: its length; out: records filled, at most PBUDDY_RESIZE_BLOCKS_MAX
 * @block_size: in: sizeof(struct pbuddy_resize_block) with @nr_blocks, else 0
 * @reserved: zero
 *
 * Memory is given back in whole pageblocks, the cheapest first; blocks that can be moved are moved.
 * The counters tell what was found until the size was reached. What was given back, or added, stays
 * so when the ioctl fails; it can be repeated. The output is written also when it fails with
 * ENOMEM, EBUSY or EOPNOTSUPP.
 *
 * Errors: EPERM without CAP_SYS_ADMIN, EINVAL for a bad argument, E2BIG for a longer struct than
 * the kernel knows with something in it, ENXIO for a node without pbuddy memory, EBUSY with
 * PBUDDY_RESIZE_PINNED and PBUDDY_RESIZE_BUSY, ENOMEM with PBUDDY_RESIZE_WATERMARK,
 * PBUDDY_RESIZE_SOURCE and PBUDDY_RESIZE_NO_MEMORY, EOPNOTSUPP with PBUDDY_RESIZE_KEPT, and with
 * PBUDDY_RESIZE_SOURCE where the source never grows, EINTR, EFAULT.
 */
struct pbuddy_resize {
	__u32 size;
	__u32 flags;
	__s32 node;
	__u32 reason;
	__u64 bytes;
	__u64 max_bytes;
	__u64 before_bytes;
	__u64 pinned_bytes;
	__u64 busy_bytes;
	__u64 kept_bytes;
	__u64 pinned_phys;
	char owner[PBUDDY_RESIZE_OWNER_LEN];
	__u64 blocks_ptr;
	__u32 nr_blocks;
	__u32 block_size;
	__u64 reserved[2];
};

#define PBUDDY_RESIZE_SIZE_VER0		264

/**
 * struct pbuddy_compact - PBUDDY_IOCTL_COMPACT, on the device: make free pageblocks
 * @size: in: sizeof(struct pbuddy_compact)
 * @flags: in: zero
 * @node: in: NUMA node that owns pbuddy memory, or PBUDDY_NODE_ANY for all
 * @reserved0: zero
 * @max_pageblocks: in: pageblocks to gain at most, so that a caller can show its progress; 0: as
 *	many as possible
 * @gained_pageblocks: out: pageblocks that were made free; fewer than @max_pageblocks when no more
 *	can be
 * @moved_pages: out: pages that were moved for it
 * @before_pageblocks: out: free pageblocks of the node, or of all, before
 * @after_pageblocks: out: the same afterwards. Other tasks allocate and free meanwhile
 * @reserved: zero
 *
 * Moves what can be moved out of partly free pageblocks, the cheapest first, as a write to
 * /proc/sys/vm/compact_memory does. The output is written also when it fails with EINTR.
 *
 * Errors: EPERM without CAP_SYS_ADMIN, EINVAL for a bad argument, E2BIG for a longer struct than
 * the kernel knows with something in it, ENXIO for a node without pbuddy memory, EINTR by a fatal
 * signal, EFAULT.
 */
struct pbuddy_compact {
	__u32 size;
	__u32 flags;
	__s32 node;
	__u32 reserved0;
	__u64 max_pageblocks;
	__u64 gained_pageblocks;
	__u64 moved_pages;
	__u64 before_pageblocks;
	__u64 after_pageblocks;
	__u64 reserved[3];
};

#define PBUDDY_COMPACT_SIZE_VER0	80

/**
 * struct pbuddy_drain - PBUDDY_IOCTL_DRAIN, on the device: empty the per-CPU caches
 * @size: in: sizeof(struct pbuddy_drain)
 * @flags: in: zero
 * @node: in: NUMA node that owns pbuddy memory, or PBUDDY_NODE_ANY for all
 * @reserved0: zero
 * @drained_bytes: out: bytes by which the caches became smaller
 * @cached_bytes: out: bytes that are in them now, because other tasks allocate and free meanwhile
 * @reserved: zero
 *
 * The free pages in the caches of all CPUs go back to the zones of the node.
 *
 * Errors: as of PBUDDY_IOCTL_COMPACT.
 */
struct pbuddy_drain {
	__u32 size;
	__u32 flags;
	__s32 node;
	__u32 reserved0;
	__u64 drained_bytes;
	__u64 cached_bytes;
	__u64 reserved[2];
};

#define PBUDDY_DRAIN_SIZE_VER0		48

/* struct pbuddy_pageblock.zone */
enum pbuddy_zone {
	PBUDDY_ZONE_DMA32 = 0,
	PBUDDY_ZONE_NORMAL = 1,
	PBUDDY_ZONE_MOVABLE = 2,
};

/* struct pbuddy_pageblock.type: the migratetype, as in mm/ */
enum pbuddy_pageblock_type {
	PBUDDY_PAGEBLOCK_UNMOVABLE = 0,
	PBUDDY_PAGEBLOCK_MOVABLE = 1,
	PBUDDY_PAGEBLOCK_RECLAIMABLE = 2,
	PBUDDY_PAGEBLOCK_HIGHATOMIC = 3,
	PBUDDY_PAGEBLOCK_CMA = 4,
	PBUDDY_PAGEBLOCK_ISOLATE = 5,
};

/**
 * struct pbuddy_pageblock - one pageblock in FRAG
 * @phys: physical address; zero for a caller without CAP_SYS_ADMIN
 * @node: NUMA node
 * @free_pages: free pages in it, without those in per-CPU caches
 * @largest_order: order of its largest free block; -1 when there is none
 * @zone: enum pbuddy_zone
 * @type: enum pbuddy_pageblock_type
 */
struct pbuddy_pageblock {
	__u64 phys;
	__s32 node;
	__u16 free_pages;
	__s16 largest_order;
	__u32 zone;
	__u32 type;
};

#define PBUDDY_PAGEBLOCK_SIZE_VER0	24

/**
 * struct pbuddy_frag - PBUDDY_IOCTL_FRAG, on the device: the state of each pageblock
 * @size: in: sizeof(struct pbuddy_frag)
 * @flags: in: zero
 * @cursor: in: 0 to begin; out: with which the next call continues
 * @records_ptr: in: user pointer to an array of struct pbuddy_pageblock
 * @nr_records: in: length of that array; out: records filled; less than asked at the end
 * @record_size: in: sizeof(struct pbuddy_pageblock)
 * @reserved: zero
 *
 * The pageblocks come zone by zone, in the order of their addresses. Other tasks allocate and free
 * meanwhile. Those that belong to groups are left out; GET_INFO has them in the total of a node.
 * For a caller without CAP_SYS_ADMIN the cursor only counts records: when the pool or a group grows
 * or shrinks between two calls, a record may come twice or not at all.
 *
 * Errors: EINVAL for a bad argument, E2BIG for a longer struct than the kernel knows with something
 * in it, EFAULT, EINTR by a fatal signal.
 */
struct pbuddy_frag {
	__u32 size;
	__u32 flags;
	__u64 cursor;
	__u64 records_ptr;
	__u32 nr_records;
	__u32 record_size;
	__u64 reserved[2];
};

#define PBUDDY_FRAG_SIZE_VER0		48

#define PBUDDY_IOCTL_MAGIC		0xB7
#define PBUDDY_IOCTL_GET_INFO		_IOWR(PBUDDY_IOCTL_MAGIC, 0x00, struct pbuddy_info)
#define PBUDDY_IOCTL_ALLOC		_IOWR(PBUDDY_IOCTL_MAGIC, 0x01, struct pbuddy_alloc)
#define PBUDDY_IOCTL_ALLOC_BATCH	_IOWR(PBUDDY_IOCTL_MAGIC, 0x02, struct pbuddy_alloc_batch)
#define PBUDDY_IOCTL_LIST		_IOWR(PBUDDY_IOCTL_MAGIC, 0x03, struct pbuddy_list)
#define PBUDDY_IOCTL_RESIZE		_IOWR(PBUDDY_IOCTL_MAGIC, 0x04, struct pbuddy_resize)
#define PBUDDY_IOCTL_PRESSURE		_IOWR(PBUDDY_IOCTL_MAGIC, 0x05, struct pbuddy_pressure)
#define PBUDDY_IOCTL_COMPACT		_IOWR(PBUDDY_IOCTL_MAGIC, 0x06, struct pbuddy_compact)
#define PBUDDY_IOCTL_DRAIN		_IOWR(PBUDDY_IOCTL_MAGIC, 0x07, struct pbuddy_drain)
#define PBUDDY_IOCTL_FRAG		_IOWR(PBUDDY_IOCTL_MAGIC, 0x08, struct pbuddy_frag)
#define PBUDDY_IOCTL_QUERY		_IOWR(PBUDDY_IOCTL_MAGIC, 0x10, struct pbuddy_query)
#define PBUDDY_IOCTL_EXPORT_DMABUF	_IOWR(PBUDDY_IOCTL_MAGIC, 0x11, struct pbuddy_export_dmabuf)
#define PBUDDY_IOCTL_SET_LABEL		_IOWR(PBUDDY_IOCTL_MAGIC, 0x12, struct pbuddy_set_label)
#define PBUDDY_IOCTL_ADVISE		_IOWR(PBUDDY_IOCTL_MAGIC, 0x13, struct pbuddy_advise)

#endif /* _UAPI_LINUX_PBUDDY_H */
