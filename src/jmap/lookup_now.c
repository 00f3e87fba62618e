#include "jmap/lookup_now.h"

#include "base/auto.h"
#include "base/json.h"
#include "jmap/lookup_desk.h"
#include "show/doc.h"
#include "show/lookup_doc.h"
#include "store/policy_cache_table.h"

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

int lookup_known(const struct jmap *jmap, const char *domain, json_t *doc,
                 struct err *err)
{
	int found;

	doc_set(doc, "domain", domain);
	if (see_desk(jmap, domain, doc))
		return 1;
	found = see_cache(jmap, domain, doc, err);
	if (found <= 0)
		return found;
	json_set_string(doc, "state", "done");
	json_set_string(doc, "source", "cache");
	return 1;
}

int lookup_now(struct jmap_look *look, const char *domain, json_t *doc,
               struct err *err)
{
	int found = look->refresh
	                    ? 0
	                    : lookup_known(look->run->jmap, domain, doc, err);

	doc_set(doc, "domain", domain);
	return found == 0  ? ask_desk(look, domain, doc, err)
	       : found < 0 ? found
	                   : 0;
}
