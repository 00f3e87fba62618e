#include "judge/judge.h"

#include <string.h>

#include "base/domain.h"
#include "domain/tlsrpt_record.h"

enum { DETAILS_MAX = 6 }; /* more than one session can bring */

/* A judgement at work. */
struct trial {
	const struct judge_options *options;
	const struct log_session *session;
	const struct domain_view *view;
	const struct view_mx *mx;  /* of the session; NULL */
	char mx_name[DOMAIN_TEXT]; /* canonical; "": not known */
	bool other_mx; /* the MX is in no mx line of the policy in force */
	struct arena *arena;
	struct session_policy *policy;
};

/* What is found out twice is one detail, with the words of who has some. */
static void add_detail(struct trial *trial, const struct failure_detail *detail)
{
	struct session_policy *policy = trial->policy;

	for (size_t i = 0; i < policy->failure_count; i++) {
		struct failure_detail *had = &policy->failures[i];

		if (had->result != detail->result ||
		    (had->reason != NULL && detail->reason != NULL &&
		     strcmp(had->reason, detail->reason) != 0))
			continue;
		if (had->reason == NULL)
			had->reason = detail->reason;
		return;
	}
	policy->failures[policy->failure_count++] = *detail;
}

/* The session failed, with the MX that it was with. */
static void fail(struct trial *trial, enum result_type result,
                 const char *reason)
{
	const struct failure_detail detail = {
		.result = result,
		.mx_host = trial->session->mx_host,
		.receiving_ip = trial->session->ip,
		.reason = reason,
	};

	trial->policy->failed = true;
	/* it was compared with the names in the policy: the same failure */
	if (trial->other_mx && result == RESULT_CERTIFICATE_HOST_MISMATCH)
		return;
	add_detail(trial, &detail);
}

/* What the log says of TLS, whatever the policy. */
static void judge_outcome(struct trial *trial)
{
	const struct log_session *session = trial->session;

	if (session->outcome == LOG_PLAIN)
		fail(trial, RESULT_STARTTLS_NOT_SUPPORTED, NULL);
	else if (session->outcome == LOG_FAILED)
		fail(trial, session->result, session->reason);
}

/* canonicalizing changes a list in place, and views are not ours */
static const char **copy_list(struct arena *arena, const char **list,
                              size_t *count)
{
	const char **copy;

	if (*count > SESSION_STRINGS_MAX)
		*count = SESSION_STRINGS_MAX;
	copy = arena_array(arena, *count, sizeof(*copy));
	if (*count > 0)
		memcpy(copy, list, *count * sizeof(*copy));
	return copy;
}

static void set_strings(struct trial *trial, const char **list, size_t count)
{
	trial->policy->strings = copy_list(trial->arena, list, &count);
	trial->policy->string_count = count;
}

/* Did the log itself bring a result between these two? */
static bool result_within(const struct log_session *session,
                          enum result_type first, enum result_type last)
{
	enum result_type result = session->outcome == LOG_FAILED
	                                  ? session->result
	                                  : session->complaint;

	return (session->outcome == LOG_FAILED || session->has_complaint) &&
	       result >= first && result <= last;
}

/* A policy plugin told Postfix that it could not have the policy. */
static bool log_has_no_policy(const struct log_session *session)
{
	return result_within(session, RESULT_STS_POLICY_FETCH_ERROR,
	                     RESULT_STS_WEBPKI_INVALID);
}

/* Only a policy of MTA-STS can be why. */
static bool log_blames_sts(const struct log_session *session)
{
	return log_has_no_policy(session) ||
	       (session->outcome == LOG_FAILED && session->reason != NULL &&
	        strcmp(session->reason, REASON_MX_MISMATCH) == 0);
}

static bool log_blames_dane(const struct log_session *session)
{
	return session->outcome == LOG_FAILED &&
	       result_within(session, RESULT_TLSA_INVALID,
	                     RESULT_DANE_REQUIRED);
}

/* The handshake was done, and then the certificate was not good enough. */
static bool log_blames_certificate(const struct log_session *session)
{
	return session->outcome == LOG_FAILED &&
	       result_within(session, RESULT_CERTIFICATE_HOST_MISMATCH,
	                     RESULT_VALIDATION_FAILURE) &&
	       (session->reason == NULL ||
	        strcmp(session->reason, REASON_HANDSHAKE) != 0);
}

static bool dnssec_fails(const struct trial *trial)
{
	const struct domain_view *view = trial->view;

	return view->mx == VIEW_BOGUS ||
	       (view->mx_secure && trial->mx != NULL &&
	        trial->mx->tlsa == VIEW_BOGUS);
}

static bool has_tlsa(const struct trial *trial)
{
	return trial->view->mx_secure && trial->mx != NULL &&
	       (trial->mx->tlsa == VIEW_OK || trial->mx->tlsa == VIEW_BAD);
}

/* What DANE makes of its level where no TLSA record can be used: TLS is a must,
 * and nothing is verified (RFC 7672 section 2.2). */
