#include "policyd/policy_request.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum { DIGITS_MAX = 5, SHOWN = 40 };

/* "27:": 1 and its number, 0: not whole. */
static int read_length(struct span *rest, size_t *len, struct err *err)
{
	struct span whole = *rest;
	int64_t number;
	char shown[SHOWN];

	if (span_number(rest, DIGITS_MAX, &number)) {
		if (rest->len == 0 && whole.len <= DIGITS_MAX)
			return 0;
		if (span_skip(rest, ":")) {
			*len = (size_t)number;
			return number <= POLICY_REQUEST_MAX
			               ? 1
			               : err_set(err, ERR_LIMIT,
			                         "a request of %zu bytes",
			                         *len);
		}
	} else if (whole.len == 0) {
		return 0;
	}
	return err_set(err, ERR_PARSE,
	               "not a socketmap request (a netstring): '%s'",
	               log_escape(shown, sizeof(shown), whole.at,
	                          whole.len < SHOWN ? whole.len : SHOWN));
}

static int read_map(struct span name, struct policy_request *request,
                    struct err *err)
{
	static const char *const maps[] = {[MAP_QUERY] = "QUERY",
	                                   [MAP_QUERY_TLSRPT] =
	                                           "QUERYwithTLSRPT",
	                                   [MAP_EXPLAIN] = "EXPLAIN"};
	char shown[SHOWN];

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (span_is(name, maps[i])) {
			request->map = (enum policy_map_asked)i;
			return 1;
		}
	return err_set(err, ERR_NOTFOUND,
	               "the map '%s' is neither QUERY nor QUERYwithTLSRPT",
	               log_escape(shown, sizeof(shown), name.at, name.len));
}

int policy_request_read(const char *data, size_t len,
                        struct policy_request *request, struct err *err)
{
	struct span rest = {data, len}, name;
	size_t payload = 0;
	int rc = read_length(&rest, &payload, err);

	if (rc <= 0)
		return rc;
	if (rest.len <= payload)
		return 0;
	if (rest.at[payload] != ',')
		return err_set(err, ERR_PARSE,
		               "a netstring that does not end in ','");
	request->key = (struct span){rest.at, payload};
	request->used = len - rest.len + payload + 1;
	span_split(&request->key, ' ', &name);
	return read_map(name, request, err);
}

void policy_reply_add(struct strbuf *out, const char *status, const char *text,
                      size_t len)
{
	char head[64];
	size_t status_len = strlen(status);
	int n = snprintf(head, sizeof(head), "%zu:%s ", status_len + 1 + len,
	                 status);

	strbuf_add(out, head, (size_t)n);
	strbuf_add(out, text, len);
	strbuf_putc(out, ',');
}
