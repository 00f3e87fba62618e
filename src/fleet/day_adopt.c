#include "fleet/day_adopt.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "outbox/settle_report.h"
#include "report/report.h"
#include "report/report_json.h"
#include "rollup/merged.h"
#include "session/session.h"
#include "store/day_table.h"
#include "store/intern.h"
#include "store/journal_apply.h"
#include "store/outbox_table.h"
#include "store/token_table.h"

enum { BATCH_DOMAINS = 500, BATCH_TRIES = 20 };

/* --- leaving --- */

static int give_away(const struct day_adopt *what, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(what->db);
	struct day_given given;

	day_table_given_get(txn, what->day, &given);
	given.ours = false;
	day_table_given_put(txn, what->day, &given);
	if (day_table_is_closed(txn, what->day))
		day_table_closed_clear(txn, what->day);
	return db_commit(&txn, err);
}

static void set_mark(struct db_txn *txn, struct merged *merged, int32_t day,
                     const char *domain, enum tally_mark mark, uint64_t id,
                     const char *reason)
{
	struct merged_mark set = {
		.domain = domain,
		.is_own = merged->is_own,
		.revision = merged->revision,
		.row = merged->row,
	};

	set.row.mark = mark;
	set.row.outbox_id = id;
	snprintf(set.row.reason, sizeof(set.row.reason), "%s", reason);
	merged_mark_set(txn, day, merged_has_others(merged), &set);
}

static void withdraw(struct db_txn *txn, const struct outbox_head *head)
{
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++)
		if (outbox_destination_get(txn, head->id, i, &dest) &&
		    dest.token[0] != '\0')
			token_delete(txn, dest.token);
	outbox_remove(txn, head->id);
}

/* Domains after `at`, which moves on; 1: there are more. */
static int leave_batch(const struct day_adopt *what, struct merged *merged,
                       char at[TALLY_DOMAIN_TEXT], struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(what->db);
	struct outbox_head report;
	struct tally_head head;
	int seen = 0;

	merged_begin(merged, txn, what->day);
	while (seen < BATCH_DOMAINS && merged_next(merged, txn, at, &head)) {
		seen++;
		if (head.mark != TALLY_QUEUED || merged->is_late ||
		    !outbox_head_get(txn, head.outbox_id, &report) ||
		    !report.of_fleet || report.day != what->day)
			continue;
		withdraw(txn, &report);
		set_mark(txn, merged, what->day, at, TALLY_OPEN, 0, "");
	}
	return db_commit(&txn, err) < 0 ? err->class : seen == BATCH_DOMAINS;
}

static int apply_journal(const struct day_adopt *what, struct err *err)
{
	const struct tally_limits limits = {
		.max_policies = what->conf->store.max_policies,
		.max_details = what->conf->store.max_details,
	};

	return journal_apply_days(what->db, what->day, what->day, &limits, err);
}

int day_adopt_leave(const struct day_adopt *what, struct err *err)
{
	auto_(merged_free) struct merged *merged = merged_new(what->conf);
	char at[TALLY_DOMAIN_TEXT] = "", from[TALLY_DOMAIN_TEXT];
	int more, tries = 0;

	if (give_away(what, err) < 0)
		return err->class;
	do {
		if (apply_journal(what, err) < 0)
			return err->class;
		memcpy(from, at, sizeof(from));
		more = leave_batch(what, merged, at, err);
		/* counted meanwhile: read again */
		if (more == ERR_BUSY && tries++ < BATCH_TRIES) {
			memcpy(at, from, sizeof(at));
			more = 1;
		}
	} while (more > 0);
	return more;
}

/* --- taking --- */

static void know_policies(struct db_txn *txn, int32_t day,
                          const struct report *report, uint64_t *ids)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};

	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *from = &report->policies[i];
		const struct session_policy policy = {
			.type = from->type,
			.domain = from->domain,
			.strings = from->strings,
			.string_count = from->string_count,
			.mx_hosts = from->mx_hosts,
			.mx_count = from->mx_count,
		};

		strbuf_reset(&bytes);
		session_policy_encode(&policy, &bytes);
		if (!intern_find(txn, day, bytes.data, bytes.len, &ids[i]))
			ids[i] = intern_add(txn, day, bytes.data, bytes.len, 0);
	}
}

