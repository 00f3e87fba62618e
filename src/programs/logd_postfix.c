/*
 * What Postfix is set to: whose lines in the journal are its own and under
 * which facility, and how its sessions are read, asked again when main.cf or
 * master.cf is another file than it was.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/privs.h"
#include "postfix/site.h"
#include "programs/logd.h"

static void add_user(struct logd_postfix *p, int64_t uid)
{
	for (size_t i = 0; i < p->user_count; i++)
		if (p->users[i] == uid)
			return;
	p->users = xrealloc(p->users, p->user_count + 1, sizeof(*p->users));
	p->users[p->user_count++] = uid;
}

static bool add_owner(struct logd_postfix *p, const char *name)
{
	struct identity identity;
	struct err err;

	if (name == NULL)
		return false;
	if (privs_user(name, &identity, &err) == 0)
		add_user(p, identity.uid);
	return true;
}

/* Where postconf does not tell, Postfix's default. */
static void add_owners(struct logd_postfix *p, const struct postfix_site *site)
{
	bool told = false;

	for (size_t i = 0; i < site->count; i++)
		if (add_owner(p, postconf_get(&site->instances[i].set,
		                              "mail_owner")))
			told = true;
	if (!told)
		add_owner(p, "postfix");
}

static int add_listed(struct logd_postfix *p, const struct conf_list *list,
                      struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct identity identity;

		if (strcmp(list->items[i], "nobody") == 0)
			add_user(p, LINE_UID_NONE);
		else if (privs_user(list->items[i], &identity, err) < 0)
			return err_prefix(err, "[log] journal_users");
		else
			add_user(p, identity.uid);
	}
	return 0;
}

static int facility_of(const char *name)
{
	static const struct {
		const char *name;
		int facility;
	} facilities[] = {
		{"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV},
		{"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
		{"ftp", LOG_FTP},       {"lpr", LOG_LPR},
		{"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},
		{"user", LOG_USER},     {"uucp", LOG_UUCP},
		{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
		{"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
		{"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
		{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
	};

	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (name != NULL && strcmp(facilities[i].name, name) == 0)
			return facilities[i].facility;
	return 0;
}

int logd_learn_postfix(struct logd *d, struct err *err)
{
	struct logd_postfix *p = &d->postfix;

	p->any_user = conf_list_has(&d->base.conf.log.journal_users, "any");
	add_user(p, 0);
	add_owners(p, d->site);
	if (!p->any_user &&
	    add_listed(p, &d->base.conf.log.journal_users, err) < 0)
		return err->class;
	for (size_t i = 0; i < d->site->count; i++) {
		const struct postconf *set = &d->site->instances[i].set;
		int facility =
			facility_of(postconf_get(set, "syslog_facility"));

		if (facility != 0)
			p->facility = facility;
	}
	return 0;
}

void logd_postfix_clear(struct logd_postfix *p)
{
	free(p->users);
	*p = (struct logd_postfix){0};
}

struct log_site *logd_ask_site(struct logd *d)
{
	struct log_site *site;

	postfix_site_free(&d->site);
	d->site = postfix_site_ask(&d->base.conf);
	site = site_make(&d->base.conf, d->site, logd_source_kind(d),
	                 d->from_start);
	site_tell(&d->base.conf, d->site, site, &d->site_said);
	d->apply.judge = judge_options_of(log_site_enforces(site));
	if (d->lookups != NULL)
		policy_service_enforce(d->lookups,
		                       d->apply.judge.dane ||
		                               d->apply.judge.dane_by_map,
		                       d->apply.judge.sts);
	return site;
}

void logd_watch_site(struct logd *d)
{
	if (postfix_site_changed(d->site))
		log_feed_set_site(d->feed, logd_ask_site(d));
}
