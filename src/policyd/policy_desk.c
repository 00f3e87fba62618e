#include "policyd/policy_desk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "policyd/answer_text.h"
#include "policyd/outage.h"
#include "policyd/policy_explain.h"

enum {
	OVERRIDE_SECS = 60 * 60, /* the table tells when it changes */
	TEMP_SECS = 60, /* then it is looked whether mail still waits */
	VOUCHED_MS = VIEW_KEEP_MAX * 1000,
	KEY_LONG = 1024,
};

/* A question in the desk's queue, then on its way through the service. */
struct job {
	struct job *next;
	struct policy_desk *desk;
	enum desk_what what;
	uint64_t id;
	char key[KEY_LONG + 1];
};

struct policy_desk {
	struct policy_desk_options options;
	int fd; /* eventfd(2) */
	pthread_t thread;
	bool is_started;
	_Atomic int64_t vouched_ms; /* monotonic; 0: never */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stops;
	struct job *jobs, **last_job;
	struct desk_result *results, **last_result;
	struct outage outage;
};

/* --- results --- */

void policy_desk_free_result(struct desk_result **result)
{
	if (*result == NULL)
		return;
	free((*result)->text);
	free(*result);
	*result = NULL;
}

static struct desk_result *result_of(const struct job *job,
                                     enum desk_stage stage)
{
	struct desk_result *result = xcalloc(1, sizeof(*result));
	size_t len = strlen(job->key);

	result->desk = job->desk;
	result->what = job->what;
	result->stage = stage;
	result->id = job->id;
	if (len < DOMAIN_TEXT)
		memcpy(result->domain, job->key, len + 1);
	return result;
}

static void post(void *arg)
{
	struct desk_result *result = arg;
	struct policy_desk *desk = result->desk;
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&desk->lock);
	first = desk->results == NULL;
	*desk->last_result = result;
	desk->last_result = &result->next;
	pthread_mutex_unlock(&desk->lock);
	while (first && write(desk->fd, &one, sizeof(one)) < 0 &&
	       errno == EINTR)
		;
}

/* When the told table has it; NULL: nothing is told, and this is its turn. */
static void post_told(struct desk_result *result, const struct told *told)
{
	if (!told_log_add(result->desk->options.told, result->domain, told,
	                  post, result))
		post(result);
}

int policy_desk_fd(const struct policy_desk *desk)
{
	return desk->fd;
}

struct desk_result *policy_desk_next(struct policy_desk *desk)
{
	struct desk_result *result;
	uint64_t n;

	pthread_mutex_lock(&desk->lock);
	result = desk->results;
	if (result != NULL) {
		desk->results = result->next;
		result->next = NULL;
	}
	if (desk->results == NULL) {
		desk->last_result = &desk->results;
		/* what is posted from here on wakes the reader again */
		while (read(desk->fd, &n, sizeof(n)) < 0 && errno == EINTR)
			;
	}
	pthread_mutex_unlock(&desk->lock);
	return result;
}

/* --- the answer --- */

static void fill(struct desk_result *result, const struct policy_rules *rules,
                 const struct policy_answer *answer)
{
	auto_(strbuf_clear) struct strbuf packed = {0};
	size_t len = strlen(answer->text);

	answer_text_pack(answer->text, len, &packed);
	result->rules = rules->number;
	result->kind = answer->kind;
	result->by_failure = answer->by_failure;
	result->text_len = len;
	result->plain_len = answer->plain_len;
	result->len = packed.len;
	result->text = xmemdup(strbuf_text(&packed), packed.len + 1);
}

/* An answer by a view that is good for that long. */
static void post_view(struct policy_desk *desk, const struct job *job,
                      enum desk_stage stage, const struct domain_view *view)
{
	auto_(policy_rules_put) struct policy_rules *rules =
		policy_rules_get(desk->options.shelf);
	auto_(arena_clear) struct arena arena = {0};
	int64_t now = clock_secs(desk->options.clock);
	int64_t good = view->expires_at - now;
	struct policy_known known = {.domain = job->key,
	                             .view = view,
	                             .now = now,
	                             .outage = policy_desk_is_out(desk)};
	struct desk_result *result = result_of(job, stage);
	struct policy_answer answer;
	struct told told;

