#include "fleet/day_fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/command.h"
#include "base/day.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "conf/fleet_hosts.h"
#include "rollup/merged.h"
#include "sealed/fetcher_answer.h"
#include "store/day_table.h"
#include "store/paged.h"

enum {
	ANSWER_MS = 60 * 1000,
	BUSY_SECS = 180, /* another run leaves a host alone for so long */
	COMMIT_MS = 5000,
	BATCH_DOMAINS = 500,
	BATCH_BYTES = 4 * 1024 * 1024,
	FAILURES_MAX = FETCH_SIDE_BY_SIDE, /* of commands, then it is enough */
};

/* A command under way. */
struct job {
	struct fetch *fetch;
	const char *domain; /* NULL: it is asked for the list */
	const char **argv;
	struct command command;
	struct strbuf out, errors;
	struct command_process process;
};

/* A domain's row on its way to the store. */
struct item {
	const char *domain; /* the list's */
	char *bytes;
	size_t len;
};

/* One host. */
struct fetch {
	struct run *run;
	struct host_fetch state;
	struct arena mem;   /* of command and list */
	const char **words; /* of the command */
	size_t word_count;
	char day[DAY_TEXT];
	struct fetcher_list list;
	size_t next; /* of the list */
	size_t jobs; /* under way */
	size_t failures;
	bool is_ours;
	bool is_asked; /* for the list */
	bool has_list;
	bool is_over; /* nothing more is asked */
	struct arena batch_mem;
	struct item batch[BATCH_DOMAINS];
	size_t batch_count, batch_bytes;
	int64_t committed_ms;
	char words_before[sizeof(((struct host_fetch *)0)->words)];
};

struct run {
	struct db *db;
	const struct day_fetch_options *options;
	struct fetcher_reader *reader;
	struct strbuf encoded;
	struct fetch *fetches;
	size_t count;
	struct job *jobs[COMMAND_PROCESSES_MAX];
	size_t job_count;
	int64_t until_ms;
};

static void tell(struct fetch *fetch, enum day_fetch_what what)
{
	const struct day_fetch_options *options = fetch->run->options;
	const struct day_fetch_news news = {
		.what = what,
		.state = &fetch->state,
		.is_new = strcmp(fetch->state.words, fetch->words_before) != 0,
	};

	if (options->tell != NULL)
		options->tell(options->arg, &news);
}

