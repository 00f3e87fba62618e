#include "fleet/day_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "rollup/merged.h"
#include "store/day_table.h"
#include "store/host_day_table.h"

enum { BATCH_DOMAINS = 500, BATCH_BYTES = 4 * 1024 * 1024 };

/* A domain on its way to the store. */
struct item {
	char *domain;
	char *bytes;
	size_t len;
	uint64_t success, failure, unjudged;
};

struct day_import {
	struct db *db;
	struct day_import_options options;
	struct sealed_reader *reader;
	struct strbuf line;    /* what came of the next one */
	struct strbuf encoded; /* one domain */
	struct arena mem;      /* of the items */
	struct item items[BATCH_DOMAINS];
	size_t count, bytes;
	enum day_import_what what;
	uint32_t slot;   /* 0: none was begun */
	uint32_t before; /* slot of what was here when it began; 0: nothing */
	bool late;       /* a report lacks some of it */
};

struct day_import *day_import_new(struct db *db,
                                  const struct day_import_options *options)
{
	struct day_import *import = xcalloc(1, sizeof(*import));

	import->db = db;
	import->options = *options;
	import->reader = sealed_reader_new();
	strbuf_init(&import->line, 0);
	strbuf_init(&import->encoded, 0);
	arena_init(&import->mem);
	return import;
}

/* What was written so far is nobody's. */
static void give_up(struct day_import *import)
{
	struct db_txn *txn = db_begin_write(import->db);

	host_day_give_up(txn, sealed_reader_head(import->reader)->day,
	                 import->slot);
	/* if that fails, the purge finds out in some hours */
	db_commit(&txn, NULL);
}

void day_import_free(struct day_import **import)
{
	if (*import == NULL)
		return;
	if ((*import)->slot != 0)
		give_up(*import);
	sealed_reader_free(&(*import)->reader);
	strbuf_clear(&(*import)->line);
	strbuf_clear(&(*import)->encoded);
	arena_clear(&(*import)->mem);
	free(*import);
	*import = NULL;
}

/* --- may the day come in? --- */

static int check_day(const struct day_import *import,
                     const struct sealed_head *head, struct err *err)
{
	char day[DAY_TEXT], oldest[DAY_TEXT];

	day_format(head->day, day);
	if (head->day >= day_of(import->options.now))
		return err_set(err, ERR_BUSY,
		               "%s of %s: the day is not over by this host's "
		               "clock",
		               day, head->host);
	/* one that would be newer than all to come */
	if (moment_is_to_come(head->sealed_at, import->options.now))
		return err_set(err, ERR_BUSY,
		               "%s of %s was sealed at a time that is to come: "
		               "is the clock of either host wrong?",
		               day, head->host);
	if (head->day < import->options.oldest)
		return err_set(err, ERR_BUSY,
		               "%s of %s: days before %s are not kept "
		               "([store] keep_days)",
		               day, head->host,
		               day_format(import->options.oldest, oldest));
	return 0;
}

static bool is_older(const struct sealed_head *head,
                     const struct sealed_head *there)
{
	if (head->store_id != there->store_id)
		return false;
	if (head->epoch == there->epoch)
		return head->generation < there->generation;
	return head->sealed_at < there->sealed_at;
}

static int check_host(struct day_import *import, struct db_txn *txn,
                      struct err *err)
{
	const struct sealed_head *head = sealed_reader_head(import->reader);
	struct host_day there = {.slot = 0};
	struct day_given given;
	char day[DAY_TEXT];

	if (!import->options.from_ledger &&
	    day_table_given_get(txn, head->day, &given))
		return err_set(err, ERR_BUSY,
		               "%s is a day of the ledger's ([fleet] ledger): "
		               "what is imported would not be in the report of "
		               "all hosts",
		               day_format(head->day, day));
	if (head->store_id == db_store_id(import->db))
		return err_set(err, ERR_BUSY,
		               "that is a day of this host's own store");
	if (strcmp(head->host, import->options.host) == 0)
		return err_set(err, ERR_BUSY,
		               "two hosts are called %s, this one is the "
		               "other: give one of them another name ([fleet] "
		               "name)",
		               head->host);
	import->what = DAY_IMPORT_NEW;
	import->before = 0;
	if (!host_day_get(txn, head->day, head->host, &there))
		return merged_check_room(txn, head->day, err);
	import->before = there.slot;
	import->what = DAY_IMPORT_REPLACED;
	if (head->store_id != there.head.store_id && !import->options.replace)
		return err_set(err, ERR_BUSY,
		               "what is here of %s came from another store: "
		               "if two hosts have that name, give one of them "
		               "another ([fleet] name); if %s has a new store, "
		               "use --replace",
		               head->host, head->host);
	if (is_older(head, &there.head) && !import->options.replace)
		return err_set(err, ERR_BUSY,
		               "%s of %s is older than what is here; if what "
		               "is here is wrong, use --replace",
		               day_format(head->day, day), head->host);
	/* a domain may wait no longer although nothing more was counted */
	if (head->store_id == there.head.store_id &&
	    head->epoch == there.head.epoch &&
	    head->generation == there.head.generation &&
	    there.totals.waiting == 0)
		import->what = DAY_IMPORT_SAME;
	return 0;
}