static bool is_dane_without_records(const struct trial *trial)
{
	return trial->session->level == LEVEL_ENCRYPT && has_tlsa(trial) &&
	       trial->mx->tlsa == VIEW_BAD;
}

/* The log tells the level, and it is not one of DANE. */
static bool has_other_level(const struct trial *trial)
{
	enum tls_level level = trial->session->level;

	return level != LEVEL_UNKNOWN && level != LEVEL_HALF_DANE &&
	       level != LEVEL_DANE && level != LEVEL_DANE_ONLY &&
	       !is_dane_without_records(trial);
}

/* Did the session go on as none would under DANE, if the log does not tell the
 * level? */
static bool went_on_without_dane(const struct log_session *session)
{
	if (session->level != LEVEL_UNKNOWN)
		return false;
	return session->outcome == LOG_PLAIN ||
	       (session->outcome == LOG_TLS && !session->verified &&
	        !session->tlsa_unusable);
}

static bool dane_applies(const struct trial *trial)
{
	const struct log_session *session = trial->session;

	if (log_blames_dane(session))
		return true;
	if (log_blames_sts(session) ||
	    (!has_tlsa(trial) && !dnssec_fails(trial) &&
	     !session->tlsa_unusable))
		return false;
	if (has_other_level(trial))
		return false;
	return trial->options->dane ||
	       (session->no_match && has_tlsa(trial) &&
	        !trial->options->no_dane) ||
	       (trial->options->dane_by_map && !went_on_without_dane(session));
}

/* Level fingerprint: what this site demands besides. */
static bool own_policy_applies(const struct trial *trial)
{
	return trial->session->no_match && !trial->session->other_port;
}

static void judge_own_policy(struct trial *trial)
{
	trial->policy->type = POLICY_NONE;
}

/* Are all records that can be used (RFC 7672 section 3.1) of usage 3?  Of those
 * neither names nor dates are checked. */
static bool checks_keys_alone(const struct view_mx *mx)
{
	size_t keys = 0;

	for (size_t i = 0; mx != NULL && i < mx->tlsa_count; i++) {
		if (mx->tlsa_strings[i][0] == '2')
			return false;
		keys += mx->tlsa_strings[i][0] == '3';
	}
	return keys > 0;
}

static void judge_dane(struct trial *trial)
{
	struct session_policy *policy = trial->policy;

	policy->type = POLICY_TLSA;
	if (trial->mx_name[0] != '\0')
		policy->domain = trial->mx_name;
	/* Postfix up to 3.5 does not log that no record matched: what it says
	 * of the chain is all there is, and is not why. */
	if (has_tlsa(trial) && checks_keys_alone(trial->mx) &&
	    log_blames_certificate(trial->session) &&
	    !trial->session->has_complaint)
		fail(trial, RESULT_CERTIFICATE_NOT_TRUSTED, NULL);
	else
		judge_outcome(trial);
	if (has_tlsa(trial))
		set_strings(trial, trial->mx->tlsa_strings,
		            trial->mx->tlsa_count);
	/* then the log has said why, of the records as they were then */
	if (log_blames_dane(trial->session) ||
	    log_blames_certificate(trial->session))
		return;
	if (trial->session->tlsa_unusable ||
	    (has_tlsa(trial) && trial->mx->tlsa == VIEW_BAD))
		fail(trial, RESULT_TLSA_INVALID, REASON_TLSA_UNUSABLE);
	else if (dnssec_fails(trial))
		fail(trial, RESULT_DNSSEC_INVALID, NULL);
}

static bool sts_in_force(const struct domain_view *view)
{
	return view->sts == VIEW_OK && view->sts_policy.mode != STS_NONE;
}

/* Could the policy that a valid record announces not be had?  Nobody needs to
 * hear of it while the one in force asks for nothing (RFC 8461 section 6). */
static bool sts_fetch_fails(const struct domain_view *view,
                            enum result_type *result)
{
	if (view->sts_record != VIEW_OK ||
	    (view->sts == VIEW_OK && view->sts_policy.mode == STS_NONE))
		return false;
	*result = domain_view_fetch_result(view->sts_fetch);
	return *result != RESULT_OTHER;
}

static bool sts_applies(const struct trial *trial)
{
	enum result_type result;

	if (log_blames_sts(trial->session))
		return true;
	return trial->options->sts && (sts_in_force(trial->view) ||
	                               sts_fetch_fails(trial->view, &result));
}

/* Postfix went on with a certificate that the policy does not allow: the
 * policy is in testing, or the site did not know it. */
static void judge_certificate(struct trial *trial)
{
	const struct log_session *session = trial->session;

	if (session->outcome != LOG_TLS)
		return;
	if (session->has_complaint)
		fail(trial, session->complaint, session->complaint_reason);
	else if (session->untrusted && trial->options->no_cas)
		trial->policy->unjudged = true;
	else if (session->untrusted)
		fail(trial, RESULT_CERTIFICATE_NOT_TRUSTED, NULL);
}

