#include "policyd/told_log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/xalloc.h"

enum {
	LINES_MAX = 200000,
	LATE_MS = 1000, /* of the five seconds that Postfix waits */
};

/* One allocation: after a start there are many of them. */
struct line {
	struct line *next;
	void (*go_on)(void *arg); /* NULL: nobody waits any more */
	void *arg;
	int64_t added_ms;
	bool is_told;
	struct told told; /* its texts are in here, too */
	char domain[];
};

struct told_log {
	struct db *db;
	struct clock *clock;
	pthread_t thread;
	pthread_mutex_t commits; /* one at a time: before the other */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stops, fails;
	struct line *first, **last;
	size_t count, waiting;
	size_t writing; /* of them, from the first on */
	struct log_limit said_full;
};

/* --- lines --- */

static size_t size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static struct line *line_of(const char *domain, const struct told *told)
{
	static const struct told nothing;
	const struct told *of = told != NULL ? told : &nothing;
	size_t domain_size = size_of(domain);
	size_t problem_size = size_of(of->problem);
	size_t id_size = size_of(of->sts_id);
	struct line *line = xcalloc(1, sizeof(*line) + domain_size +
	                                       problem_size + id_size);
	char *problem = line->domain + domain_size;

	line->is_told = told != NULL;
	line->told = *of;
	memcpy(line->domain, domain, domain_size);
	if (problem_size > 0)
		line->told.problem = memcpy(problem, of->problem, problem_size);
	if (id_size > 0)
		line->told.sts_id =
			memcpy(problem + problem_size, of->sts_id, id_size);
	return line;
}

/* Under the lock: a copy of who waits; from now on nobody does. */
static struct line *let_go(struct told_log *log, struct line *line)
{
	struct line *who;

	if (line->go_on == NULL)
		return NULL;
	who = xcalloc(1, sizeof(*who));
	who->go_on = line->go_on;
	who->arg = line->arg;
	line->go_on = NULL;
	log->waiting--;
	return who;
}

/* Not under the lock. */
static void call(struct line *who)
{
	while (who != NULL) {
		struct line *next = who->next;

		who->go_on(who->arg);
		free(who);
		who = next;
	}
}

/* Under the lock: lines that were added at that moment or before, from the
 * oldest on. */
static struct line *released_until(struct told_log *log, int64_t added_ms)
{
	struct line *released = NULL, **end = &released;

	for (struct line *line = log->first;
	     log->waiting > 0 && line != NULL && line->added_ms <= added_ms;
	     line = line->next) {
		*end = let_go(log, line);
		if (*end != NULL)
			end = &(*end)->next;
	}
	return released;
}

static void release(struct told_log *log, int64_t added_ms)
{
	struct line *released;

	pthread_mutex_lock(&log->lock);
	released = released_until(log, added_ms);
	pthread_mutex_unlock(&log->lock);
	call(released);
}

void told_log_release(struct told_log *log)
{
	int64_t late_ms = clock_monotonic_ms(log->clock) - LATE_MS;
	struct line *released;

	if (pthread_mutex_trylock(&log->lock) != 0)
		return;
	released = released_until(log, late_ms);
	pthread_mutex_unlock(&log->lock);
	call(released);
}

static void tell_full(struct told_log *log, const char *domain)
{
	uint64_t held;

	if (log_allowed(&log->said_full, clock_monotonic_ms(log->clock), &held))
		log_warning("what Postfix is told has not been written to the "
		            "store for too long: what it was told of %s and "
		            "%" PRIu64 " others is not noted now",
		            domain, held);
}

