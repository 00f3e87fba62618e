/* tally:Lookup: what a domain says about mail and TLS, now
 * (jmap/lookup_now.h); its id is the domain (jmap/id_text.h). */
#include <string.h>

#include "base/auto.h"
#include "base/domain.h"
#include "base/json.h"
#include "jmap/id_text.h"
#include "jmap/jmap_types.h"
#include "jmap/lookup_now.h"
#include "show/doc.h"
#include "show/lookup_doc.h"
#include "store/meta_table.h"
#include "store/policy_cache_table.h"
#include "store/told_table.h"

static const char *const properties[] = {
	"domain", "state",  "source", "askedAt", "checkedAt", "failure",
	"tlsrpt", "mtaSts", "mx",     "postfix", "problems",  NULL,
};

/* What tlstally-policyd tells Postfix: by the view that it has, which is that
 * of the store, and since when. */
static int add_told(const struct jmap *jmap, const char *domain, json_t *doc,
                    struct err *err)
{
	auto_(arena_clear) struct arena arena = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_read(jmap->db);
	struct policy_known known = {.domain = domain,
	                             .now = clock_secs(jmap->clock)};
	struct policy_site site = {0};
	struct policy_answer answer;
	struct policyd_seen seen;
	struct domain_view view;
	struct told told;
	json_t *object;

	meta_policyd_get(txn, &seen);
	if (!meta_policyd_is_in_use(&seen, known.now) ||
	    policy_cache_get(txn, domain, &arena, &view) <= 0 ||
	    !told_get(txn, domain, INT64_MAX, &arena, &told))
		return db_failure(txn, err);
	known.view = &view;
	known.outage = seen.outage_since != 0;
	site.level = site_level_text(seen.level);
	site.differs = seen.level == SITE_LEVELS;
	site.own = seen.own;
	site.verifies_host = seen.verifies_host;
	site.dane = seen.does_dane;
	site.dane_only = jmap->conf->policyd.dane_only;
	site.validates = seen.validates;
	site.defers = jmap->conf->policyd.on_failure == ON_FAILURE_DEFER;
	site.temp_secs = jmap->conf->policyd.defer_for;
	policy_answer_make(&site, &known, &arena, &answer);
	/* else what was told is of another view, or of a table */
	if (answer.kind != told.kind)
		answer = (struct policy_answer){
			.kind = told.kind,
			.failure = told.sts_fetch,
			.text = "",
			.why = word_sentence(&words_told, told.kind),
		};
	object = doc_object(doc, "postfix");
	lookup_doc_told(&answer, !seen.leaves_out, object);
	json_set_time(object, "since", told.since);
	return db_failure(txn, err);
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	char text[DOMAIN_TEXT], domain[DOMAIN_TEXT];
	struct err err;
	bool hashed;
	int rc;

	if (!id_text_read(id, text, sizeof(text), &hashed) ||
	    domain_canonical(text, strlen(text), domain, NULL) < 0 ||
	    strcmp(text, domain) != 0)
		return 0;
	*object = json_object();
	rc = lookup_now(look, domain, *object, &err);
	if (rc == 0)
		rc = add_told(look->run->jmap, domain, *object, &err);
	if (rc == 0)
		return 1;
	jmap_fail_store(look->failure, &err);
	return rc;
}

const struct jmap_view view_lookup = {
	.name = "tally:Lookup",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 4,
	.can_refresh = true,
	.look = look,
};
