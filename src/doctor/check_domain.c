/* What the DNS says: the resolver, and the domain that reports come from. */
#include "doctor/check.h"

#include <string.h>

#include "base/auto.h"
#include "domain/dkim.h"
#include "domain/dmarc_record.h"
#include "domain/spf_record.h"
#include "domain/tlsrpt_record.h"
#include "policy/dnssec.h"
#include "policy/resolver.h"

enum { QUESTION_MS = 5000, RECORDS_MAX = 64 };

static bool has_answer(const struct dns_answer *answer)
{
	return answer->status == VIEW_OK || answer->status == VIEW_NONE;
}

/* Asks the resolver of the settings; a failure to do so is an answer, too. */
static void put_question(struct look *look, const char *name,
                         enum dns_type type, struct dns_answer *answer)
{
	const struct conf *conf = look->of->conf;
	struct resolver_options options = {
		.address = conf->policy.resolver,
		.trust_ad = conf->policy.trust_ad,
		.timeout_ms = conf->policy.timeout_ms < QUESTION_MS
	                              ? conf->policy.timeout_ms
	                              : QUESTION_MS,
	};
	struct err err = {0};

	if (resolver_ask_now(&options, name, type, look->arena, answer, &err) <
	    0)
		*answer = (struct dns_answer){
			.status = VIEW_TEMPFAIL,
			.problem = arena_strdup(look->arena, err.text)};
}

/* False: it did not answer, and that is told. */
static bool ask_dns(struct look *look, const char *name, enum dns_type type,
                    struct dns_answer *answer)
{
	put_question(look, name, type, answer);
	if (has_answer(answer))
		return true;
	CHECK_TELL(look, DNS_SILENT,
	           answer->problem != NULL ? answer->problem : "no answer");
	return false;
}

/* --- the resolver --- */

/* Why DANE is wanted here; NULL: it is not. */
static const char *why_dane(struct look *look)
{
	for (size_t i = 0; i < look->site->count; i++) {
		const struct postfix_facts *facts = &look->facts[i];

		if (!facts->instance->known || !facts->instance->sends)
			continue;
		for (size_t j = 0; j < facts->client_count; j++)
			if (strncmp(facts->clients[j].level, "dane", 4) == 0)
				return "smtp_tls_security_level asks for it";
	}
	if (check_policy_does_dane(look))
		return "smtp_dns_support_level = dnssec asks for it";
	return look->known->by_log &&
	                       conf_list_has(&look->of->conf->log.enforces,
	                                     "dane")
	               ? "[log] enforces names it"
	               : NULL;
}

/* The one that Postfix asks need not be ours.  True: nothing was told. */
static bool postfix_resolves(struct look *look, const char *why)
{
	struct dnssec_answer answer;
	size_t count;
	const char *const *files;

	if (why == NULL || look->site->count == 0)
		return true;
	files = postfix_resolv_files(look->site, look->arena, &count);
	dnssec_ask_postfix(files, count, QUESTION_MS, look->arena, &answer);
	if (answer.says == DNSSEC_PLAIN)
		CHECK_TELL(look, RESOLVER_POSTFIX_PLAIN, answer.who, why);
	else if (answer.says == DNSSEC_SILENT)
		CHECK_TELL(look, RESOLVER_POSTFIX_SILENT, answer.who,
		           answer.problem);
	return answer.says == DNSSEC_VALIDATES;
}

void check_resolver(struct look *look)
{
	const char *why = why_dane(look);
	bool theirs = postfix_resolves(look, why);
	struct dnssec_answer ours;

	dnssec_ask_ours(look->of->conf, QUESTION_MS, look->arena, &ours);
	if (ours.says == DNSSEC_SILENT)
		CHECK_TELL(look, RESOLVER_SILENT, ours.who, ours.problem);
	else if (ours.says == DNSSEC_PLAIN)
		CHECK_TELL(look,
		           why != NULL ? RESOLVER_NOT_VALIDATING
		                       : RESOLVER_NOT_NEEDED,
		           ours.who, why != NULL ? why : "");
	else if (theirs)
		CHECK_TELL(look, RESOLVER_WELL);
}

/* --- the contact's domain --- */

static const char *submitter(const struct look *look)
{
	return conf_submitter(look->of->conf);
}

