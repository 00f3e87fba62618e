/*
 * conf - the settings, as one struct that nobody changes once it is read
 *
 * conf/settings.c holds one row a setting: section, name, type, default,
 * where it goes in the struct, and what the manual says about it.  The parser,
 * `tlstally conf`, tlstally.conf(5) and the sample file all come from those
 * rows.
 *
 *     struct conf conf;
 *     conf_init(&conf);
 *     if (conf_read_file(&conf, path, &err) < 0 || conf_check(&conf, &err) < 0)
 *             ...
 *     conf_clear(&conf);
 */
#ifndef TLSTALLY_CONF_CONF_H
#define TLSTALLY_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "words/words.h"

/* The file that is read when nobody names another. */
#define CONF_FILE SYSCONFDIR "/tlstally/tlstally.conf"

enum before_queue_filter {
	BEFORE_QUEUE_FILTER_AUTO,
	BEFORE_QUEUE_FILTER_YES,
	BEFORE_QUEUE_FILTER_NO
};
enum routed { ROUTED_AUTO, ROUTED_YES, ROUTED_NO };
enum own_sessions { OWN_SESSIONS_AUTO, OWN_SESSIONS_YES, OWN_SESSIONS_NO };
enum log_source_kind { LOG_FROM_JOURNAL, LOG_FROM_FILE, LOG_FROM_STDIN };
enum on_failure { ON_FAILURE_PASS, ON_FAILURE_DEFER };

/* Settings that may be given more than once; each line adds its values,
 * which are separated by commas. */
struct conf_list {
	char **items;
	size_t count;
};

/* How a trusted proxy says whose request it brings. */
enum conf_proxy_header {
	CONF_X_FORWARDED_FOR,
	CONF_FORWARDED,
	CONF_PROXY_PROTOCOL,
};

