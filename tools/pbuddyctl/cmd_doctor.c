// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl doctor: checks the module, the device node and its permissions, the ioctl interface,
 * the memory of each node, debugfs, and the memory that this kernel offers to the parameter pool=.
 * Each check reports a result (ok, warn or fail), the facts it found, and advice.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pbuddyctl.h"

enum result { OK, WARN, FAIL, NR_RESULTS };

static const char *const result_name[NR_RESULTS] = { "ok", "warn", "fail" };

/* The state that the checks share. */
struct doctor {
	const struct options	*opt;
	struct libscols_table	*out;		/* NULL for JSON */
	unsigned int		count[NR_RESULTS];
	struct node_table	nodes;		/* nodes.node is NULL until GET_INFO succeeds */
};

static const struct argp doctor_argp = {
	.options	= plain_options,
	.parser		= parse_plain,
	.doc		= "Check module, device, memory and kernel; exit with 1 if a check fails.",
};

/* Reports the result of a check, with the fact found and advice ("" for none). */
__attribute__((format(printf, 5, 6)))
static void report(struct doctor *doc, const char *check, enum result result, const char *advice,
		   const char *format, ...)
{
	char found[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(found, sizeof(found), format, ap);
	va_end(ap);
	doc->count[result]++;
	if (doc->out) {
		table_row(doc->out,
			  (const char *[]) { result_name[result], check, found, advice }, 4);
		return;
	}
	json_open(NULL, '{');
	json_string("check", check);
	json_string("result", result_name[result]);
	json_string("found", found);
	json_string("advice", advice);
	json_close('}');
}

/* Reads the first line of a file, without the newline; false when there is none. */
static bool read_line(const char *path, char *line, size_t len)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fgets(line, (int)len, file);
	if (good)
		line[strcspn(line, "\n")] = 0;
	fclose(file);
	return good;
}

static void check_module(struct doctor *doc)
{
	char version[64] = "";

	if (access("/sys/module/pbuddy", F_OK)) {
		report(doc, "module", FAIL, "load it: modprobe pbuddy", "not loaded");
		return;
	}
	read_line("/sys/module/pbuddy/version", version, sizeof(version));
	report(doc, "module", OK, "", "loaded%s%s", version[0] ? ", version " : "", version);
}

static void check_node(struct doctor *doc)
{
	const char *path = doc->opt->device;
	struct stat st;

	if (stat(path, &st)) {
		report(doc, "device", FAIL, "load the module; udev or devtmpfs creates the node",
		       "%s: %s", path, strerror(errno));
	} else if (!S_ISCHR(st.st_mode)) {
		report(doc, "device", FAIL, "remove it and load the module again",
		       "%s is not a character device", path);
	} else if (st.st_mode & 0006) {
		report(doc, "device", WARN, "all users can allocate the memory: chmod o= the node",
		       "%s has mode %04o", path, st.st_mode & 07777);
	} else if (access(path, R_OK | W_OK)) {
		report(doc, "device", WARN, "join its group: sudo adduser $USER pbuddy",
		       "no permission to open %s", path);
	} else {
		report(doc, "device", OK, "", "%s, mode %04o", path, st.st_mode & 07777);
	}
}

static void check_group(struct doctor *doc)
{
	const struct group *group = getgrnam("pbuddy");
	struct stat st;

	if (!group)
		report(doc, "group", WARN, "addgroup --system pbuddy, and install 99-pbuddy.rules",
		       "no group pbuddy: only root has access");
	else if (!stat(doc->opt->device, &st) && st.st_gid != group->gr_gid)
		report(doc, "group", WARN, "install 99-pbuddy.rules, then: udevadm trigger",
		       "the node belongs to group %u, not to pbuddy", st.st_gid);
	else
		report(doc, "group", OK, "", "pbuddy");
}

static void check_driver(struct doctor *doc)
{
	int fd = open(doc->opt->device, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		report(doc, "ioctl", FAIL, "see above", "cannot open: %s", strerror(errno));
		return;
	}
	if (read_nodes(fd, &doc->nodes))
		report(doc, "ioctl", FAIL, "module and pbuddyctl differ: install both again",
		       "GET_INFO: %s", strerror(errno));
	else if (doc->nodes.info.version != PBUDDY_ABI_VERSION)
		report(doc, "ioctl", WARN, "install the pbuddyctl that came with the module",
		       "ABI %" PRIu32 ", this program has %d", doc->nodes.info.version,
		       PBUDDY_ABI_VERSION);
	else
		report(doc, "ioctl", OK, "", "ABI %d", PBUDDY_ABI_VERSION);
	close(fd);
}

