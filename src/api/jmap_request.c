#include "api/jmap_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_lax.h"
#include "base/xalloc.h"

#define PROBLEM(name) "urn:ietf:params:jmap:error:" name

#define IETF(name) "urn:ietf:params:jmap:" name, 0

static const struct {
	const char *urn;
	unsigned bit; /* enum jmap_capability; 0: none of ours */
} capabilities[] = {
	{JMAP_CORE, CAPABILITY_CORE},
	{JMAP_STALWART, CAPABILITY_STALWART},
	{JMAP_TLSTALLY, CAPABILITY_TLSTALLY},
	/* Those that IANA has registered and we do not have: Stalwart's WebUI
         * names what its own server may have in each request. */
	{IETF("blob")},
	{IETF("calendars")},
	{IETF("contacts")},
	{IETF("mail")},
	{IETF("mdn")},
	{IETF("principals")},
	{IETF("principals:owner")},
	{IETF("quota")},
	{IETF("sieve")},
	{IETF("smimeverify")},
	{IETF("submission")},
	{IETF("vacationresponse")},
	{IETF("websocket")},
};

__attribute__((format(printf, 3, 4))) static bool
refuse(struct jmap_problem *problem, const char *type, const char *fmt, ...)
{
	va_list ap;

	problem->status = 400;
	problem->type = type;
	va_start(ap, fmt);
	vsnprintf(problem->detail, sizeof(problem->detail), fmt, ap);
	va_end(ap);
	return false;
}

static bool refuse_limit(struct jmap_problem *problem, const char *limit,
                         size_t max, const char *what)
{
	problem->limit = limit;
	return refuse(problem, PROBLEM("limit"), "more than %zu %s", max, what);
}

/* U+FDD0 to U+FDEF, and the last two of each plane (RFC 7493 section 2.1);
 * the text is valid UTF-8, and ends in a NUL that may not be its first. */
static bool has_noncharacter(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text, *end = c + len;

	for (; c < end; c++) {
		if (c[0] == 0xef && c[1] == 0xb7 && c[2] >= 0x90 &&
		    c[2] <= 0xaf)
			return true;
		if (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
			return true;
		if (c[0] >= 0xf0 && (c[1] & 0x0f) == 0x0f && c[2] == 0xbf &&
		    c[3] >= 0xbe)
			return true;
	}
	return false;
}

/* jansson has checked everything else; it bounds the depth, too. */
static bool is_i_json(const json_t *json)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return !has_noncharacter(json_string_value(json),
		                         json_string_length(json));
	json_array_foreach (json, i, value) {
		if (!is_i_json(value))
			return false;
	}
	/* the macro wants what it does not change to be changeable */
	json_object_foreach ((json_t *)(uintptr_t)json, name, value) {
		if (has_noncharacter(name, strlen(name)) || !is_i_json(value))
			return false;
	}
	return true;
}

bool jmap_request_is_id(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                          "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return len > 0 && len <= JMAP_ID_MAX && text[len] == '\0';
}

static bool read_capability(const char *urn, unsigned *using)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]);
	     i++)
		if (strcmp(capabilities[i].urn, urn) == 0) {
			*using |= capabilities[i].bit;
			return true;
		}
	return false;
}

static bool read_using(struct jmap_request *request,
                       struct jmap_problem *problem)
{
	json_t *using = json_object_get(request->tree, "using"), *item;
	size_t i;

	if (!json_is_array(using))
		return refuse(problem, PROBLEM("notRequest"),
		              "using: not an array of capabilities");
	json_array_foreach (using, i, item) {
		if (json_lax_text(item) == NULL)
			return refuse(problem, PROBLEM("notRequest"),
			              "using[%zu]: not a string", i);
	}
	json_array_foreach (using, i, item) {
		if (!read_capability(json_string_value(item), &request->using))
			return refuse(
				problem, PROBLEM("unknownCapability"),
				"using[%zu]: '%.160s' is not one of " JMAP_CORE
				", " JMAP_STALWART ", " JMAP_TLSTALLY,
				i, json_string_value(item));
	}
	return true;
}