/* What its claimer was at nobody knows: it may have arrived. */
static void put_destination(struct db_txn *txn, uint64_t id,
                            const struct ledger_destination *from, bool held,
                            int64_t now)
{
	struct outbox_destination dest;

	if (!outbox_destination_get(txn, id, from->place, &dest))
		return;
	dest.state = from->state;
	dest.uncertain = from->uncertain;
	if (dest.state == DELIVERY_INFLIGHT &&
	    delivery_state_next(dest.state, EVENT_LEASE_LOST, &dest.state))
		dest.uncertain = true;
	dest.attempts = from->attempts;
	dest.first_attempt = from->first_attempt;
	dest.last_attempt = from->last_attempt;
	dest.date = from->date;
	snprintf(dest.token, sizeof(dest.token), "%s", from->token);
	snprintf(dest.from, sizeof(dest.from), "%s", from->sender);
	snprintf(dest.envelope, sizeof(dest.envelope), "%s", from->envelope);
	snprintf(dest.answer, sizeof(dest.answer), "%s", from->answer);
	/* it is in the sums of the host that has settled it */
	dest.is_counted = delivery_state_is_final(dest.state);
	dest.due = 0;
	if (!dest.is_counted && !held)
		dest.due = from->state != DELIVERY_INFLIGHT && from->due > now
		                   ? from->due
		                   : now;
	outbox_destination_put(txn, id, &dest);
	if (dest.token[0] != '\0')
		token_keep(txn, id, &dest);
}

/* A directory is that of this host's settings: what another host has written
 * down must not choose where files are made. */
static int read_rua(const struct conf *conf, struct ledger_destination *from,
                    struct rua *rua, struct err *err)
{
	if (strncmp(from->uri, "directory:", strlen("directory:")) != 0)
		return rua_parse(from->uri, strlen(from->uri), rua, err);
	if (conf->deliver.directory[0] != '\0')
		return rua_from_directory(conf->deliver.directory, rua, err);
	if (!delivery_state_is_final(from->state)) {
		from->state = DELIVERY_FAILED;
		from->answer = "[deliver] directory is not set on this host";
	}
	return rua_from_directory("/nonexistent", rua, err);
}

static int read_ruas(const struct conf *conf, const struct ledger_report *from,
                     struct rua *ruas, size_t *copies, struct err *err)
{
	*copies = 0;
	for (size_t i = 0; i < from->destination_count; i++) {
		int rc = read_rua(conf, &from->destinations[i], &ruas[i], err);

		if (rc < 0)
			return rc;
		*copies += from->destinations[i].is_copy;
	}
	return 0;
}

static int read_body(const struct ledger_report *from, struct report *report,
                     struct err *err)
{
	if (from->body == NULL)
		return err_set(err, ERR_PARSE, "the ledger has no body of it");
	return report_stored_read(from->body, from->body_len, report, err);
}

static void fill_head(const struct ledger_report *from,
                      const struct report *report, int64_t now,
                      struct outbox_head *head)
{
	*head = (struct outbox_head){
		.day = from->day,
		.status = from->state == LEDGER_REPORT_HELD ? OUTBOX_HELD
	                                                    : OUTBOX_PENDING,
		.frozen = true,
		.planned = true,
		.of_fleet = true,
		.created_at = now,
		.deliver_at = from->deliver_at,
		.start = report->start,
		.end = report->end,
		.success = report_success(report),
		.failure = report_failure(report),
		.policy_count = (uint32_t)report->policy_count,
	};
	snprintf(head->domain, sizeof(head->domain), "%s", from->domain);
	snprintf(head->report_id, sizeof(head->report_id), "%s",
	         from->report_id);
}

static int add_report(const struct day_adopt *what, struct db_txn *txn,
                      const struct ledger_report *from, uint64_t *id,
                      struct err *err)
{
	auto_(report_free) struct report *report = report_new();
	auto_(arena_clear) struct arena mem = {0};
	int64_t now = what->now_ms / 1000;
	struct outbox_new new = {
		.body = from->body,
		.body_len = from->body_len,
		.rua_count = from->destination_count,
	};
	struct rua *ruas = arena_array(&mem, new.rua_count, sizeof(*ruas));
	uint64_t *ids;

	if (read_body(from, report, err) < 0 ||
	    read_ruas(what->conf, from, ruas, &new.copies, err) < 0)
		return err->class;
	ids = arena_array(&mem, report->policy_count, sizeof(*ids));
	know_policies(txn, from->day, report, ids);
	fill_head(from, report, now, &new.head);
	new.ruas = ruas;
	new.policy_ids = ids;
	new.policy_id_count = report->policy_count;
	*id = outbox_add(txn, &new, what->now_ms);
	for (size_t i = 0; i < from->destination_count; i++)
		put_destination(txn, *id, &from->destinations[i],
		                from->state == LEDGER_REPORT_HELD, now);
	return 0;
}

/* The status by its destinations. */
static void put_status(struct db_txn *txn, uint64_t id, int64_t now)
{
	struct outbox_head head;

	if (outbox_head_get(txn, id, &head) && head.status == OUTBOX_PENDING)
		settle_report(txn, &head, now);
}

/* Whether it was sent nobody can say, so it is not made anew. */
static void leave_out(const struct ledger_report *from, const struct err *why,
                      struct day_left_out *left_out)
{
	char day[DAY_TEXT];

	if (left_out->count++ == 0)
		snprintf(left_out->first, sizeof(left_out->first),
		         "%.255s of %s: %.200s", from->domain,
		         day_format(from->day, day), why->text);
}

