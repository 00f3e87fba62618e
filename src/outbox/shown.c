#include "outbox/shown.h"

#include <string.h>

#include "base/day.h"
#include "outbox/blob_id.h"
#include "report/report_json.h"

int shown_head(struct db_txn *txn, enum shown_where where, uint64_t id,
               struct outbox_head *head)
{
	return where == SHOWN_OUTBOX ? outbox_head_get(txn, id, head)
	                             : archive_head_get(txn, id, head);
}

int shown_destination(struct db_txn *txn, enum shown_where where, uint64_t id,
                      uint16_t index, struct outbox_destination *dest)
{
	return where == SHOWN_OUTBOX
	               ? outbox_destination_get(txn, id, index, dest)
	               : archive_destination_get(txn, id, index, dest);
}

int shown_body(struct db_txn *txn, enum shown_where where, uint64_t id,
               struct arena *mem, const void **body, size_t *len,
               const uint64_t **policy_ids, size_t *policy_id_count)
{
	return where == SHOWN_OUTBOX
	               ? outbox_body_get(txn, id, mem, body, len, policy_ids,
	                                 policy_id_count)
	               : archive_body_get(txn, id, mem, body, len);
}

static int load_report(struct db_txn *txn, enum shown_where where, uint64_t id,
                       struct internal_report *object, struct err *err)
{
	const uint64_t *ids = NULL;
	const void *body;
	size_t len;

	if (shown_body(txn, where, id, &object->mem, &body, &len, &ids,
	               &object->policy_id_count) != 1)
		return err_set(err, ERR_IO, "a report has no body");
	object->policy_ids = arena_array(&object->mem, object->policy_id_count,
	                                 sizeof(*ids));
	if (object->policy_id_count > 0)
		memcpy(object->policy_ids, ids,
		       object->policy_id_count * sizeof(*ids));
	if (report_stored_read(body, len, object->report, err) < 0) {
		/* it was ours: whoever asked did nothing wrong */
		err->class = ERR_IO;
		return ERR_IO;
	}
	return 0;
}

static struct object_try *show_tries(const struct outbox_destination *dest,
                                     struct arena *mem)
{
	struct object_try *tries =
		arena_array(mem, dest->try_count, sizeof(*tries));

	for (size_t i = 0; i < dest->try_count; i++) {
		const struct outbox_try *one = &dest->tries[i];

		tries[i] = (struct object_try){
			.at = one->at,
			.answer = one->answer[0] != '\0'
		                          ? arena_strdup(mem, one->answer)
		                          : NULL,
		};
	}
	return tries;
}

static void show_destination(struct db_txn *txn,
                             const struct outbox_destination *dest,
                             struct internal_report *object)
{
	struct arena *mem = &object->mem;

	object->destinations[object->destination_count++] =
		(struct object_destination){
			.uri = arena_strdup(mem, dest->rua.uri),
			.blob = blob_id(object->id, BLOB_LETTER, dest->index,
	                                mem),
			.state = dest->state,
			.attempts = dest->attempts,
			.last_attempt = dest->last_attempt,
			.next_attempt = outbox_next_attempt(txn, dest),
			.uncertain = dest->uncertain,
			.is_copy = dest->is_copy,
			.tries = show_tries(dest, mem),
			.try_count = dest->try_count,
			.last_answer = dest->answer[0]
	                                       ? arena_strdup(mem, dest->answer)
	                                       : NULL,
		};
	if (dest->is_copy)
		return;
	if (dest->rua.kind == RUA_MAIL)
		object->mail_rua[object->mail_count++] =
			arena_strdup(mem, dest->rua.address);
	else if (dest->rua.kind == RUA_HTTPS)
		object->http_rua[object->http_count++] =
			arena_strdup(mem, dest->rua.uri);
}

static void load_destinations(struct db_txn *txn, enum shown_where where,
                              const struct outbox_head *head,
                              struct internal_report *object)
{
	size_t max = head->destination_count;
	struct outbox_destination dest;

	object->destinations =
		arena_array(&object->mem, max, sizeof(*object->destinations));
	object->mail_rua =
		arena_array(&object->mem, max, sizeof(*object->mail_rua));
	object->http_rua =
		arena_array(&object->mem, max, sizeof(*object->http_rua));
	for (uint16_t i = 0; i < max; i++)
		if (shown_destination(txn, where, head->id, i, &dest))
			show_destination(txn, &dest, object);
}

int shown_load(struct db_txn *txn, enum shown_where where, uint64_t id,
               bool whole, struct internal_report *object, struct err *err)
{
	struct outbox_head head;
	char day_text[DAY_TEXT];

	object_reset(object);
	if (!shown_head(txn, where, id, &head))
		return db_failed(txn) ? db_failure(txn, err) : 0;
	object->id = id;
	object->domain = arena_strdup(&object->mem, head.domain);
	object->created_at = head.created_at;
	object->deliver_at = head.deliver_at;
	object->day =
		arena_strdup(&object->mem, day_format(head.day, day_text));
	object->done_at = head.done_at;
	object->status = word_api(&words_statuses, head.status);
	object->success = head.success;
	object->failure = head.failure;
	if (head.missing[0] != '\0')
		object->missing = arena_strdup(&object->mem, head.missing);
	object->json_blob = blob_id(id, BLOB_JSON, 0, &object->mem);
	object->gzip_blob = blob_id(id, BLOB_GZIP, 0, &object->mem);
	load_destinations(txn, where, &head, object);
	if (whole && load_report(txn, where, id, object, err) < 0)
		return db_failed(txn) ? db_failure(txn, err) : ERR_IO;
	return db_failed(txn) ? db_failure(txn, err) : 1;
}
