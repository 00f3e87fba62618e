/* tally:Status and tally:Doctor: what `tlstally status` and `tlstally doctor`
 * print. */
#include <string.h>

#include "jmap/jmap_types.h"
#include "doctor/doctor.h"
#include "show/status.h"

static const char *const status_properties[] = {
	"verdict",
	"actions",
	"now",
	"settings",
	"mode",
	"store",
	"feeds",
	"lines",
	"waiting",
	"events",
	"journal",
	"days",
	"unreported",
	"unreportedCount",
	"outbox",
	"trouble",
	"troubleCount",
	"answers",
	"deliveries",
	"coverage",
	"ownFailures",
	"policyd",
	"unauthenticated",
	"submitters",
	"hosts",
	"clock",
	"suppressions",
	"lastDay",
	"lastRun",
	"contactInfo",
	"organizationName",
	NULL,
};

static const char *const doctor_properties[] = {"verdict", "checks", NULL};

#define ID "singleton"

static int look_by(struct jmap_look *look, const char *id, json_t **object,
                   int (*collect)(const struct status_of *of,
                                  const json_t *wanted, json_t *doc,
                                  struct err *err))
{
	const struct jmap *jmap = look->run->jmap;
	const struct status_of of = {
		.db = jmap->db,
		.conf = jmap->conf,
		.now = clock_secs(jmap->clock),
		.doubt = jmap->doubt,
		.on_host = jmap->on_host,
	};
	struct err err;

	if (strcmp(id, ID) != 0)
		return 0;
	*object = json_object();
	if (collect(&of, look->wanted, *object, &err) == 0)
		return 1;
	jmap_fail_store(look->failure, &err);
	return -1;
}

static int look_at_status(struct jmap_look *look, const char *id,
                          json_t **object)
{
	return look_by(look, id, object, status_collect);
}

static int collect_doctor(const struct status_of *of, const json_t *wanted,
                          json_t *doc, struct err *err)
{
	return doctor_collect(of, NULL, wanted, doc, err);
}

static int look_at_doctor(struct jmap_look *look, const char *id,
                          json_t **object)
{
	return look_by(look, id, object, collect_doctor);
}

const struct jmap_view view_status = {
	.name = "tally:Status",
	.get = PERMIT_TALLY_READ,
	.properties = status_properties,
	.max_ids = 1,
	.only_id = ID,
	.look = look_at_status,
};

const struct jmap_view view_doctor = {
	.name = "tally:Doctor",
	.get = PERMIT_TALLY_READ,
	.properties = doctor_properties,
	.max_ids = 1,
	.only_id = ID,
	.look = look_at_doctor,
};
