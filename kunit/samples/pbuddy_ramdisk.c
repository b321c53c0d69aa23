// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_ramdisk: a block device in memory, as swap space of kernels that have no other block
 * device. It uses nothing of pbuddy. While the parameter fail_reads is set, reads fail.
 */
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static uint kbytes = 65536;
module_param(kbytes, uint, 0444);
MODULE_PARM_DESC(kbytes, "size of the device in KiB (default: 65536)");

static bool fail_reads;
module_param(fail_reads, bool, 0644);
MODULE_PARM_DESC(fail_reads, "let reads fail with EIO (default: N)");

static struct gendisk *disk;
static void *memory;

static void ramdisk_submit_bio(struct bio *bio)
{
	void *place = memory + (bio->bi_iter.bi_sector << SECTOR_SHIFT), *page;
	struct bvec_iter iter;
	struct bio_vec bvec;

	if (!op_is_write(bio_op(bio)) && READ_ONCE(fail_reads)) {
		bio_io_error(bio);
		return;
	}
	bio_for_each_segment(bvec, bio, iter) {
		page = bvec_kmap_local(&bvec);
		if (op_is_write(bio_op(bio)))
			memcpy(place, page, bvec.bv_len);
		else
			memcpy(page, place, bvec.bv_len);
		kunmap_local(page);
		place += bvec.bv_len;
	}
	bio_endio(bio);
}

static const struct block_device_operations ramdisk_fops = {
	.owner		= THIS_MODULE,
	.submit_bio	= ramdisk_submit_bio,
};

/* Its arguments changed in 6.9; kernels with limits of this kind have the later form. */
static struct gendisk *alloc_disk(void)
{
#ifdef BLK_FEAT_SYNCHRONOUS
	struct queue_limits limits = { .features = BLK_FEAT_SYNCHRONOUS };

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
#else
	return blk_alloc_disk(NUMA_NO_NODE) ?: ERR_PTR(-ENOMEM);
#endif
}

static int __init ramdisk_init(void)
{
	int err;

	memory = vzalloc((size_t)kbytes << 10);
	if (!memory)
		return -ENOMEM;
	disk = alloc_disk();
	err = PTR_ERR_OR_ZERO(disk);
	if (err)
		goto free;
	strscpy(disk->disk_name, "pbuddy_ramdisk", DISK_NAME_LEN);
	disk->fops = &ramdisk_fops;
	set_capacity(disk, (sector_t)kbytes << 1);
	err = add_disk(disk);
	if (!err)
		return 0;
	put_disk(disk);
free:
	vfree(memory);
	return err;
}

static void __exit ramdisk_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	vfree(memory);
}

module_init(ramdisk_init);
module_exit(ramdisk_exit);

MODULE_DESCRIPTION("A block device in memory, for the tests of pbuddy");
MODULE_AUTHOR("pbuddy authors");
MODULE_LICENSE("GPL");
