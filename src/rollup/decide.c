#include "rollup/decide.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "rollup/selfloop.h"

static void refuse(struct decision *decision, enum tally_mark mark,
                   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void refuse(struct decision *decision, enum tally_mark mark,
                   const char *fmt, ...)
{
	va_list ap;

	decision->mark = mark;
	decision->rua_count = decision->copies = 0;
	va_start(ap, fmt);
	vsnprintf(decision->reason, sizeof(decision->reason), fmt, ap);
	va_end(ap);
}

/* Why a URI was left out, behind what was said of others; what finds no room
 * is cut. */
static void note_reason(struct decision *decision, const char *why)
{
	size_t used = strlen(decision->reason);

	snprintf(decision->reason + used, sizeof(decision->reason) - used,
	         "%s%s", used ? "; " : "", why);
}

static void note_rua(struct decision *decision, const struct rua *rua,
                     const char *why)
{
	char text[sizeof(decision->reason)];

	snprintf(text, sizeof(text), "%.120s: %s", rua->uri, why);
	note_reason(decision, text);
}

/* At most so many in all. */
static void add_rua(struct decision *decision, const struct rua *rua,
                    size_t most)
{
	for (size_t i = 0; i < decision->rua_count; i++)
		if (strcmp(decision->ruas[i].uri, rua->uri) == 0)
			return;
	if (decision->rua_count < most)
		decision->ruas[decision->rua_count++] = *rua;
	else
		note_rua(decision, rua, "there are too many destinations");
}

static bool mail_is_off(const struct conf *conf)
{
	return strcmp(conf->deliver.mail, "off") == 0;
}

/* Mail and HTTPS are both off, and there is a directory: it gets what they
 * would. */
static bool is_dry_run(const struct conf *conf)
{
	return mail_is_off(conf) && !conf->deliver.https &&
	       conf->deliver.directory[0] != '\0';
}

/* Is there a way to it? */
static bool is_usable(const struct conf *conf, const struct rua *rua,
                      struct decision *decision)
{
	if (rua->kind == RUA_MAIL && mail_is_off(conf)) {
		note_rua(decision, rua, "delivery by mail is off");
		return false;
	}
	if (rua->kind == RUA_HTTPS && !conf->deliver.https) {
		note_rua(decision, rua, "delivery by HTTPS is off");
		return false;
	}
	return true;
}

/* True when one can be used. */
static bool use(const struct conf *conf, struct lists_targets targets,
                struct decision *decision)
{
	bool any = false;

	for (size_t i = 0; i < targets.count; i++) {
		if (!is_usable(conf, &targets.ruas[i], decision))
			continue;
		add_rua(decision, &targets.ruas[i], TLSRPT_RUA_MAX);
		any = true;
	}
	return any;
}

/* A place that gets the report anyhow gets no copy. */
static void add_copies(const struct conf *conf, struct lists_targets targets,
                       struct decision *decision)
{
	size_t most =
		decision->rua_count - decision->copies + DECIDE_COPIES_MAX;

	for (size_t i = 0; i < targets.count; i++) {
		size_t before = decision->rua_count;

		if (is_usable(conf, &targets.ruas[i], decision))
			add_rua(decision, &targets.ruas[i], most);
		decision->copies += decision->rua_count - before;
	}
}

/* Those of its destinations that the report goes to. */
static void add_copies_of_record(const struct decide_context *context,
                                 const struct tally_head *head,
                                 struct decision *decision)
{
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};

	if (context->conf->report.bcc.count == 0 ||
	    tlsrpt_record_parse(head->record, strlen(head->record), &record,
	                        NULL) < 0)
		return;
	for (size_t i = 0; i < record.rua_count; i++)
		if (!lists_rua_denied(context->lists, &record.ruas[i]))
			add_copies(
				context->conf,
				lists_rua_bcc(context->lists, &record.ruas[i]),
				decision);
}

static void choose_from_record(const struct decide_context *context,
                               const struct tlsrpt_record *record,
                               struct decision *decision)
{
	size_t denied = 0;

