/* x:TlsInternalReport: the reports of the outbox. */
#include <stddef.h>

#include "api/object.h"
#include "api/object_id.h"
#include "api/property.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_types.h"
#include "jmap/report_facts.h"
#include "outbox/edit.h"
#include "outbox/shown.h"

static bool visit(void *arg, const struct outbox_head *head)
{
	struct jmap_scan *scan = arg;

	return scan->visit(scan, head);
}

static void walk(struct db_txn *txn, const void *facts, struct jmap_scan *scan)
{
	const struct outbox_head *head = facts;

	outbox_head_each(txn, head->id + 1, visit, scan);
}

static int next(struct db_txn *txn, void *facts)
{
	return outbox_head_next(txn, facts);
}

static int find(struct db_txn *txn, const struct jmap_type *type,
                const char *id, void *facts)
{
	uint64_t number;

	(void)type;
	return object_id_parse(id, &number) &&
	       outbox_head_get(txn, number, facts) == 1;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	return report_facts_load(txn, SHOWN_OUTBOX, id, wanted, object, err);
}

struct plan {
	struct jmap_plan plan;
	struct edit *edit;
	bool gone; /* to the archive */
};

static void plan_free(struct jmap_plan *plan)
{
	edit_free(&((struct plan *)plan)->edit);
}

static struct plan *plan_new(void)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));

	plan->edit = edit_new();
	return plan;
}

/* A store that fails is no matter of the object. */
static bool refuse(struct jmap_set_run *set, const struct db_txn *txn,
                   const struct err *err)
{
	if (txn != NULL && db_failed(txn))
		return jmap_refuse_store(set, err);
	switch (err->class) {
	case ERR_NOTFOUND:
		return jmap_refuse(set, "notFound", "%s", err->text);
	case ERR_BUSY:
		return jmap_refuse(set, "forbidden", "%s", err->text);
	case ERR_LIMIT:
		return jmap_refuse(set, "tooLarge", "%s", err->text);
	default:
		return jmap_refuse_store(set, err);
	}
}

/* The plan, or NULL and it is freed. */
static struct jmap_plan *pack(struct jmap_set_run *set, struct plan *plan)
{
	const struct jmap *jmap = set->run->jmap;
	struct err err;

	if (edit_pack(plan->edit, jmap->conf, &err) == 0) {
		plan->plan.size = plan->edit->size;
		return &plan->plan;
	}
	refuse(set, NULL, &err);
	return jmap_plan_drop(&type_report, &plan->plan);
}

static struct jmap_plan *plan_create(struct jmap_set_run *set, json_t *given)
{
	struct plan *plan = plan_new();
	struct err err = {0};

	if (conf_check_contact(set->run->jmap->conf, &err) < 0) {
		jmap_refuse(set, "forbidden", "%s", err.text);
		return jmap_plan_drop(&type_report, &plan->plan);
	}
	object_read(given, plan->edit->after, jmap_bad_paths(set), &err);
	if (!jmap_properties_good(set, &err))
		return jmap_plan_drop(&type_report, &plan->plan);
	plan->plan.expected = json_incref(given);
	return pack(set, plan);
}

static bool read_patched(struct jmap_set_run *set, json_t *patch,
                         struct plan *plan)
{
	struct edit *edit = plan->edit;
	auto_(json_free) json_t *shown = object_write(edit->before);
	auto_(json_free) json_t *patched =
		jmap_patched(set, &type_report, shown, patch, &plan->plan);
	struct err err = {0};

	if (patched == NULL)
		return false;
	object_read(patched, edit->after, jmap_bad_paths(set), &err);
	return jmap_properties_good(set, &err);
}

static bool find_edit(struct jmap_set_run *set, const char *id,
                      struct edit *edit)
{
	auto_(db_abort) struct db_txn *own = NULL;
	struct db_txn *txn;
	uint64_t number;
	struct err err;

	if (!object_id_parse(id, &number))
		return jmap_refuse(set, "notFound", "no such report");
	txn = jmap_set_look(set, &own);
	if (edit_look(edit, txn, number, clock_secs(set->run->jmap->clock),
	              &err) < 0)
		return refuse(set, txn, &err);
	return true;
}

static struct jmap_plan *plan_update(struct jmap_set_run *set, const char *id,
                                     json_t *patch)
{
	struct plan *plan = plan_new();

	if (!find_edit(set, id, plan->edit) || !read_patched(set, patch, plan))
		return jmap_plan_drop(&type_report, &plan->plan);
	return pack(set, plan);
}

static enum jmap_applied apply(struct jmap_set_run *set, struct jmap_plan *arg)
{
	struct plan *plan = (struct plan *)arg;
	const struct jmap *jmap = set->run->jmap;
	struct err err;
	int rc = edit_write(plan->edit, set->txn, jmap->conf,
	                    clock_ms(jmap->clock), &err);

	if (rc > 0)
		return APPLY_STALE;
	if (rc == 0)
		rc = edit_result(plan->edit, set->txn, &err);
	if (rc < 0) {
		refuse(set, set->txn, &err);
		return APPLY_REFUSED;
	}
	plan->gone = rc == 0;
	object_id_format(plan->edit->after->id, arg->id);
	return APPLY_DONE;
}

static json_t *plan_result(const struct jmap_plan *arg)
{
	const struct plan *plan = (const struct plan *)arg;

	return plan->gone ? json_null() : object_write(plan->edit->before);
}

static bool destroy(struct jmap_set_run *set, const char *id)
{
	uint64_t number;
	struct err err;

	if (!object_id_parse(id, &number))
		return jmap_refuse(set, "notFound", "no such report");
	if (edit_destroy(set->txn, number, clock_secs(set->run->jmap->clock),
	                 &err) < 0)
		return refuse(set, set->txn, &err);
	return true;
}

const struct jmap_type type_report = {
	.name = "x:TlsInternalReport",
	.capabilities = CAPABILITY_STALWART | CAPABILITY_TLSTALLY,
	.change = CHANGE_REPORT,
	.change_id = report_facts_change_id,
	.may = {PERMIT_REPORT_GET, PERMIT_REPORT_QUERY, PERMIT_REPORT_CREATE,
                PERMIT_REPORT_UPDATE, PERMIT_REPORT_DESTROY},
	.walk = {.next = next, .each = walk, .find = find, REPORT_WALK},
	.show =
		{
			.table = &object_table,
			.word = "tls-internal-report",
			.columns = "id,domain,status,failedSessions,createdAt,"
				   "deliverAt,mailRua,httpRua",
			.columns_elsewhere = "id,domain,createdAt,deliverAt,"
					     "mailRua,httpRua",
			.load = load,
		},
	.edit = {plan_create, plan_update, apply, plan_result, plan_free,
                 destroy},
};
