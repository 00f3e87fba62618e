/* Reading of sealed_day.h. */
#include "sealed/sealed_day.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/xalloc.h"
#include "sealed/sealed_code.h"
#include "session/detail_text.h"
#include "session/session.h"
#include "words/words.h"

struct sealed_reader {
	struct sealed_digest *digest;
	struct sealed_head head;
	struct sealed_totals totals;
	struct sealed_domain domain;
	struct arena mem;       /* of the domain */
	struct session session; /* brings what was read to its normal form */
	struct strbuf bytes;
	char last[SESSION_STRING_MAX + 1]; /* domain; "" before the first */
	uint64_t lines;
	bool ended;
};

struct sealed_reader *sealed_reader_new(void)
{
	struct sealed_reader *reader = xcalloc(1, sizeof(*reader));

	reader->digest = sealed_digest_new();
	arena_init(&reader->mem);
	session_init(&reader->session);
	strbuf_init(&reader->bytes, 0);
	return reader;
}

void sealed_reader_free(struct sealed_reader **reader)
{
	if (*reader == NULL)
		return;
	sealed_digest_free(&(*reader)->digest);
	arena_clear(&(*reader)->mem);
	session_clear(&(*reader)->session);
	strbuf_clear(&(*reader)->bytes);
	free(*reader);
	*reader = NULL;
}

/* --- the head --- */

static uint64_t read_id(const struct json_at *root, const char *name)
{
	const char *text = json_at_string(root, name, JSON_MUST);

	if (text == NULL)
		return 0;
	if (strlen(text) != SEALED_ID_TEXT - 1 ||
	    strspn(text, "0123456789abcdef") != SEALED_ID_TEXT - 1) {
		json_at_fail(root, ERR_PARSE, "%s is not 16 hex digits", name);
		return 0;
	}
	return strtoull(text, NULL, 16);
}

/* A day of another format, or of another normal form, is not half read. */
static void check_version(const struct json_at *root, const char *name,
                          uint64_t known)
{
	uint64_t version = json_at_uint(root, name, JSON_MUST);

	if (root->in->class == 0 && version != known)
		json_at_fail(root, ERR_PARSE,
		             "%s is %" PRIu64 ", and this version of tlstally "
		             "knows %" PRIu64
		             " only: use the same version on all hosts",
		             name, version, known);
}

static void read_head(struct sealed_reader *reader, const struct json_at *root)
{
	struct sealed_head *head = &reader->head;
	const char *host, *day;
	struct err why;

	check_version(root, "sealedDay", SEALED_FORMAT);
	check_version(root, "normalForm", SEALED_NORMAL_FORM);
	host = json_at_string(root, "host", JSON_MUST);
	if (host != NULL &&
	    domain_canonical(host, strlen(host), head->host, &why) < 0)
		json_at_fail(root, ERR_PARSE, "host: %s", why.text);
	day = json_at_string(root, "day", JSON_MUST);
	if (day != NULL && day_parse(day, &head->day, &why) < 0)
		json_at_fail(root, ERR_PARSE, "day: %s", why.text);
	head->store_id = read_id(root, "store");
	head->epoch = read_id(root, "epoch");
	head->generation = json_at_uint(root, "generation", JSON_MUST);
	head->sealed_at = json_at_time(root, "sealedAt", JSON_MUST);
	head->reports = json_is_true(json_object_get(root->json, "reports"));
}

/* --- a domain --- */

static const char **read_list(struct sealed_reader *reader,
                              const struct json_at *object, const char *name,
                              size_t *count)
{
	struct json_at list =
		json_at_member(object, name, JSON_ARRAY, JSON_MAY);
	const char **texts;

	*count = json_at_count(&list);
	if (*count > SESSION_STRINGS_MAX) {
		json_at_fail(&list, ERR_LIMIT, "more than %d strings",
		             SESSION_STRINGS_MAX);
		*count = 0;
	}
	texts = arena_array(&reader->session.mem, *count, sizeof(*texts));
	for (size_t i = 0; i < *count; i++) {
		struct json_at item = json_at_item(&list, i, JSON_STRING);

		texts[i] = item.json ? json_string_value(item.json) : "";
	}
	return texts;
}

