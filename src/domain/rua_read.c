/* What a mail address and an https: URI have in common. */
#include "domain/rua_read.h"

#include <string.h>

#include "base/log.h"

enum { SHOWN = 80 /* bytes of a bad URI in an error: a note must hold both */ };

int rua_refuse(const struct rua_parse *parse, int class, const char *what)
{
	char shown[SHOWN];

	log_escape(shown, sizeof(shown), parse->text, parse->len);
	return err_set(parse->err, class, "rua: %s in '%s%s'", what, shown,
	               parse->len >= sizeof(shown) ? "..." : "");
}

int rua_keep_uri(const struct rua_parse *parse, const struct strbuf *uri)
{
	if (uri->failed)
		return rua_refuse(parse, ERR_LIMIT, "more than 2048 bytes");
	memcpy(parse->rua->uri, strbuf_text(uri), uri->len + 1);
	return 0;
}

/* "127.0x1": C libraries and curl make an IPv4 address of a name that ends in
 * a number, hex or not, so what is not written as an address is refused. */
static bool ends_in_hex_number(const char *name)
{
	const char *last = strrchr(name, '.') + 1;

	return last[0] == '0' && last[1] == 'x' &&
	       last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
}

int rua_read_host(const struct rua_parse *parse, const char *name, size_t len)
{
	char *host = parse->rua->host;
	struct err why = {0};
	int rc = domain_canonical(name, len, host, &why);

	if (rc != 0) {
		/* the bad name alone says more than the URI around it */
		err_set(parse->err, rc, "rua: %s", why.text);
		return rc;
	}
	if (strchr(host, '_') != NULL)
		return rua_refuse(parse, ERR_PARSE,
		                  "an underscore in a host name");
	if (!domain_is_host(host) || ends_in_hex_number(host))
		return rua_refuse(parse, ERR_PARSE, "an incomplete host name");
	return 0;
}

bool rua_has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}
