#include "maillog/log_session.h"

#include <string.h>

#include "base/domain.h"
#include "base/reader.h"

enum {
	UNTRUSTED = 1,
	HAS_COMPLAINT = 2,
	TLSA_UNUSABLE = 4,
	HAS_LEVEL = 8, /* a byte with it follows the strings */
	VERIFIED = 16,
	NO_MATCH = 32,
	HAS_SITE = 64, /* what the site has to do with it follows */
	ALL_FLAGS = 127
};

enum { HOP_IS_DOMAIN = 1, OTHER_PORT = 2, ALL_HOP_FLAGS = 3 };

static bool has_site(const struct log_session *session)
{
	return session->route != ROUTE_DOMAIN || session->enforces != 0;
}

static void get_site(struct reader *in, struct arena *arena,
                     struct log_session *session)
{
	uint8_t flags;

	session->route = reader_u8(in);
	session->enforces = reader_u8(in);
	flags = reader_u8(in);
	session->hop_is_domain = flags & HOP_IS_DOMAIN;
	session->other_port = flags & OTHER_PORT;
	session->hop = reader_str(in, arena);
	if (flags > ALL_HOP_FLAGS || session->route >= LOG_ROUTES ||
	    session->enforces > ENFORCES_ALL)
		in->failed = true;
}

void log_session_encode(const struct log_session *session, struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)session->outcome);
	strbuf_u8(out, (uint8_t)session->result);
	strbuf_u8(out, (uint8_t)session->complaint);
	strbuf_u8(out, (uint8_t)((session->untrusted ? UNTRUSTED : 0) |
	                         (session->has_complaint ? HAS_COMPLAINT : 0) |
	                         (session->tlsa_unusable ? TLSA_UNUSABLE : 0) |
	                         (session->level ? HAS_LEVEL : 0) |
	                         (session->verified ? VERIFIED : 0) |
	                         (session->no_match ? NO_MATCH : 0) |
	                         (has_site(session) ? HAS_SITE : 0)));
	strbuf_str(out, session->domain);
	strbuf_str(out, session->mx_host);
	strbuf_str(out, session->ip);
	strbuf_str(out, session->reason);
	strbuf_str(out, session->complaint_reason);
	if (session->level != LEVEL_UNKNOWN)
		strbuf_u8(out, (uint8_t)session->level);
	if (!has_site(session))
		return;
	strbuf_u8(out, (uint8_t)session->route);
	strbuf_u8(out, (uint8_t)session->enforces);
	strbuf_u8(out, (uint8_t)((session->hop_is_domain ? HOP_IS_DOMAIN : 0) |
	                         (session->other_port ? OTHER_PORT : 0)));
	strbuf_str(out, session->hop);
}

int log_session_decode(const void *data, size_t len, struct arena *arena,
                       struct log_session *session, struct err *err)
{
	struct reader in;
	uint8_t flags;

	reader_init(&in, data, len);
	*session = (struct log_session){.outcome = reader_u8(&in)};
	session->result = reader_u8(&in);
	session->complaint = reader_u8(&in);
	flags = reader_u8(&in);
	session->untrusted = flags & UNTRUSTED;
	session->has_complaint = flags & HAS_COMPLAINT;
	session->tlsa_unusable = flags & TLSA_UNUSABLE;
	session->verified = flags & VERIFIED;
	session->no_match = flags & NO_MATCH;
	session->domain = reader_str(&in, arena);
	session->mx_host = reader_str(&in, arena);
	session->ip = reader_str(&in, arena);
	session->reason = reader_str(&in, arena);
	session->complaint_reason = reader_str(&in, arena);
	if (flags & HAS_LEVEL)
		session->level = reader_u8(&in);
	if (flags & HAS_SITE)
		get_site(&in, arena, session);
	if (in.failed || reader_left(&in) > 0 || session->domain == NULL ||
	    session->outcome < LOG_TLS || session->outcome > LOG_FAILED ||
	    session->result >= RESULT_TYPES ||
	    session->complaint >= RESULT_TYPES || flags > ALL_FLAGS ||
	    session->level >= TLS_LEVELS)
		return err_set(err, ERR_PARSE,
		               "the store has a damaged session of the log");
	return 0;
}

static bool is_within(const char *name, const char *domain)
{
	size_t len = strlen(name), domain_len = strlen(domain);

	if (len < domain_len || strcmp(name + len - domain_len, domain) != 0)
		return false;
	return len == domain_len || name[len - domain_len - 1] == '.';
}

void log_session_leave(struct log_session *session)
{
	const char *name =
		session->hop != NULL ? session->hop : session->mx_host;

	session->route = ROUTE_SITE;
	if (name == NULL || is_within(name, session->domain))
		return;
	session->route = ROUTE_MOVED;
	session->domain = name;
}

bool log_session_climb(struct log_session *session)
{
	enum { LABELS_TRIED = 5 };
	const char *name = strchr(session->domain, '.');
	size_t labels = 0;

	if (name == NULL || domain_is_ip(session->domain))
		return false;
	for (const char *at = name; at != NULL; at = strchr(at + 1, '.'))
		labels++;
	for (; labels > LABELS_TRIED; labels--)
		name = strchr(name + 1, '.');
	if (labels < 2)
		return false;
	session->domain = name + 1;
	return true;
}
