/* What no single setting can be blamed for: settings that do not go together.
 */
#include "conf/conf.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "conf/settings.h"

enum { SECS_OF_DAY = 86400 };

/* "FILE:LINE: [section] name: words", as the parser says it; without the
 * line when it was not given there. */
static int fail(const struct conf *conf, const char *section, const char *name,
                struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static int fail(const struct conf *conf, const char *section, const char *name,
                struct err *err, const char *fmt, ...)
{
	const struct setting *row = settings_find(section, name);
	unsigned line = row != NULL ? conf->given[row - settings] : 0;
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, ERR_PARSE, fmt, ap);
	va_end(ap);
	err_prefix(err, "[%s] %s", section, name);
	if (conf->file != NULL && line > 0)
		err_prefix(err, "%.200s:%u", conf->file, line);
	else if (conf->file != NULL)
		err_prefix(err, "%.200s", conf->file);
	return ERR_PARSE;
}

/* "+" and a token of 32 digits follow it in envelope senders, and all of that
 * has 64 bytes (RFC 5321 section 4.5.3.1.1). */
static int check_verp(const struct conf *conf, struct err *err)
{
	enum { LOCAL_LONG = 64, TOKEN_LONG = 1 + 32 };

	if (conf->deliver.verp &&
	    strcspn(conf_sender(conf), "@") > LOCAL_LONG - TOKEN_LONG)
		return fail(conf, "deliver", "verp", err,
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
		return fail(conf, "deliver", "mail_user", err,
		            "requires mail_password_file");
	if (password && !user)
		return fail(conf, "deliver", "mail_password_file", err,
		            "requires mail_user");
	if (user && strncmp(conf->deliver.mail, "smtp", 4) != 0)
		return fail(conf, "deliver", "mail_user", err,
		            "not supported with mail = %s", conf->deliver.mail);
	return 0;
}

/* One without the other serves nothing. */
static int check_tls(const struct conf *conf, struct err *err)
{
	bool cert = conf->http.tls_cert[0] != '\0';
	bool key = conf->http.tls_key[0] != '\0';

	if (cert && !key)
		return fail(conf, "http", "tls_cert", err, "requires tls_key");
	if (key && !cert)
		return fail(conf, "http", "tls_key", err, "requires tls_cert");
	return 0;
}

int conf_check_contact(const struct conf *conf, struct err *err)
{
	if (conf->report.contact_info[0] != '\0')
		return 0;
	return fail(conf, "report", "contact_info", err,
	            "required: the mail address that receivers of reports may "
	            "write to");
}

int conf_check(const struct conf *conf, struct err *err)
{
	const char *domain = strrchr(conf_sender(conf), '@');
	int rc;

	/* DKIM is for the submitter, and bounces must come back to it */
	if (conf->report.contact_info[0] != '\0' &&
	    (domain == NULL ||
	     strcasecmp(domain + 1, conf_submitter(conf)) != 0))
		return fail(conf, "report", "sender", err,
		            "'%s' is not in the domain of contact_info, %s",
		            conf_sender(conf), conf_submitter(conf));
	rc = check_verp(conf, err);
	if (rc < 0)
		return rc;
	if (conf->store.map_size % 4096 != 0)
		return fail(conf, "store", "map_size", err,
		            "%llu is not a multiple of 4096",
		            (unsigned long long)conf->store.map_size);
	if (conf->report.max_grace < conf->report.grace)
		return fail(conf, "deliver", "max_grace", err,
		            "must not be less than grace");
	if (conf->log.enforces.count > 1 &&
	    conf_list_has(&conf->log.enforces, "none"))
		return fail(conf, "log", "enforces", err,
		            "'none' cannot be combined with other values");
	/* a day that may still wait for a feed must not be purged */
	if (conf->store.keep_days * SECS_OF_DAY <=
	    (uint64_t)conf->report.max_grace)
		return fail(conf, "store", "keep_days", err,
		            "must be longer than max_grace in [deliver]");
	rc = check_tls(conf, err);
	return rc < 0 ? rc : check_login(conf, err);
}