/* Nothing more is asked of it by this run, and why. */
static void stop(struct fetch *fetch, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void stop(struct fetch *fetch, const char *fmt, ...)
{
	va_list ap;

	fetch->is_over = true;
	va_start(ap, fmt);
	vsnprintf(fetch->state.words, sizeof(fetch->state.words), fmt, ap);
	va_end(ap);
}

/* --- the store --- */

static int64_t now_secs(const struct fetch *fetch)
{
	return clock_secs(fetch->run->options->clock);
}

/* What came, and how far we are; another run leaves the host to us. */
static int commit(struct fetch *fetch, bool goes_on, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(fetch->run->db);
	struct host_fetch *state = &fetch->state;
	int64_t now = now_secs(fetch);

	if (state->slot != 0)
		host_day_go_on(txn, state->day, state->slot, now);
	for (size_t i = 0; i < fetch->batch_count; i++)
		host_day_domain_put(txn, state->day, state->slot,
		                    fetch->batch[i].domain,
		                    fetch->batch[i].bytes, fetch->batch[i].len);
	state->done += fetch->batch_count;
	state->busy_until = goes_on ? now + BUSY_SECS : 0;
	host_day_fetch_put(txn, state);
	fetch->batch_count = fetch->batch_bytes = 0;
	arena_reset(&fetch->batch_mem);
	fetch->committed_ms = clock_host_ms();
	return db_commit(&txn, err);
}

/* 1: it is ours to fetch. */
static int begin(struct fetch *fetch, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(fetch->run->db);
	const struct day_fetch_options *options = fetch->run->options;
	struct host_fetch *state = &fetch->state;
	struct host_day there = {.slot = 0};
	char host[DOMAIN_TEXT];
	int64_t now = now_secs(fetch);

	memcpy(host, state->host, sizeof(host));
	if (host_day_get(txn, options->day, host, &there) ||
	    (!options->by_hand && day_table_is_closed(txn, options->day)))
		return db_failure(txn, err);
	host_day_fetch_get(txn, options->day, host, state);
	if (state->busy_until > now && state->busy_until <= now + BUSY_SECS) {
		tell(fetch, DAY_FETCH_WAITS);
		return db_failure(txn, err);
	}
	memcpy(fetch->words_before, state->words, sizeof(state->words));
	state->words[0] = '\0';
	state->tried_at = now;
	state->busy_until = now + BUSY_SECS;
	host_day_fetch_put(txn, state);
	return db_commit(&txn, err) < 0 ? err->class : 1;
}

/* A slot to write to: that of the run before, unless it was given up. */
static int take_slot(struct fetch *fetch, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(fetch->run->db);
	struct host_fetch *state = &fetch->state;
	int64_t now = now_secs(fetch);

	if (state->slot == 0 ||
	    !host_day_is_begun(txn, state->day, state->slot)) {
		state->slot = host_day_begin(txn, state->day, now);
		state->done = state->unreadable = 0;
	}
	state->of = fetch->list.count;
	host_day_fetch_put(txn, state);
	return db_commit(&txn, err);
}

/* Domains that an earlier run has fetched are taken off the list; both are in
 * the order of their bytes. */
static int skip_fetched(struct fetch *fetch, struct err *err)
{
	struct paged paged = {.db = fetch->run->db};
	struct fetcher_list *list = &fetch->list;
	char name[TALLY_DOMAIN_TEXT] = "";
	size_t kept = 0;
	bool more = true;

	fetch->state.done = 0;
	for (size_t i = 0; i < list->count; i++) {
		while (more && strcmp(name, list->names[i]) < 0)
			more = host_day_domain_next(paged_txn(&paged),
			                            fetch->state.day,
			                            fetch->state.slot, name);
		if (more && strcmp(name, list->names[i]) == 0)
			fetch->state.done++;
		else
			list->names[kept++] = list->names[i];
	}
	list->count = kept;
	return paged_end(&paged, err);
}

static int add_up(struct fetch *fetch, struct sealed_totals *totals, bool *late,
                  struct err *err)
{
	struct paged paged = {.db = fetch->run->db};
	const struct host_fetch *state = &fetch->state;
	auto_(arena_clear) struct arena mem = {0};
	char name[TALLY_DOMAIN_TEXT] = "";

	arena_init(&mem);
	while (host_day_domain_next(paged_txn(&paged), state->day, state->slot,
	                            name)) {
		struct db_txn *txn = paged_txn(&paged);
		struct sealed_domain domain;

		arena_reset(&mem);
		if (!host_day_domain_get(txn, state->day, state->slot, name,
		                         &mem, &domain))
			break;
		sealed_totals_add(totals, &domain);
		*late |= merged_is_reported(txn, state->day, name);
	}
	return paged_end(&paged, err);
}

/* Everything is there: from now on it is what the host counted. */
static int make_hosts(struct fetch *fetch, struct err *err)
{
	const struct day_fetch_options *options = fetch->run->options;
	struct host_fetch *state = &fetch->state;
	struct host_day host_day =
				{
					.head = {.day = state->day,
	                                         .generation = 1,
	                                         .sealed_at = now_secs(fetch)},
					.imported_at = now_secs(fetch),
					.slot = state->slot,
				},
			there = {.slot = 0};
	struct db_txn *txn;

	if (add_up(fetch, &host_day.totals, &host_day.late, err) < 0)
		return err->class;
	memcpy(host_day.head.host, state->host, sizeof(state->host));
	txn = db_begin_write(fetch->run->db);
	host_day.late |= day_table_is_closed(txn, state->day);
	if (host_day_get(txn, state->day, state->host, &there))
		db_fail(txn, ERR_BUSY, "%s has sent its day meanwhile",
		        state->host);
	if (merged_check_room(txn, state->day, err) < 0)
		db_fail(txn, err->class, "%s", err->text);
	host_day_put(txn, &host_day);
	state->slot = 0;
	state->busy_until = 0;
	state->words[0] = '\0';
	host_day_fetch_put(txn, state);
	if (db_commit(&txn, err) < 0)
		return err->class;
	options->tell(options->arg, &(struct day_fetch_news){
					    .what = DAY_FETCH_DONE,
					    .state = state,
					    .totals = &host_day.totals,
					    .late = host_day.late,
				    });
	return 0;
}

/* --- commands --- */

static void job_free(struct job *job)
{
	strbuf_clear(&job->out);
	strbuf_clear(&job->errors);
	free(job->argv);
	free(job);
}

static void start_job(struct fetch *fetch, const char *domain)
{
	struct run *run = fetch->run;
	struct job *job = xcalloc(1, sizeof(*job));
	size_t n = fetch->word_count;
	struct err why;

	job->fetch = fetch;
	job->domain = domain;
	job->argv = xcalloc(n + 3, sizeof(*job->argv));
	memcpy(job->argv, fetch->words, n * sizeof(*job->argv));
	job->argv[n] = fetch->day;
	job->argv[n + 1] = domain;
	job->command = (struct command){
		.argv = job->argv,
		.timeout_ms = ANSWER_MS,
		.errors = &job->errors,
		.output_max = domain ? FETCHER_ANSWER_MAX : FETCHER_LIST_MAX,
	};
	if (command_start(&job->process, &job->command, &job->out, &why) < 0) {
		stop(fetch, "%s", why.text);
		job_free(job);
		return;
	}
	fetch->jobs++;
	run->jobs[run->job_count++] = job;
}

/* Its exit status is 0; else why not. */
static int check_status(struct job *job, struct err *err)
{
	int status = command_finish(&job->process, err);
	char words[160];

	if (status <= 0)
		return status;
	utf8_show(words, sizeof(words), command_last_line(&job->errors),
	          strlen(command_last_line(&job->errors)));
	return err_set(err, ERR_BUSY, "%s: exit status %d: %s", job->argv[0],
	               status, words);
}

static void check_clock(struct fetch *fetch)
{
	struct host_fetch *state = &fetch->state;
	bool is_told = llabs(state->ahead) > FETCH_CLOCK_SECS;

	state->ahead = fetch->list.clock - now_secs(fetch);
	if (llabs(state->ahead) > FETCH_CLOCK_SECS && !is_told)
		tell(fetch, DAY_FETCH_CLOCK);
}

/* Has the host come to the end of the day, and does it have it still?  A
 * collector that keeps yesterday only says the same of all days before: that it
 * has come past them, and no domains. */
static bool is_ready(struct fetch *fetch)
{
	const struct fetcher_list *list = &fetch->list;
	int32_t day = fetch->state.day;
	char complete[DAY_TEXT];

	if (list->has_complete && list->complete == day)
		return true;
	if (list->has_complete && list->complete > day && list->count > 0)
		return true;
	if (list->has_complete && list->complete > day)
		stop(fetch, "it does not have that day any more");
	else if (list->has_complete)
		stop(fetch, "not ready: its last complete day is %s",
		     day_format(list->complete, complete));
	else
		stop(fetch, "not ready: it has no complete day yet");
	return false;
}

static int take_list(struct fetch *fetch, const struct job *job,
                     struct err *err)
{
	struct err why;

	if (fetcher_read_list(strbuf_text(&job->out), job->out.len, &fetch->mem,
	                      &fetch->list, &why) < 0) {
		stop(fetch, "%s: %s", job->argv[0], why.text);
		return 0;
	}
	check_clock(fetch);
	if (!is_ready(fetch))
		return 0;
	fetch->has_list = true;
	if (take_slot(fetch, err) < 0 || skip_fetched(fetch, err) < 0)
		return err->class;
	fetch->state.unreadable = fetch->list.unusable;
	return 0;
}

static int keep(struct fetch *fetch, const char *domain,
                const struct sealed_domain *counts, struct err *err)
{
	struct item *item = &fetch->batch[fetch->batch_count++];
	struct strbuf *encoded = &fetch->run->encoded;

	strbuf_reset(encoded);
	host_day_domain_encode(counts, encoded);
	item->domain = domain;
	item->bytes =
		arena_strndup(&fetch->batch_mem, encoded->data, encoded->len);
	item->len = encoded->len;
	fetch->batch_bytes += encoded->len;
	if (fetch->batch_count < BATCH_DOMAINS &&
	    fetch->batch_bytes < BATCH_BYTES &&
	    clock_host_ms() - fetch->committed_ms < COMMIT_MS)
		return 0;
	return commit(fetch, true, err);
}

/* An answer that cannot be read would be no other the next time: the host's day
 * is made without it, and says so. */
static int take_domain(struct fetch *fetch, const struct job *job,
                       struct err *err)
{
	const struct sealed_domain *counts;
	struct err why;

	if (fetcher_read_domain(fetch->run->reader, job->domain,
	                        strbuf_text(&job->out), job->out.len, &counts,
	                        &why) < 0) {
		fetch->state.unreadable++;
		snprintf(fetch->state.words, sizeof(fetch->state.words),
		         "%.60s: %.180s", job->domain, why.text);
		return 0;
	}
	/* midnight has come there meanwhile */
	if (counts == NULL) {
		stop(fetch, "it does not have %.100s of that day any more",
		     job->domain);
		return 0;
	}
	return keep(fetch, job->domain, counts, err);
}

static int take_answer(struct job *job, struct err *err)
{
	struct fetch *fetch = job->fetch;
	struct err why = {0};

	fetch->jobs--;
	if (check_status(job, &why) < 0) {
		fetch->failures++;
		if (job->domain == NULL || fetch->failures >= FAILURES_MAX)
			stop(fetch, "%s", why.text);
		else
			snprintf(fetch->state.words, sizeof(fetch->state.words),
			         "%.255s", why.text);
		return 0;
	}
	return job->domain != NULL ? take_domain(fetch, job, err)
	                           : take_list(fetch, job, err);
}

/* --- all hosts --- */

static bool may_start(const struct run *run, const struct fetch *fetch)
{
	return !fetch->is_over && run->job_count < COMMAND_PROCESSES_MAX &&
	       fetch->jobs < FETCH_SIDE_BY_SIDE &&
	       clock_host_ms() < run->until_ms;
}

static void start_jobs(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct fetch *fetch = &run->fetches[i];

		if (!fetch->is_asked && may_start(run, fetch)) {
			fetch->is_asked = true;
			start_job(fetch, NULL);
		}
		while (fetch->has_list && fetch->next < fetch->list.count &&
		       may_start(run, fetch))
			start_job(fetch, fetch->list.names[fetch->next++]);
	}
}

