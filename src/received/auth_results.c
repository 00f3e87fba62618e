#include "received/auth_results.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/span.h"

enum {
	COMMENTS_MAX = 16, /* within each other */
	VALUE_MAX = 512,
};

/* --- words, texts in quotes, comments (RFC 5322 section 3.2) --- */

/* Past one comment; false: it has no end. */
static bool skip_comment(struct span *rest)
{
	size_t depth = 0;

	do {
		char c = rest->at[0];

		if (c == '\\' && rest->len > 1)
			span_drop(rest, 1);
		else if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		if (depth > COMMENTS_MAX)
			return false;
		span_drop(rest, 1);
	} while (depth > 0 && rest->len > 0);
	return depth == 0;
}

/* Past blanks, line ends and comments; false: a comment has no end. */
static bool skip_blanks(struct span *rest)
{
	while (rest->len > 0) {
		if (rest->at[0] == '(') {
			if (!skip_comment(rest))
				return false;
		} else if (memchr(" \t\r\n", rest->at[0], 4) != NULL) {
			span_drop(rest, 1);
		} else {
			break;
		}
	}
	return true;
}

static bool skip_sign(struct span *rest, const char *sign)
{
	return skip_blanks(rest) && span_skip(rest, sign) && skip_blanks(rest);
}

static bool is_keyword(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* A method, a result, the two parts of a property's name. */
static bool read_keyword(struct span *rest, struct span *word)
{
	word->at = rest->at;
	word->len = 0;
	while (word->len < rest->len && is_keyword(rest->at[word->len]))
		word->len++;
	span_drop(rest, word->len);
	return word->len > 0;
}

static bool read_quoted(struct span *rest, char out[VALUE_MAX])
{
	size_t len = 0;

	for (span_drop(rest, 1); rest->len > 0; span_drop(rest, 1)) {
		char c = rest->at[0];

		if (c == '"') {
			span_drop(rest, 1);
			out[len] = '\0';
			return true;
		}
		if (c == '\\' && rest->len > 1) {
			span_drop(rest, 1);
			c = rest->at[0];
		}
		if (c == '\0' || len + 1 == VALUE_MAX)
			return false;
		out[len++] = c;
	}
	return false;
}

/* A value: in quotes, or up to what cannot stand outside of them.  Names and
 * addresses may be UTF-8 (RFC 8601 section 5). */
static bool read_value(struct span *rest, char out[VALUE_MAX])
{
	size_t len = 0;

	if (rest->len > 0 && rest->at[0] == '"')
		return read_quoted(rest, out);
	while (len < rest->len &&
	       memchr(" \t\r\n;()\"", rest->at[len], 9) == NULL)
		len++;
	if (len == 0 || len >= VALUE_MAX)
		return false;
	memcpy(out, rest->at, len);
	out[len] = '\0';
	span_drop(rest, len);
	return true;
}

/* --- what they mean --- */

/* header.d=DOMAIN, header.i=[LOCAL]@DOMAIN; the first of each counts, and d
 * before i. */
static void keep_property(struct span type, struct span name, const char *value,
                          bool *has_d, struct auth_signature *signature)
{
	const char *at = strrchr(value, '@');
	bool is_d = span_is(name, "d");
	char domain[DOMAIN_TEXT];

	if (type.len != 6 || strncasecmp(type.at, "header", 6) != 0 || *has_d ||
	    (!is_d && !span_is(name, "i")))
		return;
	if (!is_d && at == NULL)
		return;
	if (!is_d)
		value = at + 1;
	if (domain_canonical(value, strlen(value), domain, NULL) != 0)
		domain[0] = '\0';
	*has_d = is_d;
	memcpy(signature->domain, domain, sizeof(domain));
}

/* "ptype.property=value ...", up to the next result. */
static bool read_properties(struct span *rest, struct auth_signature *signature)
{
	bool has_d = false;

	for (;;) {
		struct span type, name;
		char value[VALUE_MAX];

		if (!skip_blanks(rest))
			return false;
		if (rest->len == 0 || rest->at[0] == ';')
			return true;
		if (!read_keyword(rest, &type))
			return false;
		name = type;
		if (skip_sign(rest, ".") && !read_keyword(rest, &name))
			return false;
		if (!skip_sign(rest, "=") || !read_value(rest, value))
			return false;
		keep_property(type, name, value, &has_d, signature);
	}
}

/* "; dkim=pass reason=... header.d=..." */
static bool read_result(struct span *rest, struct auth_results *results)
{
	struct auth_signature signature = {0};
	struct span method, result;

	if (!skip_sign(rest, ";"))
		return false;
	if (rest->len == 0) /* some end with a semicolon */
		return true;
	if (!read_keyword(rest, &method) || !skip_blanks(rest))
		return false;
	if (method.len == 4 && strncasecmp(method.at, "none", 4) == 0 &&
	    (rest->len == 0 || rest->at[0] == ';'))
		return true;
	if (skip_sign(rest, "/") &&
	    (!read_keyword(rest, &result) || !skip_blanks(rest)))
		return false;
	if (!skip_sign(rest, "=") || !read_keyword(rest, &result))
		return false;
	signature.passed =
		result.len == 4 && strncasecmp(result.at, "pass", 4) == 0;
	if (!read_properties(rest, &signature))
		return false;
	if (method.len == 4 && strncasecmp(method.at, "dkim", 4) == 0 &&
	    results->count < AUTH_SIGNATURES_MAX)
		results->signatures[results->count++] = signature;
	return true;
}

/* "mx.example.com", "mx.example.com 1" */
static bool read_server(struct span *rest, struct auth_results *results)
{
	char server[VALUE_MAX];
	struct span version;

	if (!skip_blanks(rest) || !read_value(rest, server) ||
	    strlen(server) >= sizeof(results->server))
		return false;
	for (size_t i = 0; i <= strlen(server); i++)
		results->server[i] = ascii_lower(server[i]);
	if (!skip_blanks(rest))
		return false;
	if (rest->len > 0 && rest->at[0] != ';' &&
	    !read_keyword(rest, &version))
		return false;
	return skip_blanks(rest);
}

int auth_results_read(const char *text, size_t len,
                      struct auth_results *results, struct err *err)
{
	struct span rest = {text, len};

	*results = (struct auth_results){0};
	if (!read_server(&rest, results)) {
		*results = (struct auth_results){0};
		return err_set(err, ERR_PARSE,
		               "Authentication-Results: no authserv-id at its "
		               "beginning");
	}
	while (rest.len > 0) {
		if (read_result(&rest, results) && skip_blanks(&rest))
			continue;
		*results = (struct auth_results){0};
		return err_set(err, ERR_PARSE,
		               "Authentication-Results: malformed near byte "
		               "%zu",
		               len - rest.len);
	}
	return 0;
}
