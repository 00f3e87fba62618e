#include "outbox/outbox.h"

#include <stdio.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "outbox/claim.h"
#include "outbox/message.h"

enum {
	FLUSH_COUNT = 64,
	FLUSH_AGE_MS = 200,
	SETTLE_TRIES = 300, /* a minute: what was sent must be written down */
	LEASE_MIN_SECS = 900,
};

struct run {
	struct db *db;
	const struct outbox_options *options;
	struct outbox_result *result;
	struct claim_context context;
	struct gzip *gzip;
	size_t under_way;
	struct claim *answered; /* not written down yet */
	struct claim **answered_tail;
	size_t answered_count;
	int64_t answered_since_ms;
	int failed_settles;
};

static void on_answer(void *arg, struct delivery_job *job,
                      const struct delivery_answer *answer)
{
	struct run *run = arg;
	struct claim *claim = job->owner;

	failpoint_hit("answer");
	claim->answer = *answer;
	claim->next = NULL;
	*run->answered_tail = claim;
	run->answered_tail = &claim->next;
	if (run->answered_count++ == 0)
		run->answered_since_ms =
			clock_monotonic_ms(run->options->clock);
	run->under_way--;
	if (answer->our_fault && !run->result->our_fault) {
		run->result->our_fault = true;
		snprintf(run->result->trouble, sizeof(run->result->trouble),
		         "%s", answer->text);
	}
	if (run->options->answered != NULL)
		run->options->answered(run->options->answered_arg, claim);
}

/* A message that cannot be made is an answer of our own: our trouble, not the
 * receiver's, so it is tried again. */
static void answer_ourselves(struct run *run, struct claim *claim,
                             const struct err *why)
{
	struct delivery_answer answer = {
		.event = EVENT_TEMPORARY,
		.stage = STAGE_LOCAL,
		.our_fault = true,
	};

	snprintf(answer.text, sizeof(answer.text), "%.255s", why->text);
	on_answer(run, &claim->job, &answer);
}

static void send(struct run *run, struct claim *claim)
{
	struct err err = {0};

	run->under_way++;
	run->result->attempts++;
	if (message_make(run->options->conf, run->gzip, claim, &err) < 0) {
		claim->job.owner = claim;
		answer_ourselves(run, claim, &err);
		return;
	}
	failpoint_hit("send");
	run->options->transport->submit(run->options->transport, &claim->job);
}

static bool may_claim(const struct run *run)
{
	if (run->options->stop != NULL && *run->options->stop)
		return false;
	/* half a window at a time: a commit for each destination would cost
	 * more than sending it */
	return run->under_way <= run->options->conf->deliver.concurrency;
}

/* Claims a batch and hands it on; how many, or a class. */
static int claim_batch(struct run *run, struct err *err)
{
	struct claim *list;
	int got;

	run->context.now = clock_secs(run->options->clock);
	got = claim_due(run->db, &run->context, CLAIM_BATCH, &list, err);
	while (list != NULL) {
		struct claim *claim = list;

		list = claim->next;
		claim->next = NULL;
		send(run, claim);
	}
	return got;
}

static void forget_answered(struct run *run)
{
	while (run->answered != NULL) {
		struct claim *claim = run->answered;

		run->answered = claim->next;
		claim_free(&claim);
	}
	run->answered_tail = &run->answered;
	run->answered_count = 0;
}

static bool must_flush(const struct run *run)
{
	int64_t age = clock_monotonic_ms(run->options->clock) -
	              run->answered_since_ms;

	return run->answered_count > 0 &&
	       (run->answered_count >= FLUSH_COUNT || run->under_way == 0 ||
	        age >= FLUSH_AGE_MS);
}

/* Writes the answers down.  A store that takes nothing just now gets another
 * chance with the next ones. */
static int flush(struct run *run, struct err *err)
{
	int rc = settle_answers(run->db, run->options->conf,
	                        clock_secs(run->options->clock), run->answered,
	                        &run->result->counts, err);

	if (rc == 0) {
		forget_answered(run);
		run->failed_settles = 0;
		return 0;
	}
	if (rc != ERR_BUSY || ++run->failed_settles >= SETTLE_TRIES)
		return err_prefix(err, "answers could not be written down");
	run->options->transport->wait(run->options->transport, FLUSH_AGE_MS,
	                              on_answer, run);
	return 0;
}

static int work(struct run *run, struct err *err)
{
	bool more = true;

	for (;;) {
		if (more && may_claim(run)) {
			int got = claim_batch(run, err);

			if (got < 0)
				return got;
			more = got > 0 || run->context.more ||
			       run->under_way > 0;
		}
		if (must_flush(run) && flush(run, err) < 0)
			return err->class;
		if (run->under_way == 0 && run->answered_count == 0 &&
		    (!more || !may_claim(run)))
			return 0;
		if (run->under_way > 0)
			run->options->transport->wait(run->options->transport,
			                              FLUSH_AGE_MS, on_answer,
			                              run);
	}
}

/* Whatever happened, what was submitted comes back before we go, and what was
 * answered is written down if it can be: else it would be sent again. */
static void drain(struct run *run)
{
	struct err ignored;

	while (run->under_way > 0)
		run->options->transport->wait(run->options->transport,
		                              FLUSH_AGE_MS, on_answer, run);
	if (run->answered_count > 0)
		settle_answers(run->db, run->options->conf,
		               clock_secs(run->options->clock), run->answered,
		               &run->result->counts, &ignored);
	forget_answered(run);
}

int64_t outbox_lease_secs(const struct conf *conf)
{
	uint64_t at_once = conf->deliver.concurrency_per_host;
	uint64_t most = conf->deliver.concurrency + CLAIM_BATCH;
	uint64_t rounds = (most + at_once - 1) / at_once;
	int64_t secs = 2 * (int64_t)rounds * conf->deliver.timeout;

	return secs > LEASE_MIN_SECS ? secs : LEASE_MIN_SECS;
}

/* In preview and off nothing leaves, nor what an earlier mode has queued; a
 * report that the operator names goes. */
static bool may_send(const struct outbox_options *options)
{
	int mode = options->conf->report.mode;

	return mode == MODE_ALL || mode == MODE_FAILURES_ONLY ||
	       options->only_id != 0;
}

int outbox_run(struct db *db, const struct outbox_options *options,
               struct outbox_result *result, struct err *err)
{
	struct run run = {.db = db, .options = options, .result = result};
	int64_t now = clock_secs(options->clock);
	int rc;

	memset(result, 0, sizeof(*result));
	if (!may_send(options))
		return 0;
	run.answered_tail = &run.answered;
	run.gzip = gzip_new();
	run.context = (struct claim_context){
		.conf = options->conf,
		.run_start = now,
		.lease_secs = outbox_lease_secs(options->conf),
		.all_now = options->all_now,
		.only_id = options->only_id,
	};
	do
		random_bytes(&run.context.run, sizeof(run.context.run));
	while (run.context.run == 0);
	rc = work(&run, err);
	drain(&run);
	result->counts.expired += run.context.expired;
	result->counts.suppressed += run.context.suppressed;
	result->rate_limited = run.context.rate_limited;
	gzip_free(&run.gzip);
	return rc;
}
