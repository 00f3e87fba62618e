#include "app/enforced.h"

#include <string.h>

#include "app/postconf.h"
#include "base/log.h"

static const char *const names[] = {
	"smtp_tls_security_level",
	"smtp_dns_support_level",
	"smtp_tls_policy_maps",
	NULL,
};

static const char *words(struct enforced enforced)
{
	if (enforced.dane)
		return enforced.sts ? "DANE and MTA-STS" : "DANE";
	return enforced.sts ? "MTA-STS" : "neither DANE nor MTA-STS";
}

/* A policy map can say anything; on a server that looks policies up in one,
 * MTA-STS is what it is there for. */
struct enforced enforced_by_postconf(const struct strbuf *lines)
{
	char level[64], dns[64], maps[1024];

	postconf_value(lines, names[0], level, sizeof(level));
	postconf_value(lines, names[1], dns, sizeof(dns));
	postconf_value(lines, names[2], maps, sizeof(maps));
	return (struct enforced){
		.dane = (strcmp(level, "dane") == 0 ||
	                 strcmp(level, "dane-only") == 0) &&
	                strcmp(dns, "dnssec") == 0,
		.sts = maps[0] != '\0',
	};
}

static struct enforced by_settings(const struct conf_list *list)
{
	struct enforced enforced = {0};

	for (size_t i = 0; i < list->count; i++) {
		enforced.dane |= strcmp(list->items[i], "dane") == 0;
		enforced.sts |= strcmp(list->items[i], "sts") == 0;
	}
	return enforced;
}

struct enforced enforced_find(const struct conf *conf)
{
	struct enforced enforced = {0};
	struct err err = {0};
	struct strbuf lines;

	if (conf->log.enforces.count > 0) {
		enforced = by_settings(&conf->log.enforces);
		log_info("this site enforces %s ([log] enforces)",
		         words(enforced));
		return enforced;
	}
	strbuf_init(&lines, 0);
	if (postconf_run(names, &lines, &err) == 0) {
		enforced = enforced_by_postconf(&lines);
		log_info("this site enforces %s (postconf)", words(enforced));
	} else {
		log_warning("%s: what Postfix enforces is not known, and "
		            "sessions count for no policy until [log] enforces "
		            "says it",
		            err.text);
	}
	strbuf_clear(&lines);
	return enforced;
}
