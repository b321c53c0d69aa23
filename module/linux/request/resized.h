/* SPDX-License-Identifier: GPL-2.0-only */
/* Adapts the module to zones that have grown or shrunk. See resized.c. */
#ifndef PB_REQUEST_RESIZED_H
#define PB_REQUEST_RESIZED_H

void pb_resized(void);
int pb_resized_init(void);
void pb_resized_exit(void);

#endif /* PB_REQUEST_RESIZED_H */
