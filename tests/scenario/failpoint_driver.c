/*
 * failpoint_driver - the main job in steps, each a process that may be killed
 *
 *     failpoint_driver failpoints           0: this build has them
 *     failpoint_driver fill STORE DOMAINS [RUA]   so many domains, counted
 *                                           once; each has an address, or all
 *                                           the same place
 *     failpoint_driver append STORE DOMAINS the same, left in the journal of
 *                                           counts, the last of them twice
 *     failpoint_driver apply STORE          what is there
 *     failpoint_driver counts STORE         of each domain, one line
 *     failpoint_driver intake STORE FILE... two days of recorded datagrams
 *     failpoint_driver rollup STORE
 *     failpoint_driver deliver STORE SENT   until nothing waits any more
 *     failpoint_driver deliver-once STORE SENT   what is due at one moment
 *     failpoint_driver totals STORE SENT    what came of it, one line a report
 *
 * A step that was killed is started again and goes on where the store says.
 * The receivers write what they accept into the folder SENT, durably, before
 * they answer.  Time is virtual.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/failpoint.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "deliver/answer.h"
#include "fake/fake_events.h"
#include "outbox/claim.h"
#include "outbox/outbox.h"
#include "report/report_json.h"
#include "rollup/rollup.h"
#include "scenario/look.h"
#include "store/feed_table.h"
#include "store/journal_apply.h"
#include "store/journal_table.h"
#include "store/tally_table.h"

enum {
	FIRST_DAY = 20513, /* 2026-03-01 */
	LAST_DAY = FIRST_DAY + 1,
	BATCH = 4,  /* datagrams of a commit */
	ROUNDS = 3, /* each file's, on each day */
	STEP_SECS = 20 * 60,
	MOST_STEPS = 60,
	COPIES_MAX = 100,
};

static struct db *db;
static struct conf conf;
static struct clock now;
static bool leaves_journal;

static void die(const struct err *err)
{
	fprintf(stderr, "failpoint_driver: %s\n", err->text);
	exit(1);
}

static void open_store(const char *directory)
{
	static const char *const settings[] = {
		"report.contact_info=tls@reporter.example",
		"report.mode=all",
		"deliver.spread=0s",
		"deliver.verp=yes",
	};
	struct db_options options = {
		.directory = directory, .map_size = 256u << 20, .create = true};
	struct err err;

	conf_init(&conf);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (conf_set(&conf, settings[i], &err) < 0)
			die(&err);
	if (db_open(&db, &options, &err) < 0)
		die(&err);
}

static void send_events(int64_t at, fake_datagram_fn *next, void *arg,
                        size_t count)
{
	struct fake_events to = {db, &conf, &now, "events", leaves_journal};
	struct err err = {0};

	now = clock_fixed(at);
	if (fake_events_send(&to, next, arg, count, &err) < 0)
		die(&err);
}

/* Domains from that one on; rua is NULL: each has an address. */
struct made_up_from {
	const char *rua;
	size_t first;
};

static const char *made_up(void *arg, size_t i, size_t *len)
{
	static char text[600];
	const struct made_up_from *from = arg;
	const char *rua = from->rua;
	char own[100];

	i += from->first;
	snprintf(own, sizeof(own), "mailto:tls@d%zu.example", i);
	*len = (size_t)snprintf(
		text, sizeof(text),
		"{\"d\":\"d%zu.example\",\"pr\":\"v=TLSRPTv1; "
		"rua=%.300s\",\"policies\":[{"
		"\"policy-type\":9,\"policy-domain\":\"d%zu.example\","
		"\"f\":0}]}",
		i, rua != NULL ? rua : own, i);
	return text;
}

static void fill(char **args)
{
	struct made_up_from from = {args[1], 0};

	send_events(day_start(FIRST_DAY), made_up, &from,
	            strtoul(args[0], NULL, 10));
}

/* The feed's row, committed with the counts, says how many they were. */
static size_t counted_already(void)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct feed feed = {0};

	return feed_table_get(txn, "events", &feed) ? feed.events : 0;
}

/* In commits of half of the domains and one more: so each domain is in one or
 * two rows, and a row has more than one transaction applies. */
static void append(char **args)
{
	size_t domains = strtoul(args[0], NULL, 10), half = domains / 2 + 1;

	leaves_journal = true;
	for (size_t at = counted_already(); at < 2 * half;
	     at = counted_already()) {
		struct made_up_from from = {NULL,
		                            at < half ? 0 : domains - half};

		send_events(day_start(FIRST_DAY), made_up, &from, half);
	}
}