bool told_log_add(struct told_log *log, const char *domain,
                  const struct told *told, void (*go_on)(void *arg), void *arg)
{
	struct line *line = line_of(domain, told);
	bool full;

	line->go_on = go_on;
	line->arg = arg;
	pthread_mutex_lock(&log->lock);
	full = log->count >= LINES_MAX;
	if (full) {
		tell_full(log, domain);
	} else {
		/* under the lock: what is added behind the beginning of a
		 * commit is not of before it */
		line->told.since = clock_secs(log->clock);
		line->added_ms = clock_monotonic_ms(log->clock);
		*log->last = line;
		log->last = &line->next;
		log->count++;
		log->waiting += go_on != NULL;
		if (go_on != NULL)
			pthread_cond_signal(&log->wake);
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

/* --- the store --- */

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

	arena_reset(arena);
	if (!line->is_told)
		return true;
	if (!told_get(txn, line->domain, INT64_MAX, arena, &was))
		return now->kind == TOLD_NONE;
	/* a row of a time to come was written by a clock that was ahead */
	return was.since <= now->since && was.kind == now->kind &&
	       was.sts_fetch == now->sts_fetch &&
	       same_text(was.problem, now->problem) &&
	       same_text(was.sts_id, now->sts_id);
}

/* Under `commits`, like what follows.  A thread adds behind these meanwhile,
 * and takes none away. */
static const struct line *begin(struct told_log *log, size_t *n, int64_t *until)
{
	const struct line *first;

	pthread_mutex_lock(&log->lock);
	*until = clock_secs(log->clock);
	*n = log->writing = log->count;
	first = log->first;
	pthread_mutex_unlock(&log->lock);
	return first;
}

/* Behind the last one somebody may be adding. */
static const struct line *line_after(const struct line *line, size_t left)
{
	return left > 1 ? line->next : NULL;
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

/* Who waits for those of begin() goes on, whatever became of them. */
static void end(struct told_log *log, bool written)
{
	struct line *released = NULL, **last = &released, *line;

	pthread_mutex_lock(&log->lock);
	log->fails = !written;
	for (line = log->first; log->writing > 0; log->writing--) {
		*last = let_go(log, line);
		if (*last != NULL)
			last = &(*last)->next;
		line = line->next;
		if (written)
			drop_first(log);
	}
	pthread_mutex_unlock(&log->lock);
	call(released);
}

int told_log_commit(struct told_log *log,
                    void (*more)(void *arg, struct db_txn *txn), void *arg,
                    struct err *err)
{
	auto_(arena_clear) struct arena arena = {0};
	struct db_txn *txn;
	const struct line *line;
	int64_t until;
	size_t n;
	int rc;

	pthread_mutex_lock(&log->commits);
	txn = db_begin_write(log->db);
	line = begin(log, &n, &until);
	for (; n > 0; line = line_after(line, n--))
		if (!stands_there(txn, line, &arena))
			told_put(txn, line->domain, &line->told);
	told_until_put(txn, until);
	if (more != NULL)
		more(arg, txn);
	rc = db_commit(&txn, err);
	end(log, rc == 0);
	pthread_mutex_unlock(&log->commits);
	return rc;
}

/* Nothing is to be written: mostly so after a start. */
static bool all_stand_there(struct told_log *log)
{
	auto_(arena_clear) struct arena arena = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	const struct line *line;
	int64_t until;
	bool all = true;
	size_t n;

	pthread_mutex_lock(&log->commits);
	txn = db_begin_read(log->db);
	line = begin(log, &n, &until);
	for (; all && n > 0; line = line_after(line, n--))
		all = stands_there(txn, line, &arena);
	all &= db_failure(txn, NULL) == 0;
	if (all)
		end(log, true);
	pthread_mutex_unlock(&log->commits);
	return all;
}

/* --- the thread --- */

/* False: it is to end.  Of a store that takes nothing others say so and find
 * out when it does again. */
static bool wait_for_lines(struct told_log *log, bool *fails)
{
	bool stops;

	pthread_mutex_lock(&log->lock);
	while (log->waiting == 0 && !log->stops)
		pthread_cond_wait(&log->wake, &log->lock);
	stops = log->stops;
	*fails = log->fails;
	pthread_mutex_unlock(&log->lock);
	return !stops;
}

static void *work(void *arg)
{
	struct told_log *log = arg;
	bool fails;

	while (wait_for_lines(log, &fails)) {
		if (fails)
			release(log, INT64_MAX);
		else if (!all_stand_there(log))
			told_log_commit(log, NULL, NULL, NULL);
	}
	return NULL;
}

/* --- beginning and end --- */

int told_log_open(struct told_log **out, struct db *db, struct clock *clock,
                  struct err *err)
{
	struct told_log *log = xcalloc(1, sizeof(*log));

	log->db = db;
	log->clock = clock;
	log->last = &log->first;
	pthread_mutex_init(&log->commits, NULL);
	pthread_mutex_init(&log->lock, NULL);
	pthread_cond_init(&log->wake, NULL);
	if (pthread_create(&log->thread, NULL, work, log) != 0) {
		free(log);
		return err_set(err, ERR_IO, "cannot start a thread");
	}
	*out = log;
	return 0;
}

void told_log_close(struct told_log **out)
{
	struct told_log *log = *out;

	if (log == NULL)
		return;
	pthread_mutex_lock(&log->lock);
	log->stops = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	pthread_join(log->thread, NULL);
	release(log, INT64_MAX);
	while (log->first != NULL)
		drop_first(log);
	pthread_cond_destroy(&log->wake);
	pthread_mutex_destroy(&log->lock);
	pthread_mutex_destroy(&log->commits);
	free(log);
	*out = NULL;
}
