#include "client/remote_session.h"

#include <stdio.h>
#include <string.h>

#include "api/jmap_request.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"

static json_t *member(json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static size_t limit_of(json_t *tree, const char *name)
{
	json_t *core = member(member(tree, "capabilities"), JMAP_CORE);
	json_int_t limit = json_integer_value(member(core, name));

	return limit > 0 && limit < REMOTE_AT_ONCE ? (size_t)limit
	                                           : REMOTE_AT_ONCE;
}

/* The primary one for these objects, else the only one there is. */
static const char *account_of(json_t *tree, unsigned wanted)
{
	json_t *primary = member(tree, "primaryAccounts");
	json_t *accounts = member(tree, "accounts");
	json_t *id = NULL;

	if (wanted & CAPABILITY_STALWART)
		id = member(primary, JMAP_STALWART);
	if (id == NULL)
		id = member(primary, JMAP_TLSTALLY);
	if (json_is_string(id))
		return json_string_value(id);
	if (json_is_object(accounts) && json_object_size(accounts) == 1)
		return json_object_iter_key(json_object_iter(accounts));
	return "";
}

int remote_session_read(const void *body, size_t len, unsigned wanted,
                        struct remote_session *session, struct err *err)
{
	auto_(json_free) json_t *tree = json_read(body, len, false, NULL);
	const char *api = json_string_value(member(tree, "apiUrl"));
	json_t *all = member(tree, "capabilities");
	const char *account;

	*session = (struct remote_session){.api = NULL};
	if (api == NULL)
		return 0;
	account = account_of(tree, wanted);
	if (account[0] != '\0' && !jmap_request_is_id(account))
		return err_set(err, ERR_PARSE,
		               "the session has an account with an invalid id");
	session->capabilities =
		CAPABILITY_CORE |
		(member(all, JMAP_STALWART) ? CAPABILITY_STALWART : 0u) |
		(member(all, JMAP_TLSTALLY) ? CAPABILITY_TLSTALLY : 0u);
	snprintf(session->account, sizeof(session->account), "%s", account);
	session->max_get = limit_of(tree, "maxObjectsInGet");
	session->max_set = limit_of(tree, "maxObjectsInSet");
	session->api = xstrdup(api);
	return 1;
}

void remote_session_clear(struct remote_session *session)
{
	xfree_str(&session->api);
}
