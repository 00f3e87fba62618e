#include "scenario/look.h"

#include <string.h>

#include "base/auto.h"
#include "base/gzip.h"

enum { JSON_MAX = 64 * 1024 * 1024 };

static bool is_it(const struct outbox_head *head, const char *domain,
                  int32_t day)
{
	return (domain == NULL || strcmp(head->domain, domain) == 0) &&
	       (day == 0 || head->day == day);
}

int look_report(struct db_txn *txn, const char *domain, int32_t day,
                struct look *look, struct err *err)
{
	struct outbox_head head = {0};
	bool found = false;

	memset(look, 0, sizeof(*look));
	look->txn = txn;
	while (outbox_head_next(txn, &head)) {
		if (is_it(&head, domain, day)) {
			look->head = head;
			found = true;
		}
	}
	memset(&head, 0, sizeof(head));
	while (archive_head_next(txn, &head)) {
		if (is_it(&head, domain, day) && head.id > look->head.id) {
			look->head = head;
			look->archived = true;
			found = true;
		}
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	if (!found)
		return err_set(err, ERR_NOTFOUND, "no report about %s", domain);
	return 0;
}

int look_report_id(struct db *db, const char *domain, uint64_t *id,
                   struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct look look;

	if (look_report(txn, domain, 0, &look, err) < 0)
		return err->class;
	*id = look.head.id;
	return 0;
}

size_t look_count(struct db_txn *txn, const char *domain, bool archive)
{
	struct outbox_head head = {0};
	size_t count = 0;

	while (outbox_head_next(txn, &head))
		count += is_it(&head, domain, 0);
	memset(&head, 0, sizeof(head));
	while (archive && archive_head_next(txn, &head))
		count += is_it(&head, domain, 0);
	return count;
}

int look_destination(const struct look *look, uint16_t index,
                     struct outbox_destination *destination, struct err *err)
{
	int found = look->archived
	                    ? archive_destination_get(look->txn, look->head.id,
	                                              index, destination)
	                    : outbox_destination_get(look->txn, look->head.id,
	                                             index, destination);

	if (found)
		return 0;
	return err_set(err, ERR_NOTFOUND, "its destination %u is not there",
	               index);
}

int look_json(const struct look *look, struct strbuf *json, struct err *err)
{
	auto_(arena_clear) struct arena mem;
	const void *body;
	size_t len;
	int found;

	arena_init(&mem);
	found = look->archived ? archive_body_get(look->txn, look->head.id,
	                                          &mem, &body, &len)
	                       : outbox_body_get(look->txn, look->head.id, &mem,
	                                         &body, &len, NULL, NULL);
	if (!found)
		return err_set(err, ERR_NOTFOUND, "it has no body");
	return gzip_unpack(body, len, JSON_MAX, json, err);
}
