/* The session object and the document of a problem. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/json.h"
#include "jmap/jmap.h"
#include "jmap/jmap_types.h"

void jmap_problem_write(const struct jmap_problem *problem, struct strbuf *out)
{
	auto_(json_free) json_t *json = json_object();

	jmap_put(json, "type",
	         json_string(problem->type ? problem->type : "about:blank"));
	jmap_put(json, "status", json_integer(problem->status));
	jmap_put(json, "detail", jmap_words(problem->detail));
	if (problem->limit != NULL)
		jmap_put(json, "limit", json_string(problem->limit));
	json_write(json, out);
}

/* What a caller sees of the session depends on nothing else. */
const char *jmap_session_state(const struct jmap *jmap,
                               const struct jmap_caller *caller, char out[24])
{
	const char *submitter = conf_submitter(jmap->conf);

	snprintf(out, 24, "s%x-%08" PRIx32, caller->permissions & PERMIT_ALL,
	         (uint32_t)hash64(0, submitter, strlen(submitter)));
	return out;
}

static json_t *limits(void)
{
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:[s]}", "maxSizeUpload",
	                 0, "maxConcurrentUpload", 0, "maxSizeRequest",
	                 JMAP_MAX_REQUEST, "maxConcurrentRequests",
	                 JMAP_MAX_CONCURRENT, "maxCallsInRequest",
	                 JMAP_MAX_CALLS, "maxObjectsInGet", JMAP_MAX_GET,
	                 "maxObjectsInSet", JMAP_MAX_SET, "collationAlgorithms",
	                 "i;ascii-casemap");
}

json_t *jmap_permission_words(unsigned permissions)
{
	json_t *words = json_array();

	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1)
		if (permissions & bit)
			jmap_append(words,
			            json_string(jmap_permission_word(bit)));
	return words;
}

/* What the token may do, for a client that shows only what will work, and who
 * the submitter is where a report does not say it. */
static json_t *ours(const struct jmap *jmap, const struct jmap_caller *caller)
{
	return json_pack("{s:o,s:s}", "permissions",
	                 jmap_permission_words(caller->permissions),
	                 "submitter", conf_submitter(jmap->conf));
}

static void put_url(json_t *session, const char *name, const char *base,
                    const char *path)
{
	auto_(strbuf_clear) struct strbuf url = {0};

	strbuf_printf(&url, "%s%s", base, path);
	jmap_put(session, name, json_string(strbuf_text(&url)));
}

void jmap_session_write(const struct jmap *jmap,
                        const struct jmap_caller *caller, const char *base_url,
                        struct strbuf *out)
{
	auto_(json_free) json_t *session = NULL;
	const struct jmap_type *type;
	unsigned writes = 0;
	char state[24];

	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++)
		writes |= (unsigned)type->may.create |
		          (unsigned)type->may.update |
		          (unsigned)type->may.destroy;
	session = json_pack(
		"{s:{s:o,s:{},s:{}},"
		"s:{s:{s:s,s:b,s:b,s:{s:{},s:{},s:o}}},"
		"s:{s:s,s:s,s:s},s:s,s:s}",
		"capabilities", JMAP_CORE, limits(), JMAP_STALWART,
		JMAP_TLSTALLY, "accounts", JMAP_ACCOUNT, "name", "tlstally",
		"isPersonal", 0, "isReadOnly",
		(caller->permissions & writes) == 0, "accountCapabilities",
		JMAP_CORE, JMAP_STALWART, JMAP_TLSTALLY, ours(jmap, caller),
		"primaryAccounts", JMAP_CORE, JMAP_ACCOUNT, JMAP_STALWART,
		JMAP_ACCOUNT, JMAP_TLSTALLY, JMAP_ACCOUNT, "username",
		caller->name, "state", jmap_session_state(jmap, caller, state));
	put_url(session, "apiUrl", base_url, "/jmap/");
	put_url(session, "downloadUrl", base_url,
	        "/jmap/download/{accountId}/{blobId}/{name}?accept={type}");
	put_url(session, "uploadUrl", base_url, "/jmap/upload/{accountId}");
	put_url(session, "eventSourceUrl", base_url,
	        "/jmap/eventsource?types={types}&closeafter={closeafter}&"
	        "ping={ping}");
	json_write(session, out);
}
