#include "deliver/https_post.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/failpoint.h"
#include "base/http_transfer.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "deliver/alpn.h"
#include "deliver/answer.h"
#include "deliver/verdict.h"
#include "reply/http_words.h"
#include "reply/retry.h"

enum {
	BODY_MAX = 16384, /* no more is read */
	WORDS = 160,      /* of the body are shown */
};

struct https_post {
	struct http_transfer http;
	struct curl_pool_transfer transfer;
	const struct https_post_shared *shared;
	struct delivery_job *job;
	void *owner;
	bool is_running;
	bool is_too_late; /* the answer says so */
	bool is_h2;
	bool is_asking; /* whether the server has HTTP/2 */
	struct alpn alpn;
	struct delivery_answer answer;
	struct delivery_answer before_h2; /* what HTTP/1.1 came to */
	char reason[64];                  /* "Service Unavailable" */
	char retry_after[64];             /* as it stood in the header */
};

#if LIBCURL_VERSION_NUM >= 0x075000
/* Connected, and about to send: minutes may have passed, and the server may
 * not have agreed to what is only an attempt. */
static int on_connected(void *arg, char *ip, char *own_ip, int port,
                        int own_port)
{
	struct https_post *post = arg;

	(void)ip;
	(void)own_ip;
	(void)port;
	(void)own_port;
	post->is_too_late =
		answer_too_late(&post->answer, post->job, post->shared->clock);
	if (post->is_too_late || (post->is_asking && !post->alpn.h2))
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}
#endif

/* The value of header `name` without white space around it. */
static void keep_header(const char *line, size_t len, const char *name,
                        char *out, size_t room)
{
	size_t name_len = strlen(name);

	if (len < name_len || strncasecmp(line, name, name_len) != 0)
		return;
	line += name_len;
	len -= name_len;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' ||
	                   line[len - 1] == ' '))
		len--;
	utf8_show(out, room, line, len);
}

static void on_header(void *arg, const char *line, size_t len)
{
	struct https_post *post = arg;

	/* "HTTP/1.1 404 Not Found" begins an answer; there may be several */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		const char *space = memchr(line, ' ', len);
		size_t left = space == NULL ? 0 : (size_t)(line + len - space);

		post->reason[0] = post->retry_after[0] = '\0';
		if (left > 5)
			keep_header(space + 5, left - 5, "", post->reason,
			            sizeof(post->reason));
	}
	keep_header(line, len, "Retry-After:", post->retry_after,
	            sizeof(post->retry_after));
}

/* The reason phrase, which HTTP/2 does not have, and what the body says when
 * it is no success. */
static void what_it_said(struct https_post *post, int status, char *said,
                         size_t room)
{
	char words[WORDS] = "";
	char *type = NULL;

	curl_easy_getinfo(post->http.easy, CURLINFO_CONTENT_TYPE, &type);
	if (status >= 300)
		http_words(type, strbuf_text(&post->http.body),
		           post->http.body.len, words, sizeof(words));
	snprintf(said, room, "%s%s%s", post->reason,
	         *words && *post->reason ? ": " : "", words);
}

/* There is a status: it counts, whatever happened to the rest. */
static void judge_status(struct https_post *post, int status,
                         struct delivery_answer *answer)
{
	char said[sizeof(post->reason) + WORDS + 4];

	what_it_said(post, status, said, sizeof(said));
	verdict_http(status, said, post->retry_after[0] != '\0', answer);
	if (answer->event == EVENT_TEMPORARY && post->retry_after[0] != '\0')
		answer->retry_after = retry_after_parse(
			post->retry_after, clock_secs(post->shared->clock));
}

/* There is none: how far had it got? */
static void judge_failure(struct https_post *post, CURLcode result,
                          struct delivery_answer *answer)
{
	const char *host = post->job->rua->host;
	char why[CURL_ERROR_SIZE];
	enum http_failure how =
		http_transfer_failure(&post->http, result, why, sizeof(why));
	curl_off_t sent = 0;

