#include "domain/dmarc_record.h"

#include <strings.h>

#include "domain/tag_list.h"

static const char *const words[] = {
	[DMARC_NONE] = "none",
	[DMARC_QUARANTINE] = "quarantine",
	[DMARC_REJECT] = "reject",
};

const char *dmarc_policy_word(enum dmarc_policy policy)
{
	return words[policy];
}

static bool read_policy(struct span value, enum dmarc_policy *policy)
{
	for (int i = DMARC_NONE; i <= DMARC_REJECT; i++) {
		struct span word = span_of(words[i]);

		if (value.len == word.len &&
		    strncasecmp(value.at, word.at, word.len) == 0) {
			*policy = i;
			return true;
		}
	}
	return false;
}

bool dmarc_record_is_candidate(const char *text, size_t len)
{
	struct span rest = {text, len}, name, value;

	if (!span_until(&rest, '=', &name))
		return false;
	span_split(&rest, ';', &value);
	return span_is(span_trim(name), "v") &&
	       span_is(span_trim(value), "DMARC1");
}

int dmarc_record_read(const char *text, size_t len, struct dmarc_record *record,
                      struct err *err)
{
	struct tag_list list;
	struct span value;

	if (!dmarc_record_is_candidate(text, len))
		return err_set(err, ERR_PARSE,
		               "DMARC record: does not begin with v=DMARC1");
	if (tag_list_read(text, len, &list, err) < 0)
		return err_prefix(err, "DMARC record");
	*record = (struct dmarc_record){.policy = DMARC_NONE};
	/* with an address for reports it counts as p=none (section 6.6.3) */
	if ((!tag_list_get(&list, "p", &value) ||
	     !read_policy(value, &record->policy)) &&
	    !tag_list_get(&list, "rua", &value))
		return err_set(err, ERR_PARSE,
		               "DMARC record: no p= of none, quarantine or "
		               "reject");
	record->subdomain = record->policy;
	if (tag_list_get(&list, "sp", &value))
		read_policy(value, &record->subdomain);
	return 0;
}
