// SPDX-License-Identifier: GPL-2.0-only
/* Looks through the descriptors in /proc, and tells which are of buffers. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc_fds.h"

static int visit_fd(const struct proc_visitor *visitor, struct proc_fd *fd)
{
	ssize_t len = readlinkat(fd->dir, fd->name, fd->link, sizeof(fd->link) - 1);

	if (len < 0)
		return 0;
	fd->link[len] = 0;
	return visitor->fd(visitor->arg, fd);
}

static int visit_task(const struct proc_visitor *visitor, const char *task, bool *unreadable)
{
	struct proc_fd fd = { .task = task };
	struct dirent *entry;
	char path[256];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", task);
	dir = opendir(path);
	if (!dir) {
		*unreadable |= errno == EACCES || errno == EPERM;
		return 0;
	}
	fd.dir = dirfd(dir);
	while (!ret && (entry = readdir(dir))) {
		fd.name = entry->d_name;
		if (isdigit((unsigned char)fd.name[0]))
			ret = visit_fd(visitor, &fd);
	}
	closedir(dir);
	return ret;
}

int visit_fds(struct proc_visitor *visitor, int pid)
{
	bool unreadable = false;
	struct dirent *entry;
	char path[64], task[128];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		unreadable = errno == EACCES || errno == EPERM;	/* hidepid=1 */
	while (dir && !ret && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(task, sizeof(task), "%s/%.16s", path, entry->d_name);
		ret = visit_task(visitor, task, &unreadable);
	}
	if (dir)
		closedir(dir);
	visitor->unseen.unreadable += unreadable;
	return ret;
}

int visit_processes(struct proc_visitor *visitor)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int ret = 0;

	if (!proc)
		return -1;
	/* Each pid namespace has a process 1. */
	visitor->unseen.hidden = access("/proc/1", F_OK) && errno == ENOENT;
	while (!ret && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = visitor->process(visitor->arg, atoi(entry->d_name));
	closedir(proc);
	return ret;
}

bool read_fdinfo(const struct proc_fd *fd, const char *prefix, char *value, size_t len)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fdinfo/%s", fd->task, fd->name);
	return read_field(path, prefix, value, len);
}

bool is_buffer_fd(const struct proc_fd *fd, uint64_t *id, uint64_t *bytes)
{
	char text[32];
	struct stat st;

	if (!strcmp(fd->link, BUFFER_LINK)) {
		if (fstatat(fd->dir, fd->name, &st, 0))
			return false;
		*id = st.st_ino;
		*bytes = (uint64_t)st.st_size;
		return true;
	}
	if (strncmp(fd->link, DMABUF_LINK, strlen(DMABUF_LINK)) ||
	    !read_fdinfo(fd, "exp_name:\t" EXPORTER, text, sizeof(text)))
		return false;
	*id = strtoull(text, NULL, 10);
	*bytes = read_fdinfo(fd, "size:\t", text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
	return true;
}
