#include "intake/received_take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/registered_domain.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "received/received_mail.h"
#include "received/received_pack.h"
#include "received/received_report.h"
#include "received/received_trust.h"
#include "store/counter_table.h"
#include "store/own_host_table.h"
#include "store/policy_cache_table.h"
#include "store/received_rate_table.h"

struct received_taker {
	struct db *db;
	const struct conf *conf;
	const char **servers; /* [received] authserv_id, in lower case */
	const char **ours;    /* sorted: domains, and hosts that are MX */
	size_t server_count, our_count, our_room;
	struct gzip *gzip;
	struct received_mail mail;
	struct received_report report;
	struct arena mem;
};

/* --- who we are --- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_ours(struct received_taker *taker, const char *name)
{
	if (taker->our_count == taker->our_room) {
		taker->our_room = taker->our_room * 2 + 64;
		taker->ours = xrealloc(taker->ours, taker->our_room,
		                       sizeof(*taker->ours));
	}
	taker->ours[taker->our_count++] = arena_strdup(&taker->mem, name);
}

/* Those that it was seen to publish, and those of a lookup since. */
static void add_hosts(struct received_taker *taker, struct db_txn *txn,
                      const char *domain)
{
	auto_(arena_clear) struct arena mem = {0};
	struct own_host host = {.host = ""};
	struct domain_view view;

	while (own_host_next(txn, domain, &host))
		add_ours(taker, host.host);
	arena_init(&mem);
	if (!policy_cache_get(txn, domain, &mem, &view))
		return;
	for (size_t i = 0; i < view.mx_count; i++)
		add_ours(taker, view.mxs[i].host);
}

int received_taker_new(struct received_taker **taker, struct db *db,
                       const struct conf *conf, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct received_taker *made = xcalloc(1, sizeof(*made));
	const struct conf_list *domains = &conf->received.domains;
	const struct conf_list *servers = &conf->received.authserv_id;
	char name[DOMAIN_TEXT];

	made->db = db;
	made->conf = conf;
	arena_init(&made->mem);
	received_mail_init(&made->mail);
	received_report_init(&made->report);
	made->gzip = gzip_new();
	made->servers =
		arena_array(&made->mem, servers->count, sizeof(*made->servers));
	for (size_t i = 0; i < servers->count; i++)
		if (domain_canonical(servers->items[i],
		                     strlen(servers->items[i]), name,
		                     NULL) == 0)
			made->servers[made->server_count++] =
				arena_strdup(&made->mem, name);
	for (size_t i = 0; i < domains->count; i++) {
		if (domain_canonical(domains->items[i],
		                     strlen(domains->items[i]), name,
		                     NULL) != 0)
			continue;
		add_ours(made, name);
		add_hosts(made, txn, name);
	}
	if (made->our_count > 0)
		qsort(made->ours, made->our_count, sizeof(*made->ours),
		      compare);
	*taker = made;
	return db_failure(txn, err);
}

void received_taker_free(struct received_taker **taker)
{
	if (*taker == NULL)
		return;
	received_mail_clear(&(*taker)->mail);
	received_report_clear(&(*taker)->report);
	gzip_free(&(*taker)->gzip);
	arena_clear(&(*taker)->mem);
	free((*taker)->ours);
	free(*taker);
	*taker = NULL;
}

static bool is_ours(const struct received_taker *taker, const char *domain)
{
	return domain != NULL && taker->our_count > 0 &&
	       bsearch(&domain, taker->ours, taker->our_count,
	               sizeof(*taker->ours), compare) != NULL;
}

/* --- what one report comes to --- */

/* At most UINT64_MAX. */
static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

/* Whose fault: the MX host, or the address that stands for it; the policy's
 * domain, where that is a host (RFC 8460 section 4.4). */
static const char *host_of(const struct report_policy *policy,
                           const struct failure_detail *detail)
{
	if (detail->mx_host != NULL)
		return detail->mx_host;
	if (detail->receiving_ip != NULL)
		return detail->receiving_ip;
	return policy->type == POLICY_TLSA ? policy->domain : NULL;
}

static void add_faults(const struct report_policy *policy,
                       struct received_faults *faults)
{
	for (size_t i = 0; i < policy->detail_count; i++) {
		const struct report_detail *detail = &policy->details[i];

		received_faults_add(faults, detail->detail.result,
		                    host_of(policy, &detail->detail),
		                    detail->count);
	}
}

