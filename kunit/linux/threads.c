// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's implementation of threads.h: kthreads that are bound to a CPU each. */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/umh.h>
#include <linux/workqueue.h>

#include "core/cache/drain.h"
#include "threads.h"

struct worker {
	struct task_struct	*task;
	struct completion	done;
	unsigned int		n;
	void			(*fn)(void *arg, unsigned int n);
	void			*arg;
};

unsigned int pt_nr_cpus(void)
{
	return num_online_cpus();
}

int pt_cpu(unsigned int nth)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (!nth--)
			return cpu;
	return cpumask_first(cpu_online_mask);
}

static int work(void *p)
{
	struct worker *w = p;

	w->fn(w->arg, w->n);
	complete(&w->done);
	return 0;
}

static int start(struct worker *w)
{
	init_completion(&w->done);
	w->task = kthread_create(work, w, "pbuddy_kunit/%u", w->n);
	if (IS_ERR(w->task))
		return PTR_ERR(w->task);
	kthread_bind(w->task, pt_cpu(w->n));
	wake_up_process(w->task);
	return 0;
}

int pt_run_threads(unsigned int nr, void (*fn)(void *arg, unsigned int n), void *arg)
{
	struct worker *workers = kcalloc(nr, sizeof(*workers), GFP_KERNEL);
	unsigned int n, started;
	int err = 0;

	if (!workers)
		return -ENOMEM;
	for (started = 0; started < nr && !err; started++) {
		workers[started].n = started;
		workers[started].fn = fn;
		workers[started].arg = arg;
		err = start(&workers[started]);
	}
	if (err)
		started--;
	for (n = 0; n < started; n++)
		wait_for_completion(&workers[n].done);
	kfree(workers);
	return err;
}

struct call {
	void	(*fn)(void *arg);
	void	*arg;
};

static long call(void *p)
{
	struct call *c = p;

	c->fn(c->arg);
	return 0;
}

void pt_call_on(unsigned int nth, void (*fn)(void *arg), void *arg)
{
	struct call c = { fn, arg };

	work_on_cpu(pt_cpu(nth), call, &c);
}

/* Returned after fn has run, so that no program is executed. */
#define HAS_RUN		(-ECANCELED)

static int call_as_user(struct subprocess_info *info, struct cred *new)
{
	call(info->data);
	return HAS_RUN;
}

int pt_run_as_user(void (*fn)(void *arg), void *arg)
{
	struct call c = { fn, arg };
	struct subprocess_info *info;
	char *none = NULL;
	int ret;

	info = call_usermodehelper_setup("/none", &none, &none, GFP_KERNEL, call_as_user, NULL, &c);
	if (!info)
		return -ENOMEM;
	ret = call_usermodehelper_exec(info, UMH_WAIT_PROC);
	return ret == HAS_RUN ? 0 : ret;
}

void pt_stay_here(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

unsigned long pt_ticks(void)
{
	return jiffies;
}

void pt_resched(struct pb_pool *pool)
{
	cond_resched();
}

static long drain_here(void *pool)
{
	pb_pcp_drain_local(pool);
	return 0;
}

/* One drain at a time, since it also drains the lists of offline CPUs. */
static DEFINE_MUTEX(drain_mutex);

void pt_drain_all(struct pb_pool *pool)
{
	unsigned int reclaims = current->flags & PF_MEMALLOC;
	int cpu;

	/* The kernel warns of a task that reclaims and waits for the workqueue of work_on_cpu(). */
	current->flags &= ~PF_MEMALLOC;
	cpus_read_lock();
	mutex_lock(&drain_mutex);
	for_each_possible_cpu(cpu) {
		if (cpu_online(cpu))
			work_on_cpu(cpu, drain_here, pool);
		else
			pb_pcp_drain_cpu(pool, cpu);
	}
	mutex_unlock(&drain_mutex);
	cpus_read_unlock();
	current->flags |= reclaims;
}
