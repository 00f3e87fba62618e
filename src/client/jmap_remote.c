#include "client/jmap_remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "client/remote_session.h"
#include "show/doc.h"

enum { REDIRECTS_MAX = 3 };

static const char well_known[] = "/.well-known/jmap";

struct remote {
	struct jmap_client client;
	struct http_client *http;
	char *api;
};

/* --- what a status means --- */

/* "; urn:ietf:params:jmap:error:limit: too many requests" of a problem
 * document (RFC 7807). */
static void add_problem(const struct http_client_answer *answer,
                        struct strbuf *out)
{
	auto_(json_free) json_t *tree = json_read(
		strbuf_text(&answer->body), answer->body.len, false, NULL);
	static const char *const members[] = {"detail", "title"};

	for (size_t i = 0; i < 2; i++) {
		const char *text =
			json_string_value(json_object_get(tree, members[i]));

		if (text != NULL && text[0] != '\0') {
			strbuf_printf(out, ": %.200s", text);
			return;
		}
	}
}

static int say_status(const char *url, const struct http_client_answer *answer,
                      struct err *err)
{
	static const struct {
		long status;
		int class;
		const char *words;
	} rows[] = {
		{400, ERR_PARSE, "the server did not understand the request"},
		{401, ERR_IO,
	         "the server did not accept the token, or requires one "
	         "(--api-key-file, --api-key, TLSTALLY_TOKEN)"},
		{403, ERR_IO, "permission denied for this token"},
		{404, ERR_NOTFOUND, "no JMAP API at this URL"},
		{405, ERR_NOTFOUND, "no JMAP API at this URL"},
		{413, ERR_LIMIT, "the request is too large for the server"},
		{429, ERR_BUSY, "too many requests, try again later"},
		{503, ERR_BUSY, "the server is busy or unavailable"},
	};
	auto_(strbuf_clear) struct strbuf words = {0};
	auto_(xfree_str) char *safe = NULL;
	int class = ERR_IO;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == answer->status) {
			class = rows[i].class;
			strbuf_printf(&words, ": %s", rows[i].words);
		}
	if (words.len == 0 && answer->status >= 500)
		strbuf_puts(&words, ": the server failed");
	add_problem(answer, &words);
	safe = doc_safe_text(strbuf_text(&words));
	return err_set(err, class, "%.200s: HTTP status %ld%s", url,
	               answer->status, safe);
}

static int say_elsewhere(const char *url, const char *what, const char *where,
                         struct err *err)
{
	auto_(xfree_str) char *safe = doc_safe_text(where);

	if (strncmp(url, "https:", 6) == 0 && strncmp(where, "http:", 5) == 0)
		return err_set(err, ERR_PARSE,
		               "%.200s %s %.150s, without TLS, and the token "
		               "is not sent there; behind a proxy, set [http] "
		               "url of tlstally-httpd to the URL that clients "
		               "use",
		               url, what, safe);
	return err_set(
		err, ERR_PARSE,
		"%.200s %s %.150s, which is on another server, and the token "
		"is not sent there; specify the URL of the API with --url",
		url, what, safe);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* --- the session --- */

/* GET with redirects within the place. */
static int get_url(struct remote *self, char **url,
                   struct http_client_answer *answer, struct err *err)
{
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		auto_(xfree_str) char *from = NULL;

		http_client_answer_clear(answer);
		if (http_client_ask(self->http, *url, NULL, answer, err) < 0)
			return err->class;
		if (!is_redirect(answer->status))
			return 0;
		if (answer->location[0] == '\0')
			return err_set(
				err, ERR_PARSE,
				"%.200s: redirect without a Location field",
				*url);
		if (!http_client_is_same_place(self->http, answer->location))
			return say_elsewhere(*url, "redirects to",
			                     answer->location, err);
		from = *url;
		*url = xstrdup(answer->location);
	}
	return err_set(err, ERR_PARSE, "%.200s: more than %d redirects", *url,
	               REDIRECTS_MAX);
}

/* The session at the URL: 1, or 0 and what was answered there. */
static int find_session(struct remote *self, const char *at, unsigned wanted,
                        bool with_api, struct http_client_answer *answer,
                        struct err *err)
{
	auto_(xfree_str) char *url = xstrdup(at);
	auto_(remote_session_clear) struct remote_session session = {0};
	struct jmap_client *client = &self->client;
	int rc;

