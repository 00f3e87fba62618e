#include "session/session.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/utf8.h"

void session_init(struct session *session)
{
	memset(session, 0, sizeof(*session));
	arena_init(&session->mem);
}

void session_reset(struct session *session)
{
	struct arena mem = session->mem;

	arena_reset(&mem);
	memset(session, 0, sizeof(*session));
	session->mem = mem;
}

void session_clear(struct session *session)
{
	arena_clear(&session->mem);
	session_init(session);
}

bool session_policy_is_bare(const struct session_policy *policy)
{
	return policy->type == POLICY_STS && policy->string_count == 0 &&
	       policy->mx_count == 0;
}

bool session_failed(const struct session *session)
{
	for (size_t i = 0; i < session->policy_count; i++)
		if (session->policies[i].failed)
			return true;
	return false;
}

bool session_is_unjudged(const struct session *session)
{
	bool unjudged = false;

	for (size_t i = 0; i < session->policy_count; i++)
		unjudged |= session->policies[i].unjudged;
	return unjudged && !session_failed(session);
}

/* A canonical copy of a domain name, or NULL. */
static const char *good_domain(struct arena *mem, const char *text)
{
	char canonical[DOMAIN_TEXT];

	if (text == NULL ||
	    domain_canonical(text, strlen(text), canonical, NULL) < 0)
		return NULL;
	return arena_strdup(mem, canonical);
}

/* What is no domain name: cleaned, lower case, no final dot. */
static const char *odd_domain(struct arena *mem, const char *text)
{
	char *clean = utf8_clean(mem, text, strlen(text), SESSION_STRING_MAX);
	size_t len;

	if (clean == NULL)
		return NULL;
	for (char *p = clean; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	len = strlen(clean);
	if (len > 1 && clean[len - 1] == '.')
		clean[len - 1] = '\0';
	return clean;
}

const char *session_domain(struct arena *mem, const char *text)
{
	const char *domain = good_domain(mem, text);

	return domain ? domain : odd_domain(mem, text);
}

static const char *clean(struct arena *mem, const char *text, size_t max)
{
	return text ? utf8_clean(mem, text, strlen(text), max) : NULL;
}

/* A record that was cut could name an address that nobody asked for; what is
 * kept in its place is no record at all. */
static const char *clean_record(struct arena *mem, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len > SESSION_RECORD_MAX)
		return arena_printf(mem, "(a record of %zu bytes)", len);
	return clean(mem, text, SESSION_RECORD_MAX);
}

/* Postfix hands on the complete EHLO reply, "250-mx.example.com\r\n250-...":
 * the first word after the code is the name.  The rest often echoes our own
 * name and address, which are nobody's business (RFC 8460 section 8). */
static const char *helo_name(struct arena *mem, const char *text)
{
	size_t len;

	if (text == NULL)
		return NULL;
	if (isdigit((unsigned char)text[0]) &&
	    isdigit((unsigned char)text[1]) &&
	    isdigit((unsigned char)text[2]) &&
	    (text[3] == '-' || text[3] == ' '))
		text += 4;
	text += strspn(text, " \t");
	len = strcspn(text, " \t\r\n");
	return utf8_clean(mem, text, len, SESSION_STRING_MAX);
}

static const char *good_ip(struct arena *mem, const char *text)
{
	char canonical[INET6_ADDRSTRLEN];

	if (text == NULL || !domain_ip_canonical(text, canonical))
		return NULL;
	return arena_strdup(mem, canonical);
}

/* One number of a TLSA record, 0 to 255, and the space after it. */
static const char *tlsa_number(const char *p, char *out)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char)*p))
		return NULL;
	v = strtoul(p, &end, 10);
	if (v > 255 || (*end != ' ' && *end != '\t'))
		return NULL;
	snprintf(out, 4, "%lu", v);
	return end + strspn(end, " \t");
}

