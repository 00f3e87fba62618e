/* x:TlsInternalReport: the reports of the outbox. */
#include <stddef.h>

#include "admin/jmap_type.h"
#include "admin/report_facts.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/reader.h"
#include "model/json_pointer.h"
#include "model/object.h"
#include "model/property.h"
#include "outbox/edit.h"
#include "outbox/shown.h"

static bool visit(void *arg, const struct outbox_head *head)
{
	struct jmap_scan *scan = arg;

	return scan->visit(scan, head);
}

static void scan(struct db_txn *txn, struct jmap_scan *scan)
{
	outbox_head_each(txn, 0, visit, scan);
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	return report_facts_load(txn, SHOWN_OUTBOX, id, wanted, object, err);
}

static bool refuse_edit(struct jmap_set_run *set, const struct err *err)
{
	switch (err->class) {
	case ERR_NOTFOUND:
		return jmap_refuse(set, "notFound", "%s", err->text);
	case ERR_BUSY:
		return jmap_refuse(set, "forbidden", "%s", err->text);
	case ERR_LIMIT:
		return jmap_refuse(set, "tooLarge", "%s", err->text);
	default:
		db_fail(set->txn, err->class, "%s", err->text);
		return false;
	}
}

/* A store that fails is no matter of the object. */
static bool refuse(struct jmap_set_run *set, const struct err *err)
{
	return db_failed(set->txn) ? false : refuse_edit(set, err);
}

static bool load_now(struct jmap_set_run *set, uint64_t id, json_t **now)
{
	auto_(internal_report_free) struct internal_report *object =
		internal_report_new();
	struct err err;
	int found = shown_load(set->txn, SHOWN_OUTBOX, id, true, object, &err);

	if (found < 0)
		return refuse(set, &err);
	*now = found ? object_write(object) : json_null();
	return true;
}

static bool create(struct jmap_set_run *set, json_t *given,
                   char id[JMAP_ID_TEXT], json_t **now)
{
	auto_(internal_report_free) struct internal_report *object =
		internal_report_new();
	const struct jmap *jmap = set->run->jmap;
	uint64_t number;
	struct err err;

	if (object_read(given, object, &err) < 0)
		return jmap_refuse_property(set, &err);
	if (edit_create(set->txn, jmap->conf, object, clock_ms(jmap->clock),
	                &number, &err) < 0)
		return refuse(set, &err);
	object_id_format(number, id);
	return load_now(set, number, now);
}

/* What the server sets may be given again as it is (section 5.3), and is then
 * taken out. */
static bool drop_server_set(struct jmap_set_run *set, json_t *patched,
                            const json_t *before)
{
	const struct property_table *table = object_properties();

	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].name;

		if (table->rows[i].kind->read != NULL)
			continue;
		if (!json_equal(json_object_get(patched, name),
		                json_object_get(before, name)))
			return jmap_refuse_name(set, name, "set by the server");
		json_object_del(patched, name);
	}
	return true;
}

static bool read_patched(struct jmap_set_run *set, json_t *patch,
                         const struct internal_report *before,
                         struct internal_report *after, json_t **expected)
{
	auto_(json_free) json_t *shown = object_write(before);
	auto_(json_free) json_t *patched = json_deep_copy(shown);
	struct err err;

	if (json_patch(patched, patch, &err) < 0)
		return jmap_refuse(set, "invalidPatch", "%s", err.text);
	*expected = json_copy(patched);
	if (!drop_server_set(set, patched, shown))
		return false;
	if (object_read(patched, after, &err) < 0)
		return jmap_refuse_property(set, &err);
	return true;
}

static bool update(struct jmap_set_run *set, const char *id, json_t *patch,
                   json_t **expected, json_t **now)
{
	auto_(internal_report_free) struct internal_report *before =
		internal_report_new();
	auto_(internal_report_free) struct internal_report *after =
		internal_report_new();
	const struct jmap *jmap = set->run->jmap;
	uint64_t number;
	struct err err;
	int found = 0;

	if (object_id_parse(id, &number))
		found = shown_load(set->txn, SHOWN_OUTBOX, number, true, before,
		                   &err);
	if (found < 0)
		return refuse(set, &err);
	if (found == 0)
		return jmap_refuse(set, "notFound", "no such report");
	if (!read_patched(set, patch, before, after, expected))
		return false;
	if (edit_update(set->txn, jmap->conf, before, after,
	                clock_secs(jmap->clock), &err) < 0)
		return refuse(set, &err);
	return load_now(set, number, now);
}

static bool destroy(struct jmap_set_run *set, const char *id)
{
	uint64_t number;
	struct err err;

	if (!object_id_parse(id, &number))
		return jmap_refuse(set, "notFound", "no such report");
	if (edit_destroy(set->txn, number, clock_secs(set->run->jmap->clock),
	                 &err) < 0)
		return refuse(set, &err);
	return true;
}

const struct jmap_type type_report = {
	.name = "x:TlsInternalReport",
	.capabilities = CAPABILITY_STALWART | CAPABILITY_TLSTALLY,
	.change = CHANGE_REPORT,
	.has_log = true,
	.get = PERMIT_REPORT_GET,
	.query = PERMIT_REPORT_QUERY,
	.create = PERMIT_REPORT_CREATE,
	.update = PERMIT_REPORT_UPDATE,
	.destroy = PERMIT_REPORT_DESTROY,
	.table = object_properties,
	REPORT_FACTS,
	.scan = scan,
	.load = load,
	.do_create = create,
	.do_update = update,
	.do_destroy = destroy,
};
