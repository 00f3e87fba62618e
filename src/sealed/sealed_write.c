/* Writing of sealed_day.h. */
#include "sealed/sealed_day.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "sealed/sealed_code.h"
#include "sealed/sealed_merge.h"
#include "session/detail_text.h"
#include "session/session.h"
#include "words/words.h"

struct sealed_writer {
	struct sealed_digest *digest;
	struct sealed_totals totals;
	struct sealed_totals with; /* the domain that is being written */
	struct arena mem;          /* of its policies and details */
};

struct sealed_writer *sealed_writer_new(void)
{
	struct sealed_writer *writer = xcalloc(1, sizeof(*writer));

	writer->digest = sealed_digest_new();
	arena_init(&writer->mem);
	return writer;
}

void sealed_writer_free(struct sealed_writer **writer)
{
	if (*writer == NULL)
		return;
	sealed_digest_free(&(*writer)->digest);
	arena_clear(&(*writer)->mem);
	free(*writer);
	*writer = NULL;
}

/* Of the line that begins there. */
static void end_line(struct sealed_writer *writer, size_t at,
                     struct strbuf *out)
{
	strbuf_putc(out, '\n');
	sealed_digest_add(writer->digest, out->data + at, out->len - at);
}

static void set_id(json_t *json, const char *name, uint64_t id)
{
	char text[SEALED_ID_TEXT];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	json_set_string(json, name, text);
}

void sealed_write_head(struct sealed_writer *writer,
                       const struct sealed_head *head, struct strbuf *out)
{
	auto_(json_free) json_t *json = json_object();
	size_t at = out->len;
	char day[DAY_TEXT];

	json_set_uint(json, "sealedDay", SEALED_FORMAT);
	json_set_uint(json, "normalForm", SEALED_NORMAL_FORM);
	json_set_string(json, "host", head->host);
	json_set_string(json, "day", day_format(head->day, day));
	set_id(json, "store", head->store_id);
	set_id(json, "epoch", head->epoch);
	json_set_uint(json, "generation", head->generation);
	json_set_time(json, "sealedAt", head->sealed_at);
	json_set_bool(json, "reports", head->reports);
	json_write(json, out);
	end_line(writer, at, out);
}

static void set_list(json_t *json, const char *name, const char **list,
                     size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	json_object_set_new(json, name, array);
}

static void set_nonzero(json_t *json, const char *name, uint64_t value)
{
	if (value > 0)
		json_set_uint(json, name, value);
}

static json_t *detail_json(struct sealed_writer *writer,
                           const struct tally_detail *from, struct err *err)
{
	struct failure_detail detail = {0};
	json_t *json;

	if (session_failure_decode(from->key.bytes, from->key.len, &writer->mem,
	                           &detail, err) < 0)
		return NULL;
	json = json_object();
	json_set_string(json, "result-type",
	                word_api(&words_results, (int)detail.result));
	for (size_t i = 0; i < DETAIL_TEXTS; i++)
		json_set_string(json, detail_text_rows[i].rfc,
		                detail_text_get(&detail, &detail_text_rows[i]));
	json_set_uint(json, "count", from->count);
	return json;
}

static int set_details(struct sealed_writer *writer, json_t *json,
                       const struct tally_policy *policy, struct err *err)
{
	json_t *list = json_array();

	json_object_set_new(json, "details", list);
	for (const struct tally_detail *d = policy->details; d; d = d->next) {
		json_t *detail = detail_json(writer, d, err);

		if (detail == NULL)
			return ERR_PARSE;
		json_array_append_new(list, detail);
	}
	return 0;
}

static int append_policy(struct sealed_writer *writer, json_t *list,
                         const struct tally_policy *from, struct err *err)
{
	json_t *json = json_object();
	struct session_policy policy = {0};
	uint8_t hash[SEALED_HASH];
	char text[SEALED_HASH_TEXT];

	json_array_append_new(list, json);
	if (session_policy_decode(from->key.bytes, from->key.len, &writer->mem,
	                          &policy, err) < 0)
		return ERR_PARSE;
	sealed_hash(from->key.bytes, from->key.len, hash);
	json_set_string(json, "sha256", sealed_hex(hash, sizeof(hash), text));
	json_set_string(json, "policy-type",
	                word_api(&words_policies, (int)policy.type));
	json_set_string(json, "policy-domain", policy.domain);
	set_list(json, "policy-string", policy.strings, policy.string_count);
	set_list(json, "mx-host", policy.mx_hosts, policy.mx_count);
	json_set_uint(json, "success", from->success);
	json_set_uint(json, "failure", from->failure);
	set_nonzero(json, "unjudged", from->unjudged);
	return set_details(writer, json, from, err);
}

static int put_domain(void *arg, const struct sealed_domain *domain,
                      struct strbuf *out, struct err *err)
{
	auto_(json_free) json_t *json = json_object();
	struct sealed_writer *writer = arg;
	const struct tally_domain *counts = &domain->counts;
	json_t *list = json_array();

	arena_reset(&writer->mem);
	json_set_string(json, "domain", counts->domain);
	json_set_string(json, "record", counts->record);
	json_set_time(json, "recordSeenAt", domain->record_at);
	json_set_uint(json, "success", counts->success);
	json_set_uint(json, "failure", counts->failure);
	set_nonzero(json, "unjudged", counts->unjudged);
	set_nonzero(json, "folded", domain->folded);
	if (domain->waits)
		json_set_bool(json, "waits", true);
	json_object_set_new(json, "policies", list);
	for (const struct tally_policy *p = counts->policies; p; p = p->next)
		if (append_policy(writer, list, p, err) < 0)
			return err_prefix(err, "%s", counts->domain);
	json_write(json, out);
	writer->with = writer->totals;
	sealed_totals_add(&writer->with, domain);
	return 0;
}

int sealed_write_domain(struct sealed_writer *writer,
                        const struct sealed_domain *domain, struct strbuf *out,
                        struct err *err)
{
	size_t at = out->len;
	int rc = sealed_put_fitting(domain, put_domain, writer, out, err);

	if (rc < 0)
		return rc;
	writer->totals = writer->with;
	end_line(writer, at, out);
	return 0;
}

const struct sealed_totals *
sealed_writer_totals(const struct sealed_writer *writer)
{
	return &writer->totals;
}

void sealed_write_end(struct sealed_writer *writer, struct strbuf *out)
{
	auto_(json_free) json_t *json = json_object();
	json_t *end = json_object();
	uint8_t hash[SEALED_HASH];
	char text[SEALED_HASH_TEXT];

	json_object_set_new(json, "end", end);
	for (size_t i = 0; i < SEALED_TOTALS; i++)
		json_set_uint(end, sealed_total_rows[i].name,
		              *sealed_total_at(&writer->totals,
		                               &sealed_total_rows[i]));
	sealed_digest_end(writer->digest, hash);
	json_set_string(end, "sha256", sealed_hex(hash, sizeof(hash), text));
	json_write(json, out);
	strbuf_putc(out, '\n');
}
