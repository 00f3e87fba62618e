/*
 * send_all - the outbox becomes an archive, without a network
 *
 *     send_all SETTINGS SECS
 *
 * One delivery run that begins at that time, since 1970, with a transport that
 * accepts everything at once; for each millisecond of its clock four reports,
 * about as many as one server takes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "conf/conf.h"
#include "deliver/answer.h"
#include "outbox/outbox.h"

enum { PER_MS = 4 };

struct instant {
	struct transport transport; /* first: what outsiders hold */
	struct answer_queue *answers;
	struct clock clock;
	uint64_t sent;
};

static void submit(struct transport *self, struct delivery_job *job)
{
	struct instant *instant = (struct instant *)self;
	struct delivery_answer answer;

	answer_set(&answer, EVENT_ACCEPTED, STAGE_DATA,
	           "250 2.0.0 Ok: queued as 4Zx9ab12cdz3kQ");
	answer_queue_put(instant->answers, job, &answer);
	if (++instant->sent % PER_MS == 0)
		instant->clock.fixed_ms++;
}

static void wait_for_some(struct transport *self, int timeout_ms,
                          delivery_done_fn *done, void *arg)
{
	struct instant *instant = (struct instant *)self;

	(void)timeout_ms;
	answer_queue_hand_out(instant->answers, done, arg);
}

static int run(const char *settings, int64_t now, struct err *err)
{
	auto_(conf_clear) struct conf conf;
	auto_(db_close) struct db *db = NULL;
	struct db_options options = {0};
	struct instant instant = {
		.transport = {.submit = submit, .wait = wait_for_some},
		.clock = clock_fixed(now)};
	struct outbox_options run = {.conf = &conf,
	                             .clock = &instant.clock,
	                             .transport = &instant.transport};
	struct outbox_result result;
	int rc;

	conf_init(&conf);
	rc = conf_read_file(&conf, settings, err);
	options.directory = conf.store.directory;
	options.map_size = UINT64_C(64) << 30;
	if (rc == 0)
		rc = db_open(&db, &options, err);
	if (rc != 0)
		return rc;
	instant.answers = answer_queue_new();
	rc = outbox_run(db, &run, &result, err);
	answer_queue_free(&instant.answers);
	printf("archived=%" PRIu64 "\n", result.counts.archived);
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc != 3) {
		fprintf(stderr, "usage: send_all SETTINGS SECS\n");
		return 2;
	}
	if (run(argv[1], atoll(argv[2]), &err) < 0) {
		fprintf(stderr, "send_all: %s\n", err.text);
		return 1;
	}
	return 0;
}
