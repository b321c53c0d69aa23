// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of groups, which are written while the module runs:
 *
 *	group_give=CGROUP NODE:NRxSIZE	gives blocks of 2M or 1G to a cgroup
 *	group_take=CGROUP NODE:NRxSIZE	takes free blocks back; NODE:NRxSIZE may be "all"
 *	group_strict=CGROUP Y|N		its requests fail instead of using other memory
 *	groups				reads as a line for each group; the last one is "..." when
 *					some did not fit
 *
 * CGROUP is a path from the root of the unified hierarchy, as in /proc/PID/cgroup, or the number
 * that groups shows, as for a cgroup that was removed. A write that gives or takes fewer blocks
 * than it names fails, and the log says how many.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cgroup.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "api/group.h"
#include "core/base/order.h"
#include "tunables.h"

#define PAGES_TO_KIB(pages)	((pages) << (PAGE_SHIFT - 10))

/* What a write names. */
struct operation {
	u64		cgroup;
	int		nid;
	unsigned int	order;
	unsigned long	nr;
};

/* ---- cgroups ---- */

#ifdef CONFIG_CGROUPS
static int cgroup_by_path(const char *path, u64 *id)
{
	struct cgroup *cgroup = cgroup_get_from_path(path);

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	*id = cgroup_id(cgroup);
	cgroup_put(cgroup);
	return 0;
}

static bool cgroup_exists(u64 id)
{
	struct cgroup *cgroup = cgroup_get_from_id(id);

	if (IS_ERR(cgroup))
		return false;
	cgroup_put(cgroup);
	return true;
}

static void path_of(u64 id, char *path, size_t len)
{
	struct cgroup *cgroup = cgroup_get_from_id(id);

	strscpy(path, "(removed)", len);
	if (IS_ERR(cgroup))
		return;
	if (cgroup_path(cgroup, path, len) < 0)
		strscpy(path, "(long path)", len);
	cgroup_put(cgroup);
}
#else
static int cgroup_by_path(const char *path, u64 *id)
{
	return -EOPNOTSUPP;
}

static bool cgroup_exists(u64 id)
{
	return false;
}

static void path_of(u64 id, char *path, size_t len)
{
	strscpy(path, "(removed)", len);
}
#endif

/* Finds a cgroup by its path or its number. */
static int find_cgroup(const char *name, u64 *id)
{
	if (*name == '/')
		return cgroup_by_path(name, id);
	return kstrtou64(name, 10, id);
}

/* ---- what is written ---- */

/* Divides a copy of the text at its last space; @last is "" without one. NULL without memory. */
static char *divide(const char *text, char **last)
{
	char *copy = kstrndup(text, strcspn(text, "\n"), GFP_KERNEL);

	if (!copy)
		return NULL;
	*last = strrchr(copy, ' ');
	if (*last)
		*(*last)++ = '\0';
	else
		*last = copy + strlen(copy);
	return copy;
}

/* NODE:NRxSIZE, which is changed */
static bool parse_blocks(char *text, struct operation *op)
{
	char *node = strsep(&text, ":"), *nr = strsep(&text, "x");

	/* kstrto*() accepts a sign. */
	if (!text || !isdigit(*node) || kstrtoint(node, 10, &op->nid) ||
	    !isdigit(*nr) || kstrtoul(nr, 10, &op->nr) || !op->nr)
		return false;
	op->order = strcmp(text, "2M") ? PB_MAX_ORDER : PB_PAGEBLOCK_ORDER;
	return !strcmp(text, "2M") || !strcmp(text, "1G");
}

static int parse(const char *text, const char *param, bool all_allowed, struct operation *op)
{
	int len = strcspn(text, "\n"), err = pb_check_admin(param);
	char *blocks, *name;

	if (err)
		return err;
	name = divide(text, &blocks);
	if (!name)
		return -ENOMEM;
	*op = (struct operation) {
		.nid = NUMA_NO_NODE, .order = PB_PAGEBLOCK_ORDER, .nr = ULONG_MAX,
	};
	if (!(all_allowed && !strcmp(blocks, "all")) && !parse_blocks(blocks, op)) {
		err = -EINVAL;
		pr_err("%s: bad value \"%.*s\": CGROUP NODE:NRx2M or CGROUP NODE:NRx1G%s is expected\n",
		       param, len, text, all_allowed ? ", or CGROUP all," : "");
	} else {
		err = find_cgroup(name, &op->cgroup);
		if (err)
			pr_err("%s: there is no cgroup \"%s\"\n", param, name);
	}
	kfree(name);
	return err;
}

/* What group_give and group_take have in common. Returns whether it was one of these errors. */
static bool explain(const char *param, const struct operation *op, int err, unsigned long done)
{
	if (err == -ENODEV)
		pr_err("%s: there is no pool yet\n", param);
	else if (err == -ENXIO)
		pr_err("%s: node %d has no memory of the pool\n", param, op->nid);
	else if (err == -EINTR)
		pr_warn("%s: was interrupted after %lu blocks\n", param, done);
	else
		return false;
	return true;
}

