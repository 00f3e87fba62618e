#include "domain/rua.h"

#include <stdio.h>
#include <string.h>

#include "base/uri.h"
#include "domain/rua_read.h"

static const struct scheme {
	const char *name;
	int (*parse)(const struct rua_parse *parse, const char *rest,
	             size_t len);
} schemes[] = {
	{"mailto", rua_read_mailto},
	{"https", rua_read_https},
};

/* In capitals or not.  strncasecmp() would ask the locale, and in a Turkish
 * one MAILTO is not mailto. */
static bool is_word(const char *text, size_t len, const char *letters)
{
	if (strlen(letters) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((text[i] | 0x20) != letters[i])
			return false;
	return true;
}

/* RFC 8460 section 3: these must be escaped, whatever RFC 3986 allows. */
static const char *raw_delimiter(const char *text, size_t len)
{
	static const struct {
		char c;
		const char *what;
	} rows[] = {
		{'!', "a '!' that is not written %21"},
		{',', "a ',' that is not written %2C"},
		{';', "a ';' that is not written %3B"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (memchr(text, rows[i].c, len) != NULL)
			return rows[i].what;
	return NULL;
}

static int read_uri(const struct rua_parse *parse)
{
	const char *fault;
	size_t len;

	if (parse->len > RUA_URI_MAX)
		return rua_refuse(parse, ERR_LIMIT, "more than 2048 bytes");
	fault = uri_fault(parse->text, parse->len);
	if (fault == NULL)
		fault = raw_delimiter(parse->text, parse->len);
	if (fault != NULL)
		return rua_refuse(parse, ERR_PARSE, fault);
	len = uri_scheme_len(parse->text, parse->len);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (is_word(parse->text, len, schemes[i].name))
			return schemes[i].parse(parse, parse->text + len + 1,
			                        parse->len - len - 1);
	return rua_refuse(parse, ERR_NOTFOUND,
	                  "a scheme other than mailto and https");
}

/* Whoever forgets to look at the result finds no half of a destination. */
static int done(struct rua *rua, int rc)
{
	if (rc != 0)
		memset(rua, 0, sizeof(*rua));
	return rc;
}

int rua_parse(const char *text, size_t len, struct rua *rua, struct err *err)
{
	const struct rua_parse parse = {text, len, rua, err};

	memset(rua, 0, sizeof(*rua));
	return done(rua, read_uri(&parse));
}

int rua_from_address(const char *text, size_t len, struct rua *rua,
                     struct err *err)
{
	const struct rua_parse parse = {text, len, rua, err};

	memset(rua, 0, sizeof(*rua));
	return done(rua, rua_read_address(&parse, text, len));
}

int rua_from_directory(const char *path, struct rua *rua, struct err *err)
{
	static const char scheme[] = "directory:";
	size_t skip =
		strncmp(path, scheme, strlen(scheme)) == 0 ? strlen(scheme) : 0;
	size_t len = strlen(path + skip);
	const struct rua_parse parse = {path, strlen(path), rua, err};

	memset(rua, 0, sizeof(*rua));
	if (path[skip] != '/')
		return rua_refuse(&parse, ERR_PARSE,
		                  "a path that does not begin with /");
	if (rua_has_control(path + skip, len))
		return rua_refuse(&parse, ERR_PARSE, "a control character");
	while (len > 1 && path[skip + len - 1] == '/')
		len--;
	if (strlen(scheme) + len > RUA_URI_MAX)
		return rua_refuse(&parse, ERR_LIMIT, "more than 2048 bytes");
	rua->kind = RUA_DIRECTORY;
	snprintf(rua->uri, sizeof(rua->uri), "%s%.*s", scheme, (int)len,
	         path + skip);
	return 0;
}

const char *rua_kind_word(enum rua_kind kind)
{
	static const char *const words[] = {
		[RUA_MAIL] = "mail",
		[RUA_HTTPS] = "https",
		[RUA_DIRECTORY] = "directory",
	};

	return words[kind];
}
