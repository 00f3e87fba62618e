/*
 * Shipping: ledger_greet(), ledger_ship_begin(), _lines(), _end() of ledger.h.
 *
 * The host's row is locked from the first statement to the commit, so that two
 * stores of one name cannot ship side by side.
 */
#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "ledger/ledger_work.h"
#include "sealed/sealed_code.h"
#include "session/session.h"
#include "words/words.h"

/* --- that we came by --- */

void ledger_settings_clear(struct ledger_settings *settings)
{
	arena_clear(&settings->mem);
	*settings = (struct ledger_settings){.count = 0};
}

static int put_settings(struct ledger *ledger,
                        const struct ledger_settings *settings, struct err *err)
{
	auto_(strbuf_clear) struct strbuf names = {0};
	auto_(strbuf_clear) struct strbuf values = {0};
	struct sql_args args = {.count = 0};

	for (size_t i = 0; i < settings->count; i++) {
		sql_array_add(&names, settings->list[i].name);
		sql_array_add(&values, settings->list[i].value);
	}
	sql_array_end(&names);
	sql_array_end(&values);
	sql_args_text(&args, settings->digest);
	sql_args_text(&args, strbuf_text(&names));
	sql_args_text(&args, strbuf_text(&values));
	return sql_do(ledger->sql,
	              "INSERT INTO tlstally.setting (digest, name, value)"
	              " SELECT $1::text, n.name, n.value"
	              " FROM unnest($2::text[], $3::text[]) AS n (name, value)"
	              " ON CONFLICT (digest, name) DO NOTHING",
	              &args, NULL, err);
}

static int put_greeting(struct ledger *ledger, const struct ledger_self *self,
                        const char *digest, struct err *err)
{
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, self->version);
	sql_args_text(&args, self->name);
	ledger_args_id(&args, store, self->life.store_id);
	ledger_args_id(&args, epoch, self->life.epoch);
	sql_args_number(&args, self->ahead);
	sql_args_text(&args, self->leaves ? "t" : "f");
	sql_args_text(&args, digest);
	return sql_do(ledger->sql,
	              "UPDATE tlstally.host SET seen_at = " LEDGER_NOW ","
	              " version = $2, ahead = $6, leaves = $7,"
	              " settings = coalesce($8, settings)"
	              " WHERE name = $3 AND store = $4 AND epoch = $5",
	              &args, NULL, err);
}

