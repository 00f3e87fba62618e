#include "app/enforced.h"

#include <string.h>

#include "base/log.h"

static const char *words(struct enforced enforced)
{
	if (enforced.dane)
		return enforced.sts ? "DANE and MTA-STS" : "DANE";
	return enforced.sts ? "MTA-STS" : "neither DANE nor MTA-STS";
}

static bool is(const struct postconf *set, const char *name, const char *value)
{
	const char *text = postconf_get(set, name);

	return text != NULL && strcmp(text, value) == 0;
}

static bool is_set(const struct postconf *set, const char *name)
{
	const char *text = postconf_get(set, name);

	return text != NULL && text[0] != '\0';
}

/* Without CA certificates every server is "Untrusted" in the log. */
static bool has_no_cas(const struct postconf *set)
{
	return !is_set(set, "smtp_tls_CAfile") &&
	       !is_set(set, "smtp_tls_CApath") &&
	       !is(set, "tls_append_default_CA", "yes");
}

/* A policy map can say anything; on a server that looks policies up in one,
 * MTA-STS is what it is there for. */
struct enforced enforced_by_postconf(const struct postconf *set)
{
	return (struct enforced){
		.no_cas = has_no_cas(set),
		.dane = (is(set, "smtp_tls_security_level", "dane") ||
	                 is(set, "smtp_tls_security_level", "dane-only")) &&
	                is(set, "smtp_dns_support_level", "dnssec"),
		.sts = is_set(set, "smtp_tls_policy_maps"),
	};
}

static void by_settings(const struct conf_list *list, struct enforced *enforced)
{
	enforced->dane = enforced->sts = false;
	for (size_t i = 0; i < list->count; i++) {
		enforced->dane |= strcmp(list->items[i], "dane") == 0;
		enforced->sts |= strcmp(list->items[i], "sts") == 0;
	}
}

static const struct postfix_instance *
find_sender(const struct postfix_site *site)
{
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].sends && site->instances[i].known)
			return &site->instances[i];
	return NULL;
}

struct enforced enforced_find(const struct conf *conf,
                              const struct postfix_site *site)
{
	const struct postfix_instance *sender = find_sender(site);
	bool by_hand = conf->log.enforces.count > 0;
	struct enforced enforced = {.no_cas = true};

	if (sender != NULL)
		enforced = enforced_by_postconf(&sender->set);
	if (by_hand)
		by_settings(&conf->log.enforces, &enforced);
	if (sender != NULL || by_hand)
		log_info("this site enforces %s (%s)", words(enforced),
		         by_hand ? "[log] enforces" : "postconf");
	else
		log_warning("%s: what Postfix enforces is not known, and "
		            "sessions count for no policy until [log] enforces "
		            "says it",
		            site->trouble.text);
	return enforced;
}