static void add_policy(const struct report_policy *policy,
                       struct received_sums *sums)
{
	add(&sums->success, policy->success);
	add(&sums->failure, policy->failure);
	add(&sums->policies[policy->type], policy->success);
	add(&sums->policies[policy->type], policy->failure);
	for (size_t i = 0; i < policy->detail_count; i++)
		add(&sums->results[policy->details[i].detail.result],
		    policy->details[i].count);
}

/* Cut at a character's end. */
static void put_text(char *out, size_t room, const char *text)
{
	size_t len = text != NULL ? strnlen(text, room) : 0;

	if (len == room) /* too long: not within a character */
		for (len = room - 1; len > 0 && (text[len] & 0xc0) == 0x80;)
			len--;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

#define PUT_TEXT(member, text) put_text(member, sizeof(member), text)

static void describe_mail(const struct received_mail *mail,
                          struct received_row *row)
{
	const char *submitter = mail->submitter;

	PUT_TEXT(row->from, mail->from);
	PUT_TEXT(row->to, mail->to);
	PUT_TEXT(row->subject, mail->subject);
	if (submitter == NULL || domain_canonical(submitter, strlen(submitter),
	                                          row->submitter, NULL) != 0)
		PUT_TEXT(row->submitter, mail->from_domain);
}

static void describe_report(const struct received_taker *taker,
                            struct received_row *row)
{
	const struct report *report = taker->report.report;

	row->day = taker->report.day;
	row->problems = (uint32_t)(taker->report.problem_count +
	                           taker->report.problems_left_out);
	PUT_TEXT(row->organization, report->organization_name);
	PUT_TEXT(row->report_id, report->report_id);
}

static uint32_t results_of(const struct report_policy *policy)
{
	uint32_t results = 0;

	for (size_t i = 0; i < policy->detail_count; i++)
		results |= UINT32_C(1) << policy->details[i].detail.result;
	return results;
}

static int by_domain(const void *a, const void *b)
{
	const struct report_policy *const *x = a, *const *y = b;

	return strcmp((*x)->domain, (*y)->domain);
}

/* What it says of each domain, in their order; how many.  A stranger's report
 * may be about a hundred thousand. */
static size_t sum_domains(const struct received_taker *taker,
                          struct received_domain *domains)
{
	struct report *report = taker->report.report;
	const struct report_policy **sorted =
		arena_array(&report->mem, report->policy_count + 1,
	                    sizeof(struct report_policy *));
	struct received_faults *faults = NULL;
	size_t named = 0, count = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		if (report->policies[i].domain != NULL)
			sorted[named++] = &report->policies[i];
	qsort(sorted, named, sizeof(*sorted), by_domain);
	for (size_t i = 0; i < named; i++) {
		const char *name = sorted[i]->domain;

		if (count == 0 ||
		    strcmp(domains[count - 1].domain, name) != 0) {
			bool ours = is_ours(taker, name);

			faults = ours ? arena_alloc(&report->mem,
			                            sizeof(*faults))
			              : NULL;
			domains[count++] = (struct received_domain){
				.domain = name,
				.ours = ours,
				.sums.reports = 1,
				.faults = faults,
			};
		}
		if (faults != NULL)
			add_faults(sorted[i], faults);
		add_policy(sorted[i], &domains[count - 1].sums);
	}
	return count;
}

/* The sums of the policies that are ours, or, when none is, of all. */
static void sum_up(const struct received_taker *taker, struct received_row *row)
{
	const struct report *report = taker->report.report;
	const char *first = NULL;

	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *policy = &report->policies[i];

		if (!is_ours(taker, policy->domain)) {
			row->foreign++;
			continue;
		}
		row->ours++;
		if (first == NULL)
			first = policy->domain;
		add(&row->success, policy->success);
		add(&row->failure, policy->failure);
		row->results |= results_of(policy);
	}
	if (row->ours == 0) {
		row->success = report_success(report);
		row->failure = report_failure(report);
		for (size_t i = 0; i < report->policy_count; i++)
			row->results |= results_of(&report->policies[i]);
		if (report->policy_count > 0)
			first = report->policies[0].domain;
	}
	PUT_TEXT(row->domain, first);
}