int ledger_greet(struct ledger *ledger, const struct ledger_self *self,
                 const struct ledger_settings *settings, struct err *err)
{
	if (settings == NULL)
		return put_greeting(ledger, self, NULL, err);
	/* a purge takes those that no host has */
	if (sql_begin(ledger->sql, err) < 0 ||
	    put_greeting(ledger, self, settings->digest, err) < 0 ||
	    put_settings(ledger, settings, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}

int ledger_settings_get(struct ledger *ledger, const char *digest,
                        struct ledger_settings *settings, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_settings_clear(settings);
	sql_args_text(&args, digest);
	if (sql_do(ledger->sql,
	           "SELECT name, value FROM tlstally.setting"
	           " WHERE digest = $1 ORDER BY name",
	           &args, &rows, err) < 0)
		return err->class;
	snprintf(settings->digest, sizeof(settings->digest), "%s", digest);
	settings->list = arena_array(&settings->mem, rows.count,
	                             sizeof(*settings->list));
	settings->count = rows.count;
	for (size_t i = 0; i < rows.count; i++) {
		settings->list[i].name =
			arena_strdup(&settings->mem, sql_text(&rows, i, 0));
		settings->list[i].value =
			arena_strdup(&settings->mem, sql_text(&rows, i, 1));
	}
	return 0;
}

/* --- whose row it is --- */

/* A life that a restore has ended does not come back. */
static int check_life(struct ledger *ledger, const struct ledger_self *self,
                      struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_id(&args, store, self->life.store_id);
	ledger_args_id(&args, epoch, self->life.epoch);
	if (sql_do(ledger->sql,
	           "SELECT 1 FROM tlstally.ended_life"
	           " WHERE store = $1 AND epoch = $2",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.count == 0
	               ? 0
	               : err_set(err, ERR_NOTFOUND,
	                         "a copy of this store was restored elsewhere "
	                         "and counts as %s since",
	                         self->name);
}

static int end_life(struct ledger *ledger, const struct ledger_life *life,
                    struct err *err)
{
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	ledger_args_id(&args, store, life->store_id);
	ledger_args_id(&args, epoch, life->epoch);
	return sql_do(ledger->sql,
	              "INSERT INTO tlstally.ended_life (store, epoch, ended_at)"
	              " VALUES ($2, $3, " LEDGER_NOW ")"
	              " ON CONFLICT (store, epoch) DO NOTHING",
	              &args, NULL, err);
}

static int check_row(struct ledger *ledger, const struct ledger_self *self,
                     const struct sql_rows *rows, struct err *err)
{
	struct ledger_life life = {ledger_id(rows, 0, 0),
	                           ledger_id(rows, 0, 1)};
	uint64_t mark = ledger_id(rows, 0, 2);

	bool retired = sql_is_true(rows, 0, 3);

	if (life.store_id != self->life.store_id && !retired)
		return err_set(err, ERR_NOTFOUND, "another host is called %s",
		               self->name);
	if (check_life(ledger, self, err) < 0)
		return err->class;
	/* a backup of it, or the next of a host that was retired */
	if (!ledger_life_is(&life, &self->life))
		return end_life(ledger, &life, err);
	if (mark != self->mark)
		return err_set(err, ERR_NOTFOUND,
		               "somebody else has shipped as %s", self->name);
	return 0;
}

static int add_row(struct ledger *ledger, const struct ledger_self *self,
                   struct err *err)
{
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, self->name);
	ledger_args_id(&args, store, self->life.store_id);
	ledger_args_id(&args, epoch, self->life.epoch);
	sql_args_number(&args, self->since);
	sql_args_text(&args, self->version);
	if (sql_do(ledger->sql,
	           "INSERT INTO tlstally.host (name, store, epoch, mark,"
	           " generation, since, seen_at, version)"
	           " VALUES ($2, $3, $4, '', 0, $5, " LEDGER_NOW ", $6)"
	           " ON CONFLICT (name) DO NOTHING",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1
	               ? check_life(ledger, self, err)
	               : err_set(err, ERR_NOTFOUND, "another host is called %s",
	                         self->name);
}

static int lock_row(struct ledger *ledger, const struct ledger_self *self,
                    struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	sql_args_text(&args, self->name);
	if (sql_do(ledger->sql,
	           "SELECT store, epoch, mark, retired FROM tlstally.host"
	           " WHERE name = $1 FOR UPDATE",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.count == 0 ? add_row(ledger, self, err)
	                       : check_row(ledger, self, &rows, err);
}

int ledger_ship_begin(struct ledger *ledger, const struct ledger_self *self,
                      struct err *err)
{
	if (sql_begin(ledger->sql, err) < 0 || lock_row(ledger, self, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}

void ledger_ship_abort(struct ledger *ledger)
{
	sql_rollback(ledger->sql);
}

/* --- its domains --- */

/* What the ledger has of a range, to be compared with what there is now. */
struct batch {
	struct ledger *ledger;
	const char *host;
	int32_t day;
	const char *after;
	const char *until;            /* NULL: to the end */
	struct sql_rows had;          /* domain and hash, in order */
	struct strbuf old;            /* array of domains that go or change */
	struct strbuf rows, failures; /* of COPY */
	uint64_t written;
};

static int look_at_hashes(struct batch *b, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, b->day);
	sql_args_text(&args, b->host);
	sql_args_text(&args, b->after);
	sql_args_text(&args, b->until);
	return sql_do(b->ledger->sql,
	              "SELECT domain, hash FROM tlstally.host_domain"
	              " WHERE day = $1 AND host = $2 AND domain > $3"
	              " AND ($4::text IS NULL OR domain <= $4)"
	              " ORDER BY domain",
	              &args, &b->had, err);
}

/* Failures of a domain by policy and result, added up. */
struct failures {
	uint64_t sessions[POLICY_TYPES][RESULT_TYPES];
	bool any;
};

static int add_failures(const struct sealed_domain *domain,
                        struct failures *failures, struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};

	arena_init(&mem);
	for (const struct tally_policy *p = domain->counts.policies; p;
	     p = p->next) {
		struct session_policy policy = {0};

		if (session_policy_decode(p->key.bytes, p->key.len, &mem,
		                          &policy, err) < 0)
			return ERR_PARSE;
		for (const struct tally_detail *d = p->details; d;
		     d = d->next) {
			struct failure_detail detail = {0};

			if (session_failure_decode(d->key.bytes, d->key.len,
			                           &mem, &detail, err) < 0)
				return ERR_PARSE;
			failures->sessions[policy.type][detail.result] +=
				d->count;
			failures->any = true;
		}
	}
	return 0;
}

static void put_text(struct strbuf *rows, const char *text)
{
	sql_copy_text(rows, text, strlen(text));
}

static void put_key(struct batch *b, struct strbuf *rows, const char *domain)
{
	sql_copy_number(rows, b->day);
	put_text(rows, b->host);
	put_text(rows, domain);
}

static int put_failures(struct batch *b, const struct ledger_line *line,
                        struct err *err)
{
	struct failures failures = {.any = false};

	if (add_failures(line->counts, &failures, err) < 0)
		return err_prefix(err, "%s", line->domain);
	for (int p = 0; failures.any && p < POLICY_TYPES; p++)
		for (int r = 0; r < RESULT_TYPES; r++) {
			if (failures.sessions[p][r] == 0)
				continue;
			put_key(b, &b->failures, line->domain);
			put_text(&b->failures, word_api(&words_policies, p));
			put_text(&b->failures, word_api(&words_results, r));
			sql_copy_number(&b->failures,
			                (int64_t)failures.sessions[p][r]);
			sql_copy_end_row(&b->failures);
		}
	return 0;
}

static int put_line(struct batch *b, const struct ledger_line *line,
                    const char *hash, struct err *err)
{
	const struct tally_domain *counts = &line->counts->counts;

	put_key(b, &b->rows, line->domain);
	sql_copy_number(&b->rows, (int64_t)counts->success);
	sql_copy_number(&b->rows, (int64_t)counts->failure);
	sql_copy_number(&b->rows, (int64_t)counts->unjudged);
	put_text(&b->rows, hash);
	sql_copy_text(&b->rows, line->line, line->len);
	sql_copy_end_row(&b->rows);
	b->written++;
	return put_failures(b, line, err);
}

/* Both lists are in order. */
static int compare(struct batch *b, const struct ledger_line *lines,
                   size_t count, struct err *err)
{
	size_t had = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ledger_line *line = &lines[i];
		uint8_t hash[SEALED_HASH];
		char text[SEALED_HASH_TEXT];
		int order = 1;

		sealed_hash(line->line, line->len, hash);
		sealed_hex(hash, sizeof(hash), text);
		while (had < b->had.count &&
		       (order = strcmp(sql_text(&b->had, had, 0),
		                       line->domain)) < 0)
			sql_array_add(&b->old, sql_text(&b->had, had++, 0));
		if (had < b->had.count && order == 0) {
			if (strcmp(sql_text(&b->had, had++, 1), text) == 0)
				continue;
			sql_array_add(&b->old, line->domain);
		}
		if (put_line(b, line, text, err) < 0)
			return err->class;
	}
	for (; had < b->had.count; had++)
		sql_array_add(&b->old, sql_text(&b->had, had, 0));
	return 0;
}

static int delete_old(struct batch *b, const char *statement, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, b->day);
	sql_args_text(&args, b->host);
	sql_args_text(&args, strbuf_text(&b->old));
	return sql_do(b->ledger->sql, statement, &args, NULL, err);
}

static int write_batch(struct batch *b, struct err *err)
{
	if (b->old.len > 0) {
		sql_array_end(&b->old);
		if (delete_old(b,
		               "DELETE FROM tlstally.host_domain WHERE day = $1"
		               " AND host = $2 AND domain = ANY ($3::text[])",
		               err) < 0 ||
		    delete_old(
			    b,
			    "DELETE FROM tlstally.host_failure WHERE day = $1"
			    " AND host = $2 AND domain = ANY ($3::text[])",
			    err) < 0)
			return err->class;
	}
	if (sql_copy(b->ledger->sql,
	             "COPY tlstally.host_domain (day, host, domain, success,"
	             " failure, unjudged, hash, line) FROM STDIN",
	             &b->rows, err) < 0)
		return err->class;
	return sql_copy(b->ledger->sql,
	                "COPY tlstally.host_failure (day, host, domain, policy,"
	                " result, sessions) FROM STDIN",
	                &b->failures, err);
}

int ledger_ship_lines(struct ledger *ledger, const char *host, int32_t day,
                      const char *after, const struct ledger_line *lines,
                      size_t count, bool last, uint64_t *written,
                      struct err *err)
{
	struct batch b = {
		.ledger = ledger,
		.host = host,
		.day = day,
		.after = after,
		.until = last || count == 0 ? NULL : lines[count - 1].domain,
	};
	int rc = look_at_hashes(&b, err);

	if (rc == 0)
		rc = compare(&b, lines, count, err);
	if (rc == 0)
		rc = write_batch(&b, err);
	*written += b.written;
	sql_rows_clear(&b.had);
	strbuf_clear(&b.old);
	strbuf_clear(&b.rows);
	strbuf_clear(&b.failures);
	return rc;
}

/* --- its end --- */

static int put_host_day(struct ledger *ledger, const struct ledger_self *self,
                        const struct ledger_host_day *host_day,
                        const char *head, const char *end, struct err *err)
{
	const struct sealed_totals *totals = &host_day->totals;
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_number(&args, host_day->day);
	sql_args_text(&args, self->name);
	ledger_args_id(&args, store, self->life.store_id);
	ledger_args_id(&args, epoch, self->life.epoch);
	sql_args_number(&args, (int64_t)host_day->revision);
	sql_args_text(&args, host_day->sealed_at != 0 ? "t" : "f");
	sql_args_number(&args, (int64_t)totals->domains);
	sql_args_number(&args, (int64_t)totals->policies);
	sql_args_number(&args, (int64_t)totals->details);
	sql_args_number(&args, (int64_t)totals->success);
	sql_args_number(&args, (int64_t)totals->failure);
	sql_args_number(&args, (int64_t)totals->unjudged);
	sql_args_number(&args, (int64_t)totals->waiting);
	sql_args_text(&args, head);
	sql_args_text(&args, end);
	return sql_do(
		ledger->sql,
		"INSERT INTO tlstally.host_day (day, host, store, epoch,"
		" revision, shipped_at, sealed_at, domains, policies, details,"
		" success, failure, unjudged, waiting, head_line, end_line)"
		" VALUES ($2, $3, $4, $5, $6, " LEDGER_NOW ","
		" CASE WHEN $7::boolean THEN " LEDGER_NOW " ELSE 0 END,"
		" $8, $9, $10, $11, $12, $13, $14, $15, $16)"
		" ON CONFLICT (day, host) DO UPDATE SET"
		" store = excluded.store, epoch = excluded.epoch,"
		" revision = excluded.revision,"
		" shipped_at = excluded.shipped_at,"
		" sealed_at = excluded.sealed_at,"
		" domains = excluded.domains, policies = excluded.policies,"
		" details = excluded.details, success = excluded.success,"
		" failure = excluded.failure, unjudged = excluded.unjudged,"
		" waiting = excluded.waiting, head_line = excluded.head_line,"
		" end_line = excluded.end_line",
		&args, NULL, err);
}

/* From the first seal of a day on the others have an hour, whatever the time
 * is. */
static int note_seal(struct ledger *ledger, int32_t day, struct err *err)
{
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_number(&args, day);
	return sql_do(ledger->sql,
	              "INSERT INTO tlstally.day (day, first_seal_at)"
	              " VALUES ($2, " LEDGER_NOW ")"
	              " ON CONFLICT (day) DO NOTHING",
	              &args, NULL, err);
}

static int raise_generation(struct ledger *ledger,
                            const struct ledger_self *self, struct err *err)
{
	char store[LEDGER_ID_TEXT], epoch[LEDGER_ID_TEXT];
	char next[LEDGER_ID_TEXT];
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, self->name);
	ledger_args_id(&args, store, self->life.store_id);
	ledger_args_id(&args, epoch, self->life.epoch);
	ledger_args_id(&args, next, self->next);
	sql_args_text(&args, self->version);
	sql_args_number(&args, self->since);
	sql_args_number(&args, LEDGER_SCHEMA);
	if (sql_do(ledger->sql,
	           "UPDATE tlstally.host SET store = $3, epoch = $4,"
	           " mark = $5, generation = generation + 1,"
	           " seen_at = " LEDGER_NOW ", version = $6, since = $7,"
	           " retired = false WHERE name = $2"
	           " AND (SELECT version FROM tlstally.fleet) = $8",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1
	               ? 0
	               : err_set(err, ERR_IO,
	                         "the ledger was upgraded meanwhile: upgrade "
	                         "tlstally on this host");
}

int ledger_ship_end(struct ledger *ledger, const struct ledger_self *self,
                    const struct ledger_host_day *host_day, const char *head,
                    const char *end, struct err *err)
{
	if (put_host_day(ledger, self, host_day, head, end, err) < 0 ||
	    (host_day->sealed_at != 0 &&
	     note_seal(ledger, host_day->day, err) < 0) ||
	    raise_generation(ledger, self, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}