static int set_give(const char *text, const struct kernel_param *param)
{
	struct operation op;
	unsigned long done;
	int err = parse(text, param->name, false, &op);

	if (err)
		return err;
	if (!cgroup_exists(op.cgroup)) {
		pr_err("%s: there is no cgroup %llu\n", param->name, op.cgroup);
		return -ENOENT;
	}
	pb_param_begin_long();
	err = pb_group_give(op.cgroup, op.nid, op.order, op.nr, &done);
	pb_param_end_long();
	if (!err || explain(param->name, &op, err, done))
		return err;
	if (err == -ENOSPC)
		pr_err("%s: there are %u groups already\n", param->name, PB_GROUPS_MAX);
	else if (err == -EINVAL)
		pr_err("%s: the pool never has %lu such blocks\n", param->name, op.nr);
	else
		pr_warn("%s: gave %lu of %lu blocks: node %d has no more\n", param->name, done,
			op.nr, op.nid);
	return err;
}

static int set_take(const char *text, const struct kernel_param *param)
{
	struct operation op;
	unsigned long done;
	int err = parse(text, param->name, true, &op);

	if (err)
		return err;
	pb_param_begin_long();
	err = pb_group_take(op.cgroup, op.nid, op.order, op.nr, &done);
	pb_param_end_long();
	if (!err || explain(param->name, &op, err, done))
		return err;
	if (err == -ENOENT)
		pr_err("%s: cgroup %llu has no memory of its own\n", param->name, op.cgroup);
	else
		pr_warn("%s: took %lu blocks: the others are in use, or there are no more\n",
			param->name, done);
	return err;
}

static int set_strict(const char *text, const struct kernel_param *param)
{
	int err = pb_check_admin(param->name);
	char *value, *name;
	bool strict;
	u64 cgroup;

	if (err)
		return err;
	name = divide(text, &value);
	if (!name)
		return -ENOMEM;
	if (kstrtobool(value, &strict)) {
		pr_err("%s: bad value \"%.*s\": CGROUP Y or CGROUP N is expected\n", param->name,
		       (int)strcspn(text, "\n"), text);
		kfree(name);
		return -EINVAL;
	}
	err = find_cgroup(name, &cgroup);
	if (!err)
		err = pb_group_set_strict(cgroup, strict);
	if (err)
		pr_err("%s: \"%s\" is no group\n", param->name, name);
	kfree(name);
	return err;
}

/* ---- what is read ---- */

#define LEFT_OUT	"...\n"	/* the last line when others did not fit */

static int show_memory(char *buf, int len, const struct pb_group_info *info)
{
	const char *separator = "";
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (!info->pages[nid])
			continue;
		len += sysfs_emit_at(buf, len, "%s%d:%luK/%luK", separator, nid,
				     PAGES_TO_KIB(info->free[nid]), PAGES_TO_KIB(info->pages[nid]));
		separator = ",";
	}
	/* Its first blocks are on their way to it. */
	if (!*separator)
		len += sysfs_emit_at(buf, len, "-");
	return len;
}

/*
 * Adds the line of a group if it fits, and leaves space for LEFT_OUT. Returns the new length, or
 * @len without a line.
 */
static int show_group(char *buf, int len, const struct pb_group_info *info, char *path)
{
	int end = len;

	path_of(info->cgroup, path, PATH_MAX);
	end += sysfs_emit_at(buf, end, "%llu %c ", info->cgroup, info->strict ? 'Y' : 'N');
	end = show_memory(buf, end, info);
	end += sysfs_emit_at(buf, end, " %s\n", path);
	/* What does not fit in a page is cut, and then the page is full. */
	return end < PAGE_SIZE - strlen(LEFT_OUT) ? end : len;
}

static int show_groups(char *buf, struct pb_group_info *info, char *path)
{
	bool left_out = false;
	int len = 0, end;
	unsigned int n;

	for (n = 0; pb_group_nth(n, info); n++) {
		end = show_group(buf, len, info, path);
		left_out |= end == len;
		len = end;
	}
	if (left_out)
		len += sysfs_emit_at(buf, len, LEFT_OUT);
	buf[len] = '\0';
	return len;
}

static int read_groups(char *buf, const struct kernel_param *param)
{
	struct pb_group_info *info = kmalloc(sizeof(*info), GFP_KERNEL);
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	int len = info && path ? show_groups(buf, info, path) : -ENOMEM;

	kfree(path);
	kfree(info);
	return len;
}

static const struct kernel_param_ops give_ops = { .set = set_give };
module_param_cb(group_give, &give_ops, NULL, 0200);
MODULE_PARM_DESC(group_give, "CGROUP NODE:NRxSIZE: write it while the module runs to give NR blocks of 2M or 1G to a cgroup, whose requests are served from there first");

static const struct kernel_param_ops take_ops = { .set = set_take };
module_param_cb(group_take, &take_ops, NULL, 0200);
MODULE_PARM_DESC(group_take, "CGROUP NODE:NRxSIZE, or CGROUP all: write it while the module runs to take free blocks back");

static const struct kernel_param_ops strict_ops = { .set = set_strict };
module_param_cb(group_strict, &strict_ops, NULL, 0200);
MODULE_PARM_DESC(group_strict, "CGROUP Y|N: write it while the module runs: requests of this group fail instead of using other memory");

static int refuse_groups(const char *text, const struct kernel_param *param)
{
	pr_err("%s: is read only: group_give and group_take change groups\n", param->name);
	return -EPERM;
}

static const struct kernel_param_ops groups_ops = { .set = refuse_groups, .get = read_groups };
module_param_cb(groups, &groups_ops, NULL, 0400);
MODULE_PARM_DESC(groups, "reads as a line for each group: number of the cgroup, whether it is strict, free and all memory by node, path; the last line is ... when lines did not fit");