static bool has_address(struct look *look, const char *name, bool *known)
{
	struct dns_answer answer;

	*known = ask_dns(look, name, DNS_A, &answer);
	if (*known && answer.status == VIEW_NONE)
		*known = ask_dns(look, name, DNS_AAAA, &answer);
	return *known && answer.status == VIEW_OK;
}

void check_mx(struct look *look)
{
	const char *domain = submitter(look);
	const char *contact = look->of->conf->report.contact_info;
	struct dns_answer answer;
	bool known;

	if (domain[0] == '\0' || !ask_dns(look, domain, DNS_MX, &answer))
		return;
	if (answer.status == VIEW_OK && answer.count == 1 &&
	    answer.records[0].host != NULL &&
	    strcmp(answer.records[0].host, ".") == 0)
		CHECK_TELL(look, MX_NULL, domain, contact,
		           check_settings_file(look));
	else if (answer.status == VIEW_OK || has_address(look, domain, &known))
		CHECK_TELL(look, MX_WELL, domain);
	else if (known)
		CHECK_TELL(look, MX_NONE, domain, contact,
		           check_settings_file(look));
}

/* The TXT records of the name that may be of a kind: how many, and the first.
 * -1: no answer, which is told. */
static int find_texts(struct look *look, const char *name,
                      bool (*is_one)(const char *text, size_t len),
                      struct dns_record *first)
{
	struct dns_answer answer;
	int found = 0;

	if (!ask_dns(look, name, DNS_TXT, &answer))
		return -1;
	for (size_t i = 0;
	     answer.status == VIEW_OK && i < answer.count && i < RECORDS_MAX;
	     i++) {
		const struct dns_record *record = &answer.records[i];

		if (!is_one((const char *)record->data, record->len))
			continue;
		if (found++ == 0)
			*first = *record;
	}
	return found;
}

void check_spf(struct look *look)
{
	const char *domain = submitter(look);
	enum spf_verdict verdict;
	struct dns_record record;
	struct err err = {0};
	int found;

	if (domain[0] == '\0')
		return;
	found = find_texts(look, domain, spf_record_is_one, &record);
	if (found < 0)
		return;
	if (found == 0)
		CHECK_TELL(look, SPF_NONE, domain);
	else if (found > 1)
		CHECK_TELL(look, SPF_SEVERAL, domain,
		           check_number(look, (uint64_t)found));
	else if (spf_record_judge((const char *)record.data, record.len,
	                          &verdict, &err) < 0)
		CHECK_TELL(look, SPF_BROKEN, domain, err.text);
	else
		CHECK_TELL(look,
		           verdict == SPF_NOBODY      ? SPF_SAYS_NOBODY
		           : verdict == SPF_EVERYBODY ? SPF_SAYS_ALL
		                                      : SPF_WELL,
		           domain);
}

/* A report of ours was seen, and had no signature that is ours. */
static bool is_unsigned(const struct look *look)
{
	const char *directory;

	return look->known->signature.seen_at != 0 &&
	       !look->known->signature.is_signed &&
	       check_milter_is_last((struct look *)(uintptr_t)look, &directory);
}

static void judge_dmarc(struct look *look, const char *at,
                        const struct dns_record *text)
{
	const char *domain = submitter(look);
	struct dmarc_record record;
	enum dmarc_policy policy;
	struct err err = {0};

	if (dmarc_record_read((const char *)text->data, text->len, &record,
	                      &err) < 0) {
		CHECK_TELL(look, DMARC_BROKEN, at, err.text);
		return;
	}
	policy = strcmp(at, domain) == 0 ? record.policy : record.subdomain;
	CHECK_TELL(look,
	           policy != DMARC_NONE && is_unsigned(look) ? DMARC_UNSIGNED
	                                                     : DMARC_WELL,
	           domain, dmarc_policy_word(policy));
}

/* A subdomain's policy may stand with a domain above it: the nearest that has a
 * record, so that no list of public suffixes is needed (DMARCbis, tree walk).
 */
void check_dmarc(struct look *look)
{
	const char *domain = submitter(look);

	for (const char *at = domain; at[0] != '\0' && strchr(at, '.') != NULL;
	     at = strchr(at, '.') + 1) {
		const char *name = arena_printf(look->arena, "_dmarc.%s", at);
		struct dns_record record;
		int found = find_texts(look, name, dmarc_record_is_candidate,
		                       &record);

		if (found < 0)
			return;
		if (found > 1)
			CHECK_TELL(look, DMARC_SEVERAL, at,
			           check_number(look, (uint64_t)found));
		else if (found == 1)
			judge_dmarc(look, at, &record);
		if (found > 0)
			return;
	}
	if (domain[0] != '\0')
		CHECK_TELL(look, DMARC_MISSING, domain);
}

