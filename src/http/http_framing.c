/* Where a request ends (api/http_framing.h), and the paths of requests. */

#include "api/http_framing.h"
#include "base/ascii.h"
#include "http/http_exchange.h"

bool http_is_lenient(void)
{
	return MHD_get_version()[0] == '0';
}

static enum MHD_Result look_at_field(void *arg, enum MHD_ValueKind kind,
                                     const char *name, const char *value)
{
	struct http_framing *framing = arg;

	(void)kind;
	http_framing_field(framing, name, value);
	if (!http_is_lenient())
		framing->end = NULL; /* blanks behind a value are a gap there */
	return MHD_YES;
}

/* Of pieces the end is not sure, so nothing that follows is taken for a
 * request. */
bool http_framing_check(struct MHD_Connection *connection, const char *method,
                        const char *version, bool *closes,
                        struct http_reply *reply)
{
	struct http_framing framing = {0};
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int status;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_field,
	                          &framing);
	/* the method is where the request begins */
	if (info != NULL)
		http_framing_end(&framing, method + info->header_size);
	status = http_framing_verdict(&framing, version);
	*closes = framing.encodings > 0 && http_is_lenient();
	if (status == 0)
		return true;
	http_refuse(reply, status, framing.fault);
	reply->close = true;
	return false;
}

/* %00 stays as it is: decoded it would end the path, and what stands behind
 * it would not count. */
size_t http_unescape(void *arg, struct MHD_Connection *connection, char *text)
{
	char *out = text;

	(void)arg;
	(void)connection;
	for (const char *c = text; *c != '\0'; c++) {
		int high = *c == '%' ? ascii_hex(c[1]) : -1;
		int low = high >= 0 ? ascii_hex(c[2]) : -1;

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
