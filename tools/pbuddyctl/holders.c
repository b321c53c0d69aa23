// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the processes that use the module, in /proc: descriptors of its devices, of buffers, of
 * dma-bufs and of memory pressure, and mappings in maps. Descriptors in flight in a socket belong
 * to no process.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holders.h"

#define TRIGGER_LINK	"anon_inode:pbuddy-pressure"
#define HEAP_LINK	"/dev/dma_heap/pbuddy-"
#define SEEN_MAX	4096	/* buffers of a process that are told apart */

/* What the scan of a process needs. */
struct scan {
	struct proc_visitor	visitor;
	const char		*device;
	struct holder_list	*list;
	struct holder		*holder;
	uint64_t		seen[SEEN_MAX];
	size_t			nr_seen;
	uint64_t		*dmabuf;	/* inodes of dma-bufs of the module */
	size_t			nr_dmabufs;
};

/* Whether the buffer was counted before: a descriptor may be duplicated. */
static bool seen_before(struct scan *scan, uint64_t id)
{
	size_t i;

	for (i = 0; i < scan->nr_seen; i++)
		if (scan->seen[i] == id)
			return true;
	if (scan->nr_seen < SEEN_MAX)
		scan->seen[scan->nr_seen++] = id;
	return false;
}

static int scan_fd(void *arg, const struct proc_fd *fd)
{
	struct scan *scan = arg;
	struct holder *holder = scan->holder;
	uint64_t id, bytes;

	if (!strcmp(fd->link, scan->device)) {
		holder->device = true;
	} else if (!strncmp(fd->link, HEAP_LINK, strlen(HEAP_LINK))) {
		holder->heap = true;
	} else if (!strcmp(fd->link, TRIGGER_LINK)) {
		holder->trigger = true;
	} else if (is_buffer_fd(fd, &id, &bytes)) {
		if (!holder->label[0])
			read_fdinfo(fd, "pbuddy-label:\t", holder->label, sizeof(holder->label));
		if (!seen_before(scan, id)) {
			holder->nr_buffers++;
			holder->bytes += bytes;
		}
	}
	return 0;
}

/* ---- Mappings ---- */

/*
 * Reads the inodes of the dma-bufs of the module, which only root may. maps does not tell whose a
 * dma-buf is. Without them, mappings of dma-bufs that have no descriptor are not found.
 */
static void read_dmabufs(struct scan *scan, const char *debugfs)
{
	char path[4096], line[512];
	uint64_t *more;
	FILE *file;

	snprintf(path, sizeof(path), "%s/../dma_buf/bufinfo", debugfs);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		uint64_t ino;

		/* size, flags, mode, count, exp_name, ino */
		if (sscanf(line, "%*u %*x %*x %*d " EXPORTER "%*u %" SCNu64, &ino) != 1)
			continue;
		more = reallocarray(scan->dmabuf, scan->nr_dmabufs + 1, sizeof(*more));
		if (!more)
			break;
		scan->dmabuf = more;
		scan->dmabuf[scan->nr_dmabufs++] = ino;
	}
	if (file)
		fclose(file);
}

static bool is_mapping(const struct scan *scan, const char *name, uint64_t ino)
{
	size_t i;

	if (!strcmp(name, BUFFER_LINK) || !strcmp(name, scan->device))
		return true;
	if (strncmp(name, DMABUF_LINK, strlen(DMABUF_LINK)))
		return false;
	for (i = 0; i < scan->nr_dmabufs; i++)
		if (scan->dmabuf[i] == ino)
			return true;
	return false;
}

static void scan_maps(struct scan *scan)
{
	uint64_t start, end, ino;
	char path[64], *line = NULL;	/* a path in it may be of any length */
	size_t size = 0;
	FILE *file;
	int name;

	snprintf(path, sizeof(path), "/proc/%d/maps", scan->holder->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64 " %n", &start, &end,
			   &ino, &name) == 3 && is_mapping(scan, line + name, ino))
			scan->holder->mapped += end - start;
	}
	free(line);
	fclose(file);
}

/* ---- Processes ---- */

static void read_comm(struct holder *holder)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	read_line(path, holder->comm, sizeof(holder->comm));
}

static int by_bytes(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	uint64_t left = x->bytes + x->mapped, right = y->bytes + y->mapped;

	return left < right ? 1 : left > right ? -1 : x->pid - y->pid;
}

/* Adds a process, if it holds something. */
static int scan_process(void *arg, int pid)
{
	struct holder holder = { .pid = pid }, *more;
	struct scan *scan = arg;
	struct holder_list *list = scan->list;

	scan->holder = &holder;
	scan->nr_seen = 0;
	visit_fds(&scan->visitor, pid);
	scan_maps(scan);
	if (!holder.nr_buffers && !holder.mapped && !holder.device && !holder.heap &&
	    !holder.trigger)
		return 0;
	read_comm(&holder);
	more = reallocarray(list->holder, list->nr + 1, sizeof(*more));
	if (!more)
		return -1;
	list->holder = more;
	list->holder[list->nr++] = holder;
	return 0;
}

int find_holders(const char *device, const char *debugfs, struct holder_list *list)
{
	static struct scan scan;
	int err;

	*list = (struct holder_list) { 0 };
	scan = (struct scan) {
		.visitor = { .process = scan_process, .fd = scan_fd, .arg = &scan },
		.device = device, .list = list,
	};
	read_dmabufs(&scan, debugfs);
	err = visit_processes(&scan.visitor);
	list->unseen = scan.visitor.unseen;
	free(scan.dmabuf);
	if (list->nr)
		qsort(list->holder, list->nr, sizeof(*list->holder), by_bytes);
	return err;
}
