#include "client/jmap_client.h"

#include <stdio.h>
#include <string.h>

#include "api/jmap_request.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/json_lax.h"
#include "base/xalloc.h"
#include "show/doc.h"

static const char call_id[] = "0";

void jmap_client_free(struct jmap_client **client)
{
	if (*client != NULL)
		(*client)->free(client);
}

bool jmap_client_is_ours(const struct jmap_client *client)
{
	return (client->capabilities & CAPABILITY_TLSTALLY) != 0;
}

/* --- errors in words --- */

/* What the types of errors mean to the one who typed the command. */
static const struct {
	const char *type;
	int class;
	const char *words;
} errors[] = {
	/* methods, RFC 8620 section 3.6.2 */
	{"serverUnavailable", ERR_BUSY, "the server is busy or unavailable"},
	{"serverFail", ERR_IO, "the server failed"},
	{"serverPartialFail", ERR_UNCERTAIN,
         "the server failed halfway; check what was done"},
	{"unknownMethod", ERR_IO, "the server does not support this method"},
	{"invalidArguments", ERR_PARSE,
         "the server did not accept the arguments"},
	{"invalidResultReference", ERR_PARSE,
         "the server did not accept the arguments"},
	{"forbidden", ERR_IO, "permission denied"},
	{"accountNotFound", ERR_IO, "no such account"},
	{"accountNotSupportedByMethod", ERR_IO,
         "the account does not support these objects"},
	{"accountReadOnly", ERR_IO, "the account is read-only"},
	/* /get, /query, /set: sections 5.1, 5.3, 5.5 */
	{"requestTooLarge", ERR_LIMIT, "too many objects in one request"},
	{"stateMismatch", ERR_BUSY, "the objects were changed by someone else"},
	{"anchorNotFound", ERR_NOTFOUND, "the anchor was not found"},
	{"unsupportedSort", ERR_PARSE,
         "the server does not support this sort order"},
	{"unsupportedFilter", ERR_PARSE,
         "the server does not support this filter"},
	/* an object, section 5.3 */
	{"overQuota", ERR_LIMIT, "the quota is exceeded"},
	{"tooLarge", ERR_LIMIT, "the object is too large"},
	{"rateLimit", ERR_BUSY, "too many requests, try again later"},
	{"notFound", ERR_NOTFOUND, "not found"},
	{"invalidPatch", ERR_PARSE, "the change is not valid"},
	{"willDestroy", ERR_PARSE, "the same call deletes the object"},
	{"invalidProperties", ERR_PARSE,
         "the server did not accept the properties"},
	{"singleton", ERR_PARSE,
         "there is always exactly one object of this type"},
	{"alreadyExists", ERR_PARSE, "the object already exists"},
};

/* The properties that the description does not name; of "report/dateRangeEnd"
 * it may write all but the last name otherwise. */
static void add_properties(const json_t *error, const char *description,
                           struct strbuf *out)
{
	json_t *list = json_object_get(error, "properties"), *item;
	const char *between = " (";
	size_t i;

	json_array_foreach (list, i, item) {
		const char *name = json_string_value(item);
		const char *slash = name ? strrchr(name, '/') : NULL;

		if (name == NULL ||
		    strstr(description, slash ? slash + 1 : name) != NULL)
			continue;
		strbuf_printf(out, "%s%.60s", between, name);
		between = ", ";
	}
	if (between[0] == ',')
		strbuf_putc(out, ')');
}

int jmap_client_error_words(const json_t *error, struct err *err)
{
	const char *type = json_string_value(json_object_get(error, "type"));
	const char *said =
		json_string_value(json_object_get(error, "description"));
	const char *there =
		json_string_value(json_object_get(error, "existingId"));
	auto_(strbuf_clear) struct strbuf words = {0};
	auto_(xfree_str) char *safe = NULL;
	int class = ERR_IO;

	said = said ? said : "";
	if (type == NULL)
		strbuf_puts(&words, "an error without a type");
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (type != NULL && strcmp(errors[i].type, type) == 0) {
			class = errors[i].class;
			strbuf_puts(&words, errors[i].words);
		}
	if (words.len == 0)
		strbuf_printf(&words, "unknown error '%.60s'", type);
	if (said[0] != '\0')
		strbuf_printf(&words, ": %.300s", said);
	add_properties(error, said, &words);
	if (there != NULL)
		strbuf_printf(&words, ": %.100s", there);
	safe = doc_safe_text(strbuf_text(&words));
	return err_set(err, class, "%s", safe);
}