static int run_jobs(struct run *run, struct err *err)
{
	struct command_process *processes[COMMAND_PROCESSES_MAX];
	int rc = 0;

	start_jobs(run);
	while (run->job_count > 0) {
		struct job *job;
		size_t i;

		for (i = 0; i < run->job_count; i++)
			processes[i] = &run->jobs[i]->process;
		i = command_wait(processes, run->job_count);
		job = run->jobs[i];
		run->jobs[i] = run->jobs[--run->job_count];
		if (rc == 0)
			rc = take_answer(job, err);
		else
			command_finish(&job->process, &(struct err){0});
		job_free(job);
		if (rc == 0)
			start_jobs(run);
	}
	return rc;
}

static bool is_complete(const struct fetch *fetch)
{
	return fetch->has_list && !fetch->is_over && fetch->failures == 0 &&
	       fetch->next == fetch->list.count;
}

static int end(struct fetch *fetch, struct err *err)
{
	bool complete = is_complete(fetch);
	enum day_fetch_what what = DAY_FETCH_TROUBLE;

	if (complete || (!fetch->is_over && fetch->failures == 0))
		fetch->state.words[0] = '\0';
	if (commit(fetch, complete, err) < 0)
		return err->class;
	if (complete)
		return make_hosts(fetch, err);
	if (fetch->state.words[0] == '\0')
		what = DAY_FETCH_GOES_ON;
	else if (strncmp(fetch->state.words, "not ready", 9) == 0)
		what = DAY_FETCH_WAITS;
	tell(fetch, what);
	return 0;
}

