#include "report/report_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/hash.h"
#include "base/span.h"
#include "report/mail_header.h"

enum {
	/* A Subject line of an id stays below 998 bytes (RFC 5322 section
	 * 2.1.1). */
	MSG_ID_MAX = 900,
	TWICE_MAX = 60, /* longer names stand once */
	SUBJECT_MAX = 200,
	SUBJECT_MAX_DOMAIN = 90, /* that it holds for */
	BEYOND_DOMAIN_MAX = 120,
};

/* --- the Subject --- */

/* RFC 8460 section 5.3: FWS, and nothing but FWS, between the words. */
static void write_subject(const char *domain, const char *submitter,
                          const char *id, struct strbuf *out)
{
	struct mail_header subject = mail_header_begin("Subject", out);

	mail_header_word(&subject, "Report");
	mail_header_word(&subject, "Domain:");
	mail_header_word(&subject, domain);
	mail_header_word(&subject, "Submitter:");
	mail_header_word(&subject, submitter);
	mail_header_word(&subject, "Report-ID:");
	mail_header_wordf(&subject, "<%s>", id);
	mail_header_end(&subject);
}

static bool repeats(const char *id, const char *name)
{
	return strlen(name) > TWICE_MAX && strstr(id, name) != NULL;
}

static bool subject_fits(const char *domain, const char *submitter,
                         const char *id)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	size_t domain_len = strlen(domain), len;

	/* what stands behind "Subject: ", with the line ends in it */
	write_subject(domain, submitter, id, &text);
	len = text.len - strlen("Subject: ") - strlen("\r\n");
	return !repeats(id, domain) && !repeats(id, submitter) &&
	       len <= domain_len + BEYOND_DOMAIN_MAX &&
	       (len <= SUBJECT_MAX || domain_len > SUBJECT_MAX_DOMAIN);
}

/* 64 bits of hash on both sides: nothing is shorter and still unique. */
static const char *shortest_id(struct arena *arena, uint64_t hash)
{
	return arena_printf(arena, "%08" PRIx32 "@%08" PRIx32, (uint32_t)hash,
	                    (uint32_t)(hash >> 32));
}

void report_subject_write(const char *domain, const char *submitter,
                          const char *report_id, struct strbuf *out)
{
	auto_(arena_clear) struct arena mem = {0};
	uint64_t hash = hash64(0, report_id, strlen(report_id));
	const char *id = report_id;

	if (!report_id_is_msg_id(id) || !subject_fits(domain, submitter, id))
		id = arena_printf(&mem, "%016" PRIx64 "@%s", hash, submitter);
	if (!subject_fits(domain, submitter, id))
		id = shortest_id(&mem, hash);
	write_subject(domain, submitter, id, out);
}

/* --- ids --- */

static uint64_t report_hash(int32_t day, const char *domain, uint64_t seed)
{
	char text[DAY_TEXT + 1 + DOMAIN_TEXT];
	char date[DAY_TEXT];
	int len = snprintf(text, sizeof(text), "%s %s", day_format(day, date),
	                   domain);

	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	return hash64(seed, text, (size_t)len);
}

const char *report_id_make(struct arena *arena, int32_t day, const char *domain,
                           const char *submitter, uint64_t seed)
{
	uint64_t hash = report_hash(day, domain, seed);
	char text[DAY_TEXT], date[DAY_TEXT];
	const char *id;

	day_format(day, text);
	snprintf(date, sizeof(date), "%.4s%.2s%.2s", text, text + 5, text + 8);
	id = arena_printf(arena, "%s.%s.%08" PRIx32 "@%s", date, domain,
	                  (uint32_t)hash, submitter);
	if (!subject_fits(domain, submitter, id))
		id = arena_printf(arena, "%s.%08" PRIx32 ".%08" PRIx32 "@%s",
		                  date, (uint32_t)(hash >> 32), (uint32_t)hash,
		                  submitter);
	if (!subject_fits(domain, submitter, id))
		id = shortest_id(arena, hash);
	return id;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* From one slot to that whose turn is next: about the golden section, so that
 * the two lie far apart, and without a common divisor, so that each slot has
 * its turn before one has its second. */
static uint64_t slot_step(uint64_t slots)
{
	uint64_t step = slots * 618 / 1000;

	while (step > 1 && common_divisor(slots, step) != 1)
		step--;
	return step > 0 ? step : 1;
}

int64_t report_spread(int32_t day, uint64_t position, uint64_t seed,
                      int64_t spread_secs)
{
	const uint64_t neighbours = 10000, run_secs = 300, smallest = 2;
	const uint64_t together_secs = 60;
	uint64_t hash = report_hash(day, "", seed);
	uint64_t spread, slots, length, size, most, slot, within;

	if (spread_secs <= 0)
		return 0;
	spread = (uint64_t)spread_secs;
	slots = spread < run_secs ? 1 : spread / run_secs;
	length = spread / slots;
	most = (neighbours + slots - 1) / slots;
	size = most < smallest ? 1 : smallest;
	while (size < most && position >= size * slots) {
		position -= size * slots;
		size = size * 8 <= most ? size * 4 : most;
	}
	slot = (hash % slots + position / size % slots * slot_step(slots)) %
	       slots;
	within = (position % size * length + (hash >> 32) % length) / size;
	/* by its last second: a run at the slot's beginning takes none of it */
	if (length > together_secs)
		within += together_secs - 1 - within % together_secs;
	if (within >= length)
		within = length - 1;
	return (int64_t)(slot * length + within);
}

bool report_id_is_msg_id(const char *id)
{
	size_t left, right;

	if (id == NULL)
		return false;
	left = span_dot_atom(span_of(id));
	if (left == 0 || id[left] != '@')
		return false;
	right = span_dot_atom(span_of(id + left + 1));
	return right > 0 && id[left + 1 + right] == '\0' &&
	       left + right < MSG_ID_MAX;
}