/* "3 1 1 AB12": single spaces, upper-case hex; NULL for anything else. */
static const char *tlsa_string(struct arena *mem, const char *text)
{
	char number[3][4];
	const char *p = text + strspn(text, " \t");
	size_t used, len = strlen(text);
	char *out;

	for (int i = 0; i < 3; i++) {
		p = tlsa_number(p, number[i]);
		if (p == NULL)
			return NULL;
	}
	if (len > SESSION_POLICY_STRING_MAX)
		return NULL;
	out = arena_alloc(mem, len + 13);
	used = (size_t)sprintf(out, "%s %s %s ", number[0], number[1],
	                       number[2]);
	len = used;
	for (; *p != '\0'; p++) {
		if (*p == ' ' || *p == '\t')
			continue;
		if (!isxdigit((unsigned char)*p))
			return NULL;
		out[used++] = (char)toupper((unsigned char)*p);
	}
	return used > len ? out : NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void canonicalize_tlsa(struct arena *mem, struct session_policy *policy)
{
	size_t kept = 0, last = 0;

	for (size_t i = 0; i < policy->string_count; i++) {
		const char *text = tlsa_string(mem, policy->strings[i]);

		if (text != NULL)
			policy->strings[kept++] = text;
	}
	policy->string_count = kept;
	if (kept == 0)
		return;
	qsort(policy->strings, kept, sizeof(*policy->strings), by_text);
	for (size_t i = 1; i < kept; i++)
		if (strcmp(policy->strings[i], policy->strings[last]) != 0)
			policy->strings[++last] = policy->strings[i];
	policy->string_count = last + 1;
}

/* STS policy lines keep their order (RFC 8460 section 4.5). */
static void canonicalize_strings(struct arena *mem,
                                 struct session_policy *policy)
{
	size_t kept = 0;

	for (size_t i = 0; i < policy->string_count; i++) {
		const char *text = clean(mem, policy->strings[i],
		                         SESSION_POLICY_STRING_MAX);

		if (text != NULL)
			policy->strings[kept++] = text;
	}
	policy->string_count = kept;
}

static void canonicalize_mx(struct arena *mem, struct session_policy *policy)
{
	size_t kept = 0;

	/* MX patterns are an STS policy's (RFC 8460 section 4.4) */
	if (policy->type != POLICY_STS)
		policy->mx_count = 0;
	for (size_t i = 0; i < policy->mx_count; i++) {
		const char *text = policy->mx_hosts[i];
		char canonical[DOMAIN_TEXT];

		if (domain_pattern_canonical(text, strlen(text), canonical,
		                             NULL) == 0)
			policy->mx_hosts[kept++] = arena_strdup(mem, canonical);
	}
	policy->mx_count = kept;
}

static void canonicalize_policy(struct session *session,
                                struct session_policy *policy)
{
	struct arena *mem = &session->mem;

	if (policy->type == POLICY_NONE && policy->domain != NULL)
		session->named = true;
	else if (policy->type == POLICY_NONE)
		session->unnamed = true;
	policy->domain = good_domain(mem, policy->domain);
	if (policy->domain == NULL)
		policy->domain = session->domain;
	if (policy->type == POLICY_TLSA)
		canonicalize_tlsa(mem, policy);
	else
		canonicalize_strings(mem, policy);
	canonicalize_mx(mem, policy);
	for (size_t i = 0; i < policy->failure_count; i++) {
		struct failure_detail *d = &policy->failures[i];
		const char *host = good_domain(mem, d->mx_host);

		d->sending_ip = good_ip(mem, d->sending_ip);
		d->mx_host = host != NULL ? host
		                          : clean(mem, d->mx_host,
		                                  SESSION_STRING_MAX);
		d->mx_helo = helo_name(mem, d->mx_helo);
		d->receiving_ip = good_ip(mem, d->receiving_ip);
		d->additional = clean(mem, d->additional, SESSION_STRING_MAX);
		d->reason = clean(mem, d->reason, SESSION_REASON_MAX);
	}
}

int session_canonicalize(struct session *session, struct err *err)
{
	const char *domain = session->domain;

	if (domain == NULL || domain[0] == '\0')
		return err_set(err, ERR_PARSE, "no domain");
	session->domain = good_domain(&session->mem, domain);
	session->valid =
		session->domain != NULL && domain_is_host(session->domain);
	if (session->domain == NULL)
		session->domain = odd_domain(&session->mem, domain);
	if (session->domain == NULL)
		return err_set(err, ERR_PARSE, "no domain");
	session->record = clean_record(&session->mem, session->record);
	if (session->policy_count == 0)
		return err_set(err, ERR_PARSE, "no policies");
	session->named = session->unnamed = false;
	for (size_t i = 0; i < session->policy_count; i++)
		canonicalize_policy(session, &session->policies[i]);
	return 0;
}

static const char *copy(struct arena *mem, const char *text)
{
	return text ? arena_strdup(mem, text) : NULL;
}

static const char **copy_list(struct arena *mem, const char **list,
                              size_t count)
{
	const char **out = arena_array(mem, count, sizeof(*out));

	for (size_t i = 0; i < count; i++)
		out[i] = arena_strdup(mem, list[i]);
	return out;
}

static void copy_failures(struct arena *mem, struct session_policy *policy)
{
	struct failure_detail *out =
		arena_array(mem, policy->failure_count, sizeof(*out));

	for (size_t i = 0; i < policy->failure_count; i++) {
		const struct failure_detail *d = &policy->failures[i];

		out[i] = (struct failure_detail){
			.result = d->result,
			.sending_ip = copy(mem, d->sending_ip),
			.mx_host = copy(mem, d->mx_host),
			.mx_helo = copy(mem, d->mx_helo),
			.receiving_ip = copy(mem, d->receiving_ip),
			.additional = copy(mem, d->additional),
			.reason = copy(mem, d->reason),
		};
	}
	policy->failures = out;
}

struct session *session_dup(struct arena *arena, const struct session *src)
{
	struct session *dup = arena_alloc(arena, sizeof(*dup));

	*dup = *src;
	arena_init(&dup->mem);
	dup->domain = copy(arena, src->domain);
	dup->record = copy(arena, src->record);
	dup->policies =
		arena_array(arena, src->policy_count, sizeof(*dup->policies));
	for (size_t i = 0; i < src->policy_count; i++) {
		struct session_policy *policy = &dup->policies[i];

		*policy = src->policies[i];
		policy->domain = copy(arena, policy->domain);
		policy->strings =
			copy_list(arena, policy->strings, policy->string_count);
		policy->mx_hosts =
			copy_list(arena, policy->mx_hosts, policy->mx_count);
		copy_failures(arena, policy);
	}
	return dup;
}

struct failure_detail
session_failure_folded(const struct failure_detail *detail,
                       enum fold_level level)
{
	struct failure_detail folded = *detail;

	if (level >= FOLD_PEER) {
		folded.mx_helo = NULL;
		folded.receiving_ip = NULL;
		folded.additional = NULL;
		folded.reason = NULL;
	}
	if (level >= FOLD_TYPE) {
		folded.sending_ip = NULL;
		folded.mx_host = NULL;
	}
	return folded;
}

struct session_policy session_policy_folded(const struct session_policy *policy,
                                            const char *domain)
{
	return (struct session_policy){.type = policy->type, .domain = domain};
}
