/*
 * doctor_store - a store for the doctor to look at
 *
 *     doctor_store DIRECTORY [feed=NAME:SECS] [run=SECS] [counted=DAYS]
 *         [signed=DOMAIN:SELECTOR] [unsigned=DOMAIN] [settled=STATE:N]
 *         [lines=FATE:N] [fill=BYTES] [policyd=SECS] [outage=SECS]
 *         [unbelieved=SECS] [unreached=SECS] [answered=KIND:N]
 *         [enforced=DOMAIN:SECS] [journal=SECS] [damaged=N] [stuck=WORDS]
 *         [sums=N] [exported=SECS] [host=NAME:late|reports|well]
 *
 * Seconds and days are ago; those of enforced= are how long its policy, which
 * is in the cache, is still in force.  unsigned= has the signer, or nothing.
 * journal= is a row of the journal of counts, damaged= so many that cannot be
 * read, stuck= why today's is not applied; sums= makes today's sums differ.
 * host= has sent yesterday: too late, reporting itself, or as it should.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/counter_table.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/db.h"
#include "store/feed_table.h"
#include "store/host_day_table.h"
#include "store/journal_aside.h"
#include "store/journal_write.h"
#include "store/keys.h"
#include "store/meta_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_counter.h"
#include "store/tally_table.h"
#include "words/words.h"

static int64_t now;
static uint64_t fill_to;

static void put_feed(struct db_txn *txn, const char *name, long ago)
{
	struct feed feed = {.watermark = now - ago,
	                    .seen_at = now - ago,
	                    .last_event = now - ago,
	                    .events = 1};

	snprintf(feed.name, sizeof(feed.name), "%s", name);
	feed_table_put(txn, &feed);
}

static void put_session(struct db_txn *txn, int32_t day, const char *name)
{
	static const struct tally_limits limits = {.max_policies = 32,
	                                           .max_details = 100};
	struct tally_policy policy = {
		.success = 1, .key = {.bytes = "\x01", .len = 1}}; /* type */
	struct tally_domain domain = {.day = day,
	                              .domain = name,
	                              .valid = true,
	                              .record = "v=TLSRPTv1",
	                              .success = 1,
	                              .policies = &policy};

	tally_apply(txn, &domain, &limits);
}

static void put_signature(struct db_txn *txn, bool is_signed,
                          const char *domain, const char *selector)
{
	struct signature_seen seen = {.seen_at = now - 60,
	                              .is_signed = is_signed,
	                              .signed_at = is_signed ? now - 60 : 0};

	snprintf(seen.by.domain, sizeof(seen.by.domain), "%s", domain);
	snprintf(seen.by.selector, sizeof(seen.by.selector), "%s", selector);
	meta_signature_put(txn, &seen);
}

/* Until so many bytes are in use. */
static int fill(struct db *db, uint64_t most, struct err *err)
{
	struct db_size size = {0};

	for (unsigned n = 0; size.used < most; n++) {
		struct db_txn *txn = db_begin_write(db);
		char name[64];

		snprintf(name, sizeof(name), "d%u.example", n);
		put_session(txn, day_of(now), name);
		if (db_commit(&txn, err) < 0 || db_size(db, &size, err) < 0)
			return err->class;
	}
	return 0;
}

static void put_policyd(struct db_txn *txn, long ago, int64_t outage_since,
                        int64_t unreached_since, bool validates)
{
	const struct policyd_seen seen = {.seen_at = now - ago,
	                                  .outage_since = outage_since,
	                                  .unreached_since = unreached_since,
	                                  .does_dane = true,
	                                  .validates = validates,
	                                  .answers = 7};

	meta_policyd_put(txn, &seen);
}

static void put_enforced(struct db_txn *txn, const char *domain, long secs)
{
	static const char *mx[] = {"mx.enforced.test"};
	static const char *lines[] = {"version: STSv1", "mode: enforce",
	                              "mx: mx.enforced.test"};
	const struct domain_view view = {
		.domain = domain,
		.checked_at = now,
		.expires_at = now + 60,
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_OK,
		.sts_id = "enforced1",
		.sts_fetch = VIEW_OK,
		.sts_fetched_at = now,
		.sts = VIEW_OK,
		.sts_policy = {.mode = STS_ENFORCE,
	                       .max_age = 86400,
	                       .mx = mx,
	                       .mx_count = 1,
	                       .lines = lines,
	                       .line_count = 3},
		.sts_expires_at = now + secs,
		.mx = VIEW_NONE,
	};

	policy_cache_put(txn, &view);
}

static void put_host(struct db_txn *txn, const char *name, const char *how)
{
	struct host_day host = {
		.head = {.day = day_of(now) - 1,
	                 .store_id = 1,
	                 .generation = 1,
	                 .sealed_at = now,
	                 .reports = strcmp(how, "reports") == 0},
		.imported_at = now,
		.late = strcmp(how, "late") == 0,
	};

	snprintf(host.head.host, sizeof(host.head.host), "%s", name);
	host.slot = host_day_begin(txn, host.head.day, now);
	host_day_put(txn, &host);
}

