#include "jmap/jmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/json_lax.h"
#include "jmap/jmap_method.h"
#include "jmap/jmap_types.h"

/* Section 4: what it is given. */
static json_t *echo(struct jmap_run *run, const struct jmap_type *type,
                    json_t *args, struct jmap_failure *failure)
{
	(void)run;
	(void)type;
	(void)failure;
	return json_incref(args);
}

/* The methods that any type has; queries and changes are for who may read. */
static const struct method {
	const char *verb;
	const char *deed; /* /set: its own rows, and it asks itself */
	jmap_method_fn *run;
	size_t permission; /* where in struct jmap_may */
} methods[] = {
	{"get", NULL, jmap_get, offsetof(struct jmap_may, get)},
	{"changes", NULL, jmap_changes, offsetof(struct jmap_may, get)},
	{"query", NULL, jmap_query, offsetof(struct jmap_may, query)},
	{"queryChanges", NULL, jmap_query_changes,
         offsetof(struct jmap_may, query)},
	{"set", "create", jmap_set, offsetof(struct jmap_may, create)},
	{"set", "update", jmap_set, offsetof(struct jmap_may, update)},
	{"set", "destroy", jmap_set, offsetof(struct jmap_may, destroy)},
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

static const struct method core_echo = {"echo", NULL, echo, 0};

/* NULL also for a method whose capability is not in `using`. */
static const struct method *find_method(const struct jmap_run *run,
                                        const char *name,
                                        const struct jmap_type **type)
{
	const char *slash = strchr(name, '/');

	*type = NULL;
	if (strcmp(name, "Core/echo") == 0)
		return run->using & CAPABILITY_CORE ? &core_echo : NULL;
	if (slash == NULL)
		return NULL;
	*type = jmap_type_find(name, (size_t)(slash - name));
	if (*type == NULL || ((*type)->capabilities & run->using) == 0)
		return NULL;
	for (size_t i = 0; i < METHODS; i++)
		if (strcmp(methods[i].verb, slash + 1) == 0) {
			bool sets = methods[i].run == jmap_set;

			return sets && !jmap_can_set(*type) ? NULL
			                                    : &methods[i];
		}
	return NULL;
}

/* NULL: none, or `using` does not name ours. */
static const struct jmap_view *find_view(const struct jmap_run *run,
                                         const char *name)
{
	const char *slash = strchr(name, '/');

	return slash != NULL && strcmp(slash, "/get") == 0 &&
	                       (run->using & CAPABILITY_TLSTALLY) != 0
	               ? jmap_view_find(name, (size_t)(slash - name))
	               : NULL;
}

static enum jmap_permission permission_at(const struct jmap_type *type,
                                          size_t offset)
{
	const void *at = (const char *)&type->may + offset;

	return *(const enum jmap_permission *)at;
}

static bool may(const struct jmap_run *run, enum jmap_permission permission,
                struct jmap_failure *failure)
{
	if (run->caller->permissions & permission)
		return true;
	jmap_fail(failure, "forbidden", "this requires the permission %s",
	          jmap_permission_word(permission));
	return false;
}

bool jmap_right_at(size_t i, struct jmap_right *right)
{
	const struct jmap_type *type;
	const struct jmap_view *view;

	for (size_t n = 0; (type = jmap_type_at(n)) != NULL; n++)
		for (size_t m = 0; m < METHODS; m++) {
			enum jmap_permission permission =
				permission_at(type, methods[m].permission);

			/* 0: nobody may do that */
			if (permission == 0 || i-- > 0)
				continue;
			*right = (struct jmap_right){
				type->name, methods[m].verb, methods[m].deed,
				permission};
			return true;
		}
	view = jmap_view_at(i);
	if (view != NULL)
		*right =
			(struct jmap_right){view->name, "get", NULL, view->get};
	return view != NULL;
}

int64_t jmap_thread_ms(void *arg)
{
	struct timespec spent;

	(void)arg;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

/* Only an echo has a use for U+0000. */
static json_t *resolve_args(struct jmap_run *run, const struct jmap_call *call,
                            struct jmap_failure *failure)
{
	auto_(json_free) json_t *args =
		jmap_resolve_args(run, call->args, failure);

	return args ? json_lax_without_nul(args) : NULL;
}

static json_t *answer_call(struct jmap_run *run, const struct jmap_call *call,
                           struct jmap_failure *failure)
{
	auto_(json_free) json_t *args = NULL;
	const struct jmap_type *type;
	const struct method *method = find_method(run, call->name, &type);
	const struct jmap_view *view = find_view(run, call->name);

	if (jmap_is_over(run))
		return jmap_fail_over(failure, "requestTooLarge", run,
		                      "put this call into a separate request");
	if (view != NULL) {
		args = resolve_args(run, call, failure);
		return args != NULL && may(run, view->get, failure)
		               ? jmap_view_get(run, view, args, failure)
		               : NULL;
	}
	if (method == NULL)
		return jmap_fail(failure, "unknownMethod",
		                 "%.100s: no such method, or `using` does not "
		                 "name its capability",
		                 call->name);
	/* before it is done: a /set must not go without its response */
	if (run->size > JMAP_MAX_RESPONSES)
		return jmap_fail(
			failure, "requestTooLarge",
			"the responses to the previous calls are larger than "
			"%d bytes: put this call into a separate request",
			JMAP_MAX_RESPONSES);
	args = method == &core_echo
	               ? jmap_resolve_args(run, call->args, failure)
	               : resolve_args(run, call, failure);
	if (args == NULL)
		return NULL;
	/* of /set each deed is permitted by itself */
	if (type != NULL && method->deed == NULL &&
	    !may(run, permission_at(type, method->permission), failure))
		return NULL;
	return method->run(run, type, args, failure);
}

static void run_call(struct jmap_run *run, const struct jmap_call *call)
{
	struct jmap_failure failure = {0};
	const char *name = call->name;
	json_t *args = answer_call(run, call, &failure), *response;

	if (args == NULL) {
		name = "error";
		args = json_object();
		jmap_put(args, "type", json_string(failure.type));
		jmap_put(args, "description", jmap_words(failure.description));
	}
	run->size += json_size(args, SIZE_MAX);
	response = json_array();
	jmap_append(response, json_string(name));
	jmap_append(response, args);
	jmap_append(response, json_incref(call->id));
	jmap_append(run->responses, response);
}

static void write_response(const struct jmap_run *run,
                           const struct jmap_request *request,
                           struct strbuf *out)
{
	auto_(json_free) json_t *response = json_object();
	char state[24];

	jmap_put(response, "methodResponses", json_incref(run->responses));
	if (request->created_ids != NULL)
		jmap_put(response, "createdIds", json_incref(run->created_ids));
	jmap_put(
		response, "sessionState",
		json_string(jmap_session_state(run->jmap, run->caller, state)));
	json_write(response, out);
}

void jmap_answer(const struct jmap *jmap, const struct jmap_caller *caller,
                 const void *body, size_t len, struct strbuf *out,
                 struct jmap_problem *problem)
{
	struct jmap_request request;
	struct jmap_run run = {.jmap = jmap, .caller = caller};

	if (jmap->meter != NULL)
		run.began_ms = jmap->meter->spent_ms(jmap->meter->arg);
	if (!jmap_request_read(body, len, &request, problem))
		return;
	run.using = request.using;
	run.responses = json_array();
	run.created_ids = request.created_ids ? json_copy(request.created_ids)
	                                      : json_object();
	for (size_t i = 0; i < request.call_count; i++)
		run_call(&run, &request.calls[i]);
	write_response(&run, &request, out);
	json_free(&run.responses);
	json_free(&run.created_ids);
	jmap_request_clear(&request);
}