static int read_word(const struct json_at *object, const char *name,
                     const struct vocabulary *words)
{
	const char *text = json_at_string(object, name, JSON_MUST);
	int number = text != NULL ? word_find(words, text) : 0;

	if (number < 0)
		json_at_fail(object, ERR_PARSE, "unknown %s '%.60s'", name,
		             text);
	return number < 0 ? 0 : number;
}

static void read_failures(struct sealed_reader *reader,
                          const struct json_at *list,
                          struct session_policy *policy)
{
	struct failure_detail *details;

	policy->failure_count = json_at_count(list);
	details = arena_array(&reader->session.mem, policy->failure_count,
	                      sizeof(*details));
	policy->failures = details;
	for (size_t i = 0; i < policy->failure_count; i++) {
		struct json_at item = json_at_item(list, i, JSON_OBJECT);

		details[i].result = (enum result_type)read_word(
			&item, "result-type", &words_results);
		for (size_t k = 0; k < DETAIL_TEXTS; k++)
			detail_text_set(&details[i], &detail_text_rows[k],
			                json_at_string(&item,
			                               detail_text_rows[k].rfc,
			                               JSON_MAY));
	}
}

static void keep_bytes(struct sealed_reader *reader, struct tally_key *key)
{
	key->bytes = arena_strndup(&reader->mem, reader->bytes.data,
	                           reader->bytes.len);
	key->len = reader->bytes.len;
	strbuf_reset(&reader->bytes);
}

/* The details of the policy, in the order of the line. */
static void keep_details(struct sealed_reader *reader,
                         const struct json_at *list,
                         const struct session_policy *policy,
                         struct tally_policy *to)
{
	struct tally_detail **next = &to->details;

	for (size_t i = 0; i < policy->failure_count; i++) {
		struct json_at item = json_at_item(list, i, JSON_OBJECT);
		struct tally_detail *detail =
			arena_alloc(&reader->mem, sizeof(*detail));

		session_failure_encode(&policy->failures[i], &reader->bytes);
		keep_bytes(reader, &detail->key);
		detail->count = json_at_uint(&item, "count", JSON_MUST);
		*next = detail;
		next = &detail->next;
	}
	reader->domain.counts.detail_count += policy->failure_count;
}

/* The bytes as this version of the normal form makes them must be those that
 * the sealing host had: else what is equal would not count together. */
static void keep_policy(struct sealed_reader *reader, const struct json_at *at,
                        const struct session_policy *policy,
                        struct tally_policy *to)
{
	const char *want = json_at_string(at, "sha256", JSON_MUST);
	uint8_t hash[SEALED_HASH];
	char text[SEALED_HASH_TEXT];

	session_policy_encode(policy, &reader->bytes);
	keep_bytes(reader, &to->key);
	sealed_hash(to->key.bytes, to->key.len, hash);
	if (want != NULL &&
	    strcmp(want, sealed_hex(hash, sizeof(hash), text)) != 0)
		json_at_fail(at, ERR_PARSE,
		             "the policy is not what its sha256 "
		             "says");
}

