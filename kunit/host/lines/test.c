// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the model: counts that follow from the protocol, and never a time that was measured. */
#include "names.h"
#include "predict.h"
#include "sched.h"
#include "test.h"

static bool failed;

static void expect(bool right, const char *what, int at)
{
	if (right)
		return;
	printf("# %s (%d)\n", what, at);
	failed = true;
}

#define EXPECT(condition) expect(condition, #condition, __LINE__)
#define EXPECT_AT(condition, at) expect(condition, #condition, at)

/* ---- the protocol ---- */

/* An access, the transfer that it needs, and the states of CPUs 0, 1 and 2 afterwards. */
struct step {
	unsigned int		cpu;
	enum mesi_access	how;
	enum mesi_transfer	kind;
	const char		*states;
};

/* CPU 2 is on the other socket. */
static const struct step steps[] = {
	{ 0, MESI_LOAD, MESI_MEMORY, "EII" },
	{ 0, MESI_LOAD, MESI_HIT, "EII" },
	{ 0, MESI_STORE, MESI_HIT, "MII" },
	{ 1, MESI_LOAD, MESI_DIRTY, "SSI" },
	{ 0, MESI_LOAD, MESI_HIT, "SSI" },
	{ 0, MESI_STORE, MESI_INVALIDATE, "MII" },
	{ 0, MESI_RMW, MESI_HIT, "MII" },
	{ 1, MESI_RMW, MESI_DIRTY, "IMI" },
	{ 2, MESI_STORE, MESI_DIRTY_FAR, "IIM" },
	{ 0, MESI_LOAD, MESI_DIRTY_FAR, "SIS" },
	{ 1, MESI_LOAD, MESI_CLEAN, "SSS" },
	{ 1, MESI_STORE, MESI_INVALIDATE_FAR, "IMI" },
	{ 1, MESI_STORE, MESI_HIT, "IMI" },
	{ 2, MESI_LOAD, MESI_DIRTY_FAR, "ISS" },
	{ 2, MESI_RMW, MESI_INVALIDATE_FAR, "IIM" },
};

static void test_mesi_transitions(void)
{
	u64 transfers[MESI_NR_TRANSFERS + 1] = {};
	const struct step *s;
	char *word;
	int i, cpu;

	lines_arena_reset();
	mesi_reset(2);
	word = pb_host_alloc(64);
	for (i = 0; i < (int)ARRAY_SIZE(steps); i++) {
		s = &steps[i];
		EXPECT_AT(mesi_access(s->cpu, word, 8, s->how) == s->kind, i);
		for (cpu = 0; cpu < 3; cpu++)
			EXPECT_AT(mesi_state(cpu, word) == s->states[cpu], i);
		transfers[s->kind]++;
	}
	EXPECT(!memcmp(mesi_counts.transfer, transfers, sizeof(mesi_counts.transfer)));
	EXPECT(mesi_counts.access[MESI_LOAD] == 7 && mesi_counts.access[MESI_RMW] == 3);
}

static void test_mesi_clean_far(void)
{
	char *word;

	lines_arena_reset();
	mesi_reset(1);
	word = pb_host_alloc(64);
	mesi_access(1, word, 8, MESI_LOAD);
	EXPECT(mesi_access(0, word, 8, MESI_LOAD) == MESI_CLEAN_FAR);
	EXPECT(mesi_access(0, word, 8, MESI_LOAD) == MESI_HIT);
}

/* Neighbours in a line share it, neighbouring lines do not; an access may need two. */
static void test_mesi_lines(void)
{
	char *line;

	lines_arena_reset();
	mesi_reset(PB_HOST_MAX_CPUS);
	line = pb_host_alloc(128);
	mesi_access(0, line, 1, MESI_STORE);
	EXPECT(mesi_access(1, line + 63, 1, MESI_STORE) == MESI_DIRTY);
	EXPECT(mesi_access(1, line + 64, 1, MESI_STORE) == MESI_MEMORY);
	EXPECT(mesi_access(0, line + 60, 8, MESI_STORE) == MESI_DIRTY);
	EXPECT(mesi_counts.transfer[MESI_DIRTY] == 3);
}

