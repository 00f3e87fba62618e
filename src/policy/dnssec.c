#include "policy/dnssec.h"

#include "policy/resolver.h"

static void ask(const struct resolver_options *options, struct arena *arena,
                struct dnssec_answer *answer)
{
	struct dns_answer dns = {0};
	struct err err = {0};

	answer->says = DNSSEC_SILENT;
	answer->problem = "no answer";
	if (resolver_ask_now(options, RESOLVER_SIGNED_NAME, DNS_A, arena, &dns,
	                     &err) < 0)
		answer->problem = arena_strdup(arena, err.text);
	else if (domain_view_is_fact(dns.status))
		answer->says = dns.secure ? DNSSEC_VALIDATES : DNSSEC_PLAIN;
	else if (dns.problem != NULL)
		answer->problem = dns.problem;
}

void dnssec_ask_ours(const struct conf *conf, int64_t timeout_ms,
                     struct arena *arena, struct dnssec_answer *answer)
{
	const int64_t limit_ms = conf->policy.timeout_ms;
	const struct resolver_options options = {
		.address = conf->policy.resolver,
		.trust_ad = conf->policy.trust_ad,
		.timeout_ms = limit_ms < timeout_ms ? limit_ms : timeout_ms,
	};

	answer->who =
		options.address[0] != '\0' ? options.address : RESOLVER_FILE;
	ask(&options, arena, answer);
}

void dnssec_ask_postfix(const char *const *files, size_t count,
                        int64_t timeout_ms, struct arena *arena,
                        struct dnssec_answer *answer)
{
	answer->says = DNSSEC_PLAIN;
	answer->who = RESOLVER_FILE;
	for (size_t i = 0; i < count; i++) {
		const struct resolver_options options = {
			.file = files[i],
			.trust_ad = true,
			.timeout_ms = timeout_ms,
		};

		answer->who = files[i];
		ask(&options, arena, answer);
		if (answer->says != DNSSEC_VALIDATES)
			return;
	}
}
