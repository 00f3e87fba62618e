#include "api/http_framing.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { BAD_REQUEST = 400, NOT_IMPLEMENTED = 501 };

enum {
	LINE_END = 2, /* CR LF */
	/* A header is shorter: what is further apart does not stand in one
	 * piece of memory, and says nothing. */
	HEADER_MAX = 64 * 1024,
};

static void find_fault(struct http_framing *framing, const char *fault)
{
	if (framing->fault == NULL)
		framing->fault = fault;
}

/* Between the end of a field and what follows is an end of line and no more.
 * More is what stands behind a NUL, or a line that was folded (section 5.2). */
static void look_for_gap(struct http_framing *framing, const char *next)
{
	uintptr_t end = (uintptr_t)framing->end, begin = (uintptr_t)next;

	if (framing->end != NULL && begin > end + LINE_END &&
	    begin < end + HEADER_MAX)
		find_fault(framing,
		           "a NUL in a header field, or a folded line");
}

void http_framing_field(struct http_framing *framing, const char *name,
                        const char *value)
{
	look_for_gap(framing, name);
	if (strpbrk(name, " \t\r") != NULL)
		find_fault(framing,
		           "white space in the name of a header field");
	if (value != NULL && strchr(value, '\r') != NULL)
		find_fault(framing, "a CR in a header field");
	framing->end = value != NULL ? value + strlen(value) : NULL;
	framing->hosts += strcasecmp(name, "Host") == 0;
	framing->lengths += strcasecmp(name, "Content-Length") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
		framing->is_chunked =
			value != NULL && strcasecmp(value, "chunked") == 0;
	}
}

void http_framing_end(struct http_framing *framing, const char *end)
{
	look_for_gap(framing, end - LINE_END);
}

int http_framing_verdict(struct http_framing *framing, const char *version)
{
	bool is_11 = strcmp(version, "HTTP/1.1") == 0;

	if (framing->hosts > 1)
		find_fault(framing, "more than one Host field");
	if (framing->hosts == 0 && is_11)
		find_fault(framing, "no Host field");
	if (framing->lengths > 1)
		find_fault(framing, "more than one Content-Length field");
	if (framing->encodings > 1)
		find_fault(framing, "more than one Transfer-Encoding field");
	if (framing->encodings > 0 && framing->lengths > 0)
		find_fault(framing,
		           "both Content-Length and Transfer-Encoding");
	if (framing->encodings > 0 && !is_11)
		find_fault(framing,
		           "Transfer-Encoding in a request before HTTP/1.1");
	if (framing->fault != NULL)
		return BAD_REQUEST;
	if (framing->encodings == 0 || framing->is_chunked)
		return 0;
	find_fault(framing, "a Transfer-Encoding other than chunked");
	return NOT_IMPLEMENTED;
}
