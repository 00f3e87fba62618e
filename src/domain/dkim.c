#include "domain/dkim.h"

#include "domain/tag_list.h"

/* A tag that is there and is a name in the DNS. */
static bool read_name(const struct tag_list *list, const char *tag,
                      char out[DOMAIN_TEXT])
{
	struct span value;

	return tag_list_get(list, tag, &value) && value.len > 0 &&
	       domain_canonical(value.at, value.len, out, NULL) == 0;
}

int dkim_signature_read(const char *value, size_t len, struct dkim_name *name,
                        struct err *err)
{
	struct tag_list list;

	if (tag_list_read(value, len, &list, err) < 0)
		return err_prefix(err, "DKIM-Signature");
	if (!read_name(&list, "d", name->domain) ||
	    !read_name(&list, "s", name->selector))
		return err_set(err, ERR_PARSE,
		               "DKIM-Signature: d= or s= is not the name of a "
		               "domain");
	return 0;
}

/* Is one of the words between colons this one, or "*"? */
static bool allows(struct span words, const char *service)
{
	struct span word;

	while (tag_next_word(&words, &word))
		if (span_is(word, service) || span_is(word, "*"))
			return true;
	return false;
}

static bool has_word(struct span words, const char *wanted)
{
	struct span word;

	while (tag_next_word(&words, &word))
		if (span_is(word, wanted))
			return true;
	return false;
}

int dkim_key_judge(const char *text, size_t len, enum dkim_key *verdict,
                   struct err *err)
{
	struct span value;
	struct tag_list list;

	if (tag_list_read(text, len, &list, err) < 0)
		return err_prefix(err, "DKIM key");
	if (tag_list_get(&list, "v", &value) &&
	    (!span_is(value, "DKIM1") || !span_is(list.tags[0].name, "v")))
		return err_set(err, ERR_PARSE,
		               "DKIM key: v= is not DKIM1, or not the first "
		               "tag");
	if (!tag_list_get(&list, "p", &value))
		return err_set(err, ERR_PARSE, "DKIM key: no p=");
	*verdict = DKIM_KEY_GOOD;
	if (value.len == 0)
		*verdict = DKIM_KEY_REVOKED;
	else if (tag_list_get(&list, "s", &value) && !allows(value, "tlsrpt"))
		*verdict = DKIM_KEY_NO_TLSRPT;
	else if (tag_list_get(&list, "s", &value) && !allows(value, "email"))
		*verdict = DKIM_KEY_NO_EMAIL;
	else if (tag_list_get(&list, "t", &value) && has_word(value, "y"))
		*verdict = DKIM_KEY_TESTING;
	return 0;
}