static void apply(char **args)
{
	static const struct tally_limits limits = {32, 1000, 16 << 20,
	                                           24 << 20};
	struct err err = {0};

	(void)args;
	if (journal_apply_days(db, 0, INT32_MAX, &limits, &err) < 0)
		die(&err);
}

static void counts(char **args)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "", day[DAY_TEXT];
	struct tally_head head;
	int32_t at = 0;

	(void)args;
	while (tally_head_next(txn, &at, domain, &head))
		printf("%s %s %" PRIu64 " policies=%u %s\n",
		       day_format(at, day), domain, head.success,
		       (unsigned)head.policies, head.record);
	if (journal_table_day_next(txn, &(int32_t){0}))
		printf("something waits\n");
}

/* Recorded datagrams, one a line. */
struct input {
	char **line;
	size_t count;
	size_t at; /* of a batch */
};

static void read_input(char **files, struct input *input)
{
	char *line = NULL;
	size_t room = 0;

	for (; *files != NULL; files++) {
		FILE *file = fopen(*files, "r");

		while (file != NULL && getline(&line, &room, file) > 0) {
			line[strcspn(line, "\n")] = '\0';
			input->line = xrealloc(input->line, input->count + 1,
			                       sizeof(*input->line));
			input->line[input->count++] = xstrdup(line);
		}
		if (file == NULL) {
			perror(*files);
			exit(1);
		}
		fclose(file);
	}
	free(line);
}

static const char *next_line(void *arg, size_t i, size_t *len)
{
	const struct input *input = arg;
	const char *line = input->line[(input->at + i) % input->count];

	*len = strlen(line);
	return line;
}

static void intake(char **args)
{
	struct input input = {0};
	size_t day_count, total;

	read_input(args, &input);
	day_count = ROUNDS * input.count;
	total = day_count * (LAST_DAY - FIRST_DAY + 1);
	for (input.at = counted_already(); input.at < total;
	     input.at = counted_already()) {
		int32_t day = FIRST_DAY + (int32_t)(input.at / day_count);
		size_t left = day_count - input.at % day_count;

		send_events(day_start(day) + 3600, next_line, &input,
		            left < BATCH ? left : BATCH);
	}
	/* tlstallyd lives on past midnight, and says so */
	send_events(day_start(LAST_DAY + 1) + 60, NULL, NULL, 0);
	for (size_t i = 0; i < input.count; i++)
		free(input.line[i]);
	free(input.line);
}

static void rollup(char **args)
{
	struct rollup_options options = {.conf = &conf, .clock = &now};
	struct rollup_result result;
	struct err err = {0};

	(void)args;
	now = clock_fixed(day_start(LAST_DAY + 1) + 900);
	if (rollup_run(db, &options, &result, &err) < 0)
		die(&err);
}

/* The receivers: whatever they accept is on their disk before they say so.
 * By mail they want to be asked twice. */
struct receivers {
	struct transport transport; /* first: what outsiders hold */
	const char *folder;
	struct answer_queue *answers;
};

static char *copy_name(const char *folder, uint64_t id, unsigned index, int n)
{
	return xasprintf("%s/%" PRIx64 "-%u-%d", folder, id, index, n);
}

static void receive(const struct receivers *to, const struct delivery_job *job)
{
	const struct claim *claim = job->owner;
	int fd = -1;

	failpoint_hit("before it is received");
	for (int n = 0; n < COPIES_MAX && fd < 0; n++) {
		auto_(xfree_str) char *name = copy_name(
			to->folder, claim->head.id, claim->dest.index, n);

		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	}
	if (fd < 0 || io_write_all(fd, job->body, job->body_len) < 0 ||
	    fsync(fd) < 0) {
		perror(to->folder);
		exit(1);
	}
	close(fd);
	failpoint_hit("received");
}

static void submit(struct transport *self, struct delivery_job *job)
{
	struct receivers *to = (struct receivers *)self;
	struct delivery_answer answer;
	bool early = clock_secs(&now) < day_start(LAST_DAY + 1) + 3600;

	if (job->rua->kind == RUA_MAIL && early) {
		answer_set(&answer, EVENT_TEMPORARY, STAGE_RCPT, "450 later");
	} else {
		receive(to, job);
		answer_set(&answer, EVENT_ACCEPTED, STAGE_DATA, "250 ok");
	}
	answer_queue_put(to->answers, job, &answer);
}

static void hand_out(struct transport *self, int timeout_ms,
                     delivery_done_fn *done, void *arg)
{
	struct receivers *to = (struct receivers *)self;

	if (answer_queue_waiting(to->answers) == 0)
		now.fixed_ms += timeout_ms;
	answer_queue_hand_out(to->answers, done, arg);
}

static bool something_waits(void)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct outbox_head head = {0};

	return outbox_head_next(txn, &head);
}

