/*
 * Signing in by a browser: the endpoints of OAuth (http/sign_in.h).
 *
 *     GET  /oauth/authorize   a page that asks for a token
 *     POST /oauth/authorize   the token is good: back to the client with a code
 *     POST /oauth/token       a code or a refresh token becomes an access token
 *     GET  /oauth/logout      ends all sign-ins of this browser
 *
 * A client is known by nothing but the place that it is at: redirect_uri.  As
 * long as that is not one of ours nobody is sent anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "api/form_text.h"
#include "base/auto.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "http/http_exchange.h"
#include "http/sign_in.h"

enum { STATE_LONG = 1024, COOKIE_SECS = 30 * 24 * 60 * 60 };

#define COOKIE "tlstally_browser"
#define CALLBACK "/oauth/callback"

#define STYLE                                                                  \
	"body{font:16px/1.5 system-ui,sans-serif;max-width:26em;margin:12vh "  \
	"auto;padding:0 1em;color:#1f2328;background:#fff}"                    \
	"label{display:block;font-weight:600}"                                 \
	"input{font:inherit;width:100%;box-sizing:border-box;padding:.5em;"    \
	"margin:.3em 0 1em;border:1px solid #57606a;border-radius:4px}"        \
	"button{font:inherit;font-weight:600;padding:.5em 1.2em;border:0;"     \
	"border-radius:4px;background:#0b5cad;color:#fff}"                     \
	".error{border-left:4px solid #c62828;padding:.3em .8em}"              \
	"@media(prefers-color-scheme:dark){body{color:#e6edf3;"                \
	"background:#0d1117}input{color:inherit;background:#161b22}}"

/* --- what is asked for --- */

struct ask {
	const char *client, *redirect, *type, *challenge, *method, *state;
	const char *prompt;
};

static struct ask ask_of(const struct form_text *form)
{
	return (struct ask){
		.client = form_text_get(form, "client_id"),
		.redirect = form_text_get(form, "redirect_uri"),
		.type = form_text_get(form, "response_type"),
		.challenge = form_text_get(form, "code_challenge"),
		.method = form_text_get(form, "code_challenge_method"),
		.state = form_text_get(form, "state"),
		.prompt = form_text_get(form, "prompt"),
	};
}

static enum MHD_Result add_argument(void *arg, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
	struct strbuf *text = arg;

	(void)kind;
	strbuf_putc(text, '&');
	form_text_escape(name, text);
	strbuf_putc(text, '=');
	form_text_escape(value ? value : "", text);
	return MHD_YES;
}

/* Of a GET the query, of a POST the body. */
static int read_form(struct http_exchange *exchange, struct form_text *form,
                     struct err *err)
{
	auto_(strbuf_clear) struct strbuf query = {0};

	if (exchange->route->takes_form)
		return form_text_read(exchange->body.data, exchange->body.len,
		                      form, err);
	MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND,
	                          add_argument, &query);
	return form_text_read(query.data, query.len, form, err);
}

/* Printable ASCII without spaces, so that it may stand in a header. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

/* "https://tally.example.com:8460" of a URL. */
static size_t origin_len(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL
	               ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#")
	               : 0;
}

/* Below the path that clients see, or without it. */
static bool is_callback(const char *base, size_t len, const char *above,
                        const char *path, const char *redirect)
{
	auto_(xfree_str) char *ours =
		xasprintf("%.*s%s" CALLBACK, (int)len, base, path);
	auto_(xfree_str) char *below =
		xasprintf("%.*s%s%s" CALLBACK, (int)len, base, above, path);

	return strcmp(redirect, ours) == 0 || strcmp(redirect, below) == 0;
}

/* May a browser be sent there with a code? */
static bool is_ours(const struct http *http, const char *base,
                    const char *redirect)
{
	size_t len = origin_len(base);

	if (!is_plain(redirect) || strlen(redirect) >= SIGN_IN_REDIRECT_TEXT)
		return false;
	for (size_t i = 0; i < http->redirect_uris->count; i++)
		if (strcmp(http->redirect_uris->items[i], redirect) == 0)
			return true;
	if (is_callback(base, len, http->path, "", redirect))
		return true;
	for (size_t i = 0; static_sites_path(http->sites, i) != NULL; i++)
		if (is_callback(base, len, http->path,
		                static_sites_path(http->sites, i), redirect))
			return true;
	return false;
}

/* --- the page --- */

