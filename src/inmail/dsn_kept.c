#include "inmail/dsn_kept.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static const char *const actions[] = {
	[DSN_FAILED] = "failed",
	[DSN_DELAYED] = "delayed",
	[DSN_OTHER] = "other",
};

static const char *const refusals[] = {
	[REFUSAL_OTHER] = "other",
	[REFUSAL_PASSING] = "passing",
	[REFUSAL_OURS] = "ours",
	[REFUSAL_IN_DOUBT] = "in-doubt",
	[REFUSAL_NO_SUCH_ADDRESS] = "no-such-address",
};

enum {
	ACTIONS = sizeof(actions) / sizeof(actions[0]),
	REFUSALS = sizeof(refusals) / sizeof(refusals[0]),
};

void dsn_kept_write(const struct dsn *dsn, struct strbuf *out)
{
	auto_(json_free) json_t *list = json_array();

	for (size_t i = 0; i < dsn->count; i++) {
		const struct dsn_recipient *r = &dsn->recipients[i];
		json_t *item = json_object(), *status = json_array();

		for (int part = 0; part < 3; part++)
			json_array_append_new(status,
			                      json_integer(r->status[part]));
		json_set_string(item, "address", r->address);
		json_set_string(item, "action", actions[r->action]);
		json_object_set_new(item, "status", status);
		json_set_string(item, "refusal", refusals[r->refusal]);
		json_set_string(item, "diagnostic", r->diagnostic);
		json_array_append_new(list, item);
	}
	json_write(list, out);
}

/* -1: none of them. */
static int find_word(const char *const *words, int count, const json_t *item,
                     const char *name)
{
	const char *word = json_string_value(json_object_get(item, name));

	for (int i = 0; word != NULL && i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool read_text(const json_t *item, const char *name, char *out,
                      size_t room)
{
	const char *text = json_string_value(json_object_get(item, name));

	return text != NULL && (size_t)snprintf(out, room, "%s", text) < room;
}

static bool read_recipient(const json_t *item, struct dsn_recipient *r)
{
	const json_t *status = json_object_get(item, "status");
	int action = find_word(actions, ACTIONS, item, "action");
	int refusal = find_word(refusals, REFUSALS, item, "refusal");

	if (action < 0 || refusal < 0 || json_array_size(status) != 3 ||
	    !read_text(item, "address", r->address, sizeof(r->address)) ||
	    !read_text(item, "diagnostic", r->diagnostic,
	               sizeof(r->diagnostic)))
		return false;
	r->action = (enum dsn_action)action;
	r->refusal = (enum refusal_kind)refusal;
	for (size_t i = 0; i < 3; i++) {
		json_int_t n = json_integer_value(json_array_get(status, i));

		if (n < 0 || n > 999)
			return false;
		r->status[i] = (int)n;
	}
	return true;
}

int dsn_kept_read(const char *text, struct dsn *dsn, struct err *err)
{
	auto_(json_free) json_t *list =
		json_read(text, strlen(text), false, err);
	const json_t *item;
	size_t i;

	memset(dsn, 0, sizeof(*dsn));
	if (list == NULL)
		return ERR_PARSE;
	json_array_foreach (list, i, item)
		if (i >= DSN_RECIPIENTS_MAX ||
		    !read_recipient(item, &dsn->recipients[dsn->count++]))
			return err_set(err, ERR_PARSE,
			               "recipient %zu of a bounce", i + 1);
	return dsn->count > 0 ? 0
	                      : err_set(err, ERR_PARSE, "a bounce of nobody");
}
