#include "intake/milter_counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "intake/counts.h"
#include "store/inbound_table.h"
#include "store/mail_table.h"
#include "store/meta_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/tls_optional_table.h"

enum kind {
	KIND_INBOUND,
	KIND_MAIL,
	KIND_OWN,
	KIND_WANTED,
	KIND_TLS_OPTIONAL,
	KIND_SIGNATURE,
	KINDS
};

struct milter_counts {
	struct counts *counts;
	struct strbuf key;
	struct arena arena;      /* of a row */
	struct count_row **rows; /* of milter_counts_rows() */
	uint64_t refused;
};

struct milter_counts *milter_counts_new(void)
{
	struct milter_counts *counts = xcalloc(1, sizeof(*counts));

	counts->counts = counts_new();
	strbuf_init(&counts->key, 0);
	arena_init(&counts->arena);
	return counts;
}

void milter_counts_free(struct milter_counts **counts)
{
	if (*counts == NULL)
		return;
	counts_free(&(*counts)->counts);
	strbuf_clear(&(*counts)->key);
	arena_clear(&(*counts)->arena);
	free(*counts);
	*counts = NULL;
}

void milter_counts_reset(struct milter_counts *counts)
{
	counts_reset(counts->counts);
	counts->refused = 0;
}

bool milter_counts_full(const struct milter_counts *counts)
{
	return counts_full(counts->counts);
}

uint64_t milter_counts_refused(const struct milter_counts *counts)
{
	return counts->refused;
}

static void begin_key(struct milter_counts *counts, enum kind kind)
{
	strbuf_reset(&counts->key);
	strbuf_u8(&counts->key, (uint8_t)kind);
}

static void count_key(struct milter_counts *counts, int32_t day,
                      const char *domain)
{
	if (!counts_add(counts->counts, day, domain, counts->key.data,
	                counts->key.len))
		counts->refused++;
}

static void add_inbound(struct milter_counts *counts, int32_t day,
                        const char *domain, const struct inbound *inbound)
{
	bool fold = counts_full(counts->counts);
	struct strbuf *key = &counts->key;

	begin_key(counts, KIND_INBOUND);
	strbuf_u8(key, inbound->client);
	strbuf_u8(key, inbound->tls);
	strbuf_u8(key, inbound->certificate);
	strbuf_u16(key, fold ? 0 : inbound->bits);
	strbuf_u8(key, fold);
	strbuf_str(key, fold ? "" : inbound->sender);
	strbuf_str(key, fold ? "" : inbound->cipher);
	count_key(counts, day, domain);
}

/* Under the submitter's own name: one row for each way of signing. */
static void add_signature(struct milter_counts *counts, int32_t day,
                          const struct milter_message *message)
{
	begin_key(counts, KIND_SIGNATURE);
	strbuf_u8(&counts->key, milter_message_is_signed(message));
	strbuf_str(&counts->key, message->signature.domain);
	strbuf_str(&counts->key, message->signature.selector);
	count_key(counts, day, message->site->submitter);
}

void milter_counts_add(struct milter_counts *counts, int32_t day,
                       const struct milter_message *message)
{
	bool report = milter_message_is_report(message);
	bool another_site = message->inbound.client == INBOUND_MX ||
	                    message->inbound.client == INBOUND_FILTERED;

	if (report && !another_site)
		add_signature(counts, day, message);
	for (size_t i = 0; i < message->domain_count; i++) {
		const struct milter_domain *domain = &message->domains[i];

		/* a report by no remote mailer goes to ourselves, or by a
		 * transport of its own, of which no session is counted
		 * (README, the loop); from another site it only says that it
		 * is one */
		if (domain->way == MILTER_TO_US) {
			if (!report || another_site)
				add_inbound(counts, day, domain->name,
				            &message->inbound);
		} else if (report) {
			begin_key(counts, KIND_OWN);
			count_key(counts, day, domain->name);
		} else if (domain->way == MILTER_TO_OTHERS) {
			begin_key(counts, KIND_MAIL);
			strbuf_str(&counts->key, milter_counts_full(counts)
			                                 ? domain->name
			                                 : domain->next_hop);
			count_key(counts, day, domain->name);
		}
	}
}