static void fetch_init(struct run *run, const struct fleet_host *host)
{
	struct fetch *fetch = &run->fetches[run->count++];

	fetch->run = run;
	memcpy(fetch->state.host, host->name, sizeof(fetch->state.host));
	fetch->state.day = run->options->day;
	day_format(run->options->day, fetch->day);
	arena_init(&fetch->mem);
	arena_init(&fetch->batch_mem);
	fetch->words = fleet_hosts_words(host->command, &fetch->mem,
	                                 &fetch->word_count);
	fetch->committed_ms = clock_host_ms();
}

static int begin_all(struct run *run, struct err *err)
{
	const struct conf *conf = run->options->conf;
	struct fleet_host host;

	for (size_t i = 0; fleet_hosts_at(conf, i, &host); i++) {
		int rc;

		if (host.command == NULL)
			continue;
		if (strcmp(host.name, run->options->own_name) == 0)
			return err_set(err, ERR_BUSY,
			               "'%.80s' of [fleet] fetchers has the "
			               "name of this host: put another before "
			               "it, as in %.40s-old=%.80s",
			               host.command, host.name, host.command);
		fetch_init(run, &host);
		rc = begin(&run->fetches[run->count - 1], err);
		if (rc < 0)
			return rc;
		run->fetches[run->count - 1].is_ours = rc > 0;
		run->fetches[run->count - 1].is_over = rc == 0;
	}
	return 0;
}

