/* Reading of fetcher_answer.h. */
#include "sealed/fetcher_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json_at.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "sealed/sealed_merge.h"
#include "session/datagram.h"

/* --- the list --- */

/* The next line without its end; false: there is no other. */
static bool next_line(struct span *rest, struct span *line)
{
	const char *end = rest->at + rest->len;
	const char *stop =
		rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;

	if (stop == NULL)
		return false;
	*line = (struct span){rest->at, (size_t)(stop - rest->at)};
	*rest = (struct span){stop + 1, (size_t)(end - stop - 1)};
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* "2026-03-02 00:10:00" */
static bool read_clock(struct span line, int64_t *clock)
{
	char text[TIME_TEXT];

	if (line.len != 19 || line.at[10] != ' ')
		return false;
	snprintf(text, sizeof(text), "%.10sT%.8sZ", line.at, line.at + 11);
	return day_parse_time(text, clock, NULL) == 0;
}

static bool read_day(struct span line, int32_t *day)
{
	char text[DAY_TEXT];

	if (line.len != 10)
		return false;
	snprintf(text, sizeof(text), "%.10s", line.at);
	return day_parse(text, day, NULL) == 0;
}

/* A shell of the other host may get it to see: a canonical name has nothing
 * that one would mind.  That of a host does not begin with a hyphen either. */
static const char *usable_name(struct span line, struct arena *arena)
{
	char canonical[DOMAIN_TEXT];

	if (domain_canonical(line.at, line.len, canonical, NULL) < 0 ||
	    !span_is(line, canonical) || canonical[0] == '-' ||
	    !domain_is_host(canonical))
		return NULL;
	return arena_strdup(arena, canonical);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(struct fetcher_list *list)
{
	size_t count = 0;

	if (list->count > 0)
		qsort(list->names, list->count, sizeof(*list->names), by_name);
	for (size_t i = 0; i < list->count; i++)
		if (count == 0 ||
		    strcmp(list->names[count - 1], list->names[i]) != 0)
			list->names[count++] = list->names[i];
	list->count = count;
}

static int read_names(struct span rest, struct arena *arena,
                      struct fetcher_list *list, struct err *err)
{
	struct span counted = rest, line;
	size_t lines = 0;

	while (next_line(&counted, &line) && !span_is(line, "."))
		if (++lines > FETCHER_NAMES_MAX)
			return err_set(err, ERR_LIMIT,
			               "the list has more than %d domains",
			               FETCHER_NAMES_MAX);
	list->names = arena_array(arena, lines, sizeof(*list->names));
	while (next_line(&rest, &line)) {
		const char *name;

		if (span_is(line, ".")) {
			sort(list);
			return 0;
		}
		name = usable_name(line, arena);
		if (name != NULL)
			list->names[list->count++] = name;
		else
			list->unusable++;
	}
	return err_set(err, ERR_PARSE, "the list of domains is cut off");
}

int fetcher_read_list(const char *text, size_t len, struct arena *arena,
                      struct fetcher_list *list, struct err *err)
{
	struct span rest = {text, len}, line;
	struct span after;

	memset(list, 0, sizeof(*list));
	if (!next_line(&rest, &line) || !span_is(line, FETCHER_VERSION))
		return err_set(err, ERR_PARSE,
		               "the first line is not '" FETCHER_VERSION "'");
	if (!next_line(&rest, &line) || !read_clock(line, &list->clock))
		return err_set(err, ERR_PARSE, "the second line is not a time");
	after = rest;
	if (next_line(&after, &line) && read_day(line, &list->complete)) {
		list->has_complete = true;
		rest = after;
	}
	return read_names(rest, arena, list, err);
}

/* --- a domain --- */

struct fetcher_reader {
	struct session session;
	struct sealed_merge *merge; /* of all that the answer says */
	struct arena mem;           /* of one of its policies */
	struct strbuf bytes;
	const char *domain;
	uint64_t sessions;
};

struct fetcher_reader *fetcher_reader_new(const struct tally_limits *caps)
{
	struct fetcher_reader *reader = xcalloc(1, sizeof(*reader));

	session_init(&reader->session);
	reader->merge = sealed_merge_new(caps);
	arena_init(&reader->mem);
	strbuf_init(&reader->bytes, 0);
	return reader;
}

void fetcher_reader_free(struct fetcher_reader **reader)
{
	if (*reader == NULL)
		return;
	session_clear(&(*reader)->session);
	sealed_merge_free(&(*reader)->merge);
	arena_clear(&(*reader)->mem);
	strbuf_clear(&(*reader)->bytes);
	free(*reader);
	*reader = NULL;
}

/* One policy of the answer. */
struct item {
	json_t *event;  /* what an event of it would have been, */
	json_t *policy; /* whose one policy this is */
	const char *record;
	struct tally_policy to;
	bool is_judged;
};

static json_t *read_text(const struct json_at *at, const char *text)
{
	struct err why;
	json_t *json = NULL;

	if (strlen(text) > DATAGRAM_MAX)
		json_at_fail(at, ERR_LIMIT, "longer than %d bytes",
		             DATAGRAM_MAX);
	else if ((json = json_read(text, strlen(text), false, &why)) == NULL)
		json_at_fail_err(at, &why);
	return json;
}

/* Reads the event as it is now; the session's one policy, or NULL. */
static const struct session_policy *decode(struct fetcher_reader *reader,
                                           const struct json_at *at,
                                           const struct item *item)
{
	struct err why;

	if (datagram_decode_json(item->event, &reader->session, &why) !=
	    BAD_NONE) {
		json_at_fail_err(at, &why);
		return NULL;
	}
	return &reader->session.policies[0];
}

static void keep_bytes(struct fetcher_reader *reader, struct tally_key *key)
{
	key->bytes = arena_strndup(&reader->mem, reader->bytes.data,
	                           reader->bytes.len);
	key->len = reader->bytes.len;
	strbuf_reset(&reader->bytes);
}

/* A policy without failures: its normal form, and whether such a session met it
 * or nobody looked. */
static void read_policy(struct fetcher_reader *reader, const struct json_at *at,
                        struct item *item)
{
	const struct session_policy *policy;

	json_object_set_new(item->policy, "failure-details", json_array());
	json_object_set_new(item->policy, "f", json_integer(0));
	policy = decode(reader, at, item);
	if (policy == NULL)
		return;
	if (reader->session.record != NULL)
		item->record =
			arena_strdup(&reader->mem, reader->session.record);
	item->is_judged = !policy->unjudged;
	session_policy_encode(policy, &reader->bytes);
	keep_bytes(reader, &item->to.key);
}

/* A session with that failure: did it fail indeed? */
static bool read_failure(struct fetcher_reader *reader,
                         const struct json_at *at, struct item *item,
                         const char *text, uint64_t count)
{
	json_t *details = json_array();
	const struct session_policy *policy;
	struct tally_detail *detail;
	json_t *failure = read_text(at, text);

	if (failure != NULL)
		json_array_append_new(details, failure);
	json_object_set_new(item->policy, "failure-details", details);
	json_object_set_new(item->policy, "f", json_integer(1));
	policy = failure != NULL ? decode(reader, at, item) : NULL;
	if (policy == NULL || !policy->failed)
		return false;
	session_failure_encode(&policy->failures[0], &reader->bytes);
	detail = arena_alloc(&reader->mem, sizeof(*detail));
	keep_bytes(reader, &detail->key);
	detail->count = count;
	detail->next = item->to.details;
	item->to.details = detail;
	return true;
}

/* Details of which a session does not fail (a certificate that nobody asked
 * for) do not count, unless there are others: whose they were is not told. */
static void read_failures(struct fetcher_reader *reader,
                          const struct json_at *at, struct item *item)
{
	struct json_at list =
		json_at_member(at, "failures", JSON_OBJECT, JSON_MAY);
	bool failed = false;
	const char *text;
	json_t *count;

	json_object_foreach (list.json, text, count) {
		struct json_at one =
			json_at_member(&list, text, JSON_INTEGER, JSON_MUST);
		uint64_t n = json_at_uint_value(&one);

		if (at->in->class != 0)
			return;
		failed |= read_failure(reader, &one, item, text, n);
	}
	if (!failed && json_object_size(list.json) > 0) {
		item->to.success += item->to.failure;
		item->to.failure = 0;
	}
}

static void add(struct fetcher_reader *reader, struct item *item)
{
	struct sealed_domain domain = {
		.counts =
			{
				.domain = reader->domain,
				.record = item->record,
				.valid = true,
				.policies = &item->to,
				.policy_count = 1,
			},
	};
	struct tally_policy *policy = &item->to;

	if (!item->is_judged) {
		policy->unjudged = policy->success;
		policy->success = 0;
	}
	domain.counts.success = policy->success;
	domain.counts.failure = policy->failure;
	domain.counts.unjudged = policy->unjudged;
	for (const struct tally_detail *d = policy->details; d; d = d->next)
		domain.counts.detail_count++;
	sealed_merge_add(reader->merge, &domain);
}

static void read_item(struct fetcher_reader *reader, const char *record,
                      const struct json_at *at, const char *text)
{
	auto_(json_free) json_t *event = json_object();
	struct item item = {.event = event};
	uint64_t total = json_at_uint(at, "cntrtotal", JSON_MUST);
	uint64_t failure = json_at_uint(at, "cntrfailure", JSON_MUST);

	if (failure > total)
		json_at_fail(at, ERR_PARSE,
		             "more sessions failed than there were");
	else if (total > JSON_UINT_MAX - reader->sessions)
		json_at_fail(at, ERR_LIMIT, "too many sessions");
	else
		reader->sessions += total;
	item.policy = read_text(at, text);
	if (item.policy == NULL || at->in->class != 0) {
		json_decref(item.policy);
		return;
	}
	arena_reset(&reader->mem);
	item.to.success = total - failure;
	item.to.failure = failure;
	json_set_string(event, "d", reader->domain);
	json_set_string(event, "pr", record);
	json_object_set_new(event, "policies", json_array());
	json_array_append_new(json_object_get(event, "policies"), item.policy);
	read_policy(reader, at, &item);
	if (at->in->class == 0)
		read_failures(reader, at, &item);
	if (at->in->class == 0 && total > 0)
		add(reader, &item);
}

static void read_records(struct fetcher_reader *reader,
                         const struct json_at *root)
{
	struct json_at records =
		json_at_member(root, "policies", JSON_OBJECT, JSON_MUST);
	const char *d = json_at_string(root, "d", JSON_MUST);
	const char *record, *policy;
	json_t *json;

	if (d != NULL && strcmp(d, reader->domain) != 0)
		json_at_fail(root, ERR_PARSE, "the answer is of '%.60s'", d);
	json_object_foreach (records.json, record, json) {
		struct json_at list = json_at_member(&records, record,
		                                     JSON_OBJECT, JSON_MUST);

		json_object_foreach (list.json, policy, json) {
			struct json_at item = json_at_member(
				&list, policy, JSON_OBJECT, JSON_MUST);

			if (root->in->class == 0)
				read_item(reader, record, &item, policy);
		}
	}
}

int fetcher_read_domain(struct fetcher_reader *reader, const char *domain,
                        const char *text, size_t len,
                        const struct sealed_domain **counts, struct err *err)
{
	auto_(json_free) json_t *json = NULL;
	struct json_in in = {.err = err};
	struct json_at root;

	*counts = NULL;
	reader->domain = domain;
	reader->sessions = 0;
	sealed_merge_begin(reader->merge);
	if (len > FETCHER_ANSWER_MAX)
		return err_set(err, ERR_LIMIT, "longer than %d bytes",
		               FETCHER_ANSWER_MAX);
	if (json_has_more_values(text, len, SEALED_VALUES_MAX))
		return err_set(err, ERR_LIMIT, "more than %d values of JSON",
		               SEALED_VALUES_MAX);
	json = json_read(text, len, false, err);
	if (json == NULL)
		return ERR_PARSE;
	root = json_at_root(&in, json);
	read_records(reader, &root);
	if (in.class == 0 && reader->sessions > 0)
		*counts = sealed_merge_end(reader->merge);
	return in.class;
}
