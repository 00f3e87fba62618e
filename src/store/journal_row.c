#include "store/journal_row.h"

#include <stdio.h>
#include <string.h>

#include "base/be.h"
#include "base/hash.h"

enum { FORM = 1 };

enum {
	IS_VALID = 1,
	IS_PLAIN = 2,
	HAS_FAILURE = 4,
	HAS_UNJUDGED = 8,
	HAS_RECORD = 16,
	ALL_BITS = 31,
};

void journal_row_seal(struct strbuf *row, uint64_t number)
{
	strbuf_u64(row, hash64(number, row->data, row->len));
}

int journal_row_open(struct reader *row, uint64_t number, struct err *err)
{
	size_t len = reader_left(row);
	uint64_t hash;

	if (len < sizeof(hash))
		return err_set(err, ERR_PARSE, "it is cut off");
	row->end -= sizeof(hash);
	len -= sizeof(hash);
	hash = be_get(row->end, sizeof(hash));
	return hash == hash64(number, row->at, len)
	               ? 0
	               : err_set(err, ERR_PARSE, "its checksum is wrong");
}

static void put_text(struct strbuf *out, const char *text)
{
	strbuf_varint(out, strlen(text));
	strbuf_puts(out, text);
}

static void read_text(struct reader *in, char *text, size_t room)
{
	uint64_t len = reader_varint(in);
	const void *bytes = len < room ? reader_bytes(in, len) : NULL;

	text[0] = '\0';
	if (bytes == NULL || memchr(bytes, '\0', len) != NULL) {
		in->failed = true;
		return;
	}
	memcpy(text, bytes, len);
	text[len] = '\0';
}

/* Of a struct of u64s, of which most are 0. */
static void put_numbers(struct strbuf *out, const void *numbers, size_t size)
{
	size_t count = 0, before = 0;
	uint64_t v;

	for (size_t i = 0; i < size; i += sizeof(v)) {
		memcpy(&v, (const char *)numbers + i, sizeof(v));
		count += v != 0;
	}
	strbuf_varint(out, count);
	for (size_t i = 0; i < size / sizeof(v); i++) {
		memcpy(&v, (const char *)numbers + i * sizeof(v), sizeof(v));
		if (v == 0)
			continue;
		strbuf_varint(out, i - before);
		strbuf_varint(out, v);
		before = i;
	}
}

static void read_numbers(struct reader *in, void *numbers, size_t size)
{
	uint64_t count = reader_varint(in), at = 0, v;

	memset(numbers, 0, size);
	for (uint64_t i = 0; i < count && !in->failed; i++) {
		uint64_t step = reader_varint(in);

		in->failed |=
			step >= size / sizeof(v) - at || (i > 0 && step == 0);
		if (in->failed)
			break;
		at += step;
		v = reader_varint(in);
		memcpy((char *)numbers + at * sizeof(v), &v, sizeof(v));
		in->failed |= v == 0;
	}
}

void journal_head_put(struct strbuf *out, const struct journal_head *head)
{
	const struct feed *feed = &head->feed;

	strbuf_u8(out, FORM);
	strbuf_varint(out, (uint64_t)head->at);
	put_text(out, feed->name);
	if (feed->name[0] != '\0') {
		strbuf_varint(out, (uint64_t)feed->watermark);
		strbuf_varint(out, (uint64_t)feed->seen_at);
		strbuf_varint(out, (uint64_t)feed->last_event);
		strbuf_varint(out, feed->events);
		put_text(out, feed->trouble);
	}
	put_numbers(out, &head->stats, sizeof(head->stats));
	put_numbers(out, &head->domains, sizeof(head->domains));
}

int journal_head_read(struct reader *in, struct journal_head *head,
                      struct err *err)
{
	struct feed *feed = &head->feed;
	unsigned form = reader_u8(in);

	*feed = (struct feed){0};
	if (!in->failed && form != FORM)
		return err_set(err, ERR_LIMIT,
		               "a row of the journal has form %u, but this "
		               "program supports %d: upgrade tlstally",
		               form, FORM);
	head->at = (int64_t)reader_varint(in);
	read_text(in, feed->name, sizeof(feed->name));
	if (feed->name[0] != '\0') {
		feed->watermark = (int64_t)reader_varint(in);
		feed->seen_at = (int64_t)reader_varint(in);
		feed->last_event = (int64_t)reader_varint(in);
		feed->events = reader_varint(in);
		read_text(in, feed->trouble, sizeof(feed->trouble));
	}
	read_numbers(in, &head->stats, sizeof(head->stats));
	read_numbers(in, &head->domains, sizeof(head->domains));
	return in->failed ? err_set(err, ERR_PARSE, "its head cannot be read")
	                  : 0;
}

static void put_ref(struct strbuf *out, const struct journal_ref *ref)
{
	strbuf_varint(out, ref->id << 1 | (ref->blob != NULL));
	if (ref->blob != NULL) {
		strbuf_varint(out, ref->len);
		strbuf_add(out, ref->blob, ref->len);
	}
}

static void read_ref(struct reader *in, struct journal_ref *ref)
{
	uint64_t v = reader_varint(in);

	*ref = (struct journal_ref){.id = v >> 1};
	in->failed |= ref->id == 0;
	if ((v & 1) == 0 || in->failed)
		return;
	ref->len = reader_varint(in);
	ref->blob = reader_bytes(in, ref->len);
}

