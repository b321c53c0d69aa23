/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_random.c and random_ioctl.c share. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

enum kind { DEVICE_FD, BUFFER_FD, DMABUF_FD, OTHER_FD };

struct held_fd {
	int		fd;		/* -1: none */
	enum kind	kind;
};

uint64_t number(void);
unsigned int below(unsigned int end);
bool one_in(unsigned int n);

/* Keeps a descriptor in place of a random one. */
void keep(int fd, enum kind kind);
struct held_fd *any_fd(void);
/* A descriptor of the kind, if one is found soon, or the device. */
int fd_of(enum kind kind);

/* The size of each node before the test. */
extern uint64_t full_bytes[4];

void do_ioctl(void);

#endif /* RANDOM_H */