void check_tlsrpt(struct look *look)
{
	const char *domain = submitter(look);
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};
	struct dns_record text;
	struct err err = {0};
	int found;

	if (domain[0] == '\0')
		return;
	found = find_texts(look,
	                   arena_printf(look->arena, "_smtp._tls.%s", domain),
	                   tlsrpt_record_is_candidate, &text);
	if (found < 0)
		return;
	if (found == 0)
		CHECK_TELL(look, TLSRPT_MISSING, domain,
		           look->of->conf->report.contact_info);
	else if (found > 1)
		CHECK_TELL(look, TLSRPT_BROKEN, domain,
		           "more than one TLSRPT record, and so none");
	else if (tlsrpt_record_parse((const char *)text.data, text.len, &record,
	                             &err) < 0)
		CHECK_TELL(look, TLSRPT_BROKEN, domain, err.text);
	else if (record.rua_count == 0)
		CHECK_TELL(look, TLSRPT_BROKEN, domain,
		           "its TLSRPT record has no rua that can be used");
	else
		CHECK_TELL(look, TLSRPT_WELL, domain);
}

/* --- the signature --- */

static bool has_relayhost(const struct look *look)
{
	for (size_t i = 0; i < look->site->count; i++) {
		const char *relayhost = postconf_get(
			&look->site->instances[i].set, "relayhost");

		if (relayhost != NULL && relayhost[0] != '\0')
			return true;
	}
	return false;
}

void check_dkim(struct look *look)
{
	const struct signature_seen *seen = &look->known->signature;
	const char *domain = submitter(look), *directory = "";

	if (domain[0] == '\0' ||
	    strcmp(look->of->conf->deliver.mail, "off") == 0)
		return;
	if (seen->is_signed) {
		CHECK_TELL(look, DKIM_WELL, domain, seen->by.selector);
	} else if (seen->seen_at == 0) {
		CHECK_TELL(look, DKIM_NOT_SEEN, domain,
		           look->of->conf->report.contact_info);
	} else if (!check_milter_is_last(look, &directory)) {
		CHECK_TELL(look, DKIM_BEFORE_SIGNER, domain, directory);
	} else {
		CHECK_TELL(
			look,
			seen->by.domain[0] != '\0' ? DKIM_OTHER : DKIM_UNSIGNED,
			domain,
			seen->by.domain[0] != '\0' ? seen->by.domain
			: has_relayhost(look) ? ", unless the relayhost signs"
					      : "");
		check_tell_since(look, seen->signed_at != 0 ? seen->signed_at
		                                            : seen->seen_at);
	}
}

static bool is_any(const char *text, size_t len)
{
	(void)text;
	return len > 0;
}

void check_dkimkey(struct look *look)
{
	static const enum finding_id ids[] = {
		[DKIM_KEY_GOOD] = DKIMKEY_WELL,
		[DKIM_KEY_REVOKED] = DKIMKEY_REVOKED,
		[DKIM_KEY_TESTING] = DKIMKEY_TESTING,
		[DKIM_KEY_NO_TLSRPT] = DKIMKEY_NO_TLSRPT,
		[DKIM_KEY_NO_EMAIL] = DKIMKEY_NO_EMAIL,
	};
	const struct signature_seen *seen = &look->known->signature;
	const char *name;
	struct dns_record record;
	enum dkim_key verdict;
	struct err err = {0};
	int found;

	if (submitter(look)[0] == '\0' ||
	    strcmp(look->of->conf->deliver.mail, "off") == 0)
		return;
	if (!seen->is_signed) {
		CHECK_TELL(look, DKIMKEY_NOT_SEEN);
		return;
	}
	name = arena_printf(look->arena, "%s._domainkey.%s", seen->by.selector,
	                    seen->by.domain);
	found = find_texts(look, name, is_any, &record);
	if (found == 0)
		CHECK_TELL(look, DKIMKEY_NONE, name);
	else if (found > 0 && dkim_key_judge((const char *)record.data,
	                                     record.len, &verdict, &err) < 0)
		CHECK_TELL(look, DKIMKEY_BROKEN, name, err.text);
	else if (found > 0)
		CHECK_TELL(look, ids[verdict], name);
}