void milter_counts_want(struct milter_counts *counts, int32_t day,
                        const char *domain)
{
	if (counts_full(counts->counts))
		return;
	begin_key(counts, KIND_WANTED);
	count_key(counts, day, domain);
}

void milter_counts_tls_optional(struct milter_counts *counts, int32_t day,
                                const char *queue_id)
{
	begin_key(counts, KIND_TLS_OPTIONAL);
	count_key(counts, day, queue_id);
}

static void copy_text(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%s", text != NULL ? text : "");
}

static void put_inbound(struct db_txn *txn, const struct count_row *row,
                        struct reader *reader, struct arena *arena)
{
	struct inbound inbound = {0};

	inbound.client = reader_u8(reader);
	inbound.tls = reader_u8(reader);
	inbound.certificate = reader_u8(reader);
	inbound.bits = reader_u16(reader);
	inbound.other_senders = reader_u8(reader) != 0;
	copy_text(inbound.sender, sizeof(inbound.sender),
	          reader_str(reader, arena));
	copy_text(inbound.cipher, sizeof(inbound.cipher),
	          reader_str(reader, arena));
	inbound_table_add(txn, row->day, row->domain, &inbound, row->n);
}

static void put_mail(struct db_txn *txn, const struct count_row *row,
                     struct reader *reader, struct arena *arena)
{
	struct mail_row mail = {.day = row->day, .messages = row->n};

	copy_text(mail.domain, sizeof(mail.domain), row->domain);
	copy_text(mail.next_hop, sizeof(mail.next_hop),
	          reader_str(reader, arena));
	mail_add(txn, &mail);
}

/* Not one that waits already, nor one whose view is good for the day. */
static void put_wanted(struct db_txn *txn, const struct count_row *row,
                       struct arena *arena, int64_t now)
{
	struct domain_view view;
	uint32_t failures;
	int64_t due;

	if (policy_wanted_get(txn, row->domain, &due, &failures) != 0)
		return;
	if (policy_cache_get(txn, row->domain, arena, &view) == 1 &&
	    domain_view_is_good(&view, now))
		return;
	policy_wanted_put(txn, row->domain, now, 0);
}

/* Between two commits there may be some of either kind: one that is not signed
 * is what the operator should know of. */
static void put_signature(struct db_txn *txn, struct reader *reader,
                          struct arena *arena, int64_t now)
{
	bool is_signed = reader_u8(reader) != 0;
	struct dkim_name by = {.domain = ""};
	struct signature_seen seen;

	copy_text(by.domain, sizeof(by.domain), reader_str(reader, arena));
	copy_text(by.selector, sizeof(by.selector), reader_str(reader, arena));
	meta_signature_get(txn, &seen);
	if (seen.seen_at != now || !is_signed) {
		seen.is_signed = is_signed;
		seen.by = by;
	}
	seen.seen_at = now;
	if (is_signed)
		seen.signed_at = now;
	meta_signature_put(txn, &seen);
}

size_t milter_counts_rows(struct milter_counts *counts)
{
	size_t count;

	counts->rows = counts_sorted(counts->counts, &count);
	return count;
}

void milter_counts_put(struct milter_counts *counts, size_t at,
                       struct db_txn *txn, int64_t now)
{
	const struct count_row *row = counts->rows[at];
	struct reader reader;

	arena_reset(&counts->arena);
	reader_init(&reader, row->bytes, row->len);
	switch (reader_u8(&reader)) {
	case KIND_INBOUND:
		put_inbound(txn, row, &reader, &counts->arena);
		break;
	case KIND_MAIL:
		put_mail(txn, row, &reader, &counts->arena);
		break;
	case KIND_OWN:
		own_seen_add(txn, row->day, row->domain, row->n);
		break;
	case KIND_WANTED:
		put_wanted(txn, row, &counts->arena, now);
		break;
	case KIND_TLS_OPTIONAL:
		tls_optional_add(txn, row->day, row->domain);
		break;
	case KIND_SIGNATURE:
		put_signature(txn, &reader, &counts->arena, now);
		break;
	}
}
