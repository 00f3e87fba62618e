/*
 * tally:Lookup: what a domain says about mail and TLS, now; its id is the
 * domain (jmap/id_text.h).
 *
 * What was looked up for somebody lately will do, or what the policy cache has
 * fresh; else DNS is asked, which is not waited for: state is "underWay" then,
 * and whoever asks again learns more.
 */
#include <string.h>

#include "base/auto.h"
#include "base/domain.h"
#include "base/json.h"
#include "jmap/id_text.h"
#include "jmap/jmap_types.h"
#include "jmap/lookup_desk.h"
#include "show/doc.h"
#include "show/lookup_doc.h"
#include "store/meta_table.h"
#include "store/policy_cache_table.h"
#include "store/told_table.h"

static const char *const properties[] = {
	"domain", "state",  "source", "askedAt", "checkedAt", "failure",
	"tlsrpt", "mtaSts", "mx",     "postfix", "problems",  NULL,
};

static bool is_answer(enum view_status status)
{
	return status != VIEW_UNKNOWN && status != VIEW_TEMPFAIL;
}

/* Was everything asked that is shown, and answered? */
static bool is_whole(const struct domain_view *view)
{
	if (!is_answer(view->tlsrpt) || !is_answer(view->sts_record) ||
	    !is_answer(view->mx) ||
	    (view->sts_record == VIEW_OK && !is_answer(view->sts)))
		return false;
	for (size_t i = 0; i < view->mx_count; i++)
		if (!is_answer(view->mxs[i].tlsa))
			return false;
	return true;
}

/* 1 and the document, 0, or negative. */
static int see_cache(const struct jmap *jmap, const char *domain, json_t *doc,
                     struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_read(jmap->db);
	struct domain_view view;
	int found = policy_cache_get(txn, domain, &mem, &view);

	if (db_failed(txn))
		return db_failure(txn, err);
	if (!found || !domain_view_is_good(&view, clock_secs(jmap->clock)) ||
	    !is_whole(&view))
		return 0;
	lookup_doc(&view, &mem, doc);
	return 1;
}

static void tell_answer(const struct lookup_answer *answer, json_t *doc)
{
	bool done = answer->state == LOOKUP_DONE;

	json_set_time(doc, "askedAt", answer->asked_at);
	json_set_string(doc, "source", "dns");
	json_set_string(doc, "state",
	                !done                        ? "underWay"
	                : answer->failure.class != 0 ? "failed"
	                                             : "done");
	if (!done)
		return;
	if (answer->failure.class != 0)
		doc_set(doc, "failure", answer->failure.text);
	json_object_update_missing(doc, answer->doc);
}

/* 1, or 0: nobody has asked for it lately. */
static int see_desk(const struct jmap *jmap, const char *domain, json_t *doc)
{
	struct lookup_answer answer = {.state = LOOKUP_NONE};

	if (jmap->lookups != NULL)
		lookup_desk_see(jmap->lookups, domain, &answer);
	if (answer.state == LOOKUP_NONE)
		return 0;
	tell_answer(&answer, doc);
	json_free(&answer.doc);
	return 1;
}

static int ask_desk(struct jmap_look *look, const char *domain, json_t *doc,
                    struct err *err)
{
	const struct jmap_run *run = look->run;
	struct lookup_answer answer = {.state = LOOKUP_NONE};

	if (run->jmap->lookups == NULL)
		return err_set(
			err, ERR_BUSY,
			"only tlstally-httpd makes lookups for this object; at "
			"the command line, use `tlstally lookup`");
	if (lookup_desk_ask(run->jmap->lookups, run->caller->name, domain,
	                    &answer, err) < 0)
		return err->class;
	tell_answer(&answer, doc);
	json_free(&answer.doc);
	return 0;
}

static int fill_lookup(struct jmap_look *look, const char *domain, json_t *doc,
                       struct err *err)
{
	const struct jmap *jmap = look->run->jmap;
	int found;

	doc_set(doc, "domain", domain);
	if (look->refresh)
		return ask_desk(look, domain, doc, err);
	if (see_desk(jmap, domain, doc))
		return 0;
	found = see_cache(jmap, domain, doc, err);
	if (found < 0)
		return found;
	if (found == 0)
		return ask_desk(look, domain, doc, err);
	json_set_string(doc, "state", "done");
	json_set_string(doc, "source", "cache");
	return 0;
}

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
	rc = fill_lookup(look, domain, *object, &err);
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
