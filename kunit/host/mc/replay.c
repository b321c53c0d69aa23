// SPDX-License-Identifier: GPL-2.0-only
/* Minimise a failing schedule, print it, and read it again. */
#include "replay.h"
#include "search.h"

void mc_minimise(const struct mc_subject *s, struct mc_schedule *schedule)
{
	struct mc_schedule less;
	bool removed;
	int i;

	do {
		removed = false;
		for (i = schedule->n - 1; i >= 0; i--) {
			less = *schedule;
			less.n--;
			memmove(&less.choice[i], &less.choice[i + 1],
				(less.n - i) * sizeof(less.choice[0]));
			if (!mc_try(s, &less))
				continue;
			*schedule = less;
			removed = true;
		}
	} while (removed);
}

void mc_schedule_print(const struct mc_schedule *schedule, char *buf, size_t size)
{
	const struct mc_choice *c = schedule->choice;
	size_t at = 0;
	int i;

	scnprintf(buf, size, "-");
	for (i = 0; i < schedule->n; i++, c++) {
		at += scnprintf(buf + at, size - at, i ? "," : "");
		at += c->actor == MC_START ? scnprintf(buf + at, size - at, "start") :
					     scnprintf(buf + at, size - at, "%d", c->actor);
		at += c->access == MC_AT_END ? scnprintf(buf + at, size - at, "@end") :
					       scnprintf(buf + at, size - at, "@%u", c->access);
		at += c->to == MC_DELAY ? scnprintf(buf + at, size - at, ">d") :
					  scnprintf(buf + at, size - at, ">%d", c->to);
	}
}

static bool parse_choice(const char *text, struct mc_choice *c)
{
	char actor[8], access[12], to[4], end;

	if (sscanf(text, "%7[^@]@%11[^>]>%3[0-9d]%c", actor, access, to, &end) != 3)
		return false;
	c->actor = strcmp(actor, "start") ? atoi(actor) : MC_START;
	c->access = strcmp(access, "end") ? (u32)strtoul(access, NULL, 10) : MC_AT_END;
	c->to = strcmp(to, "d") ? atoi(to) : MC_DELAY;
	return c->actor < MC_NR_FIBERS && (c->to < MC_NR_FIBERS || c->to == MC_DELAY);
}

bool mc_schedule_parse(const char *text, struct mc_schedule *schedule)
{
	char copy[1024], *next = copy, *one;

	schedule->n = 0;
	if (!strcmp(text, "-"))
		return true;
	scnprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&next, ",")))
		if (schedule->n == MC_MAX_PLAN ||
		    !parse_choice(one, &schedule->choice[schedule->n++]))
			return false;
	return true;
}
