// SPDX-License-Identifier: GPL-2.0-only
/* Output about accounts, and which users have pages. Pages in stocks are not reported. */
#include <linux/cred.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "api/account.h"
#include "api/account_limit.h"
#include "api/account_types.h"
#include "core/base/platform.h"

static void show_limit(struct seq_file *m, unsigned long limit)
{
	if (limit == ULONG_MAX)
		seq_puts(m, "-\n");
	else
		seq_printf(m, "%lu\n", limit);
}

static void show_account(struct pb_account *account, unsigned long pages, void *arg)
{
	struct seq_file *m = arg;

	if (account == &pb_account_everyone) {
		seq_printf(m, "all - - %lu ", pages);
		show_limit(m, pb_account_limit_of_all(false));
		return;
	}
	if (!pages)
		return;
	if (account->cgroup)
		seq_puts(m, "cgroup - ");
	else
		seq_printf(m, "user %u ", from_kuid_munged(&init_user_ns, account->uid));
	if (account->parent == &pb_account_everyone)
		seq_puts(m, "- ");
	else
		seq_printf(m, "%u ", from_kuid_munged(&init_user_ns, account->parent->uid));
	seq_printf(m, "%lu ", pages);
	show_limit(m, account->cgroup ? ULONG_MAX : pb_account_limit_of(account->uid, false));
}

/**
 * pb_account_show - print the accounts that have pages, one to a line
 * @m: output: kind, user, user that is charged as well, pages, and the limit without privilege
 *
 * Context: process.
 */
void pb_account_show(struct seq_file *m)
{
	pb_account_for_each(show_account, m);
}

/**
 * pb_account_text - describe an account
 * @account: the account, which has pages, or NULL
 * @text: where to
 * @len: its length, PB_ACCOUNT_TEXT_LEN
 *
 * Context: any.
 * Return: @text.
 */
const char *pb_account_text(const struct pb_account *account, char *text, size_t len)
{
	if (!account)
		strscpy(text, "none", len);
	else if (account->cgroup)
		strscpy(text, "cgroup", len);
	else
		snprintf(text, len, "uid=%u", from_kuid_munged(&init_user_ns, account->uid));
	return text;
}

/**
 * pb_account_user - the user in the initial namespace that pays for a task
 * @cred: credentials of the task
 *
 * Context: any; the caller keeps @cred.
 * Return: the user, or the owner of the outermost user namespace.
 */
kuid_t pb_account_user(const struct cred *cred)
{
	const struct user_namespace *ns;
	kuid_t uid = cred->uid;

	for (ns = cred->user_ns; ns != &init_user_ns; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

struct next_user {
	kuid_t		after;
	kuid_t		uid;
	unsigned long	pages;
};

static void find_next_user(struct pb_account *account, unsigned long pages, void *arg)
{
	struct next_user *next = arg;

	if (account->parent != &pb_account_everyone || !pages)
		return;
	if (uid_valid(next->after) && uid_lte(account->uid, next->after))
		return;
	if (uid_valid(next->uid) && !uid_lt(account->uid, next->uid))
		return;
	next->uid = account->uid;
	next->pages = pages;
}

/**
 * pb_account_next_user - iterate over the users in the initial namespace that have pages
 * @uid: the last one, or INVALID_UID to begin; set to the next, in ascending order
 * @pages: set to its pages, with those of the namespaces it owns
 *
 * Context: process.
 * Return: false when there is no other.
 */
bool pb_account_next_user(kuid_t *uid, unsigned long *pages)
{
	struct next_user next = { .after = *uid, .uid = INVALID_UID };

	pb_account_for_each(find_next_user, &next);
	if (!uid_valid(next.uid))
		return false;
	*uid = next.uid;
	*pages = next.pages;
	return true;
}

static void add_deferred(struct pb_account *account, unsigned long pages, void *arg)
{
	*(long *)arg += atomic_long_read(&account->deferred_blocks);
}

/* Blocks freed in NMIs whose uncharge is deferred. */
long pb_account_deferred_blocks(void)
{
	long blocks = 0;

	pb_account_for_each(add_deferred, &blocks);
	return blocks;
}
EXPORT_SYMBOL_PB_TEST(pb_account_deferred_blocks);
