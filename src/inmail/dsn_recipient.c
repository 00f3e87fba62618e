/* One recipient of a bounce: the address, and what was said of it. */
#include "inmail/dsn_read.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/auto.h"
#include "base/span.h"
#include "base/utf8.h"
#include "session/detail_text.h"

/* "rfc822; <tls@example.com>": without the type (which is missing at times)
 * and the brackets. */
static struct span bare_address(struct span value)
{
	struct span address = value, rest = value, type;

	if (span_until(&rest, ';', &type)) {
		type = span_trim(type);
		while (type.len > 0 && (ascii_is_alnum(type.at[type.len - 1]) ||
		                        type.at[type.len - 1] == '-'))
			type.len--;
		if (type.len == 0)
			address = rest;
	}
	address = span_trim(address);
	if (address.len >= 2 && address.at[0] == '<' &&
	    address.at[address.len - 1] == '>') {
		span_drop(&address, 1);
		address.len--;
	}
	return span_trim(address);
}

void dsn_set_address(struct dsn_recipient *recipient, struct span value)
{
	struct span address = bare_address(value);
	char text[sizeof(recipient->address)];

	if (address.len >= sizeof(text))
		return;
	memcpy(text, address.at, address.len);
	text[address.len] = '\0';
	if (detail_text_is_plain(text))
		memcpy(recipient->address, text, address.len + 1);
}

/* One printable line. */
static void set_diagnostic(struct dsn_recipient *recipient, struct span said)
{
	auto_(arena_clear) struct arena arena = {0};
	char *out = recipient->diagnostic;
	size_t len;
	char *text = utf8_repair(&arena, said.at, said.len, &len);

	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	text = utf8_clean(&arena, text, len, sizeof(recipient->diagnostic) - 1);
	if (text != NULL)
		memcpy(out, text, strlen(text) + 1);
}

void dsn_set_refusal(struct dsn_recipient *recipient, struct span said,
                     const int beside[3])
{
	struct refusal refusal;

	refusal_read(said, beside, &refusal);
	memcpy(recipient->status, refusal.status, sizeof(recipient->status));
	recipient->refusal = refusal.kind;
	set_diagnostic(recipient, said);
}

void dsn_add(struct dsn *dsn, const struct dsn_recipient *recipient)
{
	if (recipient->address[0] != '\0' && dsn->count < DSN_RECIPIENTS_MAX)
		dsn->recipients[dsn->count++] = *recipient;
}
