/* tally:SentReport: the archive, what became of reports that left the
 * outbox.  Who sets deliverAt of one sends it again (outbox/resend.h): it is
 * in the outbox then, with the same id; nothing else can be changed. */
#include <string.h>

#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_types.h"
#include "jmap/report_facts.h"
#include "outbox/resend.h"

static int next(struct db_txn *txn, void *facts)
{
	return archive_head_next(txn, facts);
}

static int find(struct db_txn *txn, const struct jmap_type *type,
                const char *id, void *facts)
{
	uint64_t number;

	(void)type;
	return object_id_parse(id, &number) &&
	       archive_head_get(txn, number, facts) == 1;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	return report_facts_load(txn, SHOWN_ARCHIVE, id, wanted, object, err);
}

struct plan {
	struct jmap_plan plan;
	uint64_t number;
	int64_t at; /* secs; 0: nothing was changed */
};

static bool read_patched(struct jmap_set_run *set, const json_t *shown,
                         json_t *patch, struct plan *plan)
{
	auto_(json_free) json_t *patched =
		jmap_patched(set, &type_sent, shown, patch, &plan->plan);
	const char *at =
		json_string_value(json_object_get(patched, "deliverAt"));
	struct err err = {0};
	const char *name;
	json_t *value;

	if (patched == NULL)
		return false;
	json_object_foreach (patched, name, value) {
		if (strcmp(name, "deliverAt") != 0 &&
		    !json_same(value, json_object_get(shown, name)))
			jmap_bad_property(set, name,
			                  "cannot be changed: the report was "
			                  "sent");
	}
	if (json_same(json_object_get(patched, "deliverAt"),
	              json_object_get(shown, "deliverAt")))
		return jmap_properties_good(set, &err);
	if (at == NULL || day_parse_time(at, &plan->at, NULL) < 0)
		jmap_bad_property(set, "deliverAt",
		                  "not a time in UTC (like "
		                  "2026-03-01T10:00:00Z)");
	return jmap_properties_good(set, &err);
}

static struct jmap_plan *plan_update(struct jmap_set_run *set, const char *id,
                                     json_t *patch)
{
	auto_(db_abort) struct db_txn *own = NULL;
	auto_(json_free) json_t *shown = NULL;
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct err err = {0};
	int rc = 0;

	if (object_id_parse(id, &plan->number))
		rc = load(jmap_set_look(set, &own), id, NULL, &shown, &err);
	if (rc < 0)
		jmap_refuse_store(set, &err);
	else if (rc == 0)
		jmap_refuse(set, "notFound", "no such report");
	else if (read_patched(set, shown, patch, plan))
		return &plan->plan;
	return jmap_plan_drop(&type_sent, &plan->plan);
}

static enum jmap_applied apply(struct jmap_set_run *set, struct jmap_plan *arg)
{
	struct plan *plan = (struct plan *)arg;
	uint64_t count = 0;
	struct err err = {0};

	object_id_format(plan->number, arg->id);
	if (plan->at == 0 || resend_in(set->txn, plan->number, plan->at,
	                               clock_secs(set->run->jmap->clock), false,
	                               &count, &err) == 0)
		return APPLY_DONE;
	if (!db_failed(set->txn))
		jmap_refuse(set,
		            err.class == ERR_NOTFOUND ? "notFound"
		                                      : "forbidden",
		            "%s", err.text);
	return APPLY_REFUSED;
}

/* It is no more where it was, or as it was. */
static json_t *plan_result(const struct jmap_plan *plan)
{
	(void)plan;
	return json_null();
}

const struct jmap_type type_sent = {
	.name = "tally:SentReport",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_SENT,
	.change_id = report_facts_change_id,
	.may = {.get = PERMIT_TALLY_READ,
                .query = PERMIT_TALLY_READ,
                .update = PERMIT_REPORT_UPDATE},
	.walk = {.next = next, .find = find, REPORT_WALK},
	.show =
		{
			.table = &object_table,
			.word = "sent-report",
			.columns = "id,domain,day,doneAt,failedSessions,"
				   "mailRua,httpRua",
			.load = load,
		},
	.edit = {.plan_update = plan_update,
                 .apply = apply,
                 .plan_result = plan_result},
};