/* The only style that the page has is allowed by its hash. */
static void allow(struct http_reply *reply, const char *redirect)
{
	auto_(strbuf_clear) struct strbuf hash = {0};
	uint8_t bytes[SIGN_IN_HASH];
	unsigned n = sizeof(bytes);

	if (!EVP_Digest(STYLE, sizeof(STYLE) - 1, bytes, &n, EVP_sha256(),
	                NULL))
		abort();
	base64_write(bytes, sizeof(bytes), &hash);
	/* a form's answer may lead to where the form may lead only */
	reply->policy = xasprintf("default-src 'none'; style-src 'sha256-%s'; "
	                          "form-action 'self'%s%.*s; base-uri 'none'; "
	                          "frame-ancestors 'none'",
	                          strbuf_text(&hash), redirect[0] ? " " : "",
	                          (int)origin_len(redirect), redirect);
	reply->type = TYPE_HTML;
}

static void begin_page(struct strbuf *out)
{
	strbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n"
	                 "<meta charset=\"utf-8\">\n"
	                 "<meta name=\"viewport\" "
	                 "content=\"width=device-width\">\n"
	                 "<title>Sign in to tlstally</title>\n"
	                 "<style>" STYLE "</style>\n"
	                 "<h1>Sign in to tlstally</h1>\n");
}

static void add_error(const char *words, struct strbuf *out)
{
	strbuf_puts(out, "<p class=\"error\" role=\"alert\">");
	form_text_html(words, out);
	strbuf_puts(out, "</p>\n");
}

/* Nothing can be done for this request, and nobody is sent on. */
static void show_refusal(struct http_reply *reply, const char *words)
{
	reply->status = MHD_HTTP_BAD_REQUEST;
	allow(reply, "");
	begin_page(&reply->body);
	add_error(words, &reply->body);
}

static void add_hidden(const char *name, const char *value, struct strbuf *out)
{
	strbuf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	form_text_html(value, out);
	strbuf_puts(out, "\">\n");
}

static void show_login(const struct http *http, const struct ask *ask,
                       unsigned status, const char *words,
                       struct http_reply *reply)
{
	struct strbuf *out = &reply->body;

	reply->status = status;
	allow(reply, ask->redirect);
	begin_page(out);
	if (words != NULL)
		add_error(words, out);
	strbuf_printf(out,
	              "<form method=\"post\" action=\"%s/oauth/"
	              "authorize\">\n",
	              http->path);
	add_hidden("client_id", ask->client, out);
	add_hidden("redirect_uri", ask->redirect, out);
	add_hidden("response_type", ask->type, out);
	add_hidden("code_challenge", ask->challenge, out);
	add_hidden("code_challenge_method", ask->method, out);
	add_hidden("state", ask->state, out);
	strbuf_puts(out, "<label for=\"token\">Token</label>\n"
	                 "<input id=\"token\" name=\"token\" type=\"password\" "
	                 "autocomplete=\"current-password\" autofocus "
	                 "required>\n"
	                 "<button>Sign in</button>\n</form>\n"
	                 "<p>As printed by <code>tlstally token add</code>. ");
	form_text_html(ask->client, out);
	strbuf_puts(out, " gets the permissions of the token, until you sign "
	                 "out or the token is removed.</p>\n");
}

/* --- the answers that lead back --- */

static void go_back(const struct ask *ask, const char *name, const char *value,
                    const char *description, struct http_reply *reply)
{
	auto_(strbuf_clear) struct strbuf query = {0};

	form_text_add(name, value, &query);
	if (description != NULL)
		form_text_add("error_description", description, &query);
	if (ask->state[0] != '\0')
		form_text_add("state", ask->state, &query);
	/* no redirect_uri of ours has a query of its own */
	reply->location =
		xasprintf("%s?%s", ask->redirect, strbuf_text(&query) + 1);
	reply->status = MHD_HTTP_SEE_OTHER;
	reply->type = TYPE_TEXT;
	strbuf_puts(&reply->body, "see the Location field\n");
}

/* What the client has done wrong, it is told (RFC 6749 section 4.1.2.1). */
static bool is_right(const struct ask *ask, struct http_reply *reply)
{
	const char *error = "invalid_request", *words = NULL;

	if (strcmp(ask->type, "code") != 0) {
		error = "unsupported_response_type";
		words = "response_type is not code";
	} else if (strcmp(ask->prompt, "none") == 0) {
		error = "login_required";
		words = "a token must be entered";
	} else if (strcmp(ask->method, "S256") != 0) {
		words = "code_challenge_method is not S256; plain is not "
			"accepted. A browser makes S256 only on a page of "
			"https:// or of localhost: open it there";
	} else if (!sign_in_is_challenge(ask->challenge)) {
		words = "code_challenge is not a SHA-256 in base64url (RFC "
			"7636)";
	} else if (strlen(ask->state) > STATE_LONG) {
		words = "state is too long";
	}
	if (words != NULL)
		go_back(ask, "error", error, words, reply);
	return words == NULL;
}

/* The one that this browser has, or a new one. */
static void set_browser(struct http_exchange *exchange,
                        char text[SIGN_IN_BROWSER_TEXT],
                        struct http_reply *reply)
{
	const char *has = MHD_lookup_connection_value(exchange->connection,
	                                              MHD_COOKIE_KIND, COOKIE);

