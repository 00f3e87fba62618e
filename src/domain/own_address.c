#include "domain/own_address.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { DIGITS = OWN_TOKEN_TEXT - 1 };

/* "+" and 32 digits; the token in lower case. */
static bool take_token(const char *text, char token[OWN_TOKEN_TEXT])
{
	if (*text != '+')
		return false;
	for (int i = 0; i < DIGITS; i++) {
		if (!isxdigit((unsigned char)text[1 + i]))
			return false;
		token[i] = (char)tolower((unsigned char)text[1 + i]);
	}
	token[DIGITS] = '\0';
	return true;
}

bool own_address_is(const char *sender, const char *address, size_t len,
                    char token[OWN_TOKEN_TEXT])
{
	size_t local = strcspn(sender, "@"), whole = strlen(sender);

	token[0] = '\0';
	if (whole == 0)
		return false;
	if (len >= 2 && address[0] == '<' && address[len - 1] == '>') {
		address++;
		len -= 2;
	}
	if (len == whole)
		return strncasecmp(address, sender, len) == 0;
	if (len != whole + 1 + DIGITS ||
	    strncasecmp(address, sender, local) != 0 ||
	    strncasecmp(address + local + 1 + DIGITS, sender + local,
	                whole - local) != 0)
		return false;
	if (take_token(address + local, token))
		return true;
	token[0] = '\0';
	return false;
}
