/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors in /proc. Each thread of a process is looked at, because it may have descriptors of
 * its own. A descriptor may be closed meanwhile.
 */
#ifndef PROC_FDS_H
#define PROC_FDS_H

#include "pbuddyctl.h"

#define BUFFER_LINK	"anon_inode:pbuddy"
#define DMABUF_LINK	"/dmabuf:"
#define EXPORTER	"pbuddy:"	/* and the id of the buffer: exp_name of a dma-buf */

/* A descriptor of a thread. */
struct proc_fd {
	const char	*task;		/* path of the thread */
	int		dir;		/* the directory fd of it */
	const char	*name;		/* of the descriptor there */
	char		link[128];
};

/* What of /proc the caller may not see. */
struct proc_unseen {
	unsigned int	unreadable;	/* processes whose descriptors are not shown */
	bool		hidden;		/* processes of other users are not there (hidepid=2) */
};

/* Functions that are called for what is in /proc, until one returns another value than zero. */
struct proc_visitor {
	int			(*process)(void *arg, int pid);
	int			(*fd)(void *arg, const struct proc_fd *fd);
	void			*arg;
	struct proc_unseen	unseen;
};

/* Visits the descriptors of each thread of a process; returns what the last call has returned. */
int visit_fds(struct proc_visitor *visitor, int pid);
/* Visits all processes; returns what the last call has returned, or -1 without /proc. */
int visit_processes(struct proc_visitor *visitor);

/* Reads a field of the descriptor's fdinfo, as read_field(). */
bool read_fdinfo(const struct proc_fd *fd, const char *prefix, char *value, size_t len);
/* Whether it is one of a buffer, or of a dma-buf of a buffer. */
bool is_buffer_fd(const struct proc_fd *fd, uint64_t *id, uint64_t *bytes);

#endif /* PROC_FDS_H */
