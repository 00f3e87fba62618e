#include "jmap/jmap_push.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/span.h"
#include "jmap/jmap.h"
#include "jmap/jmap_types.h"

int jmap_push_read(struct db *db, struct jmap_states *states, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	const struct jmap_type *type;

	memset(states, 0, sizeof(*states));
	for (size_t i = 0;
	     i < JMAP_PUSH_TYPES && (type = jmap_type_at(i)) != NULL; i++)
		jmap_state_now(txn, type, states->of[i]);
	return db_failure(txn, err);
}

static bool is_listed(const char *types, const char *name)
{
	struct span rest = span_of(types), one;
	bool more;

	do {
		more = span_split(&rest, ',', &one);
		if (span_is(one, name))
			return true;
	} while (more);
	return false;
}

unsigned jmap_push_types(const char *types, unsigned permissions)
{
	const struct jmap_type *type;
	unsigned found = 0;

	for (unsigned i = 0;
	     i < JMAP_PUSH_TYPES && (type = jmap_type_at(i)) != NULL; i++)
		if ((permissions & type->may.get) != 0 &&
		    (strcmp(types, "*") == 0 || is_listed(types, type->name)))
			found |= 1U << i;
	return found;
}

unsigned jmap_push_changed(const struct jmap_states *before,
                           const struct jmap_states *now)
{
	unsigned found = 0;

	for (unsigned i = 0; i < JMAP_PUSH_TYPES; i++)
		if (strcmp(before->of[i], now->of[i]) != 0)
			found |= 1U << i;
	return found;
}

/* The epoch is the same in all. */
const char *jmap_push_id(const struct jmap_states *states,
                         char id[JMAP_PUSH_ID])
{
	size_t len = (size_t)snprintf(id, JMAP_PUSH_ID, "%s", states->of[0]);

	for (size_t i = 1; i < JMAP_PUSH_TYPES; i++) {
		const char *dash = strchr(states->of[i], '-');

		if (dash != NULL && len < JMAP_PUSH_ID)
			len += (size_t)snprintf(id + len, JMAP_PUSH_ID - len,
			                        ".%s", dash + 1);
	}
	return id;
}

void jmap_push_event(const struct jmap_states *states, unsigned types,
                     struct strbuf *out)
{
	auto_(json_free) json_t *event = NULL;
	json_t *changed = json_object();
	const struct jmap_type *type;
	char id[JMAP_PUSH_ID];

	for (unsigned i = 0;
	     i < JMAP_PUSH_TYPES && (type = jmap_type_at(i)) != NULL; i++)
		if (types & 1U << i)
			jmap_put(changed, type->name,
			         json_string(states->of[i]));
	event = json_pack("{s:s,s:{s:o}}", "@type", "StateChange", "changed",
	                  JMAP_ACCOUNT, changed);
	strbuf_printf(out,
	              "event: state\nid: %s\ndata: ", jmap_push_id(states, id));
	json_write(event, out);
	strbuf_puts(out, "\n\n");
}