/* ---- the time ---- */

/* Each of @nr_cpus accesses the same word, @nr times each, in turns. */
static void bounce(unsigned int nr_cpus, unsigned int nr, enum mesi_access how)
{
	unsigned int i, cpu;
	char *word;

	lines_arena_reset();
	mesi_reset(PB_HOST_MAX_CPUS);
	word = pb_host_alloc(64);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		mesi_access(cpu, word, 8, MESI_STORE);
	predict_start();
	for (i = 0; i < nr; i++)
		for (cpu = 0; cpu < nr_cpus; cpu++)
			predict_access(cpu, mesi_access(cpu, word, 8, how), how);
}

static bool near(double a, double b)
{
	return a > b * 0.999 - 0.001 && a < b * 1.001 + 0.001;
}

static void test_predict_queue(void)
{
	const double price = prices.transfer[MESI_DIRTY];
	struct prediction p;

	bounce(1, 100, MESI_RMW);
	p = predict(100, 1);
	EXPECT(near(p.ns, prices.hit + prices.rmw) && near(p.alone, p.ns) && !p.busy);
	bounce(8, 100, MESI_RMW);
	p = predict(800, 8);
	EXPECT(near(p.alone, prices.hit + prices.rmw + price));
	/* A line that is moved for each operation serves one CPU at a time. */
	EXPECT(p.ns > 7.9 * price && p.ns < 8.2 * price && p.busy > 0.95);
}

static double time_so_far(void)
{
	return predict(1, 1).alone;
}

/* Loads overlap within the window, but for the share of each transfer that holds up the CPU. */
static void test_predict_loads(void)
{
	const double price = prices.transfer[MESI_DIRTY], share = prices.busy;
	const unsigned int window = prices.window;
	int i;

	predict_start();
	for (i = 0; i < 100; i++)
		predict_access(0, MESI_DIRTY, MESI_LOAD);
	EXPECT(near(time_so_far(), 100 * (prices.hit + share * price) + (1 - share) * price));
	prices.window = 2;
	prices.busy = 0.01;
	predict_start();
	for (i = 0; i < 100; i++)
		predict_access(0, MESI_DIRTY, MESI_LOAD);
	EXPECT(time_so_far() > 49 * price && time_so_far() < 52 * price);
	prices.window = window;
	prices.busy = share;
}

/* A store waits for its line in the store buffer, and only what is locked waits for it. */
static void test_predict_stores(void)
{
	const double price = prices.transfer[MESI_DIRTY], hit = prices.hit;
	int i;

	predict_start();
	predict_access(0, MESI_DIRTY, MESI_STORE);
	EXPECT(near(time_so_far(), hit + price));
	for (i = 0; i < 999; i++)
		predict_access(0, MESI_HIT, MESI_STORE);
	EXPECT(near(time_so_far(), hit + price + (1000 - prices.store_buffer) * hit));

	predict_start();
	predict_access(0, MESI_DIRTY, MESI_STORE);
	predict_access(0, MESI_HIT, MESI_RMW);
	EXPECT(near(time_so_far(), hit + price + prices.rmw));

	predict_start();
	predict_access(0, MESI_DIRTY, MESI_STORE);
	predict_fence(0);
	EXPECT(near(time_so_far(), hit + price + prices.rmw));
}

/* A line that was loaded, and is then written while another CPU has it, is transferred twice. */
static void test_predict_upgrade(void)
{
	const double price = prices.transfer[MESI_DIRTY];

	predict_start();
	predict_access(0, MESI_DIRTY, MESI_LOAD);
	predict_access(0, MESI_INVALIDATE, MESI_RMW);
	EXPECT(near(time_so_far(), prices.hit + price + prices.transfer[MESI_INVALIDATE] +
		    prices.rmw));
}

/* ---- the core ---- */

static u64 hash;
static unsigned int nr_parts;

static u64 transfers_of(const char *name)
{
	u64 n = 0;
	size_t word;

	for (word = 0; word < LINES_NR_WORDS; word++)
		if (mesi_word_counts[word] && !strcmp(names_of(word * 8), name))
			n += mesi_word_counts[word];
	return n;
}

