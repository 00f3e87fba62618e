/* What a mail server says until a connection is open, and what curl said to it:
 * lines that begin with ">" were sent, all others came.  Whatever it was, why
 * it did not open is one line that can be shown. */
#include "check.h"
#include "deliver/smtp_opening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct smtp_opening *opening, CURLcode result)
{
	struct delivery_answer why = {0};

	smtp_opening_failed(opening, result, "mail.s.example", &why);
	check(why.text[0] != '\0' && strlen(why.text) < sizeof(why.text));
	for (const char *c = why.text; *c != '\0'; c++)
		check((unsigned char)*c >= 0x20 && *c != 0x7f);
	check(why.event != EVENT_ACCEPTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const CURLcode results[] = {
		CURLE_COULDNT_CONNECT,    CURLE_OPERATION_TIMEDOUT,
		CURLE_WEIRD_SERVER_REPLY, CURLE_LOGIN_DENIED,
		CURLE_SSL_CONNECT_ERROR,  CURLE_GOT_NOTHING,
	};
	const char *at = (const char *)data, *end = at + size;
	struct smtp_opening opening;

	smtp_opening_begin(&opening);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len =
			stop ? (size_t)(stop + 1 - at) : (size_t)(end - at);

		if (*at == '>')
			smtp_opening_sent(&opening, at + 1, len - 1);
		else
			smtp_opening_got(&opening, at, len);
		check(strlen(opening.auth) < sizeof(opening.auth));
		at += len;
	}
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		check_answer(&opening, results[i]);
	return 0;
}