static int take_head(struct day_import *import, struct err *err)
{
	const struct sealed_head *head = sealed_reader_head(import->reader);
	auto_(db_abort) struct db_txn *txn = db_begin_write(import->db);

	if (check_day(import, head, err) < 0 ||
	    check_host(import, txn, err) < 0)
		return err->class;
	if (import->what == DAY_IMPORT_SAME)
		return 0;
	import->slot = host_day_begin(txn, head->day, import->options.now);
	if (db_commit(&txn, err) < 0)
		import->slot = 0;
	return import->slot == 0 ? err->class : 0;
}

/* --- its domains --- */

/* Was the domain reported, without these counts? */
static bool is_missed(const struct day_import *import, struct db_txn *txn,
                      const struct item *item)
{
	auto_(arena_clear) struct arena mem = {0};
	int32_t day = sealed_reader_head(import->reader)->day;
	struct sealed_domain had;

	if (!merged_is_reported(txn, day, item->domain))
		return false;
	arena_init(&mem);
	return import->before == 0 ||
	       !host_day_domain_get(txn, day, import->before, item->domain,
	                            &mem, &had) ||
	       had.counts.success != item->success ||
	       had.counts.failure != item->failure ||
	       had.counts.unjudged != item->unjudged;
}

static int write_batch(struct day_import *import, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(import->db);
	int32_t day = sealed_reader_head(import->reader)->day;

	host_day_go_on(txn, day, import->slot, import->options.now);
	for (size_t i = 0; i < import->count; i++) {
		const struct item *item = &import->items[i];

		import->late = import->late || is_missed(import, txn, item);
		host_day_domain_put(txn, day, import->slot, item->domain,
		                    item->bytes, item->len);
	}
	import->count = import->bytes = 0;
	arena_reset(&import->mem);
	return db_commit(&txn, err);
}

static int take_domain(struct day_import *import, struct err *err)
{
	const struct sealed_domain *domain =
		sealed_reader_domain(import->reader);
	struct item *item = &import->items[import->count];

	if (import->slot == 0)
		return 0; /* DAY_IMPORT_SAME: only read */
	strbuf_reset(&import->encoded);
	host_day_domain_encode(domain, &import->encoded);
	item->domain = arena_strdup(&import->mem, domain->counts.domain);
	item->bytes = arena_strndup(&import->mem, import->encoded.data,
	                            import->encoded.len);
	item->len = import->encoded.len;
	item->success = domain->counts.success;
	item->failure = domain->counts.failure;
	item->unjudged = domain->counts.unjudged;
	import->count++;
	import->bytes += item->len;
	if (import->count == BATCH_DOMAINS || import->bytes >= BATCH_BYTES)
		return write_batch(import, err);
	return 0;
}

static int take_line(struct day_import *import, struct err *err)
{
	enum sealed_line what;
	int rc = sealed_read_line(import->reader, strbuf_text(&import->line),
	                          import->line.len, &what, err);

	strbuf_reset(&import->line);
	if (rc < 0)
		return rc;
	if (what == SEALED_LINE_HEAD)
		return take_head(import, err);
	return what == SEALED_LINE_DOMAIN ? take_domain(import, err) : 0;
}

int day_import_feed(struct day_import *import, const char *data, size_t len,
                    struct err *err)
{
	const char *end = data + len;

	while (data < end) {
		const char *stop = memchr(data, '\n', (size_t)(end - data));

		strbuf_add(&import->line, data,
		           (size_t)((stop ? stop : end) - data));
		/* what is too long already is refused without the rest */
		if (stop == NULL && import->line.len <= SEALED_LINE_MAX)
			break;
		if (take_line(import, err) < 0)
			return err->class;
		data = stop + 1;
	}
	return 0;
}

/* --- the end --- */

static int make_hosts(struct day_import *import,
                      struct day_import_result *result, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(import->db);
	struct host_day host_day = {
		.head = result->head,
		.totals = result->totals,
		.imported_at = import->options.now,
		.slot = import->slot,
	};

	/* somebody else may have been here meanwhile */
	if (check_host(import, txn, err) < 0)
		return err->class;
	host_day.late =
		import->late || day_table_is_closed(txn, result->head.day);
	host_day_put(txn, &host_day);
	if (db_commit(&txn, err) < 0)
		return err->class;
	import->slot = 0;
	result->late = host_day.late;
	return 0;
}

int day_import_finish(struct day_import *import,
                      struct day_import_result *result, struct err *err)
{
	memset(result, 0, sizeof(*result));
	/* the last line may lack its end */
	if (import->line.len > 0 && take_line(import, err) < 0)
		return err->class;
	if (sealed_reader_finish(import->reader, err) < 0)
		return err->class;
	result->head = *sealed_reader_head(import->reader);
	result->totals = *sealed_reader_totals(import->reader);
	if (import->slot != 0 &&
	    ((import->count > 0 && write_batch(import, err) < 0) ||
	     make_hosts(import, result, err) < 0))
		return err->class;
	result->what = import->what;
	return 0;
}
