#include "base/domain.h"

#include <arpa/inet.h>
#include <string.h>

#include <idn2.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/utf8.h"

enum {
	LABEL_MAX = 63,
	/* No name of 253 bytes in A-labels is longer in UTF-8: a label of four
	 * bytes a character still costs a byte of Punycode each. */
	UTF8_MAX = 4 * DOMAIN_MAX,
	SHOWN = 80, /* bytes of a bad name in an error */
};

/* Says what is wrong with a name that may hold anything. */
static int refuse(struct err *err, int class, const char *text, size_t len,
                  const char *why)
{
	char shown[SHOWN];

	return err_set(err, class, "domain '%s' %s",
	               log_escape(shown, sizeof(shown), text, len), why);
}

/* NULL, or what is wrong with the label. */
static const char *label_fault(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label";
	if (len > LABEL_MAX)
		return "has a label longer than 63 bytes";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a label that begins or ends with a hyphen";
	return NULL;
}

/* Once for each new datagram of a receiver in full flight: one pass, nothing
 * allocated, no library asked. */
static int ascii_canonical(const char *text, size_t len, char *out,
                           struct err *err)
{
	size_t name_len = len > 0 && text[len - 1] == '.' ? len - 1 : len;
	size_t label = 0; /* where the current one begins */

	if (name_len == 0)
		return err_set(err, ERR_PARSE, "domain is empty");
	if (name_len > DOMAIN_MAX)
		return refuse(err, ERR_LIMIT, text, len,
		              "is longer than 253 bytes");
	for (size_t i = 0; i <= name_len; i++) {
		bool end = i == name_len || text[i] == '.';
		const char *fault = NULL;

		if (end) {
			fault = label_fault(out + label, i - label);
			out[i] = '.';
			label = i + 1;
		} else {
			/* Postfix asks the DNS for whatever stands right of
			 * an @, "_" included */
			out[i] = ascii_lower(text[i]);
			if (!ascii_is_alnum(text[i]) && text[i] != '-' &&
			    text[i] != '_')
				fault = "contains a character that is not "
					"allowed in a domain name";
		}
		if (fault != NULL)
			return refuse(err, ERR_PARSE, text, len, fault);
	}
	out[name_len] = '\0';
	return 0;
}

/* IDNA2008 with the mapping of UTS 46 (upper case, full-width letters, the
 * ideographic full stop).  What comes back is checked like any other name:
 * libidn2 lets ASCII pass that is in no host name. */
static int idn_canonical(const char *text, size_t len, char *out,
                         struct err *err)
{
	char utf8[UTF8_MAX + 1];
	uint8_t *ascii = NULL;
	int rc;

	if (len > UTF8_MAX)
		return refuse(err, ERR_LIMIT, text, len,
		              "is too long for a domain name");
	if (memchr(text, '\0', len) != NULL)
		return refuse(err, ERR_PARSE, text, len, "contains a NUL");
	memcpy(utf8, text, len);
	utf8[len] = '\0';
	rc = idn2_lookup_u8((const uint8_t *)utf8, &ascii,
	                    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc != IDN2_OK)
		return refuse(err,
		              rc == IDN2_TOO_BIG_DOMAIN ||
		                              rc == IDN2_TOO_BIG_LABEL
		                      ? ERR_LIMIT
		                      : ERR_PARSE,
		              text, len, idn2_strerror(rc));
	rc = ascii_canonical((const char *)ascii, strlen((const char *)ascii),
	                     out, err);
	idn2_free(ascii);
	return rc;
}

int domain_canonical(const char *text, size_t len, char out[DOMAIN_TEXT],
                     struct err *err)
{
	int rc = utf8_is_ascii(text, len) ? ascii_canonical(text, len, out, err)
	                                  : idn_canonical(text, len, out, err);

	if (rc != 0)
		out[0] = '\0';
	return rc;
}

bool domain_is_canonical(const char *text)
{
	char canonical[DOMAIN_TEXT];

	return ascii_canonical(text, strlen(text), canonical, NULL) == 0 &&
	       strcmp(text, canonical) == 0;
}

int domain_pattern_canonical(const char *text, size_t len,
                             char out[DOMAIN_TEXT], struct err *err)
{
	static const char wild[] = {'*', '.'};
	char name[DOMAIN_TEXT];
	int rc;

	if (len < sizeof(wild) || memcmp(text, wild, sizeof(wild)) != 0)
		return domain_canonical(text, len, out, err);
	out[0] = '\0';
	rc = domain_canonical(text + sizeof(wild), len - sizeof(wild), name,
	                      err);
	if (rc != 0)
		return rc;
	if (strlen(name) + sizeof(wild) > DOMAIN_MAX)
		return refuse(err, ERR_LIMIT, text, len,
		              "is longer than 253 bytes");
	memcpy(out, wild, sizeof(wild));
	memcpy(out + sizeof(wild), name, strlen(name) + 1);
	return 0;
}

bool domain_is_host(const char *canonical)
{
	const char *dot = strrchr(canonical, '.');

	if (dot == NULL)
		return false;
	return dot[1 + strspn(dot + 1, "0123456789")] != '\0';
}

bool domain_ip_canonical(const char *text, char *out)
{
	struct in6_addr address;
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	/* The C library's IPv4 reader takes dotted decimal only, without
	 * leading zeros; its writer follows RFC 5952. */
	return inet_pton(family, text, &address) == 1 &&
	       inet_ntop(family, &address, out, INET6_ADDRSTRLEN) != NULL;
}

bool domain_is_ip(const char *text)
{
	char ip[INET6_ADDRSTRLEN];

	return domain_ip_canonical(text, ip);
}
