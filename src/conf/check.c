/* What no single setting can be blamed for: settings that do not go together.
 */
#include "conf/conf.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "conf/fault.h"
#include "conf/fleet_hosts.h"
#include "conf/settings.h"
#include "conf/value.h"

enum { SECS_OF_DAY = 86400 };

/* "+" and a token of 32 digits follow it in envelope senders, and all of that
 * has 64 bytes (RFC 5321 section 4.5.3.1.1). */
static int check_verp(const struct conf *conf, struct err *err)
{
	enum { LOCAL_LONG = 64, TOKEN_LONG = 1 + 32 };

	if (conf->deliver.verp &&
	    strcspn(conf_sender(conf), "@") > LOCAL_LONG - TOKEN_LONG)
		return conf_fault(
			conf, "deliver", "verp", err,
			"the part of '%s' before the @ is longer than %d "
			"characters, which leaves no room for a token",
			conf_sender(conf), LOCAL_LONG - TOKEN_LONG);
	return 0;
}

static int check_login(const struct conf *conf, struct err *err)
{
	bool user = conf->deliver.mail_user[0] != '\0';
	bool password = conf->deliver.mail_password_file[0] != '\0';

	if (user && !password)
		return conf_fault(conf, "deliver", "mail_user", err,
		                  "requires mail_password_file");
	if (password && !user)
		return conf_fault(conf, "deliver", "mail_password_file", err,
		                  "requires mail_user");
	if (user && strncmp(conf->deliver.mail, "smtp", 4) != 0)
		return conf_fault(conf, "deliver", "mail_user", err,
		                  "not supported with mail = %s",
		                  conf->deliver.mail);
	return 0;
}

/* One without the other serves nothing. */
static int check_tls(const struct conf *conf, struct err *err)
{
	bool cert = conf->http.tls_cert[0] != '\0';
	bool key = conf->http.tls_key[0] != '\0';

	if (cert && !key)
		return conf_fault(conf, "http", "tls_cert", err,
		                  "requires tls_key");
	if (key && !cert)
		return conf_fault(conf, "http", "tls_key", err,
		                  "requires tls_cert");
	return 0;
}

/* In documents it stands where the reader's own is to be. */
#define NO_DOMAIN "your.domain"

static int check_placeholder(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < settings_count; i++) {
		auto_(strbuf_clear) struct strbuf value = {0};

		if (conf->given[i] == 0)
			continue;
		value_write(&settings[i], conf, &value);
		if (strcasestr(strbuf_text(&value), NO_DOMAIN) != NULL)
			return conf_fault(conf, settings[i].section,
			                  settings[i].name, err,
			                  "YOUR.DOMAIN stands for a domain of "
			                  "yours: write that");
	}
	return 0;
}

int conf_check_contact(const struct conf *conf, struct err *err)
{
	if (conf->report.contact_info[0] == '\0')
		return conf_fault(conf, "report", "contact_info", err,
		                  "required: the mail address that receivers "
		                  "of reports may write to");
	return check_placeholder(conf, err);
}

/* DKIM is for the submitter, and bounces must come back to it. */
static int check_sender(const struct conf *conf, struct err *err)
{
	const char *domain = strrchr(conf_sender(conf), '@');

	if (conf->report.contact_info[0] == '\0' ||
	    (domain != NULL &&
	     strcasecmp(domain + 1, conf_submitter(conf)) == 0))
		return 0;
	return conf_fault(conf, "report", "sender", err,
	                  "'%s' is not in the domain of contact_info, %s",
	                  conf_sender(conf), conf_submitter(conf));
}

static int check_map_size(const struct conf *conf, struct err *err)
{
	if (conf->store.map_size % 4096 == 0)
		return 0;
	return conf_fault(conf, "store", "map_size", err,
	                  "%llu is not a multiple of 4096",
	                  (unsigned long long)conf->store.map_size);
}

static int check_grace(const struct conf *conf, struct err *err)
{
	if (conf->report.max_grace >= conf->report.grace)
		return 0;
	return conf_fault(conf, "deliver", "max_grace", err,
	                  "must not be less than grace");
}

static int check_enforces(const struct conf *conf, struct err *err)
{
	if (conf->log.enforces.count < 2 ||
	    !conf_list_has(&conf->log.enforces, "none"))
		return 0;
	return conf_fault(conf, "log", "enforces", err,
	                  "'none' cannot be combined with other values");
}

/* A day that may still wait for a feed must not be purged. */
static int check_keep_days(const struct conf *conf, struct err *err)
{
	if (conf->store.keep_days * SECS_OF_DAY >
	    (uint64_t)conf->report.max_grace)
		return 0;
	return conf_fault(conf, "store", "keep_days", err,
	                  "must be longer than max_grace in [deliver]");
}

static int check_fleet(const struct conf *conf, struct err *err)
{
	struct err why;

	if (fleet_hosts_check_names(conf, &why) < 0)
		return conf_fault(conf, "fleet", "fetchers", err, "%s",
		                  why.text);
	if (conf->fleet.ledger[0] == '\0' || conf->fleet.fetchers.count == 0)
		return 0;
	/* and whoever leads it reports: not always the host that fetched */
	return conf_fault(conf, "fleet", "fetchers", err,
	                  "cannot be combined with ledger: what is fetched is "
	                  "counted on this host only, and does not come into "
	                  "the ledger; run tlstally on the other hosts, with "
	                  "the same ledger");
}

typedef int check_fn(const struct conf *conf, struct err *err);

static check_fn *const checks[] = {
	check_sender, check_verp,     check_map_size,
	check_grace,  check_enforces, check_keep_days,
	check_tls,    check_login,    check_fleet,
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

int conf_check(const struct conf *conf, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < CHECKS; i++)
		rc = checks[i](conf, err);
	return rc;
}

void conf_check_all(const struct conf *conf, struct conf_list *faults)
{
	struct err err = {0};

	if (conf_check_contact(conf, &err) < 0)
		conf_fault_add(faults, &err);
	for (size_t i = 0; i < CHECKS; i++)
		if (checks[i](conf, &err) < 0)
			conf_fault_add(faults, &err);
}