	if (has != NULL && sign_in_is_challenge(has))
		snprintf(text, SIGN_IN_BROWSER_TEXT, "%s", has);
	else
		sign_in_browser_new(text);
	reply->cookie =
		xasprintf("%s=%s; Path=%s/oauth/; Max-Age=%d; HttpOnly; "
	                  "SameSite=Strict%s",
	                  COOKIE, text, exchange->http->path, COOKIE_SECS,
	                  exchange->http->tls || strncmp(exchange->http->url,
	                                                 "https:", 6) == 0
	                          ? "; Secure"
	                          : "");
}

static void send_code(struct http_exchange *exchange, const struct ask *ask,
                      const struct auth_answer *who, struct http_reply *reply)
{
	struct jmap *jmap = &exchange->http->jmap;
	char browser[SIGN_IN_BROWSER_TEXT], code[SIGN_IN_TEXT];
	struct sign_in_ask asked = {.token = who->name,
	                            .client = ask->client,
	                            .redirect = ask->redirect,
	                            .challenge = ask->challenge,
	                            .browser = browser};
	struct err err;

	set_browser(exchange, browser, reply);
	if (sign_in_begin(jmap->db, &asked, clock_secs(jmap->clock), code,
	                  &err) < 0)
		show_login(exchange->http, ask, MHD_HTTP_SERVICE_UNAVAILABLE,
		           err.text, reply);
	else
		go_back(ask, "code", code, NULL, reply);
}

static void tell_of_guesses(struct auth_from from)
{
	log_warning("%s: too many wrong tokens: requests with a token are "
	            "refused for a minute",
	            from.address);
}

static void take_token(struct http_exchange *exchange, const struct ask *ask,
                       const char *token, struct http_reply *reply)
{
	const struct http *http = exchange->http;
	struct auth_from from = http_exchange_from(exchange);
	struct auth_answer who;

	auth_check_token(http->auth, token, from, &who);
	if (who.is_last)
		tell_of_guesses(from);
	switch (who.result) {
	case AUTH_OK:
		if (who.permissions & PERMIT_REPORT_GET)
			send_code(exchange, ask, &who, reply);
		else
			show_login(http, ask, MHD_HTTP_FORBIDDEN,
			           "This token lacks the permission "
			           "sysTlsInternalReportGet, without which "
			           "there is nothing to be seen.",
			           reply);
		return;
	case AUTH_TOO_MANY:
		reply->retry_after = who.retry_after;
		show_login(http, ask, MHD_HTTP_TOO_MANY_REQUESTS,
		           "Too many wrong tokens from this address: wait a "
		           "minute.",
		           reply);
		return;
	case AUTH_UNAVAILABLE:
		show_login(http, ask, MHD_HTTP_SERVICE_UNAVAILABLE,
		           who.err.text, reply);
		return;
	case AUTH_MISSING:
	case AUTH_IN_CLEAR:
	case AUTH_WRONG:
		show_login(http, ask, MHD_HTTP_FORBIDDEN,
		           "The token is unknown or has expired.", reply);
		return;
	}
}

/* An access token is no token: what came of a sign-in does not begin another,
 * which would outlive it. */
static const char *token_in(const struct form_text *form)
{
	const char *token = form_text_get(form, "token");

	return sign_in_is_access(token) ? "-" : token;
}

void http_answer_login(struct http_exchange *exchange, struct http_reply *reply)
{
	auto_(form_text_clear) struct form_text form = {0};
	auto_(xfree_str) char *base = http_exchange_base(exchange, reply);
	struct err err;
	struct ask ask;

	if (base == NULL)
		return;
	if (read_form(exchange, &form, &err) < 0) {
		show_refusal(reply, err.text);
		return;
	}
	ask = ask_of(&form);
	if (ask.client[0] == '\0' || !is_plain(ask.client) ||
	    strlen(ask.client) >= SIGN_IN_CLIENT_TEXT)
		show_refusal(reply, "client_id is missing or too long.");
	else if (!is_ours(exchange->http, base, ask.redirect))
		show_refusal(reply, "redirect_uri is not " CALLBACK
		                    " of this server, nor one of [http] "
		                    "redirect_uris.");
	else if (!is_right(&ask, reply))
		return;
	else if (exchange->route->takes_form)
		take_token(exchange, &ask, token_in(&form), reply);
	else
		show_login(exchange->http, &ask, MHD_HTTP_OK, NULL, reply);
}

/* --- tokens --- */

static void refuse_grant(struct http_reply *reply, const char *error,
                         const char *words)
{
	auto_(json_free) json_t *json = json_pack("{s:s,s:s}", "error", error,
	                                          "error_description", words);

	reply->status = MHD_HTTP_BAD_REQUEST;
	reply->type = TYPE_JSON;
	json_write(json, &reply->body);
}