	curl_easy_getinfo(post->http.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (how == HTTP_REFUSED)
		answer_set(answer, EVENT_REFUSED, STAGE_CONNECT, "%s: %s", host,
		           why);
	else if (result == CURLE_URL_MALFORMAT)
		answer_set(answer, EVENT_REFUSED, STAGE_LOCAL, "%s: %s",
		           post->job->rua->uri, why);
	else if (sent > 0 && (size_t)sent >= post->job->body_len)
		answer_set(answer, EVENT_UNCERTAIN, STAGE_HTTP,
		           "%s: %s after the report was sent", host, why);
	else if (how == HTTP_OURS)
		answer_our_fault(answer, STAGE_LOCAL, "%s: %s", host, why);
	else
		answer_set(answer, EVENT_TEMPORARY,
		           sent > 0 ? STAGE_HTTP : STAGE_CONNECT, "%s: %s",
		           host, why);
}

/* How who speaks HTTP/2 alone answers HTTP/1.1 differs: the handshake fails
 * (RFC 7301 section 3.2), or frames come, or nothing, or a status that says so
 * (464 is that of Amazon's balancers). */
static bool may_want_h2(const struct https_post *post, CURLcode result,
                        long status)
{
	static const CURLcode results[] = {
		CURLE_SSL_CONNECT_ERROR, CURLE_UNSUPPORTED_PROTOCOL,
		CURLE_GOT_NOTHING,       CURLE_SEND_ERROR,
		CURLE_RECV_ERROR,
	};
	long connected = 0;

	if (post->is_h2 || post->is_too_late)
		return false;
	if (status != 0)
		return status == 505 || status == 426 || status == 464;
	curl_easy_getinfo(post->http.easy, CURLINFO_NUM_CONNECTS, &connected);
	if (post->alpn.http1 || connected == 0) /* it has HTTP/1.1 */
		return false;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] == result)
			return true;
	return false;
}

static void begin(struct https_post *post)
{
	http_transfer_begin(&post->http);
	post->reason[0] = post->retry_after[0] = '\0';
	alpn_use(&post->alpn, post->http.easy, post->is_h2, post->is_asking);
	failpoint_hit("https send");
	curl_pool_start(post->shared->pool, &post->transfer);
}

static void on_ended(struct curl_pool_transfer *transfer, CURLcode result)
{
	struct https_post *post =
		(struct https_post *)((char *)transfer -
	                              offsetof(struct https_post, transfer));
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200) /* 1xx is not the answer */
		judge_status(post, (int)status, &post->answer);
	else if (!post->is_too_late)
		judge_failure(post, result, &post->answer);
	curl_pool_stop(post->shared->pool, transfer);
	if (alpn_can_h2() && may_want_h2(post, result, status)) {
		post->is_h2 = post->is_asking = true;
		post->before_h2 = post->answer;
		begin(post);
		return;
	}
	if (post->is_asking && !post->alpn.h2) {
		post->answer = post->before_h2;
		post->is_h2 = false;
	}
	post->is_running = false;
	failpoint_hit("https answer");
	post->shared->answered(post->shared->arg, post, &post->answer);
}

struct https_post *https_post_new(const struct https_post_shared *shared)
{
	const struct conf *conf = shared->conf;
	const struct http_terms terms = {
		.guard = shared->guard,
		.ca_file = conf->deliver.https_ca_file,
		.unverified = !conf->deliver.https_verify,
		.timeout_secs = conf->deliver.timeout,
		.body_max = BODY_MAX,
	};
	struct https_post *post = xcalloc(1, sizeof(*post));
	CURL *easy;

	http_transfer_open(&post->http, &terms);
	easy = post->http.easy;
	post->http.header = on_header;
	post->http.arg = post;
	post->shared = shared;
	post->transfer = (struct curl_pool_transfer){easy, on_ended};
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, shared->headers);
	/* unpacks what comes packed; the headers do not ask for it */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	alpn_hear(&post->alpn, easy);
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, post);
#endif
	return post;
}

void https_post_free(struct https_post **post)
{
	if (*post == NULL)
		return;
	if ((*post)->is_running)
		curl_pool_stop((*post)->shared->pool, &(*post)->transfer);
	http_transfer_close(&(*post)->http);
	free(*post);
	*post = NULL;
}

void https_post_start(struct https_post *post, struct delivery_job *job,
                      void *owner, bool needs_h2)
{
	CURL *easy = post->http.easy;

	post->job = job;
	post->owner = owner;
	post->is_too_late = post->is_asking = false;
	curl_easy_setopt(easy, CURLOPT_URL, job->rua->uri);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
	                 (curl_off_t)job->body_len);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
	post->is_running = true;
	post->is_h2 = needs_h2;
	begin(post);
}

bool https_post_needed_h2(const struct https_post *post)
{
	return post->is_h2;
}

struct delivery_job *https_post_job(const struct https_post *post)
{
	return post->job;
}

void *https_post_owner(const struct https_post *post)
{
	return post->owner;
}