/* --- taking --- */

struct taking {
	struct received_taker *taker;
	const struct received_mail *mail; /* NULL: a file */
	enum received_way way;
	int64_t now;
	received_taken_fn *each;
	void *arg;
	struct err *err;
	size_t taken;
};

static void judge(const struct taking *taking, struct received_taken *taken)
{
	const struct received_taker *taker = taking->taker;
	struct received_row *row = &taken->row;
	const char *signer = NULL;

	if (taking->mail != NULL)
		describe_mail(taking->mail, row);
	if (taking->mail == NULL)
		err_set(&taken->why, ERR_NOTFOUND, "it did not come by mail");
	else if (row->way == RECEIVED_BY_MILTER &&
	         !taker->conf->received.milter_behind_filter)
		err_set(&taken->why, ERR_NOTFOUND,
		        "the milter does not stand behind the filter that "
		        "verifies DKIM ([received] milter_behind_filter)");
	else
		signer = received_signer(taking->mail, taker->servers,
		                         taker->server_count, &taken->why);
	row->authenticated = signer != NULL;
	if (signer != NULL)
		PUT_TEXT(row->submitter, signer);
	row->counts = row->ours > 0 &&
	              (row->authenticated ||
	               (row->way == RECEIVED_BY_HTTPS
	                        ? taker->conf->received.count_https
	                        : taker->conf->received.count_unauthenticated));
	/* what is purged by its day would stay */
	if (row->day < 0 || row->day > day_of(taking->now) + 1) {
		row->counts = false;
		err_set(&taken->why, ERR_PARSE, "it is about a day to come");
	}
}

/* Of this day and, where there is one, of this submitter's organization. */
static void rate_of(struct db_txn *txn, int64_t now,
                    const struct received_row *row, struct received_rate *rate)
{
	rate->day = day_of(now);
	rate->submitter[0] = '\0';
	if (row->authenticated)
		PUT_TEXT(rate->submitter, registered_domain(row->submitter));
	received_rate_get(txn, rate);
}

/* False: it would be one too many. */
static bool admit(const struct taking *taking, struct db_txn *txn,
                  const struct received_row *row, size_t bytes)
{
	const struct conf *conf = taking->taker->conf;
	bool known = row->authenticated;
	uint64_t max = known ? conf->received.max_per_submitter
	                     : conf->received.max_unauthenticated;
	uint64_t max_bytes = known ? conf->received.max_per_submitter_size
	                           : conf->received.max_unauthenticated_size;
	struct received_rate rate;

	if (row->way == RECEIVED_FROM_FILE)
		return true;
	rate_of(txn, taking->now, row, &rate);
	if (rate.kept >= max || rate.bytes + bytes > max_bytes)
		return false;
	rate.kept++;
	rate.bytes += bytes;
	received_rate_put(txn, &rate);
	return true;
}

static int note_dropped(const struct taking *taking,
                        const struct received_row *row)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(taking->taker->db);
	struct received_rate rate;

	rate_of(txn, taking->now, row, &rate);
	rate.dropped++;
	received_rate_put(txn, &rate);
	counter_add(txn,
	            row->authenticated ? COUNTER_RECEIVED_SUBMITTERS
	                               : COUNTER_RECEIVED_STRANGERS,
	            1);
	return db_commit(&txn, taking->err);
}

static int put(const struct taking *taking, struct received_taken *taken,
               const struct strbuf *gzip, const struct received_domain *domains,
               size_t count)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(taking->taker->db);

	taken->is_new = received_put(txn, &taken->row, gzip->data, gzip->len,
	                             domains, count) == 1;
	if (!taken->is_new || db_failed(txn) ||
	    admit(taking, txn, &taken->row, gzip->len))
		return db_commit(&txn, taking->err);
	db_abort(&txn);
	taken->is_new = false;
	taken->is_dropped = true;
	return note_dropped(taking, &taken->row);
}

