/* Any bytes as a domain's SPF, DMARC and DKIM records and as a signature's
 * header: what is refused has words for it, and what is taken is within its
 * bounds. */
#include "domain/dkim.h"
#include "domain/dmarc_record.h"
#include "domain/spf_record.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = {0};
	struct dmarc_record dmarc;
	struct dkim_name name;
	enum spf_verdict spf;
	enum dkim_key key;

	if (spf_record_judge(text, size, &spf, &err) < 0)
		check_words(err.text);
	else
		check(spf_record_is_one(text, size) && spf <= SPF_EVERYBODY);
	if (dmarc_record_read(text, size, &dmarc, &err) < 0)
		check_words(err.text);
	else
		check(dmarc.policy <= DMARC_REJECT &&
		      dmarc.subdomain <= DMARC_REJECT &&
		      dmarc_record_is_candidate(text, size));
	if (dkim_key_judge(text, size, &key, &err) < 0)
		check_words(err.text);
	else
		check(key <= DKIM_KEY_NO_EMAIL);
	if (dkim_signature_read(text, size, &name, &err) < 0)
		check_words(err.text);
	else
		check(domain_is_canonical(name.domain) &&
		      domain_is_canonical(name.selector));
	return 0;
}
