/* A header taken apart in its place, as libmicrohttpd does it: whatever had a
 * NUL, a CR within a line or a folded line is refused, and what is not refused
 * has one Host at most and one length at most. */
#include <strings.h>

#include "base/xalloc.h"
#include "check.h"
#include "api/http_framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the line ends; *next is behind its end.  NULL: it has none. */
static char *end_of_line(char *line, char *end, char **next)
{
	for (char *c = line; c < end; c++) {
		if (*c == '\n') {
			*next = c + 1;
			return c;
		}
		if (*c == '\r' && c + 1 < end && c[1] == '\n') {
			*next = c + 2;
			return c;
		}
	}
	return NULL;
}

/* A NUL right before a bare LF cannot be told from CR LF, and hides nothing. */
static bool is_odd(const char *line, const char *end, const char *next)
{
	if (next == end + 1 && end > line && end[-1] == '\0')
		end--;
	return line[0] == ' ' || line[0] == '\t' ||
	       memchr(line, '\0', (size_t)(end - line)) != NULL ||
	       memchr(line, '\r', (size_t)(end - line)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char empty_line[] = "\r\n";
	char *text = xmalloc(size + sizeof(empty_line));
	char *end = text + size, *line = text, *next, *stop;
	unsigned hosts = 0, lengths = 0, fields = 0;
	struct http_framing framing = {0};
	bool odd = false;
	int status;

	memcpy(text, data, size);
	memcpy(end, empty_line, sizeof(empty_line));
	while ((stop = end_of_line(line, end, &next)) != NULL && stop > line) {
		char *colon;

		/* a line that goes on is part of the value before it */
		if (fields > 0 && (line[0] == ' ' || line[0] == '\t')) {
			odd = true;
			line = next;
			continue;
		}
		odd |= is_odd(line, stop, next);
		memset(stop, 0, (size_t)(next - stop));
		colon = strchr(line, ':');
		if (colon == NULL)
			break;
		*colon++ = '\0';
		colon += strspn(colon, " \t");
		http_framing_field(&framing, line, colon);
		fields++;
		hosts += strcasecmp(line, "Host") == 0;
		lengths += strcasecmp(line, "Content-Length") == 0;
		line = next;
	}
	if (fields > 0 && stop == line)
		http_framing_end(&framing, next);
	status = http_framing_verdict(&framing, "HTTP/1.1");
	check(status == 0 || status == 400 || status == 501);
	check((status == 0) == (framing.fault == NULL));
	if (status == 0)
		check(hosts == 1 && lengths <= 1);
	/* only what a whole header has at its end is seen there */
	if (odd && fields > 0 && stop == line && next == stop + 2)
		check(status != 0);
	free(text);
	return 0;
}
