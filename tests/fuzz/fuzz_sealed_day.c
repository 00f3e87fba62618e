/* Lines of a sealed day: a domain that can be read can be written, and what is
 * written is read as the same; merged with itself it is twice itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sealed/sealed_day.h"
#include "sealed/sealed_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tally_limits limits = {32, 1000, 1 << 24, 1 << 25};

static void write_domain(const struct sealed_domain *domain, struct strbuf *out)
{
	auto_(sealed_writer_free) struct sealed_writer *writer =
		sealed_writer_new();

	if (sealed_write_domain(writer, domain, out, NULL) < 0)
		abort();
}

/* Alone in a day of its own. */
static void read_again(const struct sealed_head *head,
                       const struct strbuf *line)
{
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();
	auto_(sealed_writer_free) struct sealed_writer *writer =
		sealed_writer_new();
	auto_(strbuf_clear) struct strbuf text = {0}, again = {0};
	enum sealed_line what;

	sealed_write_head(writer, head, &text);
	if (sealed_read_line(reader, text.data, text.len - 1, &what, NULL) <
	            0 ||
	    sealed_read_line(reader, line->data, line->len - 1, &what, NULL) <
	            0 ||
	    what != SEALED_LINE_DOMAIN)
		abort();
	write_domain(sealed_reader_domain(reader), &again);
	if (again.len != line->len ||
	    memcmp(again.data, line->data, line->len) != 0)
		abort();
}

static void check_domain(const struct sealed_head *head,
                         const struct sealed_domain *domain)
{
	auto_(sealed_merge_free) struct sealed_merge *merge =
		sealed_merge_new(&limits);
	auto_(strbuf_clear) struct strbuf line = {0};
	const struct sealed_domain *twice;

	write_domain(domain, &line);
	read_again(head, &line);
	sealed_merge_begin(merge);
	sealed_merge_add(merge, domain);
	sealed_merge_add(merge, domain);
	twice = sealed_merge_end(merge);
	if (twice->counts.success != 2 * domain->counts.success ||
	    twice->counts.failure != 2 * domain->counts.failure ||
	    twice->counts.policy_count > domain->counts.policy_count ||
	    twice->counts.detail_count > domain->counts.detail_count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();
	const char *at = (const char *)data, *end = at + size;
	enum sealed_line what;
	struct err err;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		if (sealed_read_line(reader, at, len, &what, &err) < 0)
			return 0;
		if (what == SEALED_LINE_DOMAIN)
			check_domain(sealed_reader_head(reader),
			             sealed_reader_domain(reader));
		at += len + 1;
	}
	sealed_reader_finish(reader, &err);
	return 0;
}
