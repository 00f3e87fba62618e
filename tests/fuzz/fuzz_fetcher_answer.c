/* Answers of a tlsrpt-fetcher: names that are taken from a list can be given to
 * a command, and counts that were read can be written, and are then read as the
 * same. */
#include "base/auto.h"
#include "base/domain.h"
#include "check.h"
#include "sealed/fetcher_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tally_limits caps = {32, 1000, 1 << 24, 1 << 25};

static void read_list(const char *text, size_t len)
{
	auto_(arena_clear) struct arena arena = {0};
	struct fetcher_list list;
	struct err err;

	arena_init(&arena);
	if (fetcher_read_list(text, len, &arena, &list, &err) < 0) {
		check_words(err.text);
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		check(domain_is_canonical(list.names[i]));
		check(list.names[i][0] != '-');
		check(i == 0 || strcmp(list.names[i - 1], list.names[i]) < 0);
	}
}

static void read_again(struct fetcher_reader *reader,
                       const struct sealed_domain *from)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	uint64_t success = from->counts.success;
	uint64_t failure = from->counts.failure;
	const struct sealed_domain *again;

	check(fetcher_write_domain(from, &out, NULL) == 0);
	check(fetcher_read_domain(reader, "a.example", out.data, out.len,
	                          &again, NULL) == 0);
	if (success + failure == 0)
		return;
	check(again != NULL);
	/* a failure that was one among others may be none alone */
	check(again->counts.success + again->counts.failure +
	              again->counts.unjudged ==
	      success + failure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(fetcher_reader_free) struct fetcher_reader *reader =
		fetcher_reader_new(&caps);
	const char *text = (const char *)data;
	const struct sealed_domain *counts;
	struct err err;

	read_list(text, size);
	if (fetcher_read_domain(reader, "a.example", text, size, &counts,
	                        &err) < 0)
		check(err.text[0] != '\0');
	else if (counts != NULL)
		read_again(reader, counts);
	return 0;
}
