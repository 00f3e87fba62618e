/*
 * check - what the doctor's checks share
 *
 * A check looks once and tells what it found, one finding or more: each
 * instance of Postfix may have its own.  It tells nothing when it does not
 * concern this site.
 */
#ifndef TLSTALLY_DOCTOR_CHECK_H
#define TLSTALLY_DOCTOR_CHECK_H

#include <stdbool.h>

#include <jansson.h>

#include "base/arena.h"
#include "doctor/doctor.h"
#include "doctor/finding.h"
#include "postfix/postfix_facts.h"
#include "show/status.h"
#include "store/meta_table.h"
#include "words/feed.h"

struct look;

enum {
	CHECK_STORE = 1, /* needs the store */
	CHECK_HOST = 2,  /* only on the host, in a process of its own */
};

struct check {
	const char *name;
	const char *about; /* what it looks at, for the manual */
	const char *feed;  /* only where it counts; NULL: everywhere */
	unsigned needs;
	void (*look)(struct look *look);
};

extern const struct check checks[];
extern const size_t checks_count;

/* What stands in the store and checks of the host want to know. */
struct check_known {
	bool has_store;
	bool by_log; /* sessions are counted by the log */
	bool by_events;
	bool by_milter;
	bool milter_is_up;
	bool events_come;   /* lately, whoever sends them */
	int64_t last_event; /* secs */
	struct signature_seen signature;
	struct policyd_seen policyd; /* seen_at 0: never */
};

struct look {
	const struct check *check;
	const struct status_of *of;
	const struct doctor_before *before;
	const struct check_known *known;
	/* NULL off the host; a row of facts for each of its instances. */
	const struct postfix_site *site;
	const struct postfix_facts *facts;
	struct arena *arena; /* for what is told */
	json_t *list;        /* of what was told */
	const char *about;   /* that goes with what is told; NULL */
};

/* Adds a finding with its texts, each a const char *. */
#define CHECK_TELL(look, id, ...)                                              \
	check_tell(look, id, (const char *const[]){NULL, ##__VA_ARGS__},       \
	           sizeof((const char *const[]){NULL, ##__VA_ARGS__}) /        \
	                           sizeof(const char *) -                      \
	                   1)
void check_tell(struct look *look, enum finding_id id, const char *const *texts,
                size_t count);
/* Since when the last finding is so, where the check knows; secs. */
void check_tell_since(struct look *look, int64_t since);

/* Where the settings stand, or would. */
const char *check_settings_file(const struct look *look);

/* A number as text. */
const char *check_number(struct look *look, uint64_t n);

/* The last finding's grade; DOCTOR_GOOD when nothing was told. */
enum doctor_grade check_grade(const struct look *look);

/* "mode 0750, owner tlstally:tlstally" */
const char *check_user_name(struct look *look, uid_t uid);
const char *check_group_name(struct look *look, gid_t gid);

/* Can the store's owner read the file?  Tells `id` with file, owner, why and
 * group when not. */
bool check_readable(struct look *look, const char *path, enum finding_id id);

/* check_postfix.c */
void check_postfix(struct look *look);
void check_feed_choice(struct look *look);
void check_level(struct look *look);
void check_socketname(struct look *look);
void check_access(struct look *look);
void check_loglevel(struct look *look);
void check_loop(struct look *look);
/* check_policy.c */
void check_policymap(struct look *look);
void check_policyaccess(struct look *look);
void check_policyanswer(struct look *look);
void check_policyd(struct look *look);
void check_policyca(struct look *look);
void check_policydane(struct look *look);
void check_policymx(struct look *look);
void check_policyreuse(struct look *look);
void check_policyreports(struct look *look);
/* Does any Postfix ask tlstally-policyd, and do DANE when it says so? */
bool check_policy_does_dane(struct look *look);
/* check_milter.c */
void check_milters(struct look *look);
void check_smtpd(struct look *look);
/* Is our milter the last of each list that has it?  *directory: one that has.
 */
bool check_milter_is_last(struct look *look, const char **directory);
/* check_feed.c */
void check_events(struct look *look);
void check_log(struct look *look);
void check_milter(struct look *look);
void check_lines(struct look *look);
void check_faults(struct look *look);
void check_levels(struct look *look);
void check_judged(struct look *look);
void check_coverage(struct look *look);
/* check_host.c */
void check_settings(struct look *look);
void check_secrets(struct look *look);
void check_socket(struct look *look);
void check_queue(struct look *look);
void check_owners(struct look *look);
void check_binaries(struct look *look);
void check_units(struct look *look);
/* check_certificate.c */
void check_certificate(struct look *look);
/* check_ledger.c */
void check_ledger(struct look *look);
/* check_store.c */
void check_runs(struct look *look);
void check_deliveries(struct look *look);
void check_clock(struct look *look);
void check_received(struct look *look);
void check_mode(struct look *look);
void check_store(struct look *look);
void check_journal(struct look *look);
void check_counters(struct look *look);
/* check_hosts.c */
void check_hosts(struct look *look);
/* check_relay.c */
void check_relay(struct look *look);
/* check_domain.c */
void check_resolver(struct look *look);
void check_mx(struct look *look);
void check_spf(struct look *look);
void check_dmarc(struct look *look);
void check_tlsrpt(struct look *look);
void check_dkim(struct look *look);
void check_dkimkey(struct look *look);

#endif
