/* Failures and arguments of jmap_method.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "jmap/jmap_method.h"

void *jmap_fail(struct jmap_failure *failure, const char *type, const char *fmt,
                ...)
{
	va_list ap;

	if (failure->type != NULL)
		return NULL;
	failure->type = type;
	va_start(ap, fmt);
	vsnprintf(failure->description, sizeof(failure->description), fmt, ap);
	va_end(ap);
	return NULL;
}

bool jmap_is_over(const struct jmap_run *run)
{
	const struct jmap_meter *meter = run->jmap->meter;

	return meter != NULL &&
	       meter->spent_ms(meter->arg) - run->began_ms > meter->limit_ms;
}

void *jmap_fail_over(struct jmap_failure *failure, const char *type,
                     const struct jmap_run *run, const char *what)
{
	return jmap_fail(failure, type,
	                 "the request has used %lld ms of processor time, "
	                 "which is the maximum: %s",
	                 (long long)run->jmap->meter->limit_ms, what);
}

void *jmap_fail_store(struct jmap_failure *failure, const struct err *err)
{
	return jmap_fail(failure,
	                 err->class == ERR_BUSY ? "serverUnavailable"
	                                        : "serverFail",
	                 "%s", err->text);
}

static bool invalid(struct jmap_failure *failure, const char *name,
                    const char *words)
{
	jmap_fail(failure, "invalidArguments", "%.60s: %s", name, words);
	return false;
}

bool jmap_args_check(json_t *args, const char *const *names,
                     struct jmap_failure *failure)
{
	const char *account = JMAP_ACCOUNT, *name;
	json_t *value;

	json_object_foreach (args, name, value) {
		struct nearest nearest = nearest_to(name);
		const char *const *known = names;

		while (*known != NULL && strcmp(*known, name) != 0)
			nearest_offer(&nearest, *known++);
		if (*known != NULL)
			continue;
		jmap_fail(failure, "invalidArguments",
		          "%.60s: unknown argument%s%s%s", name,
		          nearest.name ? ", did you mean " : "",
		          nearest.name ? nearest.name : "",
		          nearest.name ? "?" : "");
		return false;
	}
	if (!jmap_arg_string(args, "accountId", &account, failure))
		return false;
	if (strcmp(account, JMAP_ACCOUNT) == 0)
		return true;
	jmap_fail(failure, "accountNotFound",
	          "'%.60s': the only account is '" JMAP_ACCOUNT "'", account);
	return false;
}

/* 1 there, 0 absent or null. */
static bool is_given(json_t *args, const char *name, json_t **value)
{
	*value = json_object_get(args, name);
	return *value != NULL && !json_is_null(*value);
}

bool jmap_arg_int(json_t *args, const char *name, int64_t least, int64_t *value,
                  struct jmap_failure *failure)
{
	const int64_t most = (INT64_C(1) << 53) - 1; /* section 1.3 */
	json_t *given;

	if (!is_given(args, name, &given))
		return true;
	if (!json_is_integer(given) || json_integer_value(given) > most ||
	    json_integer_value(given) < -most)
		return invalid(failure, name, "not an integer");
	*value = json_integer_value(given);
	if (*value >= least)
		return true;
	jmap_fail(failure, "invalidArguments", "%.60s: below %" PRId64, name,
	          least);
	return false;
}

bool jmap_arg_bool(json_t *args, const char *name, bool *value,
                   struct jmap_failure *failure)
{
	json_t *given;

	if (!is_given(args, name, &given))
		return true;
	if (!json_is_boolean(given))
		return invalid(failure, name, "neither true nor false");
	*value = json_is_true(given);
	return true;
}

bool jmap_arg_string(json_t *args, const char *name, const char **value,
                     struct jmap_failure *failure)
{
	json_t *given;

	if (!is_given(args, name, &given))
		return true;
	if (!json_is_string(given))
		return invalid(failure, name, "not a string");
	*value = json_string_value(given);
	return true;
}

bool jmap_arg_strings(json_t *args, const char *name, json_t **value,
                      struct jmap_failure *failure)
{
	json_t *given, *item;
	size_t i;

	*value = NULL;
	if (!is_given(args, name, &given))
		return true;
	if (!json_is_array(given))
		return invalid(failure, name, "not an array of strings");
	json_array_foreach (given, i, item) {
		if (!json_is_string(item))
			return invalid(failure, name,
			               "not an array of strings");
	}
	*value = given;
	return true;
}

bool jmap_arg_object(json_t *args, const char *name, json_t **value,
                     struct jmap_failure *failure)
{
	json_t *given;

	*value = NULL;
	if (!is_given(args, name, &given))
		return true;
	if (!json_is_object(given))
		return invalid(failure, name, "not an object");
	*value = given;
	return true;
}

const char *jmap_resolve_id(const json_t *created_ids, const char *text)
{
	if (text[0] != '#')
		return text;
	return json_string_value(json_object_get(created_ids, text + 1));
}

json_t *jmap_words(const char *words)
{
	auto_(arena_clear) struct arena mem = {0};
	size_t len;

	return json_string(utf8_repair(&mem, words, strlen(words), &len));
}

void jmap_put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		abort();
}

void jmap_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		abort();
}
