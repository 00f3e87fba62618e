#include "policyd/told_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"

enum { LINES_MAX = 200000 };

/* One allocation: after a start there are many of them. */
struct line {
	struct line *next;
	struct told told; /* its texts are in here, too */
	char domain[];
};

struct told_log {
	struct clock *clock;
	pthread_mutex_t lock;
	struct line *first, **last;
	size_t count;
	size_t writing; /* of them, from the first on */
};

struct told_log *told_log_new(struct clock *clock)
{
	struct told_log *log = xcalloc(1, sizeof(*log));

	log->clock = clock;
	pthread_mutex_init(&log->lock, NULL);
	log->last = &log->first;
	return log;
}

static size_t size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static struct line *line_of(const char *domain, const struct told *told)
{
	size_t domain_size = size_of(domain);
	size_t problem_size = size_of(told->problem);
	size_t id_size = size_of(told->sts_id);
	struct line *line = xcalloc(1, sizeof(*line) + domain_size +
	                                       problem_size + id_size);
	char *problem = line->domain + domain_size;

	line->told = *told;
	memcpy(line->domain, domain, domain_size);
	if (problem_size > 0)
		line->told.problem =
			memcpy(problem, told->problem, problem_size);
	if (id_size > 0)
		line->told.sts_id =
			memcpy(problem + problem_size, told->sts_id, id_size);
	return line;
}

bool told_log_add(struct told_log *log, const char *domain,
                  const struct told *told)
{
	struct line *line = line_of(domain, told);
	bool full;

	pthread_mutex_lock(&log->lock);
	full = log->count >= LINES_MAX;
	if (!full) {
		/* under the lock: what is added behind told_log_write() is
		 * not of before it */
		line->told.since = clock_secs(log->clock);
		*log->last = line;
		log->last = &line->next;
		log->count++;
	}
	pthread_mutex_unlock(&log->lock);
	if (full)
		free(line);
	return !full;
}

size_t told_log_count(struct told_log *log)
{
	size_t count;

	pthread_mutex_lock(&log->lock);
	count = log->count;
	pthread_mutex_unlock(&log->lock);
	return count;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Nothing was ever told of it, and nothing is: then no row says so. */
static bool stands_there(struct db_txn *txn, const struct line *line,
                         struct arena *arena)
{
	const struct told *now = &line->told;
	struct told was;

	if (!told_get(txn, line->domain, INT64_MAX, arena, &was))
		return now->kind == TOLD_NONE;
	/* a row of a time to come was written by a clock that was ahead */
	return was.since <= now->since && was.kind == now->kind &&
	       was.sts_fetch == now->sts_fetch &&
	       same_text(was.problem, now->problem) &&
	       same_text(was.sts_id, now->sts_id);
}

/* A thread adds behind these meanwhile, and takes none away. */
void told_log_write(struct told_log *log, struct db_txn *txn)
{
	auto_(arena_clear) struct arena arena = {0};
	const struct line *line;
	int64_t until;
	size_t n;

	pthread_mutex_lock(&log->lock);
	until = clock_secs(log->clock);
	line = log->first;
	n = log->writing = log->count;
	pthread_mutex_unlock(&log->lock);
	for (; n > 0; n--) {
		arena_reset(&arena);
		if (!stands_there(txn, line, &arena))
			told_put(txn, line->domain, &line->told);
		/* behind the last one somebody may be adding */
		line = n > 1 ? line->next : NULL;
	}
	told_until_put(txn, until);
}

static void drop_first(struct told_log *log)
{
	struct line *line = log->first;

	log->first = line->next;
	if (log->first == NULL)
		log->last = &log->first;
	log->count--;
	free(line);
}

void told_log_written(struct told_log *log)
{
	pthread_mutex_lock(&log->lock);
	for (; log->writing > 0; log->writing--)
		drop_first(log);
	pthread_mutex_unlock(&log->lock);
}

void told_log_free(struct told_log **log)
{
	if (*log == NULL)
		return;
	while ((*log)->first != NULL)
		drop_first(*log);
	pthread_mutex_destroy(&(*log)->lock);
	free(*log);
	*log = NULL;
}