static int take(const struct taking *taking, const void *json, size_t len)
{
	struct received_taker *taker = taking->taker;
	auto_(strbuf_clear) struct strbuf gzip = {0};
	struct received_taken taken = {.is_new = false};
	struct received_domain *domains;
	size_t count;
	int rc = received_report_read(&taker->report, json, len, taking->err);

	if (rc < 0)
		return rc;
	taken.row.received_at = taking->now;
	taken.row.expires_at = taking->now + taker->conf->received.keep;
	taken.row.way = taking->way;
	taken.row.bytes = len;
	domains = arena_array(&taker->report.report->mem,
	                      taker->report.report->policy_count,
	                      sizeof(*domains));
	describe_report(taker, &taken.row);
	sum_up(taker, &taken.row);
	count = sum_domains(taker, domains);
	judge(taking, &taken);
	gzip_pack(taker->gzip, json, len, &gzip);
	rc = put(taking, &taken, &gzip, domains, count);
	if (rc < 0)
		return rc;
	taken.problems = taker->report.problems;
	taken.problem_count = taker->report.problem_count;
	taking->each(taking->arg, &taken);
	return 0;
}

char *received_taken_fate(const struct received_taken *taken)
{
	const struct received_row *row = &taken->row;

	if (taken->is_dropped && row->authenticated)
		return xasprintf("dropped: as many reports of %s as [received] "
		                 "max_per_submitter or max_per_submitter_size "
		                 "allows have come today",
		                 registered_domain(row->submitter));
	if (taken->is_dropped)
		return xasprintf("dropped: as many unauthenticated reports as "
		                 "[received] max_unauthenticated allows have "
		                 "come today (%s)",
		                 taken->why.text);
	return xasprintf("%s%s%s", taken->is_new ? "taken" : "was here already",
	                 row->counts ? "" : ", not counted: ",
	                 row->counts ? ""
	                 : row->ours == 0
	                         ? "nothing in it is about [received] domains"
	                         : taken->why.text);
}

void received_taken_log(const struct received_taken *taken)
{
	const struct received_row *row = &taken->row;
	auto_(xfree_str) char *fate = received_taken_fate(taken);
	char day[DAY_TEXT];

	log_info("report of %s about %s by %s (%s): %s",
	         day_format(row->day, day),
	         row->domain[0] != '\0' ? row->domain : "no domain",
	         row->organization[0] != '\0' ? row->organization : "nobody",
	         row->submitter[0] != '\0' ? row->submitter : "no submitter",
	         fate);
}

/* Other files in an archive (a text for people) are passed over as long as
 * there is a report. */
static int take_part(void *arg, const char *name, const void *data, size_t len)
{
	struct taking *taking = arg;
	int rc = take(taking, data, len);

	if (rc == 0)
		taking->taken++;
	if (rc != ERR_PARSE)
		return rc;
	if (name != NULL)
		err_prefix(taking->err, "%s", name);
	return 0;
}

/* What other files had to say is forgotten then. */
static int unpack(struct taking *taking, const void *data, size_t len)
{
	struct err *err = taking->err;
	int rc;

	*err = (struct err){0};
	rc = received_unpack(data, len, take_part, taking, err);
	if (rc == 0 && taking->taken > 0)
		*err = (struct err){0};
	else if (rc == 0 && err->class == 0)
		err_set(err, ERR_PARSE, "zip: no report in it");
	return err->class;
}

int received_take_mail(struct received_taker *taker, enum received_way way,
                       const void *message, size_t len, int64_t now,
                       received_taken_fn *each, void *arg, struct err *err)
{
	struct taking taking = {.taker = taker,
	                        .mail = &taker->mail,
	                        .way = way,
	                        .now = now,
	                        .each = each,
	                        .arg = arg,
	                        .err = err};
	size_t above = taker->conf->received.received_above;
	int rc;

	/* a milter does not see the Received of its own Postfix */
	if (way == RECEIVED_BY_MILTER && above > 0)
		above--;
	rc = received_mail_read(&taker->mail, message, len, above, err);
	return rc < 0 ? rc
	              : unpack(&taking, taker->mail.body.at,
	                       taker->mail.body.len);
}

int received_take_file(struct received_taker *taker, enum received_way way,
                       const void *data, size_t len, int64_t now,
                       received_taken_fn *each, void *arg, struct err *err)
{
	struct taking taking = {.taker = taker,
	                        .way = way,
	                        .now = now,
	                        .each = each,
	                        .arg = arg,
	                        .err = err};

	return unpack(&taking, data, len);
}