static bool read_call(json_t *json, size_t index, struct jmap_call *call,
                      struct jmap_problem *problem)
{
	if (json_array_size(json) != 3)
		return refuse(problem, PROBLEM("notRequest"),
		              "methodCalls[%zu]: not of the form [name, "
		              "arguments, id]",
		              index);
	call->name = json_lax_text(json_array_get(json, 0));
	call->args = json_array_get(json, 1);
	call->id = json_array_get(json, 2);
	if (call->name == NULL)
		return refuse(problem, PROBLEM("notRequest"),
		              "methodCalls[%zu]: its name is not a string",
		              index);
	if (!json_is_object(call->args))
		return refuse(problem, PROBLEM("notRequest"),
		              "methodCalls[%zu]: its arguments are not an "
		              "object",
		              index);
	if (!json_is_string(call->id))
		return refuse(problem, PROBLEM("notRequest"),
		              "methodCalls[%zu]: its id is not a string",
		              index);
	return true;
}

static bool read_calls(struct jmap_request *request,
                       struct jmap_problem *problem)
{
	json_t *calls = json_object_get(request->tree, "methodCalls");
	size_t count = json_array_size(calls);

	if (!json_is_array(calls))
		return refuse(problem, PROBLEM("notRequest"),
		              "methodCalls: not an array of calls");
	if (count > JMAP_MAX_CALLS)
		return refuse_limit(problem, "maxCallsInRequest",
		                    JMAP_MAX_CALLS, "calls");
	request->calls = xcalloc(count + 1, sizeof(*request->calls));
	request->call_count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_call(json_array_get(calls, i), i, &request->calls[i],
		               problem))
			return false;
	return true;
}

static bool read_created_ids(struct jmap_request *request,
                             struct jmap_problem *problem)
{
	json_t *ids = json_object_get(request->tree, "createdIds"), *id;
	const char *name;

	if (ids == NULL || json_is_null(ids))
		return true;
	if (!json_is_object(ids))
		return refuse(problem, PROBLEM("notRequest"),
		              "createdIds: not an object");
	json_object_foreach (ids, name, id) {
		if (!jmap_request_is_id(name) || json_lax_text(id) == NULL ||
		    !jmap_request_is_id(json_lax_text(id)))
			return refuse(
				problem, PROBLEM("notRequest"),
				"createdIds: '%.60s' or its value is not an id",
				name);
	}
	request->created_ids = ids;
	return true;
}

static bool read_tree(const void *body, size_t len,
                      struct jmap_request *request,
                      struct jmap_problem *problem)
{
	struct err err;

	if (len > JMAP_MAX_REQUEST)
		return refuse_limit(problem, "maxSizeRequest", JMAP_MAX_REQUEST,
		                    "bytes");
	if (json_has_more_values(body, len, JMAP_MAX_VALUES))
		return refuse_limit(problem, "maxSizeRequest", JMAP_MAX_VALUES,
		                    "values");
	request->tree = json_lax_read(body, len, JSON_LAX_NUL, &err);
	if (request->tree == NULL)
		return refuse(problem, PROBLEM("notJSON"), "%.240s", err.text);
	if (!is_i_json(request->tree))
		return refuse(problem, PROBLEM("notJSON"),
		              "JSON: a noncharacter (RFC 7493 section 2.1)");
	if (!json_is_object(request->tree))
		return refuse(problem, PROBLEM("notRequest"), "not an object");
	return true;
}

bool jmap_request_read(const void *body, size_t len,
                       struct jmap_request *request,
                       struct jmap_problem *problem)
{
	*request = (struct jmap_request){0};
	*problem = (struct jmap_problem){0};
	if (read_tree(body, len, request, problem) &&
	    read_using(request, problem) && read_calls(request, problem) &&
	    read_created_ids(request, problem))
		return true;
	jmap_request_clear(request);
	return false;
}

void jmap_request_clear(struct jmap_request *request)
{
	json_free(&request->tree);
	free(request->calls);
	*request = (struct jmap_request){0};
}
