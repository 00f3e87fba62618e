#include "outbox/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "outbox/claim.h"
#include "outbox/message.h"
#include "outbox/recall.h"

enum {
	FLUSH_COUNT = 64,
	FLUSH_AGE_MS = 200,
	STOP_SECS = 60, /* a service manager kills after 90 */
	LEASE_MIN_SECS = 900,
};

struct run {
	struct db *db;
	const struct outbox_options *options;
	struct outbox_result *result;
	struct claim_context context;
	struct gzip *gzip;
	struct lease lease; /* of what was claimed last */
	bool more;          /* something may be due */
	size_t under_way;
	struct claim *answered; /* not written down yet */
	struct claim **answered_tail;
	size_t answered_count;
	int64_t answered_since_ms;
	bool settle_fails;
	struct lease stop;  /* a signal came: until then answers are tried */
	struct err failure; /* the first: of a claim, or of answers lost */
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
	claim->job.begin_by =
		lease_less(&run->lease, run->options->conf->deliver.timeout);
	failpoint_hit("send");
	run->options->transport->submit(run->options->transport, &claim->job);
}

static bool is_stopped(const struct run *run)
{
	return run->options->stop != NULL && *run->options->stop;
}

static bool may_claim(const struct run *run)
{
	if (!run->more || is_stopped(run) || run->failure.class != 0 ||
	    run->settle_fails)
		return false;
	/* half a window at a time: a commit for each destination would cost
	 * more than sending it */
	return run->under_way <= run->options->conf->deliver.concurrency;
}

/* Claims a batch and hands it on.  A claim that fails is the last one: what
 * is under way goes on, and what comes of it is written down. */
static void claim_batch(struct run *run)
{
	struct clock *clock = run->options->clock;
	struct claim *list;
	int got;

	run->lease = lease_from(clock, run->context.lease_secs);
	run->context.now = clock_secs(clock);
	got = claim_due(run->db, &run->context, CLAIM_BATCH, &list,
	                &run->failure);
	while (list != NULL) {
		struct claim *claim = list;

		list = claim->next;
		claim->next = NULL;
		send(run, claim);
	}
	run->more = got > 0 || run->context.more || run->under_way > 0;
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

static bool must_settle(const struct run *run)
{
	int64_t age = clock_monotonic_ms(run->options->clock) -
	              run->answered_since_ms;

	return run->answered_count > 0 &&
	       (run->answered_count >= FLUSH_COUNT || run->under_way == 0 ||
	        age >= FLUSH_AGE_MS);
}

/* Told once that the store takes nothing, and once that it does again. */
static void tell_store(struct run *run, const char *why)
{
	if (run->settle_fails == (why != NULL))
		return;
	run->settle_fails = why != NULL;
	if (run->options->store_fails != NULL)
		run->options->store_fails(run->options->store_fails_arg, why);
}

/* When the leases are over others send it again, whatever is written then. */
static bool settling_is_over(struct run *run)
{
	struct clock *clock = run->options->clock;

	if (is_stopped(run) && run->stop.wall_ms == 0)
		run->stop = lease_from(clock, STOP_SECS);
	return lease_is_over(&run->lease, clock) ||
	       lease_is_over(&run->stop, clock);
}

static void lose_answers(struct run *run, const struct err *why)
{
	run->result->lost += run->answered_count;
	err_set(&run->failure, why->class,
	        "the answers to %" PRIu64
	        " attempts could not be written down, so these are made "
	        "again: %.300s",
	        run->result->lost, why->text);
	forget_answered(run);
}

/*
 * Writes the answers down.  A store that takes nothing just now is asked again
 * and again until the deadline: what was sent and not written down would be
 * sent twice.
 */
static void settle(struct run *run)
{
	struct err err = {0};
	int rc = settle_answers(run->db, run->options->conf,
	                        clock_secs(run->options->clock), run->answered,
	                        &run->result->counts, &err);

	if (rc == 0) {
		tell_store(run, NULL);
		forget_answered(run);
	} else if (rc != ERR_BUSY || settling_is_over(run)) {
		lose_answers(run, &err);
	} else {
		tell_store(run, err.text);
	}
}

/* Whatever ends it, what was submitted comes back before we go, and what was
 * answered is written down. */
static void work(struct run *run)
{
	struct transport *transport = run->options->transport;

	for (;;) {
		if (may_claim(run))
			claim_batch(run);
		if (must_settle(run))
			settle(run);
		if (run->under_way == 0 && run->answered_count == 0 &&
		    !may_claim(run))
			return;
		if (run->under_way > 0 || run->settle_fails)
			transport->wait(transport, FLUSH_AGE_MS, on_answer,
			                run);
	}
}

int64_t outbox_lease_secs(const struct conf *conf)
{
	uint64_t at_once = conf->deliver.concurrency_per_host;
	uint64_t most = conf->deliver.concurrency + CLAIM_BATCH;
	uint64_t rounds = (most + at_once - 1) / at_once;
	int64_t secs = 2 * (int64_t)rounds * conf->deliver.timeout;

	if (secs < LEASE_MIN_SECS)
		secs = LEASE_MIN_SECS;
	if (secs > OUTBOX_DUE_LONGEST)
		secs = OUTBOX_DUE_LONGEST;
	return failpoint_number("TLSTALLY_TEST_LEASE", secs);
}

/* In preview and off nothing leaves, nor what an earlier mode has queued; a
 * report that the operator names goes. */
static bool may_send(const struct outbox_options *options)
{
	int mode = options->conf->report.mode;

	return mode == MODE_ALL || mode == MODE_FAILURES_ONLY ||
	       options->only_id != 0;
}

/* Who says what time it is may name one long ago, or has rehearsed what is to
 * come: nothing is too far off then. */
static int recall(struct run *run, int64_t now, struct err *err)
{
	if (run->options->clock->told || run->options->conf->store.rehearsal)
		return 0;
	return outbox_recall(run->db, now, &run->result->recalled, err);
}

int outbox_run(struct db *db, const struct outbox_options *options,
               struct outbox_result *result, struct err *err)
{
	struct run run = {
		.db = db, .options = options, .result = result, .more = true};
	int64_t now = clock_secs(options->clock);

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
	if (recall(&run, now, err) < 0)
		run.failure = *err;
	work(&run);
	result->counts.expired += run.context.expired;
	result->counts.suppressed += run.context.suppressed;
	result->rate_limited = run.context.rate_limited;
	gzip_free(&run.gzip);
	if (run.failure.class != 0)
		*err = run.failure;
	return run.failure.class;
}