	policy_answer_make(&rules->site, &known, &arena, &answer);
	fill(result, rules, &answer);
	if (stage == DESK_DONE) {
		if (good < 1)
			good = 1;
		if (answer.kind == TOLD_TEMP && good > TEMP_SECS)
			good = TEMP_SECS;
		result->good_secs = good < VIEW_KEEP_MAX ? good : VIEW_KEEP_MAX;
		result->refresh_secs = result->good_secs * 4 / 5;
	}
	told = (struct told){
		.kind = answer.kind,
		.sts_fetch = answer.failure,
		.problem = answer.failure != VIEW_OK ? view->sts_problem : NULL,
		.sts_id = domain_view_sts_in_force(view, now) ? view->sts_id
	                                                      : NULL,
	};
	post_told(result, &told);
}

struct desk_result *policy_desk_override(struct policy_desk *desk,
                                         const char *domain, size_t len)
{
	auto_(policy_rules_put) struct policy_rules *rules =
		policy_rules_get(desk->options.shelf);
	auto_(arena_clear) struct arena arena = {0};
	struct policy_known known = {0};
	struct desk_result *result;
	struct policy_answer answer;
	struct told told;

	known.override =
		overrides_find(rules->overrides, (struct span){domain, len});
	if (known.override == NULL || len >= DOMAIN_TEXT)
		return NULL;
	policy_answer_make(&rules->site, &known, &arena, &answer);
	result = xcalloc(1, sizeof(*result));
	result->what = DESK_LOOK_UP;
	result->stage = DESK_DONE;
	memcpy(result->domain, domain, len);
	fill(result, rules, &answer);
	result->good_secs = result->refresh_secs = OVERRIDE_SECS;
	told = (struct told){.kind = answer.kind, .sts_fetch = answer.failure};
	told_log_add(desk->options.told, result->domain, &told, NULL, NULL);
	return result;
}

/* --- looking up --- */

static void note_outcome(struct policy_desk *desk, const char *name,
                         bool answered)
{
	uint64_t hash = hash64(0, name, strlen(name));

	pthread_mutex_lock(&desk->lock);
	outage_note(&desk->outage, answered, hash,
	            clock_monotonic_ms(desk->options.clock));
	pthread_mutex_unlock(&desk->lock);
}

/* The service's thread. */
static void take_view(void *arg, const struct policy_told *told)
{
	struct job *job = arg;
	struct policy_desk *desk = job->desk;

	if (told->view == NULL) {
		post_told(result_of(job, DESK_NONE), NULL);
	} else {
		policy_count(desk->options.counts, COUNT_LOOKUPS);
		if (job->what == DESK_REFRESH)
			policy_count(desk->options.counts, COUNT_REFRESHES);
		if (!told->complete)
			policy_count(desk->options.counts, COUNT_FAILURES);
		/* a policy host that is slow says nothing of the resolver */
		note_outcome(desk, job->key, told->answered);
		if (told->complete && told->view->mx_secure)
			atomic_store(&desk->vouched_ms,
			             clock_monotonic_ms(desk->options.clock));
		post_view(desk, job, DESK_DONE, told->view);
	}
	free(job);
}

static void look_up(struct policy_desk *desk, struct job *job, bool anew)
{
	struct policy_ask ask = {.domain = job->key,
	                         .background = job->what == DESK_REFRESH,
	                         .anew = anew,
	                         .tell = take_view,
	                         .arg = job};

	if (desk->options.source.ask(desk->options.source.self, &ask, NULL) ==
	    0)
		return;
	post_told(result_of(job, DESK_NONE), NULL);
	free(job);
}

/* What somebody else looked up, for other needs, may lack what we need; and
 * what was found while the resolver's word on DNSSEC was another one says
 * something else of TLSA now. */
static bool is_good(const struct policy_desk *desk,
                    const struct domain_view *view,
                    const struct policy_site *site)
{
	return domain_view_is_good(view, clock_secs(desk->options.clock)) &&
	       !view->mx_doubted && view->sts_record != VIEW_UNKNOWN &&
	       domain_view_is_complete(view, site->dane, true) &&
	       (!site->dane || view->unvouched != site->validates);
}

