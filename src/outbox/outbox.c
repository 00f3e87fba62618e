#include "outbox/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "outbox/claim.h"
#include "outbox/recall.h"
#include "reply/smtp_time.h"

enum {
	WINDOW_MIN = 64,
	FLUSH_AGE_MS = 200, /* what a kill has sent again, at most */
	LOOK_PAST_MS = 200,
	WAIT_MS = 200,
	STOP_SECS = 60, /* a service manager kills after 90 */
	QUEUE_SECS = 900,
	KEEP_MS = 60 * 1000,
};

struct run {
	struct db *db;
	const struct outbox_options *options;
	struct outbox_result *result;
	struct claim_context context;
	struct gzip *gzip;
	struct lease lease; /* of what was claimed last */
	bool more;          /* something may be due */
	/* So many are claimed, or written down, at once: more as long as they
	 * are answered within FLUSH_AGE_MS.  Of what is claimed for receivers
	 * that are slow, much would be given back untouched. */
	size_t window;
	size_t under_way;
	size_t mail_under_way; /* of these */
	int64_t looked_past_ms;
	size_t fleet_under_way; /* of under_way */
	int64_t kept_ms;
	struct lease claims;    /* the end of claiming */
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
	run->fleet_under_way -= claim->head.of_fleet;
	run->mail_under_way -= claim->dest.rua.kind == RUA_MAIL;
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

/* How long a transfer to this kind of destination takes at most. */
static int64_t transfer_secs(const struct conf *conf, enum rua_kind kind)
{
	int64_t secs = conf->deliver.timeout;

	if (kind == RUA_HTTPS) /* and once more with HTTP/2 */
		return 2 * secs;
	if (kind != RUA_MAIL)
		return secs;
	/* the program speaks SMTP itself, or it only queues */
	if (strncmp(conf->deliver.mail, "sendmail:", 9) == 0)
		return conf->deliver.mail_timeout + secs;
	return smtp_time_message_secs(conf->deliver.mail_timeout);
}

static void send(struct run *run, struct claim *claim)
{
	struct delivery_answer known = claim->answer;
	struct err err = {0};

	run->under_way++;
	run->fleet_under_way += claim->head.of_fleet;
	run->mail_under_way += claim->dest.rua.kind == RUA_MAIL;
	if (claim->is_answered) {
		on_answer(run, &claim->job, &known);
		return;
	}
	run->result->attempts++;
	if (claim_make_letter(claim, run->options->conf, run->gzip, &err) < 0) {
		answer_ourselves(run, claim, &err);
		return;
	}
	claim->job.begin_by =
		lease_less(&run->lease, transfer_secs(run->options->conf,
	                                              claim->dest.rua.kind));
	failpoint_hit("send");
	run->options->transport->submit(run->options->transport, &claim->job);
}

static bool is_stopped(const struct run *run)
{
	return run->options->stop != NULL && *run->options->stop;
}

/* Half a window at a time: a commit for each destination would cost more than
 * sending it. */
static bool is_full(const struct run *run, size_t under_way)
{
	return under_way > run->options->conf->deliver.concurrency;
}

/* Mail has its own window: it all goes to one server. */
static void note_full(struct run *run)
{
	if (run->options->all_now || run->options->only_id != 0)
		return;
	run->context.no_mail = is_full(run, run->mail_under_way);
	run->context.no_other =
		is_full(run, run->under_way - run->mail_under_way);
}

static bool may_claim(const struct run *run)
{
	if (!run->more || is_stopped(run) || run->failure.class != 0 ||
	    run->settle_fails ||
	    lease_is_over(&run->claims, run->options->clock))
		return false;
	if (run->options->all_now || run->options->only_id != 0)
		return !is_full(run, run->under_way);
	if (!run->context.no_mail && !run->context.no_other)
		return true;
	/* each look past what is left costs a transaction */
	return !(run->context.no_mail && run->context.no_other) &&
	       (run->context.more ||
	        clock_monotonic_ms(run->options->clock) - run->looked_past_ms >=
	                LOOK_PAST_MS);
}

/* Nothing of the fleet is sent, and what was claimed here is given back. */
static void give_back(struct run *run, struct claim *list, const char *words,
                      uint64_t *count)
{
	struct delivery_answer answer = {
		.event = EVENT_RELEASE,
		.stage = STAGE_LOCAL,
	};

	run->context.no_fleet = true;
	snprintf(answer.text, sizeof(answer.text), "%s", words);
	for (struct claim *claim = list; claim != NULL; claim = claim->next) {
		if (!claim->head.of_fleet)
			continue;
		claim->answer = answer;
		claim->is_answered = true;
		(*count)++;
	}
}

static void ask_ledger(struct run *run, struct claim *list)
{
	struct outbox_ledger *ledger = run->options->ledger;
	struct err err = {0};
	bool any = false;
	int rc;

	for (struct claim *claim = list; claim != NULL; claim = claim->next)
		any |= claim->head.of_fleet;
	if (!any)
		return;
	rc = ledger->claim(ledger, list, &err);
	run->kept_ms = clock_monotonic_ms(run->options->clock);
	if (rc < 0) {
		snprintf(run->result->fleet_trouble,
		         sizeof(run->result->fleet_trouble), "%.255s",
		         err.text);
		give_back(run, list, "waits for the ledger of the fleet",
		          &run->result->waiting);
	} else if (rc == 0) {
		give_back(run, list, "left to the host that leads the fleet",
		          &run->result->left);
	}
	for (struct claim *claim = list; claim != NULL; claim = claim->next)
		claim->is_answered |= claim->is_known;
}

/* A run that waits for slow receivers still leads. */
static void keep_ledger(struct run *run)
{
	struct outbox_ledger *ledger = run->options->ledger;
	int64_t now_ms = clock_monotonic_ms(run->options->clock);

	if (run->fleet_under_way == 0 || now_ms - run->kept_ms < KEEP_MS)
		return;
	run->kept_ms = now_ms;
	ledger->keep(ledger);
}

/* Claims a batch and hands it on.  A claim that fails is the last one: what
 * is under way goes on, and what comes of it is written down. */
static void claim_batch(struct run *run)
{
	struct clock *clock = run->options->clock;
	struct claim *list;
	int got;

	if (run->context.no_mail || run->context.no_other)
		run->looked_past_ms = clock_monotonic_ms(clock);
	run->lease = lease_from(clock, run->context.lease_secs);
	run->context.now = clock_secs(clock);
	got = claim_due(run->db, &run->context, run->window, &list,
	                &run->failure);
	ask_ledger(run, list);
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

static int64_t answers_age(const struct run *run)
{
	return clock_monotonic_ms(run->options->clock) - run->answered_since_ms;
}

static void note_pace(struct run *run)
{
	if (answers_age(run) >= FLUSH_AGE_MS)
		run->window = WINDOW_MIN;
	else if (run->window * 2 <= CLAIM_BATCH)
		run->window *= 2;
}

static bool must_settle(const struct run *run)
{
	int64_t age = answers_age(run);

	return run->answered_count > 0 &&
	       (run->answered_count >= run->window || run->under_way == 0 ||
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
	        " attempts could not be stored, so these attempts are made "
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
	struct outbox_ledger *ledger = run->options->ledger;
	struct err err = {0};
	int rc;

	if (ledger != NULL && !run->settle_fails)
		ledger->settle(ledger, run->answered);
	rc = settle_answers(run->db, run->options->conf,
	                    clock_secs(run->options->clock), run->answered,
	                    &run->result->counts, &err);
	if (rc == 0) {
		tell_store(run, NULL);
		note_pace(run);
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
		note_full(run);
		if (may_claim(run))
			claim_batch(run);
		if (must_settle(run))
			settle(run);
		keep_ledger(run);
		note_full(run);
		if (run->under_way == 0 && run->answered_count == 0 &&
		    !may_claim(run))
			return;
		if (run->under_way > 0 || run->settle_fails)
			transport->wait(transport, WAIT_MS, on_answer, run);
	}
}

int64_t outbox_lease_secs(const struct conf *conf)
{
	int64_t mail = transfer_secs(conf, RUA_MAIL);
	int64_t https = transfer_secs(conf, RUA_HTTPS);
	int64_t secs = QUEUE_SECS + (mail > https ? mail : https);

	return failpoint_number("TLSTALLY_TEST_LEASE", secs);
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
	int mode = options->conf->report.mode;

	memset(result, 0, sizeof(*result));
	/* In preview and off nothing leaves, nor what an earlier mode has
	 * queued; a report that the operator names goes. */
	if (mode != MODE_ALL && mode != MODE_FAILURES_ONLY &&
	    options->only_id == 0)
		return 0;
	run.answered_tail = &run.answered;
	run.window = WINDOW_MIN;
	run.gzip = gzip_new();
	run.context = (struct claim_context){
		.conf = options->conf,
		.run_start = now,
		.lease_secs = outbox_lease_secs(options->conf),
		.all_now = options->all_now,
		.only_id = options->only_id,
		.no_fleet = options->ledger == NULL,
	};
	if (options->claim_secs != 0)
		run.claims = lease_from(options->clock, options->claim_secs);
	do
		hash_random_bytes(&run.context.run, sizeof(run.context.run));
	while (run.context.run == 0);
	if (recall(&run, now, err) < 0)
		run.failure = *err;
	work(&run);
	result->counts.expired += run.context.expired;
	result->counts.suppressed += run.context.suppressed;
	result->rate_limited = run.context.rate_limited;
	result->waiting += run.context.waiting;
	gzip_free(&run.gzip);
	if (run.failure.class != 0)
		*err = run.failure;
	return run.failure.class;
}
