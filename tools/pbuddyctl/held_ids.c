// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the ids of buffers in /proc: st_ino of a buffer's descriptor, and exp_name in the fdinfo of
 * a dma-buf. Each thread is looked at, because it may have descriptors of its own.
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

#include "held_ids.h"

#define BUFFER_LINK	"anon_inode:pbuddy"
#define DMABUF_LINK	"/dmabuf:"
#define EXPORTER	"exp_name:\tpbuddy:"

static int add_id(struct held_ids *held, uint64_t id)
{
	uint64_t *more;

	/* A power of two is full. */
	if (!(held->nr & (held->nr - 1))) {
		more = reallocarray(held->id, held->nr ? 2 * held->nr : 1, sizeof(*more));
		if (!more)
			return -1;
		held->id = more;
	}
	held->id[held->nr++] = id;
	return 0;
}

/* A descriptor may be closed meanwhile. */
static int scan_fd(struct held_ids *held, const char *task, int dir, const char *fd)
{
	char link[64], path[512], id[32];
	ssize_t len = readlinkat(dir, fd, link, sizeof(link) - 1);
	struct stat st;

	if (len < 0)
		return 0;
	link[len] = 0;
	if (!strcmp(link, BUFFER_LINK))
		return fstatat(dir, fd, &st, 0) ? 0 : add_id(held, st.st_ino);
	if (strncmp(link, DMABUF_LINK, strlen(DMABUF_LINK)))
		return 0;
	snprintf(path, sizeof(path), "%s/fdinfo/%s", task, fd);
	return read_field(path, EXPORTER, id, sizeof(id)) ?
		add_id(held, strtoull(id, NULL, 10)) : 0;
}

static int scan_task(struct held_ids *held, const char *task, bool *unreadable)
{
	struct dirent *entry;
	char path[256];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", task);
	dir = opendir(path);
	if (!dir) {
		*unreadable |= errno == EACCES || errno == EPERM;
		return 0;
	}
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = scan_fd(held, task, dirfd(dir), entry->d_name);
	closedir(dir);
	return err;
}

static int scan_process(struct held_ids *held, const char *pid)
{
	char path[64], task[128];
	bool unreadable = false;
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	dir = opendir(path);
	while (dir && !err && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(task, sizeof(task), "%s/%.16s", path, entry->d_name);
		err = scan_task(held, task, &unreadable);
	}
	if (dir)
		closedir(dir);
	held->unreadable += unreadable;
	return err;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int find_held_ids(struct held_ids *held)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	*held = (struct held_ids) { 0 };
	if (!proc)
		return -1;
	while (!err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = scan_process(held, entry->d_name);
	closedir(proc);
	if (held->nr)
		qsort(held->id, held->nr, sizeof(*held->id), by_id);
	return err;
}

bool is_held(const struct held_ids *held, uint64_t id)
{
	return held->nr && bsearch(&id, held->id, held->nr, sizeof(id), by_id);
}