static void work_on(struct policy_desk *desk, struct job *job)
{
	auto_(policy_rules_put) struct policy_rules *rules =
		policy_rules_get(desk->options.shelf);
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	struct err err = {0};
	bool known, good;

	if (job->what == DESK_EXPLAIN) {
		struct desk_result *result = result_of(job, DESK_DONE);

		result->text =
			policy_explain(&desk->options.source, rules, job->key,
		                       clock_secs(desk->options.clock));
		result->len = strlen(result->text);
		post(result);
		free(job);
		return;
	}
	/* a store that cannot be read is no reason not to ask DNS */
	known = desk->options.source.cached(desk->options.source.self, job->key,
	                                    &arena, &view, &err) > 0;
	good = known && is_good(desk, &view, &rules->site);
	if (good && job->what == DESK_LOOK_UP) {
		post_view(desk, job, DESK_DONE, &view);
		free(job);
		return;
	}
	if (job->what == DESK_LOOK_UP) {
		if (known)
			post_view(desk, job, DESK_OLD, &view);
		else
			post(result_of(job, DESK_NOTHING));
	}
	look_up(desk, job, job->what == DESK_REFRESH || known);
}

static struct job *next_job(struct policy_desk *desk)
{
	struct job *job;

	pthread_mutex_lock(&desk->lock);
	while ((job = desk->jobs) == NULL && !desk->stops)
		pthread_cond_wait(&desk->wake, &desk->lock);
	if (desk->stops) {
		job = NULL;
	} else {
		desk->jobs = job->next;
		if (desk->jobs == NULL)
			desk->last_job = &desk->jobs;
	}
	pthread_mutex_unlock(&desk->lock);
	return job;
}

static void *run(void *arg)
{
	struct policy_desk *desk = arg;
	struct job *job;

	while ((job = next_job(desk)) != NULL)
		work_on(desk, job);
	return NULL;
}

void policy_desk_ask(struct policy_desk *desk,
                     const struct desk_question *question)
{
	struct job *job = xcalloc(1, sizeof(*job));
	size_t len = question->len < KEY_LONG ? question->len : KEY_LONG;

	job->desk = desk;
	job->what = question->what;
	job->id = question->id;
	memcpy(job->key, question->domain, len);
	pthread_mutex_lock(&desk->lock);
	*desk->last_job = job;
	desk->last_job = &job->next;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
}

/* --- what is seen of the resolver --- */

bool policy_desk_is_out(struct policy_desk *desk)
{
	bool is_out;

	pthread_mutex_lock(&desk->lock);
	is_out = outage_is_on(&desk->outage,
	                      clock_monotonic_ms(desk->options.clock));
	pthread_mutex_unlock(&desk->lock);
	return is_out;
}

bool policy_desk_suspects(struct policy_desk *desk)
{
	bool suspects;

	pthread_mutex_lock(&desk->lock);
	suspects = outage_is_suspected(&desk->outage);
	pthread_mutex_unlock(&desk->lock);
	return suspects;
}

void policy_desk_note(struct policy_desk *desk, const char *name, bool answered)
{
	note_outcome(desk, name, answered);
}

bool policy_desk_saw_dnssec(const struct policy_desk *desk)
{
	int64_t at_ms = atomic_load(&desk->vouched_ms);

	return at_ms != 0 &&
	       clock_monotonic_ms(desk->options.clock) - at_ms < VOUCHED_MS;
}

/* --- beginning and end --- */

int policy_desk_open(struct policy_desk **out,
                     const struct policy_desk_options *options, struct err *err)
{
	struct policy_desk *desk = xcalloc(1, sizeof(*desk));

	*out = desk;
	desk->options = *options;
	desk->last_job = &desk->jobs;
	desk->last_result = &desk->results;
	if (options->is_out)
		outage_begin(&desk->outage, clock_monotonic_ms(options->clock));
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->wake, NULL);
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->fd < 0) {
		err_errno(err, ERR_IO, "eventfd");
	} else if (pthread_create(&desk->thread, NULL, run, desk) != 0) {
		err_set(err, ERR_IO, "cannot start a thread");
	} else {
		desk->is_started = true;
		return 0;
	}
	policy_desk_close(out);
	return ERR_IO;
}

void policy_desk_stop(struct policy_desk *desk)
{
	if (!desk->is_started)
		return;
	pthread_mutex_lock(&desk->lock);
	desk->stops = true;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
	pthread_join(desk->thread, NULL);
	desk->is_started = false;
}

void policy_desk_close(struct policy_desk **out)
{
	struct policy_desk *desk = *out;
	struct desk_result *result;

	if (desk == NULL)
		return;
	policy_desk_stop(desk);
	while (desk->jobs != NULL) {
		struct job *job = desk->jobs;

		desk->jobs = job->next;
		free(job);
	}
	while (desk->fd >= 0 && (result = policy_desk_next(desk)) != NULL)
		policy_desk_free_result(&result);
	if (desk->fd >= 0)
		close(desk->fd);
	pthread_cond_destroy(&desk->wake);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
	*out = NULL;
}
