// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl doctor: checks the module, the device node and its permissions, the ioctl interface,
 * the memory of each node, its users, debugfs, and the memory that this kernel offers to the
 * parameter pool=. Each check reports a result (ok, warn or fail), the facts it found, and advice.
 */
#include <dirent.h>
#include <err.h>
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

#include "holders.h"
#include "pbuddyctl.h"

#define TEXT_WIDTH	57	/* the columns before it and this have 80 */
#define HOLDERS_SHOWN	10
#define USED_BY		"used by"

enum result { OK, WARN, FAIL, NR_RESULTS };

static const char *const result_name[NR_RESULTS] = { "ok", "warn", "fail" };

/* The state that the checks share. */
struct doctor {
	const struct options	*opt;
	struct libscols_table	*out;		/* NULL for JSON */
	FILE			*log;		/* the kernel log, or NULL */
	unsigned int		count[NR_RESULTS];
	struct node_table	nodes;		/* nodes.node is NULL until GET_INFO succeeds */
};

struct doctor_args {
	struct options		opt;
	bool			log;
};

enum { KEY_LOG = 0x100 };

static const struct argp_option doctor_options[] = {
	{ "log", KEY_LOG, NULL, 0, "Write the users of the module to the kernel log, too", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct doctor_args *args = state->input;

	if (key == KEY_LOG) {
		args->log = true;
		return 0;
	}
	if (key == ARGP_KEY_INIT)
		return 0;
	state->input = &args->opt;
	return parse_plain(key, arg, state);
}

static const struct argp doctor_argp = {
	.options	= doctor_options,
	.parser		= parse_doctor,
	.doc		= "Check module, device, memory and kernel; exit with 1 if a check fails.",
};

/* Adds rows for a text, in lines of at most TEXT_WIDTH columns where its words allow. */
static void add_lines(struct doctor *doc, const char *result, const char *check, const char *text)
{
	char line[256];
	size_t len;

	do {
		len = strlen(text);
		if (len > TEXT_WIDTH) {
			len = TEXT_WIDTH;
			while (len && text[len] != ' ')
				len--;
			if (!len)	/* a long word */
				len = strcspn(text, " ");
		}
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		table_row(doc->out, (const char *[]) { result, check, line }, 3);
		result = "";
		check = "";
		text += len + (text[len] == ' ');
	} while (*text);
}

/* Reports the result of a check, with the fact found and advice ("" for none). */
__attribute__((format(printf, 5, 6)))
static void report(struct doctor *doc, const char *check, enum result result, const char *advice,
		   const char *format, ...)
{
	char found[256], line[256], plain[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(found, sizeof(found), format, ap);
	va_end(ap);
	doc->count[result]++;
	if (doc->log && !strcmp(check, USED_BY)) {
		fprintf(doc->log, "pbuddy: %s %s\n", check,
			plain_text(found, plain, sizeof(plain)));
		fflush(doc->log);	/* a record for each line */
	}
	if (doc->out) {
		add_lines(doc, result_name[result], check, found);
		if (advice[0]) {
			snprintf(line, sizeof(line), "=> %s", advice);
			add_lines(doc, "", "", line);
		}
		return;
	}
	json_open(NULL, '{');
	json_string("check", check);
	json_string("result", result_name[result]);
	json_string("found", found);
	json_string("advice", advice);
	json_close('}');
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

/* What is wrong with the free memory of a node, as advice; "" if nothing is. */
static const char *memory_advice(const struct pbuddy_info *info,
				 const struct pbuddy_node_info *node)
{
	uint64_t available = node->free_bytes + node->pcp_bytes;
	uint64_t pageblock = (uint64_t)info->page_size << info->block_order;

	if (available < node->total_bytes / 20)
		return "free buffers, or load with a larger pool=";
	if (available >= 2 * pageblock && node->largest_free_order < (int)info->block_order)
		return "fragmented: pbuddyctl compact moves blocks; or free small buffers";
	return "";
}

static void check_memory(struct doctor *doc)
{
	char total[32], free[32], largest[32];
	const struct pbuddy_info *info = &doc->nodes.info;
	uint32_t i;

	if (!doc->nodes.node)
		return;
	if (!info->nr_nodes)
		report(doc, "memory", FAIL, "load the module with pool=NODE:SIZE",
		       "pbuddy owns no memory");
	for (i = 0; i < info->nr_nodes; i++) {
		const struct pbuddy_node_info *node = &doc->nodes.node[i];
		const char *advice = memory_advice(info, node);

		snprintf(largest, sizeof(largest), "nothing");
		if (node->largest_free_order >= 0)
			format_size((uint64_t)info->page_size << node->largest_free_order, largest,
				    sizeof(largest));
		report(doc, "memory", advice[0] ? WARN : OK, advice,
		       "node %d: %s of %s free, at most %s in one block", node->node,
		       format_size(node->free_bytes + node->pcp_bytes, free, sizeof(free)),
		       format_size(node->total_bytes, total, sizeof(total)), largest);
	}
}

static void check_quarantine(struct doctor *doc)
{
	char size[32];

	if (!doc->nodes.node)
		return;
	if (doc->nodes.info.quarantine_bytes)
		report(doc, "quarantine", WARN,
		       "I/O in flight, pipes or io_uring refer to freed pages: see debugfs, pbuddy/quarantine",
		       "%s", format_size(doc->nodes.info.quarantine_bytes, size, sizeof(size)));
	else
		report(doc, "quarantine", OK, "", "empty");
}

/* ---- Users of the module ---- */

static void report_holder(struct doctor *doc, const struct holder *holder)
{
	char bytes[32], mapped[32];

	report(doc, USED_BY, OK, "", "process %d (%s): %u buffer%s of %s%s%s%s, %s mapped%s%s%s",
	       holder->pid, holder->comm, holder->nr_buffers, holder->nr_buffers == 1 ? "" : "s",
	       format_size(holder->bytes, bytes, sizeof(bytes)),
	       holder->label[0] ? " (" : "", holder->label, holder->label[0] ? ")" : "",
	       format_size(holder->mapped, mapped, sizeof(mapped)),
	       holder->device ? ", device open" : "", holder->heap ? ", heap open" : "",
	       holder->trigger ? ", watches the pressure" : "");
}

/* The modules that use the in-kernel API; returns their number. */
static unsigned int report_modules(struct doctor *doc)
{
	DIR *dir = opendir("/sys/module/pbuddy/holders");
	struct dirent *entry;
	unsigned int nr = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		report(doc, USED_BY, OK, "", "module %s", entry->d_name);
		nr++;
	}
	if (dir)
		closedir(dir);
	return nr;
}

/* References to the module, or 0 when it has none or cannot be unloaded. */
static long module_references(void)
{
	char line[32];

	return read_line("/sys/module/pbuddy/refcnt", line, sizeof(line)) ? atol(line) : 0;
}

/* What keeps rmmod from unloading the module. */
static void check_holders(struct doctor *doc)
{
	long references = module_references();
	struct holder_list list;
	unsigned int nr;
	size_t i;

	if (access("/sys/module/pbuddy", F_OK))
		return;
	nr = report_modules(doc);
	if (find_holders(doc->opt->device, doc->opt->debugfs, &list))
		report(doc, USED_BY, WARN, "", "cannot look through /proc: %s", strerror(errno));
	for (i = 0; i < list.nr && i < HOLDERS_SHOWN; i++)
		report_holder(doc, &list.holder[i]);
	if (list.nr > HOLDERS_SHOWN)
		report(doc, USED_BY, OK, "", "%zu more processes", list.nr - HOLDERS_SHOWN);
	if (!references)
		report(doc, USED_BY, OK, "", "no process and no module: rmmod unloads pbuddy");
	else if (!list.nr && !nr)
		report(doc, USED_BY, WARN,
		       list.unseen.unreadable || list.unseen.hidden ?
		       "run as root to see the processes of other users" :
		       "descriptors in sockets or pinned pages keep it: see pbuddyctl leaks",
		       "%ld references, but no process or module shows them", references);
	free(list.holder);
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

/* Pages with a memory error, which are counted in vmstat of debugfs. */
static void check_bad_pages(struct doctor *doc)
{
	char path[4096], value[32];
	unsigned long nr;

	snprintf(path, sizeof(path), "%s/vmstat", doc->opt->debugfs);
	if (!read_field(path, "nr_hwpoison_pages ", value, sizeof(value)))
		return;
	nr = strtoul(value, NULL, 10);
	report(doc, "bad pages", nr ? WARN : OK, nr ? "see dmesg; test the memory" : "",
	       nr ? "%lu pages have memory errors and are not used" : "none", nr);
}

/* Nodes that may swap buffers out, and whether there is space to. */
static void check_swap(struct doctor *doc)
{
	char nodes[256], value[32];
	unsigned long kib = 0;

	if (!read_line("/sys/module/pbuddy/parameters/swap", nodes, sizeof(nodes)))
		return;
	if (!nodes[0]) {
		report(doc, "swap", OK, "", "no node swaps buffers out");
		return;
	}
	if (read_field("/proc/meminfo", "SwapFree:", value, sizeof(value)))
		kib = strtoul(value, NULL, 10);
	report(doc, "swap", kib ? OK : WARN, kib ? "" : "add swap space: swapon",
	       "swap=%s, %lu MiB of swap space free", nodes, kib / 1024);
}

/* ---- Sources of memory for pool= ---- */

static void find_cma(char *found, size_t size)
{
	unsigned long kib = 0;
	char value[32];

	if (read_field("/proc/meminfo", "CmaTotal:", value, sizeof(value)))
		kib = strtoul(value, NULL, 10);
	if (kib)
		snprintf(found, size, "%lu MiB of CMA; long-term pins of its buffers fail: EFAULT",
			 kib / 1024);
	else
		snprintf(found, size, "unavailable: this kernel has no CMA area");
}

/* Whether a word of @cmdline begins with @option and has the character @mark behind it. */
static bool has_option(const char *cmdline, const char *option, char mark)
{
	const char *word, *value;

	for (word = cmdline; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
		value = word + strlen(option);
		if (!strncmp(word, option, strlen(option)) &&
		    memchr(value, mark, strcspn(value, " ")))
			return true;
	}
	return false;
}

static void find_reserve(char *found, size_t size)
{
	unsigned int major = 0, minor = 0;
	char cmdline[4096] = "";
	bool named, range, new;
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	new = major > 6 || (major == 6 && minor >= 12);
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	named = new && has_option(cmdline, "reserve_mem=", ':');
	range = has_option(cmdline, "memmap=", '$');
	if (named || range)
		snprintf(found, size, "%s%s%s on the command line", named ? "reserve_mem=" : "",
			 named && range ? " and " : "", range ? "memmap=" : "");
	else
		snprintf(found, size, "unused: no %smemmap= on the command line%s",
			 new ? "reserve_mem= or " : "",
			 new ? "" : " (reserve_mem= needs Linux 6.12)");
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
	check_holders(doc);
	check_verify(doc);
	check_bad_pages(doc);
	check_swap(doc);
	check_sources(doc);
}

int cmd_doctor(const struct options *global, int argc, char **argv)
{
	struct doctor_args args = { .opt = *global };
	struct doctor doc = { .opt = &args.opt };

	argp_parse(&doctor_argp, argc, argv, 0, NULL, &args);
	if (args.log) {
		doc.log = fopen("/dev/kmsg", "we");
		if (!doc.log)
			err(EXIT_FAILED, "--log: /dev/kmsg");
	}
	if (args.opt.json) {
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
		table_column(doc.out, "FOUND (=> what to do)", LEFT);
		run_checks(&doc);
		table_print(doc.out);
		printf("ok: %u, warnings: %u, failed: %u\n", doc.count[OK], doc.count[WARN],
		       doc.count[FAIL]);
	}
	if (doc.log)
		fclose(doc.log);
	free(doc.nodes.node);
	return doc.count[FAIL] ? EXIT_FAILED : EXIT_OK;
}
