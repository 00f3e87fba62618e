/* Result references, RFC 8620 section 3.7. */
#include <string.h>

#include "api/jmap_request.h"
#include "api/json_pointer.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/json_lax.h"
#include "jmap/jmap_method.h"

/* The first response to the call of that id. */
static json_t *find_response(const json_t *responses, const json_t *id)
{
	json_t *response;
	size_t i;

	json_array_foreach (responses, i, response) {
		if (json_equal(json_array_get(response, 2), id))
			return response;
	}
	return NULL;
}

static json_t *resolve(const struct jmap_run *run, const char *argument,
                       json_t *reference, struct jmap_failure *failure)
{
	const json_t *of = json_object_get(reference, "resultOf");
	const char *name = json_lax_text(json_object_get(reference, "name"));
	const char *path = json_lax_text(json_object_get(reference, "path"));
	json_t *response, *value;
	const char *got;
	struct err err;

	if (!json_is_string(of) || name == NULL || path == NULL)
		return jmap_fail(failure, "invalidArguments",
		                 "%.60s: not a result reference with "
		                 "resultOf, name and path",
		                 argument);
	response = find_response(run->responses, of);
	if (response == NULL)
		return jmap_fail(failure, "invalidResultReference",
		                 "%.60s: no previous call has the id '%.60s'",
		                 argument, json_string_value(of));
	got = json_string_value(json_array_get(response, 0));
	if (strcmp(got, name) != 0)
		return jmap_fail(failure, "invalidResultReference",
		                 "%.60s: the response to '%.60s' is %.60s, not "
		                 "%.60s",
		                 argument, json_string_value(of), got, name);
	value = json_pointer_get(json_array_get(response, 1), path, &err);
	if (value == NULL)
		return jmap_fail(failure, "invalidResultReference",
		                 "%.60s: path: %s", argument, err.text);
	return value;
}

/* A call can echo one before it twice, the next that one twice, and so on: a
 * page of text would become more than there is memory. */
static bool has_room(struct jmap_run *run, const char *argument,
                     const json_t *result, size_t *size,
                     struct jmap_failure *failure)
{
	*size += json_size(result, JMAP_MAX_REQUEST);
	if (*size <= JMAP_MAX_REQUEST &&
	    ++run->references <= JMAP_MAX_REFERENCES)
		return true;
	jmap_fail(failure, "invalidResultReference",
	          "%.60s: more than %d references in a request, or more than "
	          "%d bytes from those of a call",
	          argument, JMAP_MAX_REFERENCES, JMAP_MAX_REQUEST);
	return false;
}

json_t *jmap_resolve_args(struct jmap_run *run, json_t *args,
                          struct jmap_failure *failure)
{
	auto_(json_free) json_t *resolved = json_object();
	size_t size = 0;
	const char *name;
	json_t *value;

	json_object_foreach (args, name, value) {
		json_t *result = value;

		if (name[0] != '#') {
			jmap_put(resolved, name, json_incref(value));
			continue;
		}
		if (json_object_get(args, name + 1) != NULL)
			return jmap_fail(failure, "invalidArguments",
			                 "both %.60s and %.60s", name + 1,
			                 name);
		result = resolve(run, name, value, failure);
		if (result == NULL)
			return NULL;
		jmap_put(resolved, name + 1, result);
		if (!has_room(run, name, result, &size, failure))
			return NULL;
	}
	return json_incref(resolved);
}