static int end_all(struct run *run, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < run->count; i++) {
		struct err why;

		if (!run->fetches[i].is_ours)
			continue;
		if (end(&run->fetches[i], &why) == 0)
			continue;
		*err = why;
		rc = why.class;
	}
	return rc;
}

static void run_clear(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		arena_clear(&run->fetches[i].mem);
		arena_clear(&run->fetches[i].batch_mem);
	}
	free(run->fetches);
	fetcher_reader_free(&run->reader);
	strbuf_clear(&run->encoded);
}

int day_fetch_run(struct db *db, const struct day_fetch_options *options,
                  struct err *err)
{
	const struct conf *conf = options->conf;
	const struct tally_limits caps = {
		.max_policies = conf->store.max_policies,
		.max_details = conf->store.max_details,
	};
	struct run run = {
		.db = db,
		.options = options,
		.until_ms = clock_host_ms() + FETCH_RUN_SECS * 1000,
	};
	int rc;

	if (conf->fleet.fetchers.count == 0)
		return 0;
	run.fetches = xcalloc(conf->fleet.fetchers.count, sizeof(*run.fetches));
	run.reader = fetcher_reader_new(&caps);
	rc = begin_all(&run, err);
	if (rc == 0)
		rc = run_jobs(&run, err);
	if (rc == 0)
		rc = end_all(&run, err);
	run_clear(&run);
	return rc;
}
