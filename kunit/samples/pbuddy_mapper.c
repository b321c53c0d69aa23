// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_mapper: a driver that shows memory of pbuddy to user space, as drivers do with memory of
 * alloc_pages(): by vm_insert_page(), and without a look at who refers to the pages when it frees
 * them. tools/tests/test_mapper.c uses /dev/pbuddy_mapper:
 *
 *   write "KIND ORDER"   allocate: page, user, zero, marked, compound (2^ORDER pages), contig
 *                        (2^ORDER + 1 pages), account (charged pages)
 *   mmap                 maps all of it
 *   write "free HOW"     free: plain, bulk, irq (with interrupts off); close frees as plain
 */
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

PBUDDY_IMPORT_API();

/* Memory of an open file. */
struct memory {
	struct mutex	lock;		/* protects the rest */
	struct page	*page;
	ulong		nr_pages;
	uint		order;
	bool		contig;
};

static const struct {
	const char	*name;
	gfp_t		gfp;
} kinds[] = {
	{ "page",	GFP_KERNEL },
	{ "marked",	GFP_KERNEL },
	{ "contig",	GFP_KERNEL },
	{ "user",	GFP_HIGHUSER },
	{ "zero",	GFP_KERNEL | __GFP_ZERO },
	{ "compound",	GFP_KERNEL | __GFP_COMP },
	{ "account",	GFP_KERNEL_ACCOUNT | __GFP_HARDWALL },
};

static int allocate(struct memory *mem, const char *kind, uint order)
{
	const gfp_t more = __GFP_NOWARN;
	uint i;

	for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(kinds[i].name, kind); i++)
		;
	if (i == ARRAY_SIZE(kinds) || mem->page)
		return -EINVAL;
	mem->order = order;
	mem->nr_pages = 1UL << order;
	mem->contig = !strcmp(kind, "contig");
	if (mem->contig)
		mem->page = pbuddy_alloc_contig(++mem->nr_pages, kinds[i].gfp | more,
						NUMA_NO_NODE, NULL);
	else
		mem->page = pbuddy_alloc_pages(kinds[i].gfp | more, order);
	if (!mem->page)
		return -ENOMEM;
	return strcmp(kind, "marked") ? 0 : pbuddy_mark_mappable(mem->page, order);
}

static int free_memory(struct memory *mem, const char *how)
{
	struct page *pages[1] = { mem->page };
	bool irq = !strcmp(how, "irq");
	ulong flags = 0;

	if (irq)
		local_irq_save(flags);
	if (mem->contig)
		pbuddy_free_contig(mem->page, mem->nr_pages);
	else if (!strcmp(how, "bulk"))
		pbuddy_free_pages_bulk(pages, 1);
	else
		pbuddy_free_pages(mem->page, mem->order);
	if (irq)
		local_irq_restore(flags);
	mem->page = NULL;
	return 0;
}

static ssize_t mapper_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct memory *mem = file->private_data;
	char line[32], word[16] = "", arg[16] = "";
	uint order = 0;
	int ret;

	if (count >= sizeof(line) || copy_from_user(line, buf, count))
		return -EINVAL;
	line[count] = 0;
	if (sscanf(line, "%15s %15s", word, arg) != 2)
		return -EINVAL;
	mutex_lock(&mem->lock);
	if (!strcmp(word, "free"))
		ret = free_memory(mem, arg);
	else
		ret = kstrtouint(arg, 10, &order) ?: allocate(mem, word, order);
	mutex_unlock(&mem->lock);
	return ret ?: count;
}

static int mapper_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct memory *mem = file->private_data;
	ulong addr, i = 0;
	int ret = 0;

	if (!mem->page || vma_pages(vma) > mem->nr_pages)
		return -EINVAL;
	for (addr = vma->vm_start; !ret && addr < vma->vm_end; addr += PAGE_SIZE)
		ret = vm_insert_page(vma, addr, mem->page + i++);
	return ret;
}

static int mapper_open(struct inode *inode, struct file *file)
{
	struct memory *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return -ENOMEM;
	mutex_init(&mem->lock);
	file->private_data = mem;
	return 0;
}

static int mapper_release(struct inode *inode, struct file *file)
{
	struct memory *mem = file->private_data;

	if (mem->page)
		free_memory(mem, "plain");
	kfree(mem);
	return 0;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= mapper_open,
	.release	= mapper_release,
	.write		= mapper_write,
	.mmap		= mapper_mmap,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pbuddy_mapper",
	.fops	= &fops,
	.mode	= 0666,
};

module_misc_device(device);
MODULE_DESCRIPTION("Maps memory from pbuddy into user space");
MODULE_LICENSE("GPL");