/* One run at that time. */
static void run_outbox(const char *folder, int64_t at)
{
	struct receivers to = {
		{submit, hand_out, NULL}, folder, answer_queue_new()};
	struct outbox_options options = {
		.conf = &conf, .clock = &now, .transport = &to.transport};
	struct outbox_result result;
	struct err err = {0};

	now = clock_fixed(at);
	if (outbox_run(db, &options, &result, &err) < 0)
		die(&err);
	answer_queue_free(&to.answers);
}

/* Begins at the same moment each time it is started: what a killed one left
 * in flight comes up again when its lease is over. */
static void deliver(char **args)
{
	int64_t begin = day_start(LAST_DAY + 1) + 1200;
	struct err err;

	for (int step = 0; something_waits(); step++) {
		if (step == MOST_STEPS) {
			err_set(&err, ERR_BUSY, "something waits for ever");
			die(&err);
		}
		run_outbox(args[0], begin + step * STEP_SECS);
	}
}

/* Time stands still: for two at once, whose leases must not run out. */
static void deliver_once(char **args)
{
	run_outbox(args[0], day_start(LAST_DAY + 1) + 7200);
}

/* All copies that were received: how many, and whether they are the same. */
static void print_copies(const char *folder, uint64_t id,
                         const struct outbox_destination *dest)
{
	auto_(strbuf_clear) struct strbuf first = {0};
	bool same = true;
	int n;

	for (n = 0; n < COPIES_MAX; n++) {
		auto_(xfree_str) char *name =
			copy_name(folder, id, dest->index, n);
		auto_(strbuf_clear) struct strbuf copy = {0};
		FILE *file = fopen(name, "rb");
		char part[4096];
		size_t len;

		if (file == NULL)
			break;
		while ((len = fread(part, 1, sizeof(part), file)) > 0)
			strbuf_add(&copy, part, len);
		fclose(file);
		if (n == 0)
			strbuf_add(&first, copy.data, copy.len);
		same = same && first.len == copy.len &&
		       memcmp(first.data, copy.data, copy.len) == 0;
	}
	/* what was sent twice and must not have been is told apart from the
	 * undisturbed run by this word */
	if (n == 0)
		printf(" none");
	else if (!same)
		printf(" different");
	else if (n > 1 && !dest->uncertain)
		printf(" twice");
	else
		printf(" received");
}

static void print_report(const struct look *look, const char *folder)
{
	auto_(strbuf_clear) struct strbuf json = {0};
	const struct outbox_head *head = &look->head;
	struct outbox_destination dest;
	struct err err = {0};
	char day[DAY_TEXT];

	if (look_json(look, &json, &err) < 0)
		die(&err);
	printf("%s %s ok=%" PRIu64 " failed=%" PRIu64 " json=%016" PRIx64,
	       day_format(head->day, day), head->domain, head->success,
	       head->failure, hash64(1, json.data, json.len));
	for (uint16_t i = 0; i < head->destination_count; i++) {
		if (look_destination(look, i, &dest, &err) < 0)
			die(&err);
		printf(" %s %s", dest.rua.uri,
		       word_api(&words_states, dest.state));
		if (folder != NULL)
			print_copies(folder, head->id, &dest);
	}
	printf("\n");
}

static void totals(char **args)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct look look = {.txn = txn};
	struct err err = {0};

	while (outbox_head_next(txn, &look.head))
		print_report(&look, args[0]);
	memset(&look.head, 0, sizeof(look.head));
	look.archived = true;
	while (archive_head_next(txn, &look.head))
		print_report(&look, args[0]);
	if (db_failure(txn, &err) < 0)
		die(&err);
}

static int has_failpoints(void)
{
#ifdef ENABLE_FAILPOINTS
	return 0;
#else
	return 1;
#endif
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args; /* at least */
		void (*run)(char **args);
	} steps[] = {
		{"fill", 1, fill},       {"append", 1, append},
		{"apply", 0, apply},     {"counts", 0, counts},
		{"intake", 1, intake},   {"rollup", 0, rollup},
		{"deliver", 1, deliver}, {"deliver-once", 1, deliver_once},
		{"totals", 0, totals},
	};

	if (argc == 2 && strcmp(argv[1], "failpoints") == 0)
		return has_failpoints();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (argc < 3 + steps[i].args ||
		    strcmp(argv[1], steps[i].name) != 0)
			continue;
		failpoint_arm();
		open_store(argv[2]);
		steps[i].run(argv + 3);
		db_close(&db);
		conf_clear(&conf);
		return 0;
	}
	fprintf(stderr, "usage: failpoint_driver STEP STORE ...\n");
	return 2;
}