static u64 all_transfers(void)
{
	u64 n = 0;
	unsigned int kind;

	for (kind = 0; kind < MESI_NR_TRANSFERS; kind++)
		n += mesi_counts.transfer[kind];
	return n;
}

static void check_own(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	nr_parts++;
	EXPECT(!transfers_of("pcp") && !transfers_of("pcp list"));
	EXPECT(!transfers_of("update counts"));
	EXPECT(mesi_counts.access[MESI_LOAD] > 5 * nr_ops);
}

/* In order, a CPU counts the frames of a word at once: it writes nr_free twice for 128 blocks. */
static void check_in_order(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	check_own(part, nr_ops, nr_active);
	EXPECT(part == 0 || transfers_of("zone.nr_free") < nr_ops / 40);
}

static void check_nothing_moves(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	check_own(part, nr_ops, nr_active);
	EXPECT(!all_transfers());
}

/* Half of the blocks, and so of the bytes in the order map, are of the other CPU. */
static void check_shared(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	check_own(part, nr_ops, nr_active);
	EXPECT(transfers_of("order map") > nr_ops / 2);
	EXPECT(transfers_of("free bitmap") > nr_ops / 8);
	EXPECT(transfers_of("other") == 0);
}

static void add_to_hash(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	const u64 *word = (const u64 *)&mesi_counts;
	unsigned int i;
	size_t at;

	for (i = 0; i < sizeof(mesi_counts) / 8; i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ULL ^ hash >> 29;
	for (at = 0; at < LINES_NR_WORDS; at++)
		if (mesi_word_counts[at])
			hash = (hash ^ at << 32 ^ mesi_word_counts[at]) * 0x9e3779b97f4a7c15ULL;
}

static const struct workload *workload(const char *name)
{
	const struct workload *w = workloads;

	while (strcmp(w->name, name))
		w++;
	return w;
}

static void test_own_blocks(void)
{
	nr_parts = 0;
	lines_run_workload(workload("repeat"), 0, 2, check_nothing_moves);
	lines_run_workload(workload("repeat"), 9, 2, check_nothing_moves);
	lines_run_workload(workload("bulk"), 0, 2, check_in_order);
	lines_run_workload(workload("bulk"), 3, 2, check_own);
	lines_run_workload(workload("shuffled"), 0, 2, check_own);
	lines_run_workload(workload("rand"), 0, 1, check_nothing_moves);
	EXPECT(nr_parts == 9);
}

static void test_shared_blocks(void)
{
	lines_run_workload(workload("rand-put"), 0, 2, check_shared);
}

/* Each workload runs with many CPUs, and twice the same. */
static void test_determinism(void)
{
	const struct workload *w;
	u64 first = 0;

	for (w = workloads; w->name; w++) {
		hash = 1;
		lines_run_workload(w, 0, 9, add_to_hash);
		first = hash;
		hash = 1;
		lines_run_workload(w, 0, 9, add_to_hash);
		EXPECT(hash == first && hash != 1);
	}
	lines_seed++;
	hash = 1;
	lines_run_workload(workload("exit"), 0, 9, add_to_hash);
	EXPECT(hash != first);
}

static const struct {
	const char	*name;
	void		(*fn)(void);
} tests[] = {
	{ "lines_mesi_transitions", test_mesi_transitions },
	{ "lines_mesi_clean_far", test_mesi_clean_far },
	{ "lines_mesi_lines", test_mesi_lines },
	{ "lines_predict_queue", test_predict_queue },
	{ "lines_predict_loads", test_predict_loads },
	{ "lines_predict_stores", test_predict_stores },
	{ "lines_predict_upgrade", test_predict_upgrade },
	{ "lines_own_blocks", test_own_blocks },
	{ "lines_shared_blocks", test_shared_blocks },
	{ "lines_determinism", test_determinism },
};

int lines_test(void)
{
	bool bad = false;
	unsigned int i;

	printf("KTAP version 1\n1..%zu\n", ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		failed = false;
		tests[i].fn();
		printf("%sok %u %s\n", failed ? "not " : "", i + 1, tests[i].name);
		bad |= failed;
	}
	return bad;
}