/* --- a call --- */

/* In what order `using` names them: the one that other servers have, too,
 * first. */
static const struct {
	enum jmap_capability bit;
	const char *urn;
} capabilities[] = {
	{CAPABILITY_STALWART, JMAP_STALWART},
	{CAPABILITY_TLSTALLY, JMAP_TLSTALLY},
};

static int write_request(const struct jmap_client *client,
                         const struct jmap_noun *noun, const char *method,
                         json_t *args, struct strbuf *out, struct err *err)
{
	auto_(json_free) json_t *request = NULL;
	unsigned all = client->capabilities ? client->capabilities
	                                    : noun->capabilities;
	const char *capability = NULL;

	for (size_t i = 0; i < 2 && capability == NULL; i++)
		if (noun->capabilities & all & capabilities[i].bit)
			capability = capabilities[i].urn;
	if (capability == NULL) {
		json_decref(args);
		return err_set(
			err, ERR_NOTFOUND,
			"the server has no %s: its session does not list %s",
			noun->name,
			noun->capabilities & CAPABILITY_STALWART
				? JMAP_STALWART
				: JMAP_TLSTALLY);
	}
	if (client->account[0] != '\0')
		json_object_set_new(args, "accountId",
		                    json_string(client->account));
	request = json_pack("{s:[s,s],s:[[s,o,s]]}", "using", JMAP_CORE,
	                    capability, "methodCalls", method, args, call_id);
	json_write(request, out);
	return 0;
}

/* The words may quote what was answered. */
static int no_jmap(struct err *err, const char *words)
{
	auto_(xfree_str) char *safe = doc_safe_text(words);

	return err_set(err, ERR_PARSE, "the response is not JMAP: %s", safe);
}

/* Of the response the one to our call. */
static int find_response(json_t *tree, const char *method, json_t **response,
                         struct err *err)
{
	json_t *list = json_object_get(tree, "methodResponses"), *each;
	size_t i;

	if (!json_is_array(list))
		return no_jmap(err, "no methodResponses");
	json_array_foreach (list, i, each) {
		const char *name = json_string_value(json_array_get(each, 0));
		json_t *args = json_array_get(each, 1);
		const char *id = json_string_value(json_array_get(each, 2));

		if (name == NULL || id == NULL || strcmp(id, call_id) != 0)
			continue;
		if (strcmp(name, "error") == 0)
			return jmap_client_error_words(args, err);
		if (strcmp(name, method) != 0 || !json_is_object(args))
			continue;
		*response = json_incref(args);
		return 0;
	}
	return no_jmap(err, "no response to our call");
}

int jmap_client_call(struct jmap_client *client, const struct jmap_noun *noun,
                     const char *verb, json_t *args, json_t **response,
                     struct err *err)
{
	auto_(strbuf_clear) struct strbuf body = {0}, out = {0};
	auto_(json_free) json_t *tree = NULL;
	bool changes = strcmp(verb, "set") == 0;
	struct err why = {0};
	char method[64];

	snprintf(method, sizeof(method), "%s/%s", noun->name, verb);
	if (write_request(client, noun, method, args, &body, err) < 0 ||
	    client->answer(client, &body, changes, &out, err) < 0)
		return err->class;
	tree = json_lax_read(strbuf_text(&out), out.len, JSON_LAX_BIG_TEXT,
	                     &why);
	if (tree == NULL)
		return no_jmap(err, why.text);
	return find_response(tree, method, response, err);
}
