#include "policyd/policy_desk.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/container.h"
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

/* A question in the desk's queue, then on its way through the service, and then
 * back to whoever asked, whose memory it is. */
struct job {
	struct mail mail;
	struct policy_desk *desk;
	enum desk_what what;
	uint64_t id;
	struct policy_rules *rules; /* DROP */
	char key[];
};

struct policy_desk {
	struct policy_desk_options options;
	int fd; /* eventfd(2) */
	pthread_t thread;
	bool is_started;
	_Atomic int64_t vouched_ms; /* monotonic; 0: never */
	_Atomic int64_t out_from_ms;
	_Atomic bool stops;

	/* between the threads, in both directions, and back */
	struct mailbox jobs, jobs_done;
	struct mailbox results, results_read;
	sem_t wake;           /* the desk's thread */
	struct mail *queue;   /* of jobs: its own */
	struct mail *arrived; /* of results: the asker's */

	pthread_mutex_t lock; /* the asker does not take it */
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

static struct desk_result *result_in(struct mail *mail)
{
	return container_of(mail, struct desk_result, mail);
}

static void free_results(struct mail *mail)
{
	while (mail != NULL) {
		struct desk_result *result = result_in(mail);

		mail = mail->next;
		policy_desk_free_result(&result);
	}
}

static void post(void *arg)
{
	struct desk_result *result = arg;
	struct policy_desk *desk = result->desk;
	uint64_t one = 1;
	bool first;

	free_results(mailbox_take(&desk->results_read));
	first = mailbox_put(&desk->results, &result->mail);
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
	struct mail *next;
	uint64_t n;

	if (desk->arrived == NULL)
		desk->arrived = mailbox_take(&desk->results);
	if (desk->arrived == NULL) {
		while (read(desk->fd, &n, sizeof(n)) < 0 && errno == EINTR)
			;
		/* what is posted from here on wakes the reader again */
		desk->arrived = mailbox_take(&desk->results);
	}
	next = desk->arrived;
	if (next == NULL)
		return NULL;
	desk->arrived = next->next;
	return result_in(next);
}

void policy_desk_give_back(struct policy_desk *desk,
                           struct desk_result **result)
{
	mailbox_put(&desk->results_read, &(*result)->mail);
	*result = NULL;
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

/* --- what is asked --- */

static struct job *job_in(struct mail *mail)
{
	return container_of(mail, struct job, mail);
}

static void free_jobs(struct mail *mail)
{
	while (mail != NULL) {
		struct job *job = job_in(mail);

		mail = mail->next;
		policy_rules_put(&job->rules);
		free(job);
	}
}

/* The asker's thread. */
static struct job *job_of(struct policy_desk *desk, enum desk_what what,
                          const char *key, size_t len)
{
	struct job *job = xcalloc(1, sizeof(*job) + len + 1);

	free_jobs(mailbox_take(&desk->jobs_done));
	job->desk = desk;
	job->what = what;
	memcpy(job->key, key, len);
	return job;
}

static void hand_in(struct policy_desk *desk, struct job *job)
{
	if (mailbox_put(&desk->jobs, &job->mail))
		sem_post(&desk->wake);
}

static void end_job(struct job *job)
{
	mailbox_put(&job->desk->jobs_done, &job->mail);
}

void policy_desk_ask(struct policy_desk *desk,
                     const struct desk_question *question)
{
	size_t len = question->len < KEY_LONG ? question->len : KEY_LONG;
	struct job *job = job_of(desk, question->what, question->domain, len);

	job->id = question->id;
	hand_in(desk, job);
}

void policy_desk_drop_rules(struct policy_desk *desk,
                            struct policy_rules **rules)
{
	struct job *job = job_of(desk, DESK_DROP, "", 0);

	job->rules = *rules;
	*rules = NULL;
	hand_in(desk, job);
}

struct desk_result *policy_desk_override(struct policy_desk *desk,
                                         const struct policy_rules *rules,
                                         const char *domain, size_t len)
{
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
	atomic_store(&desk->out_from_ms, outage_from_ms(&desk->outage));
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
	end_job(job);
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
	end_job(job);
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

static void explain(struct policy_desk *desk, struct job *job,
                    const struct policy_rules *rules)
{
	struct desk_result *result = result_of(job, DESK_DONE);

	result->text = policy_explain(&desk->options.source, rules, job->key,
	                              clock_secs(desk->options.clock));
	result->len = strlen(result->text);
	post(result);
}

static void answer(struct policy_desk *desk, struct job *job,
                   const struct policy_rules *rules)
{
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	struct err err = {0};
	bool known, good;

	/* a store that cannot be read is no reason not to ask DNS */
	known = desk->options.source.cached(desk->options.source.self, job->key,
	                                    &arena, &view, &err) > 0;
	good = known && is_good(desk, &view, &rules->site);
	if (good && job->what == DESK_LOOK_UP) {
		post_view(desk, job, DESK_DONE, &view);
		end_job(job);
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

static void work_on(struct policy_desk *desk, struct job *job)
{
	auto_(policy_rules_put) struct policy_rules *rules =
		policy_rules_get(desk->options.shelf);

	if (job->what == DESK_LOOK_UP || job->what == DESK_REFRESH) {
		answer(desk, job, rules);
		return;
	}
	if (job->what == DESK_EXPLAIN)
		explain(desk, job, rules);
	policy_rules_put(&job->rules);
	end_job(job);
}

/* NULL: the desk stops. */
static struct job *next_job(struct policy_desk *desk)
{
	struct job *job;

	while (!atomic_load(&desk->stops)) {
		if (desk->queue == NULL)
			desk->queue = mailbox_take(&desk->jobs);
		if (desk->queue != NULL) {
			job = job_in(desk->queue);
			desk->queue = desk->queue->next;
			return job;
		}
		sem_wait(&desk->wake);
	}
	return NULL;
}

static void *run(void *arg)
{
	struct policy_desk *desk = arg;
	struct job *job;

	while ((job = next_job(desk)) != NULL)
		work_on(desk, job);
	return NULL;
}

/* --- what is seen of the resolver --- */

bool policy_desk_is_out(struct policy_desk *desk)
{
	return clock_monotonic_ms(desk->options.clock) >=
	       atomic_load(&desk->out_from_ms);
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
	if (options->is_out)
		outage_begin(&desk->outage, clock_monotonic_ms(options->clock));
	atomic_store(&desk->out_from_ms, outage_from_ms(&desk->outage));
	pthread_mutex_init(&desk->lock, NULL);
	sem_init(&desk->wake, 0, 0);
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
	atomic_store(&desk->stops, true);
	sem_post(&desk->wake);
	pthread_join(desk->thread, NULL);
	desk->is_started = false;
}

void policy_desk_close(struct policy_desk **out)
{
	struct policy_desk *desk = *out;

	if (desk == NULL)
		return;
	policy_desk_stop(desk);
	free_jobs(desk->queue);
	free_jobs(mailbox_take(&desk->jobs));
	free_jobs(mailbox_take(&desk->jobs_done));
	free_results(desk->arrived);
	free_results(mailbox_take(&desk->results));
	free_results(mailbox_take(&desk->results_read));
	if (desk->fd >= 0)
		close(desk->fd);
	sem_destroy(&desk->wake);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
	*out = NULL;
}
