#include "policyd/policy_key.h"

#include <string.h>

const char *policy_key_domain(struct span key, char domain[DOMAIN_TEXT])
{
	if (span_starts(key, "."))
		return "Postfix asks for the parent of a domain; MTA-STS and "
		       "DANE know no parents";
	if (span_starts(key, "["))
		return "it is a next hop in brackets, which has no MX records "
		       "and no policy";
	if (key.len > 0 && memchr(key.at, ':', key.len) != NULL)
		return "it is a next hop with a port, which has no policy";
	if (domain_canonical(key.at, key.len, domain, NULL) < 0)
		return "it is not a domain name";
	if (!domain_is_host(domain))
		return "it is not the name of a domain that has mail from "
		       "other sites";
	return NULL;
}
