#include "model/log_session.h"

#include "base/reader.h"

enum {
	UNTRUSTED = 1,
	HAS_COMPLAINT = 2,
	TLSA_UNUSABLE = 4,
	HAS_LEVEL = 8, /* a byte with it follows the strings */
	ALL_FLAGS = 15
};

void log_session_encode(const struct log_session *session, struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)session->outcome);
	strbuf_u8(out, (uint8_t)session->result);
	strbuf_u8(out, (uint8_t)session->complaint);
	strbuf_u8(out, (uint8_t)((session->untrusted ? UNTRUSTED : 0) |
	                         (session->has_complaint ? HAS_COMPLAINT : 0) |
	                         (session->tlsa_unusable ? TLSA_UNUSABLE : 0) |
	                         (session->level ? HAS_LEVEL : 0)));
	strbuf_str(out, session->domain);
	strbuf_str(out, session->mx_host);
	strbuf_str(out, session->ip);
	strbuf_str(out, session->reason);
	strbuf_str(out, session->complaint_reason);
	if (session->level != LEVEL_UNKNOWN)
		strbuf_u8(out, (uint8_t)session->level);
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
	session->domain = reader_str(&in, arena);
	session->mx_host = reader_str(&in, arena);
	session->ip = reader_str(&in, arena);
	session->reason = reader_str(&in, arena);
	session->complaint_reason = reader_str(&in, arena);
	if (flags & HAS_LEVEL)
		session->level = reader_u8(&in);
	if (in.failed || reader_left(&in) > 0 || session->domain == NULL ||
	    session->outcome < LOG_TLS || session->outcome > LOG_FAILED ||
	    session->result >= RESULT_TYPES ||
	    session->complaint >= RESULT_TYPES || flags > ALL_FLAGS ||
	    session->level >= TLS_LEVELS)
		return err_set(err, ERR_PARSE,
		               "damaged session of the log in the store");
	return 0;
}
