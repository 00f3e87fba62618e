#include "app/enforced.h"

#include <string.h>

#include "app/postconf.h"
#include "base/auto.h"
#include "base/log.h"

static const char *const names[] = {
	"smtp_tls_security_level",
	"smtp_dns_support_level",
	"smtp_tls_policy_maps",
	"smtp_tls_CAfile",
	"smtp_tls_CApath",
	"tls_append_default_CA",
	NULL,
};

static const char *words(struct enforced enforced)
{
	if (enforced.dane)
		return enforced.sts ? "DANE and MTA-STS" : "DANE";
	return enforced.sts ? "MTA-STS" : "neither DANE nor MTA-STS";
}

/* Without CA certificates every server is "Untrusted" in the log. */
static bool has_no_cas(const struct strbuf *lines)
{
	char file[1024], path[1024], append[64];

	postconf_value(lines, names[3], file, sizeof(file));
	postconf_value(lines, names[4], path, sizeof(path));
	postconf_value(lines, names[5], append, sizeof(append));
	return file[0] == '\0' && path[0] == '\0' && strcmp(append, "yes") != 0;
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
		.no_cas = has_no_cas(lines),
		.dane = (strcmp(level, "dane") == 0 ||
	                 strcmp(level, "dane-only") == 0) &&
	                strcmp(dns, "dnssec") == 0,
		.sts = maps[0] != '\0',
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

struct enforced enforced_find(const struct conf *conf)
{
	auto_(strbuf_clear) struct strbuf lines = {0};
	bool by_hand = conf->log.enforces.count > 0;
	struct enforced enforced = {.no_cas = true};
	struct err err = {0};
	bool asked = postconf_run(conf->log.postfix_config_directory, names,
	                          &lines, &err) == 0;

	if (asked)
		enforced = enforced_by_postconf(&lines);
	if (by_hand)
		by_settings(&conf->log.enforces, &enforced);
	if (asked || by_hand)
		log_info("this site enforces %s (%s)", words(enforced),
		         by_hand ? "[log] enforces" : "postconf");
	else
		log_warning("%s: what Postfix enforces is not known, and "
		            "sessions count for no policy until [log] enforces "
		            "says it",
		            err.text);
	return enforced;
}