static unsigned read_type(struct reader *in, unsigned types)
{
	unsigned type = reader_u8(in);

	in->failed |= type >= types;
	return in->failed ? 0 : type;
}

void journal_counts_put(struct strbuf *out, const struct journal_counts *counts)
{
	const char *record = counts->record;

	strbuf_u8(out, (uint8_t)((counts->valid ? IS_VALID : 0) |
	                         (counts->is_plain ? IS_PLAIN : 0) |
	                         (counts->failure > 0 ? HAS_FAILURE : 0) |
	                         (counts->unjudged > 0 ? HAS_UNJUDGED : 0) |
	                         (record != NULL ? HAS_RECORD : 0)));
	strbuf_varint(out, counts->success);
	if (counts->failure > 0)
		strbuf_varint(out, counts->failure);
	if (counts->unjudged > 0)
		strbuf_varint(out, counts->unjudged);
	if (record != NULL) {
		strbuf_varint(out, strlen(record));
		strbuf_add(out, record, strlen(record) + 1);
	}
	if (!counts->is_plain)
		strbuf_varint(out, counts->policies);
}

void journal_counts_read(struct reader *in, struct journal_counts *counts)
{
	unsigned bits = reader_u8(in);
	uint64_t len;

	in->failed |= bits > ALL_BITS;
	counts->valid = bits & IS_VALID;
	counts->is_plain = bits & IS_PLAIN;
	counts->success = reader_varint(in);
	counts->failure = bits & HAS_FAILURE ? reader_varint(in) : 0;
	counts->unjudged = bits & HAS_UNJUDGED ? reader_varint(in) : 0;
	counts->record = NULL;
	if (bits & HAS_RECORD) {
		len = reader_varint(in);
		counts->record = reader_to_nul(in);
		in->failed |= len > SESSION_RECORD_MAX ||
		              counts->record == NULL ||
		              strlen(counts->record) != len;
	}
	counts->policies = counts->is_plain ? 1 : reader_varint(in);
	in->failed |= (bits & HAS_FAILURE && counts->failure == 0) ||
	              (bits & HAS_UNJUDGED && counts->unjudged == 0);
	if (in->failed)
		*counts = (struct journal_counts){0};
}

void journal_policy_put(struct strbuf *out, const struct journal_counts *of,
                        const struct journal_policy *policy)
{
	put_ref(out, &policy->ref);
	strbuf_u8(out, (uint8_t)policy->type);
	if (of->is_plain)
		return;
	strbuf_varint(out, policy->success);
	strbuf_varint(out, policy->failure);
	strbuf_varint(out, policy->unjudged);
	strbuf_varint(out, policy->details);
}

void journal_policy_read(struct reader *in, const struct journal_counts *of,
                         struct journal_policy *policy)
{
	*policy = (struct journal_policy){.success = of->success,
	                                  .failure = of->failure,
	                                  .unjudged = of->unjudged};
	read_ref(in, &policy->ref);
	policy->type = read_type(in, POLICY_TYPES);
	if (of->is_plain)
		return;
	policy->success = reader_varint(in);
	policy->failure = reader_varint(in);
	policy->unjudged = reader_varint(in);
	policy->details = reader_varint(in);
}

void journal_detail_put(struct strbuf *out, const struct journal_detail *detail)
{
	put_ref(out, &detail->ref);
	strbuf_u8(out, (uint8_t)detail->result);
	strbuf_varint(out, detail->count);
}

void journal_detail_read(struct reader *in, struct journal_detail *detail)
{
	read_ref(in, &detail->ref);
	detail->result = read_type(in, RESULT_TYPES);
	detail->count = reader_varint(in);
}

void journal_name_put(struct strbuf *out, char domain[TALLY_DOMAIN_TEXT],
                      const char *next)
{
	size_t same = 0;

	while (domain[same] != '\0' && domain[same] == next[same])
		same++;
	strbuf_varint(out, same);
	put_text(out, next + same);
	snprintf(domain, TALLY_DOMAIN_TEXT, "%s", next);
}

void journal_name_read(struct reader *in, char domain[TALLY_DOMAIN_TEXT])
{
	uint64_t same = reader_varint(in);
	char other;

	in->failed |= same > strlen(domain);
	if (in->failed)
		return;
	other = domain[same];
	read_text(in, domain + same, TALLY_DOMAIN_TEXT - same);
	in->failed |=
		domain[0] == '\0' || (other != '\0' && domain[same] == other);
}

static void skip_counts(struct reader *in)
{
	struct journal_counts counts;

	journal_counts_read(in, &counts);
	for (uint64_t p = 0; p < counts.policies && !in->failed; p++) {
		struct journal_policy policy;

		journal_policy_read(in, &counts, &policy);
		for (uint64_t d = 0; d < policy.details && !in->failed; d++) {
			struct journal_detail detail;

			journal_detail_read(in, &detail);
		}
	}
}

bool journal_domains_are_whole(struct reader in)
{
	char domain[TALLY_DOMAIN_TEXT] = "";

	while (reader_left(&in) > 0 && !in.failed) {
		journal_name_read(&in, domain);
		skip_counts(&in);
	}
	return reader_is_done(&in);
}