struct conf {
	struct {
		char *organization_name;
		char *contact_info;    /* or ""; its domain: the submitter */
		char *sender;          /* default: contact_info */
		int mode;              /* enum report_mode */
		int own_sessions;      /* enum own_sessions */
		struct conf_list deny; /* what (conf/list_item.h) */
		struct conf_list redirect; /* "what -> mailto: or https: URI" */
		struct conf_list always_bcc; /* mailto: or https: URIs */
		struct conf_list bcc;        /* "what -> URI" */
		uint64_t max_report_size;    /* bytes of JSON, 5M */
		int64_t max_report_age;      /* secs, 48h */
		int64_t grace;               /* secs, 10m, [deliver] grace */
		int64_t max_grace;           /* secs, 2h, [deliver] max_grace */
		int64_t spread;              /* secs, 4h, [deliver] spread */
	} report;
	struct {
		char *directory;
		uint64_t map_size; /* bytes */
		bool rehearsal;
		uint64_t keep_days;
		uint64_t archive_days;
		uint64_t max_policies; /* per day and domain, 32 */
		uint64_t max_details;  /* per day and domain, 1000 */
	} store;
	struct {
		char *socket;
		char *socket_owner;
		char *socket_group;
		uint64_t socket_mode;       /* 0660 */
		int64_t commit_interval_ms; /* 1s; may be "200ms" */
		char *bad_input_directory;  /* empty: bad input is not kept */
		uint64_t bad_input_max;     /* files kept there, 100 */
	} events;
	struct {
		int source; /* enum log_source_kind */
		char *file;
		struct conf_list enforces;      /* dane, sts; none; empty: ask
		                                   postconf */
		char *postfix_config_directory; /* "": the default instance's */
		struct conf_list journal_users; /* beside root, mail_owner */
		bool count_private;
		char *tls_loglevel;         /* "": ask postconf */
		int routed;                 /* enum routed */
		struct conf_list next_hops; /* "[smtp.relay.example]:587" */
		bool by_relay;              /* all go to next hops of ours */
		bool allow_both;            /* beside a tlstallyd that counts */
		bool complete_events;       /* count what its events lack */
		int64_t commit_interval_ms; /* 1s */
	} log;
	struct {
		char *socket; /* "inet:8892@127.0.0.1", "unix:/path" */
		char *socket_owner;
		char *socket_group;
		uint64_t socket_mode;            /* 0660 */
		int64_t commit_interval_ms;      /* 1s */
		struct conf_list remote_mailers; /* empty: smtp */
		int before_queue_filter;         /* enum before_queue_filter */
	} milter;
	struct {
		char *resolver; /* "inet:[::1]:5353"; "": resolv.conf */
		bool trust_ad;  /* also from elsewhere than loopback */
		char *sts_ca_file;
		bool allow_private;          /* tests */
		int64_t timeout_ms;          /* of one DNS question, 5s */
		uint64_t queries_per_second; /* 0: no limit */
	} policy;
	struct {
		char *socket; /* "unix:/path", "inet:127.0.0.1:8463" */
		char *socket_owner;
		char *socket_group;
		uint64_t socket_mode; /* 0660 */
		char *level;          /* "may", "dane"; "": ask postconf */
		bool dane_only;
		int on_failure;     /* enum on_failure */
		int64_t defer_for;  /* secs, 1h */
		int64_t timeout_ms; /* of an answer, 5s */
		char *overrides;    /* a file; "": none */
	} policyd;
	struct {
		char *name;                /* of this host; "": the system's */
		struct conf_list expect;   /* other hosts */
		struct conf_list fetchers; /* conf/fleet_hosts.h */
		int64_t deadline;          /* secs from midnight, 6h */
		char *ledger;              /* "postgresql://..."; "": none */
		int64_t ship; /* secs: how often today's counts go there, 15m */
	} fleet;
	struct {
		char *mail; /* smtp://host:port, smtps://, sendmail:PATH, off */
		char *mail_user;
		char *mail_password_file;
		char *mail_ca_file;
		bool mail_verify; /* verify the relay's certificate, no */
		bool verp;
		bool https;
		bool https_allow_private;
		bool https_verify; /* yes */
		char *https_ca_file;
		char *directory; /* also write each report here; empty: no */
		uint64_t concurrency;          /* 64 */
		uint64_t concurrency_per_host; /* 8 */
		uint64_t rate_per_hour;        /* 0: no limit */
		uint64_t rate_per_host; /* per rua domain or host, an hour */
		int64_t timeout;        /* secs of one transfer, 60 */
		int64_t mail_timeout;   /* secs of the reply to the dot, 600 */
		int64_t retry_for;      /* secs from the first attempt, 24h */
	} deliver;
	struct {
		char *listen;         /* "inet:[::1]:8460", "unix:/path" */
		uint64_t socket_mode; /* 0660, of a unix socket */
		char *tls_cert;
		char *tls_key;
		char *url;         /* ours, as clients see it; "": Host */
		char *www;         /* the folder of the web page; "": none */
		char *metrics;     /* "inet:127.0.0.1:8461"; "": none */
		bool open_metrics; /* /metrics without a token */
		uint64_t max_connections;
		uint64_t max_per_address;
		struct conf_list trusted_proxies; /* form_network() */
		struct conf_list redirect_uris;
		struct conf_list static_sites; /* "/PATH /DIRECTORY" */
		int proxy_header;              /* enum conf_proxy_header */
	} http;
	struct {
		struct conf_list domains;     /* of ours */
		struct conf_list authserv_id; /* of those who verify DKIM */
		uint64_t received_above;      /* their results, 0 */
		struct conf_list addresses;   /* form_address() */
		bool milter_behind_filter;
		char *post_path;                   /* "": none */
		uint64_t max_size;                 /* bytes, 25M */
		uint64_t max_unauthenticated;      /* a day, 1000 */
		uint64_t max_unauthenticated_size; /* bytes, 50M */
		uint64_t max_per_submitter;        /* a day, 1000 */
		uint64_t max_per_submitter_size;   /* bytes, 100M */
		int64_t keep;                      /* secs, 90d */
		bool count_unauthenticated, count_https;
	} received;
	char *file;      /* the one that was read, NULL before */
	unsigned *given; /* per row of the table: its line there, or 0 */
	/* What was read in a notation of the past, or has no effect: a line for
	 * each, of a file with its place. */
	struct conf_list remarks;
	/* What is wrong in the file and in what was set over it: a line for
	 * each mistake, of which the first was the err of who read it. */
	struct conf_list faults;
};

