/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The label of a buffer, which can change. A reader gets the label before or after a change, never
 * parts of both: both sides copy it under a lock.
 */
#ifndef PB_LABEL_H
#define PB_LABEL_H

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <uapi/linux/pbuddy.h>

/**
 * struct pb_label - a label
 * @lock: of @text
 * @text: NUL-terminated and printable; the bytes after the NUL are zero
 */
struct pb_label {
	spinlock_t	lock;		/* of @text */
	char		text[PBUDDY_LABEL_LEN];
};

/**
 * pb_label_check() - check a label of user space
 * @text: PBUDDY_LABEL_LEN bytes
 *
 * A label is a line in fdinfo, so it must not contain a newline.
 *
 * Context: any.
 * Return: 0, or -EINVAL if it has no NUL or a control character before it.
 */
static inline int pb_label_check(const char *text)
{
	size_t i, len = strnlen(text, PBUDDY_LABEL_LEN);

	if (len == PBUDDY_LABEL_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (iscntrl(text[i]))
			return -EINVAL;
	return 0;
}

/**
 * pb_label_set() - change a label
 * @label: the label
 * @text: a valid label, at most PBUDDY_LABEL_LEN bytes with its NUL
 *
 * Context: process.
 */
static inline void pb_label_set(struct pb_label *label, const char *text)
{
	spin_lock(&label->lock);
	strscpy_pad(label->text, text, sizeof(label->text));
	spin_unlock(&label->lock);
}

/**
 * pb_label_init() - initialise a label
 * @label: the label
 * @text: as for pb_label_set()
 *
 * Context: process.
 */
static inline void pb_label_init(struct pb_label *label, const char *text)
{
	spin_lock_init(&label->lock);
	pb_label_set(label, text);
}

/**
 * pb_label_get() - copy a label
 * @label: the label
 * @text: set to it; all PBUDDY_LABEL_LEN bytes are written
 *
 * Context: process.
 */
static inline void pb_label_get(struct pb_label *label, char *text)
{
	spin_lock(&label->lock);
	memcpy(text, label->text, sizeof(label->text));
	spin_unlock(&label->lock);
}

#endif /* PB_LABEL_H */