static struct tally_policy *read_policy(struct sealed_reader *reader,
                                        const struct json_at *at)
{
	struct tally_policy *to = arena_alloc(&reader->mem, sizeof(*to));
	struct session *session = &reader->session;
	struct session_policy policy = {0};
	struct json_at details =
		json_at_member(at, "details", JSON_ARRAY, JSON_MAY);
	struct err why;

	session_reset(session);
	policy.type =
		(enum policy_type)read_word(at, "policy-type", &words_policies);
	policy.domain = json_at_string(at, "policy-domain", JSON_MUST);
	policy.strings =
		read_list(reader, at, "policy-string", &policy.string_count);
	policy.mx_hosts = read_list(reader, at, "mx-host", &policy.mx_count);
	read_failures(reader, &details, &policy);
	session->domain = reader->domain.counts.domain;
	session->policies = &policy;
	session->policy_count = 1;
	if (at->in->class == 0 && session_canonicalize(session, &why) < 0)
		json_at_fail_err(at, &why);
	if (at->in->class != 0)
		return to;
	keep_policy(reader, at, &policy, to);
	keep_details(reader, &details, &policy, to);
	to->success = json_at_uint(at, "success", JSON_MUST);
	to->failure = json_at_uint(at, "failure", JSON_MUST);
	to->unjudged = json_at_uint(at, "unjudged", JSON_MAY);
	return to;
}

/* A session counts once with each of its policies; two that were folded may
 * have become one. */
static void check_sums(struct sealed_reader *reader, const struct json_at *root)
{
	const struct tally_domain *counts = &reader->domain.counts;
	uint64_t sessions =
		counts->success + counts->failure + counts->unjudged;

	for (const struct tally_policy *p = counts->policies; p; p = p->next)
		if (p->success + p->failure + p->unjudged >
		    SESSION_POLICIES_MAX * sessions)
			json_at_fail(root, ERR_PARSE,
			             "a policy has more sessions than the "
			             "domain");
}

static void read_policies(struct sealed_reader *reader,
                          const struct json_at *root)
{
	struct tally_domain *counts = &reader->domain.counts;
	struct tally_policy **next = &counts->policies;
	struct json_at list =
		json_at_member(root, "policies", JSON_ARRAY, JSON_MUST);

	counts->policy_count = json_at_count(&list);
	for (size_t i = 0; i < counts->policy_count && root->in->class == 0;
	     i++) {
		struct json_at item = json_at_item(&list, i, JSON_OBJECT);

		*next = read_policy(reader, &item);
		next = &(*next)->next;
	}
}

static void read_name(struct sealed_reader *reader, const struct json_at *root)
{
	const char *text = json_at_string(root, "domain", JSON_MUST);
	const char *domain = text != NULL && text[0] != '\0'
	                             ? session_domain(&reader->mem, text)
	                             : NULL;

	if (text == NULL)
		return;
	if (domain == NULL || strcmp(domain, text) != 0)
		json_at_fail(root, ERR_PARSE,
		             "the domain is not in its normal form");
	else if (strcmp(domain, reader->last) <= 0)
		json_at_fail(root, ERR_PARSE,
		             "the domain is not after the one before");
	if (root->in->class != 0)
		return;
	strcpy(reader->last, domain);
	reader->domain.counts.domain = domain;
	reader->domain.counts.valid =
		domain_is_canonical(domain) && domain_is_host(domain);
}

static void read_domain(struct sealed_reader *reader,
                        const struct json_at *root)
{
	struct sealed_domain *domain = &reader->domain;
	struct tally_domain *counts = &domain->counts;
	const char *record;

	arena_reset(&reader->mem);
	memset(domain, 0, sizeof(*domain));
	counts->day = reader->head.day;
	read_name(reader, root);
	record = json_at_string(root, "record", JSON_MAY);
	if (record != NULL && strlen(record) > SESSION_RECORD_MAX)
		json_at_fail(root, ERR_LIMIT,
		             "the record has more than %d bytes",
		             SESSION_RECORD_MAX);
	else if (record != NULL)
		counts->record = arena_strdup(&reader->mem, record);
	domain->record_at = json_at_time(root, "recordSeenAt", JSON_MAY);
	counts->success = json_at_uint(root, "success", JSON_MUST);
	counts->failure = json_at_uint(root, "failure", JSON_MUST);
	counts->unjudged = json_at_uint(root, "unjudged", JSON_MAY);
	domain->folded = json_at_uint(root, "folded", JSON_MAY);
	domain->waits = json_is_true(json_object_get(root->json, "waits"));
	read_policies(reader, root);
	if (root->in->class == 0)
		check_sums(reader, root);
	if (root->in->class == 0)
		sealed_totals_add(&reader->totals, domain);
}