/* Every setting at its default. */
void conf_init(struct conf *conf);
void conf_clear(struct conf *conf);

/* Reads a file over what conf holds; after an error that is only fit for
 * conf_clear(), and its faults can be looked at.  Unknown sections and
 * settings, values of the wrong form, a setting that stands there twice and
 * lines that are too long are ERR_PARSE or ERR_LIMIT, the first of them in
 * words: "FILE:LINE: unknown setting 'organisation_name' in [report]; did you
 * mean 'organization_name'?" */
int conf_read_file(struct conf *conf, const char *path, struct err *err);
int conf_read_text(struct conf *conf, const char *name, const char *text,
                   size_t len, struct err *err);

/* One "section.name=value" over what conf holds (command line -o, tests); a
 * list gets the items added.  On error conf is as it was. */
int conf_set(struct conf *conf, const char *assignment, struct err *err);

/* What only the whole can tell: sender is of the domain of contact_info,
 * max_grace is not below grace...  The form of each value was checked when it
 * was read. */
int conf_check(const struct conf *conf, struct err *err);

/* Is there somebody whom receivers of reports may ask?  YOUR.DOMAIN, of the
 * documents, is nobody.  Without one no report is made. */
int conf_check_contact(const struct conf *conf, struct err *err);

/* All that is wrong: what was found when it was read, what conf_check() and
 * the others here find, and (conf/files.c) files, directories and programs
 * that are not there or that the owner of the store may not use, also in the
 * units of systemd where these are enabled.  A line each. */
void conf_find_faults(const struct conf *conf, struct conf_list *faults);

/* The last part of it alone. */
void conf_check_files(const struct conf *conf, struct conf_list *faults);
void conf_list_clear(struct conf_list *list);
/* A line of conf->faults. */
void conf_add_fault(struct conf *conf, const char *words);

/* Can everybody read, or write, a file with a password or a key?  ERR_PARSE,
 * with the setting, the file, its mode and what to do.  A file that is not
 * there, or not ours to look at, is no finding here. */
int conf_check_secrets(const struct conf *conf, struct err *err);

/* The next file with a password or a key that the settings name; begin with
 * *at = 0.  False at the end. */
bool conf_secret_next(const struct conf *conf, size_t *at, struct strbuf *path);

/* Is the word among the items, in small or capital letters? */
bool conf_list_has(const struct conf_list *list, const char *word);

/* The domain of contact_info (RFC 8460 section 5.3: TLS-Report-Submitter);
 * lent, "" without contact_info. */
const char *conf_submitter(const struct conf *conf);

/* Who reports, as people call it, and the From: of reports: the settings, or
 * what stands for an empty one (the submitter, contact_info).  Lent. */
const char *conf_organization(const struct conf *conf);
const char *conf_sender(const struct conf *conf);

/* `tlstally conf`: all settings as a file that can be read back.  CHANGED:
 * only what differs from the defaults.  DEFAULTS: the defaults. */
enum conf_print { CONF_PRINT_ALL, CONF_PRINT_CHANGED, CONF_PRINT_DEFAULTS };
void conf_print(const struct conf *conf, enum conf_print what,
                struct strbuf *out);

/* The commented sample file, and tlstally.conf(5) in mdoc, from the table. */
void conf_print_sample(struct strbuf *out);
void conf_print_manual(struct strbuf *out);

#endif