static void put_journal(struct db_txn *txn, long ago)
{
	struct feed feed = {.name = "events"};
	struct journal_ids ids = {0};
	struct tally_policy policy = {
		.success = 1, .key = {.bytes = "\x01", .len = 1}}; /* type */
	struct tally_domain domain = {.day = day_of(now),
	                              .domain = "j.example",
	                              .valid = true,
	                              .record = "v=TLSRPTv1",
	                              .success = 1,
	                              .policies = &policy,
	                              .policy_count = 1};
	struct tally_domain *domains[] = {&domain};
	struct journal_commit commit = {.domains = domains,
	                                .count = 1,
	                                .feed = &feed,
	                                .now = now - ago};

	feed_table_get(txn, feed.name, &feed);
	journal_write(txn, &commit, &ids);
}

static void put_damaged(struct db_txn *txn, long rows)
{
	uint64_t last = change_state(txn, CHANGE_DOMAIN);

	while (rows-- > 0) {
		struct db_key key = key_of_day(TABLE_JOURNAL, day_of(now));

		key_u64(&key, ++last);
		db_put_bytes(txn, &key, "damaged", 7);
	}
}

static void put_sums(struct db_txn *txn, long more)
{
	struct day_sums sums;

	day_sums_get(txn, day_of(now), &sums);
	sums.domains += (uint64_t)more;
	day_sums_put(txn, day_of(now), &sums);
}

static void put(struct db_txn *txn, char *word)
{
	char *value = strchr(word, '='), *more = NULL;
	long n = 0;

	if (value == NULL) {
		db_fail(txn, ERR_PARSE, "what is '%s'?", word);
		return;
	}
	*value++ = '\0';
	more = strchr(value, ':');
	if (more != NULL)
		*more++ = '\0';
	n = atol(more != NULL ? more : value);
	if (strcmp(word, "feed") == 0) {
		put_feed(txn, value, n);
	} else if (strcmp(word, "run") == 0) {
		meta_put(txn, META_LAST_RUN, (uint64_t)(now - n));
	} else if (strcmp(word, "counted") == 0) {
		put_session(txn, day_of(now) - (int32_t)n, "a.example");
	} else if (strcmp(word, "signed") == 0) {
		put_signature(txn, true, value, more != NULL ? more : "");
	} else if (strcmp(word, "unsigned") == 0) {
		put_signature(txn, false, value, "");
	} else if (strcmp(word, "settled") == 0) {
		struct day_settled settled = {.reports = (uint64_t)n};

		settled.destinations[word_find(&words_states, value)] =
			(uint64_t)n;
		day_table_settled_add(txn, day_of(now), &settled);
	} else if (strcmp(word, "policyd") == 0) {
		put_policyd(txn, n, 0, 0, true);
	} else if (strcmp(word, "outage") == 0) {
		put_policyd(txn, 5, now - n, 0, true);
	} else if (strcmp(word, "unreached") == 0) {
		put_policyd(txn, 5, 0, now - n, true);
	} else if (strcmp(word, "unbelieved") == 0) {
		put_policyd(txn, n, 0, 0, false);
	} else if (strcmp(word, "enforced") == 0) {
		put_enforced(txn, value, n);
	} else if (strcmp(word, "answered") == 0) {
		char name[COUNTER_NAME_TEXT];

		policy_counter_name((unsigned)word_find(&words_told, value),
		                    name);
		counter_add(txn, name, (uint64_t)n);
	} else if (strcmp(word, "lines") == 0) {
		struct day_lines lines = {.fate = atoi(value),
		                          .n = (uint64_t)n,
		                          .first = "a line"};

		day_table_lines_add(txn, day_of(now), &lines);
	} else if (strcmp(word, "exported") == 0) {
		meta_put(txn, META_EXPORTED, (uint64_t)(now - n));
	} else if (strcmp(word, "host") == 0) {
		put_host(txn, value, more != NULL ? more : "");
	} else if (strcmp(word, "journal") == 0) {
		put_journal(txn, n);
	} else if (strcmp(word, "damaged") == 0) {
		put_damaged(txn, n);
	} else if (strcmp(word, "stuck") == 0) {
		journal_trouble_put(txn, day_of(now), value);
	} else if (strcmp(word, "sums") == 0) {
		put_sums(txn, n);
	} else if (strcmp(word, "fill") == 0) {
		fill_to = (uint64_t)n;
	} else {
		db_fail(txn, ERR_PARSE, "what is '%s'?", word);
	}
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 26, .create = true};
	struct err err = {0};
	struct db_txn *txn;
	struct db *db;

	now = time(NULL);
	options.directory = argv[1];
	if (argc < 2 || db_open(&db, &options, &err) < 0) {
		fprintf(stderr, "doctor_store: %s\n", err.text);
		return EXIT_FAILURE;
	}
	txn = db_begin_write(db);
	for (int i = 2; i < argc; i++)
		put(txn, argv[i]);
	if (db_commit(&txn, &err) < 0 || fill(db, fill_to, &err) < 0)
		fprintf(stderr, "doctor_store: %s\n", err.text);
	db_close(&db);
	return err.class < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
