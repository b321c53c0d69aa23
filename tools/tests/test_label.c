// SPDX-License-Identifier: GPL-2.0-only
/* SET_LABEL: what QUERY and fdinfo show, and the labels and descriptors that are refused. */
#include "common.h"

static int set_label(int fd, const char *text)
{
	struct pbuddy_set_label s = { .size = sizeof(s) };

	/* Without the NUL where there is no space for it. */
	memcpy(s.label, text, strnlen(text, sizeof(s.label)));
	return ioctl(fd, PBUDDY_IOCTL_SET_LABEL, &s);
}

static void check_label(int fd, const char *text)
{
	char path[64], info[1024], line[64];
	struct pbuddy_query query;
	size_t i;

	query_extents(fd, &query, NULL, 0);
	CHECK_EQ(strcmp(query.label, text), 0);
	for (i = strlen(text); i < sizeof(query.label); i++)
		CHECK_EQ(query.label[i], 0);	/* nothing of an older, longer one */
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(line, sizeof(line), "pbuddy-label:\t%s\n", text);
	CHECK(read_file(path, info, sizeof(info)));
	CHECK(strstr(info, line));
}

TEST(label, changes)
{
	int fd = alloc_buffer(PAGE), copy = dup(fd);

	check_label(fd, "test");
	CHECK_EQ(set_label(fd, "a label of 31 bytes, just as it"), 0);
	check_label(fd, "a label of 31 bytes, just as it");
	CHECK_EQ(set_label(copy, "short"), 0);
	check_label(fd, "short");
	CHECK_EQ(set_label(fd, ""), 0);
	check_label(copy, "");
}

TEST(label, bad_label_is_einval)
{
	int fd = alloc_buffer(PAGE);

	CHECK_FAILS(set_label(fd, "0123456789012345678901234567890123456789"), EINVAL);
	CHECK_FAILS(set_label(fd, "line\nbreak:\t1"), EINVAL);
	CHECK_FAILS(set_label(fd, "\x7f"), EINVAL);
	check_label(fd, "test");
}

/* A descriptor that cannot write to the buffer cannot change its label. */
TEST(label, read_only_is_eacces)
{
	struct pbuddy_alloc rq = request(PAGE);

	rq.fd_flags = O_RDONLY;
	alloc_as(&rq);
	CHECK_FAILS(set_label(rq.fd, "x"), EACCES);
	check_label(rq.fd, "test");
}

TEST(label, needs_a_buffer)
{
	CHECK_FAILS(set_label(dev, "x"), ENOTTY);
}