	for (size_t i = 0; i < record->note_count; i++)
		note_reason(decision, record->notes[i]);
	for (size_t i = 0; i < record->rua_count; i++) {
		const struct rua *rua = &record->ruas[i];
		struct lists_targets to =
			lists_rua_redirect(context->lists, rua);

		if (to.count == 0)
			to = (struct lists_targets){rua, 1};
		if (lists_rua_denied(context->lists, rua)) {
			note_rua(decision, rua, "denied by [report] deny");
			denied++;
		} else {
			use(context->conf, to, decision);
		}
	}
	if (decision->rua_count > 0)
		return;
	if (denied > 0 && denied == record->rua_count)
		decision->mark = TALLY_DENIED;
	else if (record->rua_count == 0 || !is_dry_run(context->conf))
		decision->mark = TALLY_NO_RUA;
}

static void choose_destinations(const struct decide_context *context,
                                const char *domain,
                                const struct tally_head *head,
                                struct decision *decision)
{
	struct lists_targets instead =
		lists_domain_redirect(context->lists, domain);
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};
	struct err err = {0};

	if (instead.count > 0) {
		if (!use(context->conf, instead, decision) &&
		    !is_dry_run(context->conf))
			decision->mark = TALLY_NO_RUA;
		return;
	}
	if (head->record[0] == '\0') {
		refuse(decision, TALLY_NO_RECORD, "no TLSRPT record was seen");
		return;
	}
	if (tlsrpt_record_parse(head->record, strlen(head->record), &record,
	                        &err) < 0) {
		refuse(decision, TALLY_BAD_RECORD, "%s", err.text);
		return;
	}
	choose_from_record(context, &record, decision);
}

/* Reasons that need no look at the record; true when there is one. */
static bool refused_at_once(const struct decide_context *context, int32_t day,
                            const char *domain, const struct tally_head *head,
                            struct decision *decision)
{
	const struct conf *conf = context->conf;

	if (!head->valid)
		refuse(decision, TALLY_BAD_DOMAIN,
		       "no report can be made for this name");
	else if (context->unsent && !context->asked_for)
		refuse(decision, TALLY_UNSENT,
		       "the day was read from an old log");
	else if (!context->asked_for &&
	         context->now - day_end(day) > conf->report.max_report_age)
		refuse(decision, TALLY_TOO_OLD,
		       "the day was older than max_report_age when it was "
		       "closed");
	else if (conf->report.mode == MODE_OFF)
		refuse(decision, TALLY_BY_MODE, "mode is off");
	else if (lists_domain_denied(context->lists, domain))
		refuse(decision, TALLY_DENIED, "denied by [report] deny");
	else if (conf->report.mode == MODE_FAILURES_ONLY && head->failure == 0)
		refuse(decision, TALLY_BY_MODE,
		       "mode is failures-only and there were no failures");
	else
		return false;
	return true;
}

void decide(const struct decide_context *context, struct db_txn *txn,
            int32_t day, const char *domain, const struct tally_head *head,
            struct decision *decision)
{
	const char *directory = context->conf->deliver.directory;
	const struct lists *lists = context->lists;
	struct rua rua;

	decision->mark = TALLY_QUEUED;
	decision->reason[0] = '\0';
	decision->rua_count = decision->copies = 0;
	if (refused_at_once(context, day, domain, head, decision))
		return;
	choose_destinations(context, domain, head, decision);
	if (decision->mark != TALLY_QUEUED)
		return;
	if (context->loop_check && selfloop_is(txn, day, domain, head)) {
		refuse(decision, TALLY_SELF,
		       "it had no more sessions than were needed to deliver "
		       "our reports");
		return;
	}
	/* conf_check() has seen that it is an absolute path */
	if (directory[0] != '\0' &&
	    rua_from_directory(directory, &rua, NULL) == 0)
		add_rua(decision, &rua, TLSRPT_RUA_MAX + 1);
	add_copies(context->conf, lists_always_bcc(lists), decision);
	add_copies(context->conf, lists_domain_bcc(lists, domain), decision);
	if (lists_domain_redirect(lists, domain).count == 0)
		add_copies_of_record(context, head, decision);
}

void decide_nothing_counted(const struct tally_head *head,
                            struct decision *decision)
{
	if (head->unjudged > 0)
		refuse(decision, TALLY_UNJUDGED,
		       "none of its sessions was judged by its policy");
	else
		refuse(decision, TALLY_BAD_DOMAIN, "no session was counted");
}
