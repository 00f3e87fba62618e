/* tally:Status: what `tlstally status` prints. */
#include <string.h>

#include "jmap/jmap_types.h"
#include "show/status.h"

static const char *const properties[] = {
	"now",          "settings",        "mode",
	"store",        "feeds",           "lines",
	"waiting",      "events",          "days",
	"unreported",   "unreportedCount", "outbox",
	"trouble",      "troubleCount",    "coverage",
	"suppressions", "clock",           NULL,
};

#define ID "singleton"

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	const struct jmap *jmap = look->run->jmap;
	const struct status_of of = {
		.db = jmap->db,
		.conf = jmap->conf,
		.now = clock_secs(jmap->clock),
	};
	struct err err;

	if (strcmp(id, ID) != 0)
		return 0;
	*object = json_object();
	if (status_collect(&of, look->wanted, *object, &err) == 0)
		return 1;
	jmap_fail_store(look->failure, &err);
	return -1;
}

const struct jmap_view view_status = {
	.name = "tally:Status",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 1,
	.only_id = ID,
	.look = look,
};
