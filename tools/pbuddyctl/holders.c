// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the processes that use the module, in /proc: descriptors of the device and of buffers by
 * their links and fdinfo, mappings in maps. Descriptors in flight in a socket belong to no process.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holders.h"

#define BUFFER_LINK	"anon_inode:pbuddy"
#define SEEN_MAX	4096	/* buffers of a process that are told apart */

/* What the scan of a process needs. */
struct scan {
	const char	*device;
	struct holder	*holder;
	ino_t		seen[SEEN_MAX];
	size_t		nr_seen;
};

/* Whether the buffer was counted before: a descriptor may be duplicated. */
static bool seen_before(struct scan *scan, ino_t ino)
{
	size_t i;

	for (i = 0; i < scan->nr_seen; i++)
		if (scan->seen[i] == ino)
			return true;
	if (scan->nr_seen < SEEN_MAX)
		scan->seen[scan->nr_seen++] = ino;
	return false;
}

static void read_label(int pid, const char *fd, char *label, size_t size)
{
	char path[320];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, fd);
	read_field(path, "pbuddy-label:\t", label, size);
}

static void scan_fd(struct scan *scan, int dir, const char *fd)
{
	struct holder *holder = scan->holder;
	char link[128];
	ssize_t len = readlinkat(dir, fd, link, sizeof(link) - 1);
	struct stat st;

	if (len < 0)
		return;
	link[len] = 0;
	if (!strcmp(link, scan->device)) {
		holder->device = true;
	} else if (!strcmp(link, BUFFER_LINK) && !fstatat(dir, fd, &st, 0) &&
		   !seen_before(scan, st.st_ino)) {
		holder->nr_buffers++;
		holder->bytes += (uint64_t)st.st_size;
		if (!holder->label[0])
			read_label(holder->pid, fd, holder->label, sizeof(holder->label));
	}
}

/* Returns false when the caller may not see the descriptors. */
static bool scan_fds(struct scan *scan)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", scan->holder->pid);
	dir = opendir(path);
	if (!dir)
		return errno != EACCES && errno != EPERM;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			scan_fd(scan, dirfd(dir), entry->d_name);
	closedir(dir);
	return true;
}

static void scan_maps(struct scan *scan)
{
	uint64_t start, end;
	char path[64], line[512], *name;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", scan->holder->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		name = strstr(line, BUFFER_LINK);
		if (!name)
			name = strstr(line, scan->device);
		if (!name || name == line || name[-1] != ' ')
			continue;
		if (strcmp(name, BUFFER_LINK) && strcmp(name, scan->device))
			continue;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2)
			scan->holder->mapped += end - start;
	}
	fclose(file);
}

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
static int scan_process(struct holder_list *list, struct scan *scan, int pid)
{
	struct holder holder = { .pid = pid }, *more;

	scan->holder = &holder;
	scan->nr_seen = 0;
	if (!scan_fds(scan))
		list->unreadable++;
	scan_maps(scan);
	if (!holder.nr_buffers && !holder.mapped && !holder.device)
		return 0;
	read_comm(&holder);
	more = reallocarray(list->holder, list->nr + 1, sizeof(*more));
	if (!more)
		return -1;
	list->holder = more;
	list->holder[list->nr++] = holder;
	return 0;
}

int find_holders(const char *device, struct holder_list *list)
{
	static struct scan scan;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int err = 0;

	*list = (struct holder_list) { 0 };
	scan.device = device;
	while (proc && !err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = scan_process(list, &scan, atoi(entry->d_name));
	if (proc)
		closedir(proc);
	if (list->nr)
		qsort(list->holder, list->nr, sizeof(*list->holder), by_bytes);
	return err;
}