static void take_report(const struct day_adopt *what, struct db_txn *txn,
                        struct merged *merged, const struct ledger_report *from,
                        struct day_left_out *left_out)
{
	static const char *const reasons[LEDGER_REPORT_STATES] = {
		[LEDGER_REPORT_OPEN] = "",
		[LEDGER_REPORT_HELD] = "",
		[LEDGER_REPORT_DELETED] = "its report was deleted",
		[LEDGER_REPORT_DONE] =
			"the ledger of the fleet has its report as sent",
	};
	const char *reason = reasons[from->state];
	struct outbox_head there;
	struct tally_head head;
	bool counted = merged_head(merged, txn, from->domain, &head);
	uint64_t id = 0;
	struct err err;

	/* this host has settled it, when it made the day's reports before */
	if (counted && head.mark == TALLY_QUEUED &&
	    archive_head_get(txn, head.outbox_id, &there))
		return;
	if (from->state == LEDGER_REPORT_OPEN ||
	    from->state == LEDGER_REPORT_HELD) {
		if (add_report(what, txn, from, &id, &err) == 0) {
			put_status(txn, id, what->now_ms / 1000);
		} else {
			leave_out(from, &err, left_out);
			reason = "its report cannot be read in the ledger of "
				 "the fleet";
		}
	}
	if (counted && !merged->is_late)
		set_mark(txn, merged, what->day, from->domain, TALLY_QUEUED, id,
		         reason);
}

static int take_batch(const struct day_adopt *what, struct merged *merged,
                      const struct ledger_reports *reports,
                      struct day_left_out *left_out, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(what->db);
	struct day_left_out sum = *left_out;

	merged_begin(merged, txn, what->day);
	for (size_t i = 0; i < reports->count; i++)
		take_report(what, txn, merged, &reports->list[i], &sum);
	if (db_commit(&txn, err) < 0)
		return err->class;
	*left_out = sum;
	return 0;
}

int day_adopt_take(const struct day_adopt *what, struct day_left_out *left_out,
                   struct err *err)
{
	auto_(merged_free) struct merged *merged = merged_new(what->conf);
	auto_(ledger_reports_clear) struct ledger_reports reports = {.count =
	                                                                     0};
	char after[DOMAIN_TEXT] = "";

	for (;;) {
		int rc = ERR_BUSY;

		if (ledger_reports(what->ledger, what->day, after, &reports,
		                   err) < 0)
			return err->class;
		if (reports.count == 0)
			return 0;
		for (int i = 0; rc == ERR_BUSY && i < BATCH_TRIES; i++) {
			rc = apply_journal(what, err);
			if (rc == 0)
				rc = take_batch(what, merged, &reports,
				                left_out, err);
		}
		if (rc < 0)
			return rc;
		snprintf(after, sizeof(after), "%s",
		         reports.list[reports.count - 1].domain);
	}
}

/* --- what is left --- */

struct looking {
	int32_t day;
	bool found;
};

static bool look(void *arg, const struct outbox_head *head)
{
	struct looking *looking = arg;

	looking->found |= head->of_fleet && head->day == looking->day;
	return !looking->found;
}

int day_adopt_has_open(struct db *db, int32_t day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct looking looking = {.day = day};

	outbox_head_each(txn, 0, look, &looking);
	return db_failed(txn) ? db_failure(txn, err) : looking.found;
}

/* As the store has it by now; false: it is under way, or not there. */
static bool read_settled(struct db_txn *txn, uint64_t id, int64_t now,
                         struct arena *mem, struct ledger_destination *to)
{
	struct outbox_destination dest;

	if (!outbox_destination_get(txn, id, to->place, &dest) &&
	    !archive_destination_get(txn, id, to->place, &dest))
		return false;
	if (dest.state == DELIVERY_INFLIGHT ||
	    strcmp(dest.token, to->token) != 0)
		return false;
	to->state = dest.state;
	to->uncertain = dest.uncertain;
	to->attempts = dest.attempts;
	to->first_attempt = dest.first_attempt;
	to->due = dest.due > 0 ? dest.due : now;
	to->answer = arena_strdup(mem, dest.answer);
	return true;
}

int day_adopt_tell(struct db *db, struct ledger *ledger, int64_t now,
                   struct err *err)
{
	auto_(ledger_reports_clear) struct ledger_reports reports = {.count =
	                                                                     0};
	auto_(db_abort) struct db_txn *txn = NULL;

	if (ledger_reports_in_flight(ledger, db_store_id(db), &reports, err) <
	    0)
		return err->class;
	if (reports.count == 0)
		return 0;
	txn = db_begin_read(db);
	for (size_t i = 0; i < reports.count; i++) {
		struct ledger_report *r = &reports.list[i];
		size_t kept = 0;

		for (size_t j = 0; j < r->destination_count; j++)
			if (read_settled(txn, r->outbox_id, now, &reports.mem,
			                 &r->destinations[j]))
				r->destinations[kept++] = r->destinations[j];
		r->destination_count = kept;
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	db_abort(&txn);
	return ledger_settle(ledger, db_store_id(db), reports.list,
	                     reports.count, err);
}