/* --- the end --- */

static void read_end(struct sealed_reader *reader, const struct json_at *root)
{
	struct json_at end =
		json_at_member(root, "end", JSON_OBJECT, JSON_MUST);
	const char *want = json_at_string(&end, "sha256", JSON_MUST);
	uint8_t hash[SEALED_HASH];
	char text[SEALED_HASH_TEXT];

	for (size_t i = 0; i < SEALED_TOTALS; i++) {
		const struct sealed_total *row = &sealed_total_rows[i];
		uint64_t says = json_at_uint(&end, row->name, JSON_MUST);
		uint64_t had = *sealed_total_at(&reader->totals, row);

		if (end.in->class == 0 && says != had)
			json_at_fail(&end, ERR_PARSE,
			             "%s is %" PRIu64 ", and the lines before "
			             "have %" PRIu64,
			             row->name, says, had);
	}
	sealed_digest_end(reader->digest, hash);
	if (want != NULL &&
	    strcmp(want, sealed_hex(hash, sizeof(hash), text)) != 0)
		json_at_fail(&end, ERR_PARSE,
		             "the lines before are not what its sha256 says");
	reader->ended = true;
}

static int read_json(struct sealed_reader *reader, json_t *json,
                     enum sealed_line *what, struct err *err)
{
	struct json_in in = {.err = err};
	struct json_at root = json_at_root(&in, json);

	if (reader->lines == 1)
		*what = SEALED_LINE_HEAD;
	else
		*what = json_object_get(json, "end") != NULL
		                ? SEALED_LINE_END
		                : SEALED_LINE_DOMAIN;
	if (in.class != 0)
		return in.class;
	if (*what == SEALED_LINE_HEAD)
		read_head(reader, &root);
	else if (*what == SEALED_LINE_DOMAIN)
		read_domain(reader, &root);
	else
		read_end(reader, &root);
	return in.class;
}

int sealed_read_line(struct sealed_reader *reader, const char *line, size_t len,
                     enum sealed_line *what, struct err *err)
{
	auto_(json_free) json_t *json = NULL;
	int rc = 0;

	reader->lines++;
	if (reader->ended)
		rc = err_set(err, ERR_PARSE, "something after the end");
	else if (len > SEALED_LINE_MAX)
		rc = err_set(err, ERR_LIMIT,
		             "longer than the %d bytes that a domain's line "
		             "may have",
		             SEALED_LINE_MAX);
	else if (json_has_more_values(line, len, SEALED_VALUES_MAX))
		rc = err_set(err, ERR_LIMIT, "more than %d values of JSON",
		             SEALED_VALUES_MAX);
	else if ((json = json_read(line, len, false, err)) == NULL)
		rc = ERR_PARSE;
	else
		rc = read_json(reader, json, what, err);
	if (rc < 0)
		return err_prefix(err, "line %" PRIu64, reader->lines);
	if (*what != SEALED_LINE_END) {
		sealed_digest_add(reader->digest, line, len);
		sealed_digest_add(reader->digest, "\n", 1);
	}
	return 0;
}

const struct sealed_head *sealed_reader_head(const struct sealed_reader *reader)
{
	return &reader->head;
}

const struct sealed_domain *
sealed_reader_domain(const struct sealed_reader *reader)
{
	return &reader->domain;
}

const struct sealed_totals *
sealed_reader_totals(const struct sealed_reader *reader)
{
	return &reader->totals;
}

int sealed_reader_finish(const struct sealed_reader *reader, struct err *err)
{
	if (reader->ended)
		return 0;
	return err_set(err, ERR_PARSE,
	               "line %" PRIu64 ": the day is cut off: there is no end",
	               reader->lines);
}
