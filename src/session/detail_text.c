#include "session/detail_text.h"

#include <netinet/in.h>
#include <string.h>

#include "base/domain.h"
#include "base/uri.h"
#include "base/utf8.h"

/* An address in the one spelling a report may have (RFC 5952). */
static bool is_ip(const char *text)
{
	char canonical[INET6_ADDRSTRLEN];

	return domain_ip_canonical(text, canonical) &&
	       strcmp(text, canonical) == 0;
}

#define TEXT(rfc, libtlsrpt, member, may_be_sent)                              \
	{                                                                      \
		rfc, libtlsrpt, offsetof(struct failure_detail, member),       \
			may_be_sent                                            \
	}

const struct detail_text detail_text_rows[DETAIL_TEXTS] = {
	TEXT("sending-mta-ip", "s", sending_ip, is_ip),
	TEXT("receiving-mx-hostname", "n", mx_host, detail_text_is_plain),
	TEXT("receiving-mx-helo", "h", mx_helo, detail_text_is_plain),
	TEXT("receiving-ip", "r", receiving_ip, is_ip),
	TEXT("additional-information", "a", additional, detail_text_is_uri),
	TEXT("failure-reason-code", "f", reason, detail_text_is_plain),
};

const char *detail_text_get(const struct failure_detail *detail,
                            const struct detail_text *row)
{
	return *(const char *const *)(const void *)((const char *)detail +
	                                            row->offset);
}

void detail_text_set(struct failure_detail *detail,
                     const struct detail_text *row, const char *text)
{
	*(const char **)(void *)((char *)detail + row->offset) = text;
}

int detail_text_compare(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

int session_failure_compare(const struct failure_detail *a,
                            const struct failure_detail *b)
{
	int order = (a->result > b->result) - (a->result < b->result);

	for (size_t i = 0; order == 0 && i < DETAIL_TEXTS; i++)
		order = detail_text_compare(
			detail_text_get(a, &detail_text_rows[i]),
			detail_text_get(b, &detail_text_rows[i]));
	return order;
}

bool detail_text_is_plain(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len > 0 && utf8_valid(text, len);
}

bool detail_text_is_uri(const char *text)
{
	return uri_fault(text, strlen(text)) == NULL;
}

bool detail_text_is_tlsa(const char *text)
{
	const char *p = text;
	size_t hex;

	for (int i = 0; i < 3; i++) {
		size_t n = strspn(p, "0123456789");

		if (n < 1 || n > 3 || p[n] != ' ')
			return false;
		p += n + 1;
	}
	hex = strspn(p, "0123456789ABCDEFabcdef");
	return hex > 0 && p[hex] == '\0';
}
