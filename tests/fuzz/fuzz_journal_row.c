/* Any bytes as a row of the journal of counts: what is read is written the same
 * again. */
#include "base/auto.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "check.h"
#include "store/journal_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_policies(struct reader *in, struct strbuf *out,
                          const struct journal_counts *counts)
{
	for (uint64_t p = 0; p < counts->policies; p++) {
		struct journal_policy policy;

		journal_policy_read(in, counts, &policy);
		journal_policy_put(out, counts, &policy);
		for (uint64_t d = 0; d < policy.details; d++) {
			struct journal_detail detail;

			journal_detail_read(in, &detail);
			journal_detail_put(out, &detail);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	char before[TALLY_DOMAIN_TEXT] = "", domain[TALLY_DOMAIN_TEXT] = "";
	struct journal_counts counts;
	struct journal_head head;
	struct err err = {0};
	struct reader in;

	reader_init(&in, data, size);
	if (journal_head_read(&in, &head, &err) < 0) {
		check_words(err.text);
		return 0;
	}
	if (!journal_domains_are_whole(in))
		return 0;
	journal_head_put(&out, &head);
	while (reader_left(&in) > 0) {
		journal_name_read(&in, domain);
		journal_counts_read(&in, &counts);
		journal_name_put(&out, before, domain);
		journal_counts_put(&out, &counts);
		copy_policies(&in, &out, &counts);
	}
	check(reader_is_done(&in));
	check(out.len == size && memcmp(out.data, data, size) == 0);
	return 0;
}