static void check_memory(struct doctor *doc)
{
	char total[32], free[32];
	uint32_t i;

	if (!doc->nodes.node)
		return;
	if (!doc->nodes.info.nr_nodes)
		report(doc, "memory", FAIL, "load the module with pool=NODE:SIZE",
		       "pbuddy owns no memory");
	for (i = 0; i < doc->nodes.info.nr_nodes; i++) {
		const struct pbuddy_node_info *node = &doc->nodes.node[i];
		uint64_t available = node->free_bytes + node->pcp_bytes;
		bool low = available < node->total_bytes / 20;

		report(doc, "memory", low ? WARN : OK,
		       low ? "free buffers, or load with a larger pool=" : "",
		       "node %d: %s of %s free", node->node,
		       format_size(available, free, sizeof(free)),
		       format_size(node->total_bytes, total, sizeof(total)));
	}
}

static void check_quarantine(struct doctor *doc)
{
	char size[32];

	if (!doc->nodes.node)
		return;
	if (doc->nodes.info.quarantine_bytes)
		report(doc, "quarantine", WARN,
		       "I/O in flight, pipes or io_uring pin pages of buffers that have ended",
		       "%s", format_size(doc->nodes.info.quarantine_bytes, size, sizeof(size)));
	else
		report(doc, "quarantine", OK, "", "empty");
}

static void check_verify(struct doctor *doc)
{
	char path[4096], line[256];

	if (access("/sys/module/pbuddy", F_OK))
		return;
	if (access(doc->opt->debugfs, R_OK | X_OK)) {
		report(doc, "debugfs", WARN,
		       geteuid() ? "run as root to check the invariants" :
		       "mount -t debugfs none /sys/kernel/debug",
		       "%s: %s", doc->opt->debugfs, strerror(errno));
		return;
	}
	report(doc, "debugfs", OK, "", "%s", doc->opt->debugfs);
	snprintf(path, sizeof(path), "%s/verify", doc->opt->debugfs);
	if (!read_line(path, line, sizeof(line)))
		report(doc, "verify", WARN, "", "%s: %s", path, strerror(errno));
	else if (strncmp(line, "verify: OK", strlen("verify: OK")))
		report(doc, "verify", FAIL, "a bug in pbuddy or broken memory: please report",
		       "%s", line);
	else
		report(doc, "verify", OK, "", "every invariant holds");
}

/* ---- Sources of memory for pool= ---- */

static void find_cma(char *found, size_t size)
{
	unsigned long kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CmaTotal: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	if (kib)
		snprintf(found, size, "%lu MiB of CMA", kib / 1024);
	else
		snprintf(found, size, "unavailable: this kernel has no CMA area");
}

static void find_reserve(char *found, size_t size)
{
	unsigned int major = 0, minor = 0;
	char cmdline[4096] = "";
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	if (major < 6 || (major == 6 && minor < 12))
		snprintf(found, size, "reserve_mem= needs Linux 6.12");
	else if (!strstr(cmdline, "reserve_mem="))
		snprintf(found, size, "unused: no reserve_mem= on the command line");
	else
		snprintf(found, size, "reserve_mem= on the command line");
}

/* The sources of pool= that need something of the kernel or its command line. */
static const struct {
	const char	*check;
	void		(*find)(char *found, size_t size);
} sources[] = {
	{ "source cma",		find_cma },
	{ "source reserve",	find_reserve },
};

static void check_sources(struct doctor *doc)
{
	char found[128];
	size_t i;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		sources[i].find(found, sizeof(found));
		report(doc, sources[i].check, OK, "", "%s", found);
	}
}

static void run_checks(struct doctor *doc)
{
	check_module(doc);
	check_node(doc);
	check_group(doc);
	check_driver(doc);
	check_memory(doc);
	check_quarantine(doc);
	check_verify(doc);
	check_sources(doc);
}

int cmd_doctor(const struct options *global, int argc, char **argv)
{
	struct options opt = *global;
	struct doctor doc = { .opt = &opt };

	argp_parse(&doctor_argp, argc, argv, 0, NULL, &opt);
	if (opt.json) {
		json_open(NULL, '{');
		json_open("checks", '[');
		run_checks(&doc);
		json_close(']');
		json_number("failed", doc.count[FAIL]);
		json_number("warnings", doc.count[WARN]);
		json_close('}');
	} else {
		doc.out = table_new();
		table_column(doc.out, "RESULT", LEFT);
		table_column(doc.out, "CHECK", LEFT);
		table_column(doc.out, "FOUND", LEFT);
		table_column(doc.out, "WHAT TO DO", LEFT);
		run_checks(&doc);
		table_print(doc.out);
		printf("ok: %u, warnings: %u, failed: %u\n", doc.count[OK], doc.count[WARN],
		       doc.count[FAIL]);
	}
	free(doc.nodes.node);
	return doc.count[FAIL] ? EXIT_FAILED : EXIT_OK;
}
