/*
 * tally:Posture: how a domain of ours stands (show/posture.h), and whether it
 * is ready for enforce (show/posture_verdict.h); its id is that of
 * tally:Overview, "-" and the domain.  What the domain publishes is looked up
 * as for tally:Lookup, and its state is published.state.
 *
 * tally:PostureOverview: a line for each of [received] domains, by what is
 * known of it without asking DNS.
 */
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json.h"
#include "jmap/days_id.h"
#include "jmap/id_text.h"
#include "jmap/jmap_types.h"
#include "jmap/lookup_now.h"
#include "show/doc.h"
#include "show/posture.h"
#include "show/posture_verdict.h"

enum { BUDGET_MS = 1500, DAYS_PART = 2 * (DAY_TEXT - 1) + 2 };

static const char *const properties[] = {
	"domain",  "firstDay", "lastDay",   "days",    "organizations",
	"faults",  "hosts",    "published", "ready",   "sentence",
	"reasons", "notes",    "cutOff",    "publish", NULL,
};

static const char *const overview_properties[] = {
	"firstDay", "lastDay", "isComplete", "domains", NULL,
};

static int read_posture(const struct jmap *jmap, const char *domain,
                        int32_t first, int32_t last, json_t *doc,
                        struct err *err)
{
	auto_(posture_free) struct posture *posture =
		posture_new(domain, first, last);

	if (posture_read(jmap->db, posture, domain, first, last, err) < 0)
		return err->class;
	posture_doc(posture, doc);
	return 0;
}

static void judge(const struct jmap *jmap, json_t *doc)
{
	posture_judge(doc, &jmap->conf->received.addresses,
	              clock_secs(jmap->clock));
}

/* DNS that cannot be asked now is no reason to show nothing. */
static int add_published(struct jmap_look *look, const char *domain,
                         json_t *doc, struct err *err)
{
	json_t *published = doc_object(doc, "published");
	int rc = lookup_now(look, domain, published, err);

	if (rc == ERR_BUSY) {
		json_set_string(published, "state", "failed");
		doc_set(published, "failure", err->text);
		rc = 0;
	}
	return rc;
}

/* "d2026-03-01_2026-03-30-example_com": 1, 0, or negative as days_id_read(). */
static int read_id(struct jmap_look *look, const char *id, int32_t *first,
                   int32_t *last, char domain[DOMAIN_TEXT])
{
	char days[DAYS_PART + 1], text[DOMAIN_TEXT];
	bool hashed;

	if (strlen(id) < DAYS_PART + 2 || id[DAYS_PART] != '-')
		return 0;
	memcpy(days, id, DAYS_PART);
	days[DAYS_PART] = '\0';
	if (!id_text_read(id + DAYS_PART + 1, text, sizeof(text), &hashed) ||
	    domain_canonical(text, strlen(text), domain, NULL) < 0 ||
	    strcmp(text, domain) != 0)
		return 0;
	return days_id_read(look, days, first, last);
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	const struct jmap *jmap = look->run->jmap;
	char domain[DOMAIN_TEXT];
	int32_t first, last;
	struct err err;
	int rc = read_id(look, id, &first, &last, domain);

	if (rc <= 0)
		return rc;
	*object = json_object();
	rc = read_posture(jmap, domain, first, last, *object, &err);
	if (rc == 0)
		rc = add_published(look, domain, *object, &err);
	if (rc == 0) {
		judge(jmap, *object);
		return 1;
	}
	jmap_fail_store(look->failure, &err);
	return rc;
}

const struct jmap_view view_posture = {
	.name = "tally:Posture",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 4,
	.can_refresh = true,
	.look = look,
};

/* --- all of them --- */

/* Of a posture what fits in a line. */
static void add_line(const json_t *posture, json_t *line)
{
	static const char *const sums[] = {"reports", "successfulSessions",
	                                   "failedSessions"};
	uint64_t totals[3] = {0}, messages = 0, clear = 0;
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(posture, "days"), i, day) {
		for (int n = 0; n < 3; n++)
			totals[n] += doc_number(day, sums[n]);
		messages += doc_number(doc_get(day, "seen"), "messages");
		clear += doc_number(doc_get(day, "seen"), "clear");
	}
	doc_set(line, "domain", doc_text(posture, "domain"));
	for (int n = 0; n < 3; n++)
		json_set_uint(line, sums[n], totals[n]);
	json_set_uint(line, "messages", messages);
	json_set_uint(line, "clear", clear);
	doc_set(line, "mode",
	        doc_text(doc_get(doc_get(posture, "published"), "mtaSts"),
	                 "mode"));
	doc_set(line, "ready", doc_text(posture, "ready"));
	doc_set(line, "sentence", doc_text(posture, "sentence"));
}

static int add_domain(const struct jmap *jmap, const char *domain,
                      int32_t first, int32_t last, json_t *list,
                      struct err *err)
{
	auto_(json_free) json_t *posture = json_object();
	json_t *published = doc_object(posture, "published");

	if (read_posture(jmap, domain, first, last, posture, err) < 0 ||
	    lookup_known(jmap, domain, published, err) < 0)
		return err->class;
	judge(jmap, posture);
	add_line(posture, doc_row(list));
	return 0;
}

static int fill(const struct jmap *jmap, int32_t first, int32_t last,
                json_t *object, struct err *err)
{
	const struct conf_list *domains = &jmap->conf->received.domains;
	int64_t until = clock_monotonic_ms(jmap->clock) + BUDGET_MS;
	json_t *list = doc_array(object, "domains");
	char domain[DOMAIN_TEXT];
	size_t i = 0;

	for (; i < domains->count && clock_monotonic_ms(jmap->clock) <= until;
	     i++)
		if (domain_canonical(domains->items[i],
		                     strlen(domains->items[i]), domain,
		                     NULL) == 0 &&
		    add_domain(jmap, domain, first, last, list, err) < 0)
			return err->class;
	doc_set_day(object, "firstDay", first);
	doc_set_day(object, "lastDay", last);
	json_set_bool(object, "isComplete", i == domains->count);
	return 0;
}

static int look_at_all(struct jmap_look *look, const char *id, json_t **object)
{
	int32_t first, last;
	struct err err;
	int rc = days_id_read(look, id, &first, &last);

	if (rc <= 0)
		return rc;
	*object = json_object();
	if (fill(look->run->jmap, first, last, *object, &err) == 0)
		return 1;
	jmap_fail_store(look->failure, &err);
	return -1;
}

const struct jmap_view view_postures = {
	.name = "tally:PostureOverview",
	.get = PERMIT_TALLY_READ,
	.properties = overview_properties,
	.max_ids = 4,
	.look = look_at_all,
};