static void send_tokens(const struct sign_in_tokens *tokens,
                        struct http_reply *reply)
{
	auto_(json_free) json_t *json =
		json_pack("{s:s,s:s,s:I,s:s}", "access_token", tokens->access,
	                  "token_type", "Bearer", "expires_in",
	                  (json_int_t)tokens->expires_in, "refresh_token",
	                  tokens->refresh);

	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	json_write(json, &reply->body);
}

/* RFC 6749 sections 4.1.3, 5 and 6. */
void http_answer_token(struct http_exchange *exchange, struct http_reply *reply)
{
	auto_(form_text_clear) struct form_text form = {0};
	struct http *http = exchange->http;
	struct auth_from from = http_exchange_from(exchange);
	int64_t now = clock_secs(http->jmap.clock);
	struct sign_in_show show;
	struct sign_in_tokens tokens;
	const char *grant;
	struct err err;
	int rc;

	reply->retry_after = auth_must_wait(http->auth, from);
	if (reply->retry_after > 0) {
		http_refuse(reply, MHD_HTTP_TOO_MANY_REQUESTS,
		            "too many wrong tokens from this address");
		return;
	}
	if (read_form(exchange, &form, &err) < 0) {
		refuse_grant(reply, "invalid_request", err.text);
		return;
	}
	grant = form_text_get(&form, "grant_type");
	show = (struct sign_in_show){
		.client = form_text_get(&form, "client_id"),
		.redirect = form_text_get(&form, "redirect_uri"),
		.verifier = form_text_get(&form, "code_verifier"),
	};
	if (strcmp(grant, "authorization_code") == 0) {
		show.text = form_text_get(&form, "code");
		rc = sign_in_redeem(http->jmap.db, &show, now, &tokens, &err);
	} else if (strcmp(grant, "refresh_token") == 0) {
		show.text = form_text_get(&form, "refresh_token");
		rc = sign_in_refresh(http->jmap.db, &show, now, &tokens, &err);
	} else {
		refuse_grant(reply, "unsupported_grant_type",
		             "grant_type is not authorization_code or "
		             "refresh_token");
		return;
	}
	if (rc == ERR_NOTFOUND && auth_note_wrong(http->auth, from))
		tell_of_guesses(from);
	if (rc == 0)
		send_tokens(&tokens, reply);
	else if (rc == ERR_NOTFOUND || rc == ERR_PARSE)
		refuse_grant(reply, "invalid_grant", err.text);
	else
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
}

/* --- the end, and where all of it is --- */

void http_answer_logout(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	auto_(xfree_str) char *base = http_exchange_base(exchange, reply);
	const char *browser = MHD_lookup_connection_value(
		exchange->connection, MHD_COOKIE_KIND, COOKIE);
	const char *next = MHD_lookup_connection_value(
		exchange->connection, MHD_GET_ARGUMENT_KIND,
		"post_logout_redirect_uri");
	size_t len = base != NULL ? origin_len(base) : 0;
	struct err err;

	if (base == NULL)
		return;
	if (browser != NULL &&
	    sign_in_end(exchange->http->jmap.db, browser, &err) < 0) {
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
		return;
	}
	reply->type = TYPE_TEXT;
	reply->cookie = xasprintf("%s=; Path=%s/oauth/; Max-Age=0", COOKIE,
	                          exchange->http->path);
	if (next != NULL && is_plain(next) && strncmp(next, base, len) == 0 &&
	    next[len] == '/') {
		reply->status = MHD_HTTP_SEE_OTHER;
		reply->location = xstrdup(next);
	} else {
		reply->status = MHD_HTTP_OK;
	}
	strbuf_puts(&reply->body, "You are signed out.\n");
}

void http_answer_endpoints(struct http_exchange *exchange,
                           struct http_reply *reply)
{
	const char *path = exchange->http->path;
	auto_(xfree_str) char *base = http_exchange_base(exchange, reply);
	auto_(json_free) json_t *json = NULL;
	/* the WebUI wants paths; RFC 8414 URLs */
	const char *at = exchange->route->has_more ? path : base;

	if (base == NULL)
		return;
	json = json_pack(
		"{s:s,s:s+,s:s+,s:s+,s:[s],s:[ss],s:[s],s:[s]}", "issuer", base,
		"authorization_endpoint", at, "/oauth/authorize",
		"token_endpoint", at, "/oauth/token", "end_session_endpoint",
		at, "/oauth/logout", "response_types_supported", "code",
		"grant_types_supported", "authorization_code", "refresh_token",
		"code_challenge_methods_supported", "S256",
		"token_endpoint_auth_methods_supported", "none");
	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	json_write(json, &reply->body);
}
