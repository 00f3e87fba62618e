/*
 * Where a request ends, and for whom it is.  A proxy before us that reads two
 * lengths, or a length and pieces, otherwise than libmicrohttpd would take the
 * end of one client's request for the beginning of another's (RFC 9112
 * section 11.2): such requests are refused, and the connection with them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "admin/http_exchange.h"

struct framing {
	unsigned hosts, lengths, encodings;
	bool has_blank, is_chunked;
};

static enum MHD_Result look(void *arg, enum MHD_ValueKind kind,
                            const char *name, const char *value)
{
	struct framing *framing = arg;

	(void)kind;
	if (strpbrk(name, " \t") != NULL)
		framing->has_blank = true;
	framing->hosts += strcasecmp(name, "Host") == 0;
	framing->lengths += strcasecmp(name, "Content-Length") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
		framing->is_chunked =
			value != NULL && strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

/* RFC 9112 sections 3.2, 5.1, 6.1 and 6.3. */
static const char *fault_of(const struct framing *framing, const char *version)
{
	if (framing->has_blank)
		return "a header's name has a blank";
	if (framing->hosts > 1)
		return "more than one Host";
	if (framing->hosts == 0 && strcmp(version, "HTTP/1.1") == 0)
		return "no Host";
	if (framing->lengths > 1)
		return "more than one Content-Length";
	if (framing->encodings > 1)
		return "more than one Transfer-Encoding";
	if (framing->encodings > 0 && framing->lengths > 0)
		return "both Content-Length and Transfer-Encoding";
	return NULL;
}

bool http_framing_check(struct MHD_Connection *connection, const char *version,
                        struct http_reply *reply)
{
	struct framing framing = {0};
	const char *fault;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &framing);
	fault = fault_of(&framing, version);
	if (fault != NULL)
		http_refuse(reply, MHD_HTTP_BAD_REQUEST, fault);
	else if (framing.encodings > 0 && !framing.is_chunked)
		http_refuse(reply, MHD_HTTP_NOT_IMPLEMENTED,
		            "no Transfer-Encoding but chunked");
	reply->close = reply->status != 0;
	return !reply->close;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %00 stays as it is: decoded it would end the path, and what stands behind
 * it would not count. */
size_t http_unescape(void *arg, struct MHD_Connection *connection, char *text)
{
	char *out = text;

	(void)arg;
	(void)connection;
	for (const char *c = text; *c != '\0'; c++) {
		int high = *c == '%' ? digit(c[1]) : -1;
		int low = high >= 0 ? digit(c[2]) : -1;

		if (low < 0 || high + low == 0) {
			*out++ = *c;
			continue;
		}
		*out++ = (char)(high << 4 | low);
		c += 2;
	}
	*out = '\0';
	return (size_t)(out - text);
}
