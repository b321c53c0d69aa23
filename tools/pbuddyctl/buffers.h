/* SPDX-License-Identifier: GPL-2.0-only */
/* The buffers that exist, from the ioctl LIST. */
#ifndef BUFFERS_H
#define BUFFERS_H

#include "pbuddyctl.h"

/* A buffer, and its bytes on each node. */
struct buffer {
	struct pbuddy_buffer_info	info;
	const uint64_t			*node_bytes;
};

/* All buffers that the caller may see, in the order of their creation. */
struct buffer_table {
	struct buffer	*buffer;
	size_t		nr;
	unsigned int	nr_nodes;	/* nodes above have no memory of pbuddy */
	bool		*owns_memory;	/* for each node */
	uint64_t	**chunk;	/* the arrays that node_bytes points into */
	size_t		nr_chunks;
};

/* Opens the device and reads the buffers; after an error it is printed. Returns an exit code. */
int read_buffers(const struct options *opt, struct buffer_table *table);
void free_buffers(struct buffer_table *table);

/* What a buffer holds: its length, or what of it is in quarantine. */
uint64_t bytes_held(const struct buffer *buffer);

#define NAME_LEN 40
/* Of all states at once, though some exclude each other. */
#define STATE_LEN sizeof(",quarantine,mapped,exported,purgeable,swappable(no memory),exited")

/* Formats a user as its name, or its number, and a creator as its process and name. */
const char *user_name(uint32_t uid, char *text, size_t len);
const char *creator_name(const struct buffer *buffer, char *text, size_t len);
/*
 * Formats how a buffer is held, but for descriptors, which the kernel does not know of. @len is
 * STATE_LEN.
 */
const char *state_name(const struct buffer *buffer, char *text, size_t len);

/*
 * Prints a table of the buffers, with a last column of this name. @last returns its text, for which
 * it may use @text of STATE_LEN bytes.
 */
void print_buffers(const struct buffer_table *table, const char *name,
		   const char *(*last)(const struct buffer *buffer, char *text, size_t len));

/* Writes the fields of a buffer into an open object. */
void json_buffer(const struct buffer_table *table, const struct buffer *buffer);

#endif /* BUFFERS_H */