	if (get_url(self, &url, answer, err) < 0)
		return err->class;
	if (answer->status != 200)
		return 0;
	rc = remote_session_read(strbuf_text(&answer->body), answer->body.len,
	                         wanted, &session, err);
	if (rc < 0)
		return err_prefix(err, "%.200s",
		                  http_client_shown(self->http, url));
	if (rc == 0)
		return 0;
	client->capabilities = session.capabilities;
	client->max_get = session.max_get;
	client->max_set = session.max_set;
	snprintf(client->account, sizeof(client->account), "%s",
	         session.account);
	if (!with_api)
		return 1;
	if (http_client_url_resolve(url, session.api, &self->api, err) < 0)
		return err_prefix(err, "%.200s: apiUrl", url);
	if (!http_client_is_same_place(self->http, self->api))
		return say_elsewhere(url, "says that the API is at", self->api,
		                     err);
	return 1;
}

static bool has_path(const char *url)
{
	const char *slash = strchr(strstr(url, "//") + 2, '/');

	return slash != NULL && slash[1] != '\0';
}

/* What is at the URL is no session: the page of a server that is below a path,
 * or the API itself, which cannot be got.  1: the session below it. */
static int find_below(struct remote *self, const char *url, unsigned wanted,
                      struct err *err)
{
	auto_(http_client_answer_clear) struct http_client_answer answer = {0};
	size_t len = strlen(url);
	auto_(xfree_str) char *below = xasprintf(
		"%.*s%s", (int)(len - (url[len - 1] == '/')), url, well_known);
	int found = find_session(self, below, wanted, true, &answer, err);

	return found < 0 && found != ERR_PARSE ? 0 : found;
}

static int discover(struct remote *self, const char *given, unsigned wanted,
                    struct err *err)
{
	auto_(http_client_answer_clear) struct http_client_answer answer = {0};
	auto_(xfree_str) char *url = NULL, *usual = NULL, *kind = NULL;
	struct err ignored;
	const char *at;
	int found;

	if (http_client_url_resolve(NULL, given, &url, err) < 0 ||
	    http_client_url_resolve(url, well_known, &usual, err) < 0)
		return err->class;
	at = has_path(url) ? url : usual;
	found = find_session(self, at, wanted, true, &answer, err);
	if (found == 0 && at == url)
		found = find_below(self, url, wanted, err);
	if (found != 0)
		return found < 0 ? found : 0;
	/* A path that cannot be got is that of the API itself.  If there is a
	 * session at the usual place, it tells the account. */
	if (at == url && (answer.status == 405 || answer.status == 404 ||
	                  answer.status == 400 || answer.status == 501)) {
		self->api = xstrdup(url);
		find_session(self, usual, wanted, false, &answer, &ignored);
		return 0;
	}
	if (answer.status != 200)
		return say_status(http_client_shown(self->http, at), &answer,
		                  err);
	kind = doc_safe_text(answer.type);
	return err_set(err, ERR_PARSE,
	               "%.200s: the response%s%s%s is not a JMAP session",
	               http_client_shown(self->http, at), kind[0] ? ", " : "",
	               kind, kind[0] ? "," : "");
}

/* --- the API --- */

static int answer(struct jmap_client *client, const struct strbuf *body,
                  bool changes, struct strbuf *out, struct err *err)
{
	struct remote *self = (struct remote *)client;
	auto_(http_client_answer_clear) struct http_client_answer got = {0};
	int rc = http_client_ask(self->http, self->api, body, &got, err);

	if (rc == ERR_UNCERTAIN && changes) {
		struct err lost = *err;

		err_set(err, rc,
		        "%.350s; the request may have been executed: check "
		        "before you try again",
		        lost.text);
	}
	if (rc < 0)
		return rc;
	if (is_redirect(got.status))
		return err_set(err, ERR_PARSE,
		               "%.200s: redirect to '%.150s'; specify that URL "
		               "with --url",
		               self->api, got.location);
	if (got.status != 200)
		return say_status(http_client_shown(self->http, self->api),
		                  &got, err);
	*out = got.body;
	got.body = (struct strbuf){0};
	return 0;
}

static void free_remote(struct jmap_client **client)
{
	struct remote *self = (struct remote *)*client;

	http_client_free(&self->http);
	free(self->api);
	free(self);
	*client = NULL;
}

int jmap_remote_open(struct http_client **http, const char *url,
                     unsigned wanted, const char *account,
                     struct jmap_client **client, struct err *err)
{
	struct remote *self = xcalloc(1, sizeof(*self));

	self->client = (struct jmap_client){
		.answer = answer,
		.free = free_remote,
		.max_get = REMOTE_AT_ONCE,
		.max_set = REMOTE_AT_ONCE,
	};
	self->http = *http;
	*http = NULL;
	*client = &self->client;
	if (discover(self, url, wanted, err) < 0)
		return err->class;
	if (account != NULL)
		snprintf(self->client.account, sizeof(self->client.account),
		         "%s", account);
	return 0;
}