static void judge_by_policy(struct trial *trial)
{
	const struct sts_policy *sts = &trial->view->sts_policy;
	struct session_policy *policy = trial->policy;

	set_strings(trial, sts->lines, sts->line_count);
	policy->mx_count = sts->mx_count;
	policy->mx_hosts = copy_list(trial->arena, sts->mx, &policy->mx_count);
	judge_certificate(trial);
	if (trial->other_mx)
		fail(trial, RESULT_VALIDATION_FAILURE, REASON_MX_MISMATCH);
}

/* No MX took part in it. */
static void judge_fetch(struct trial *trial)
{
	struct failure_detail detail = {.reason = trial->view->sts_problem};

	if (!sts_fetch_fails(trial->view, &detail.result))
		return;
	/* Postfix's plugin had its own trouble with the same policy */
	if (log_has_no_policy(trial->session) &&
	    !result_within(trial->session, detail.result, detail.result))
		return;
	if (!sts_in_force(trial->view))
		trial->policy->failed = true;
	add_detail(trial, &detail);
}

static void judge_sts(struct trial *trial)
{
	const struct domain_view *view = trial->view;

	trial->policy->type = POLICY_STS;
	trial->other_mx =
		sts_in_force(view) && trial->mx_name[0] != '\0' &&
		!sts_policy_matches(&view->sts_policy, trial->mx_name);
	judge_outcome(trial);
	if (sts_in_force(view))
		judge_by_policy(trial);
	else if (log_has_no_policy(trial->session))
		judge_certificate(trial);
	else if (view->sts_fetch == VIEW_BAD) /* as it was read, errors too */
		set_strings(trial, view->sts_policy.lines,
		            view->sts_policy.line_count);
	judge_fetch(trial);
}

static bool always(const struct trial *trial)
{
	(void)trial;
	return true;
}

static void judge_none(struct trial *trial)
{
	trial->policy->type = POLICY_NONE;
	judge_outcome(trial);
}

/* The first that applies. */
static const struct {
	bool (*applies)(const struct trial *trial);
	void (*judge)(struct trial *trial);
} rules[] = {
	{dane_applies, judge_dane},
	{own_policy_applies, judge_own_policy},
	{sts_applies, judge_sts},
	{always, judge_none},
};

struct judge_options judge_options_of(unsigned enforces)
{
	const unsigned dane = ENFORCES_DANE | ENFORCES_DANE_BY_MAP;

	return (struct judge_options){
		.no_dane =
			(enforces & (ENFORCES_KNOWN | dane)) == ENFORCES_KNOWN,
		.dane = enforces & ENFORCES_DANE,
		.dane_by_map = enforces & ENFORCES_DANE_BY_MAP,
		.sts = enforces & ENFORCES_STS,
		.no_cas = enforces & ENFORCES_NO_CAS,
	};
}

static void begin(struct trial *trial)
{
	const char *host = trial->session->mx_host;

	if (host == NULL ||
	    domain_canonical(host, strlen(host), trial->mx_name, NULL) != 0)
		trial->mx_name[0] = '\0';
	trial->mx = domain_view_mx(trial->view, trial->mx_name);
}

/* The rollup says what is wrong with one that is malformed, or with several,
 * of which none is kept. */
static const char *record_of(const struct domain_view *view)
{
	if (view->tlsrpt != VIEW_OK && view->tlsrpt != VIEW_BAD)
		return NULL;
	return view->tlsrpt_record != NULL ? view->tlsrpt_record
	                                   : TLSRPT_SEVERAL;
}

enum policy_type judge_level(const struct judge_options *options,
                             const struct log_session *session,
                             const struct domain_view *view, bool *less)
{
	struct trial trial = {
		.options = options, .session = session, .view = view};

	*less = false;
	if (session->level == LEVEL_UNKNOWN)
		return POLICY_NONE;
	begin(&trial);
	*less = session->level <= LEVEL_ENCRYPT &&
	        !is_dane_without_records(&trial);
	if (options->dane && (has_tlsa(&trial) || dnssec_fails(&trial)))
		return POLICY_TLSA;
	if (options->sts && sts_in_force(view) &&
	    view->sts_policy.mode == STS_ENFORCE)
		return POLICY_STS;
	*less = false;
	return POLICY_NONE;
}

int judge(const struct judge_options *options,
          const struct log_session *session, const struct domain_view *view,
          struct session *out, struct err *err)
{
	struct trial trial = {.options = options,
	                      .session = session,
	                      .view = view,
	                      .arena = &out->mem};
	size_t i = 0;

	session_reset(out);
	out->domain = session->domain;
	out->record = record_of(view);
	out->policies = arena_alloc(&out->mem, sizeof(*out->policies));
	out->policy_count = 1;
	trial.policy = out->policies;
	trial.policy->domain = session->domain;
	trial.policy->failures = arena_array(&out->mem, DETAILS_MAX,
	                                     sizeof(*trial.policy->failures));
	begin(&trial);
	while (!rules[i].applies(&trial))
		i++;
	rules[i].judge(&trial);
	return session_canonicalize(out, err);
}
