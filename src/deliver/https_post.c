#include "deliver/https_post.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#include "base/curl_easy.h"
#include "base/failpoint.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "deliver/alpn.h"
#include "deliver/answer.h"
#include "deliver/verdict.h"
#include "reply/http_words.h"
#include "reply/retry.h"

enum {
	BODY_MAX = 16384,    /* DESIGN: no more is read */
	HEADERS_MAX = 65536, /* of all headers together */
	CONNECT_SECS = 30,
	WORDS = 160, /* of the body are shown */
};

struct https_post {
	struct pool_transfer transfer;
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
	unsigned addresses_tried;
	char refused[128]; /* why the last address was refused */
	size_t headers_len;
	size_t body_len;
	char reason[64];      /* "Service Unavailable" */
	char retry_after[64]; /* as it stood in the header */
	struct strbuf body;   /* of an answer that is no success */
	char curl_said[CURL_ERROR_SIZE];
};

/* CURLOPT_OPENSOCKETFUNCTION: after DNS, before the first packet.  Told "no",
 * curl tries the host's next address. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
	struct https_post *post = arg;

	if (!address_guard_allows(post->shared->guard, &address->addr,
	                          post->refused, sizeof(post->refused)))
		return CURL_SOCKET_BAD;
	post->addresses_tried++;
	return pool_open_socket(NULL, purpose, address);
}

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

/* "HTTP/1.1 404 Not Found" begins an answer; there may be several (1xx). */
static void begin_answer(struct https_post *post, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	const char *code = space == NULL ? NULL : space + 1;

	post->reason[0] = post->retry_after[0] = '\0';
	if (code == NULL || (size_t)(line + len - code) < 4)
		return;
	keep_header(code + 4, (size_t)(line + len - code) - 4, "", post->reason,
	            sizeof(post->reason));
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	struct https_post *post = arg;

	(void)one;
	post->headers_len += len;
	if (post->headers_len > HEADERS_MAX)
		return 0; /* ends the transfer */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		begin_answer(post, line, len);
	keep_header(line, len, "Retry-After:", post->retry_after,
	            sizeof(post->retry_after));
	return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct https_post *post = arg;
	long status = 0;

	(void)one;
	post->body_len += len;
	if (post->body_len > BODY_MAX)
		return 0;
	curl_easy_getinfo(post->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300)
		strbuf_add(&post->body, data, len);
	return len;
}

/* The reason phrase, which HTTP/2 does not have, and what the body says. */
static void what_it_said(struct https_post *post, char *said, size_t room)
{
	char words[WORDS];
	char *type = NULL;

	curl_easy_getinfo(post->transfer.easy, CURLINFO_CONTENT_TYPE, &type);
	http_words(type, strbuf_text(&post->body), post->body.len, words,
	           sizeof(words));
	snprintf(said, room, "%s%s%s", post->reason,
	         *words && *post->reason ? ": " : "", words);
}

/* There is a status: it counts, whatever happened to the rest. */
static void judge_status(struct https_post *post, int status,
                         struct delivery_answer *answer)
{
	char said[sizeof(post->reason) + WORDS + 4];

	what_it_said(post, said, sizeof(said));
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
	curl_off_t sent = 0;

	curl_words(post->curl_said, result, why, sizeof(why));
	curl_easy_getinfo(post->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (post->refused[0] != '\0' && post->addresses_tried == 0)
		answer_set(answer, EVENT_REFUSED, STAGE_CONNECT, "%s: %s", host,
		           post->refused);
	else if (result == CURLE_URL_MALFORMAT)
		answer_set(answer, EVENT_REFUSED, STAGE_LOCAL, "%s: %s",
		           post->job->rua->uri, why);
	else if (sent > 0 && (size_t)sent >= post->job->body_len)
		answer_set(answer, EVENT_UNCERTAIN, STAGE_HTTP,
		           "%s: %s after the report was sent", host, why);
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
	curl_easy_getinfo(post->transfer.easy, CURLINFO_NUM_CONNECTS,
	                  &connected);
	if (post->alpn.http1 || connected == 0) /* it has HTTP/1.1 */
		return false;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] == result)
			return true;
	return false;
}

static void begin(struct https_post *post)
{
	post->addresses_tried = 0;
	post->headers_len = post->body_len = 0;
	post->refused[0] = post->reason[0] = post->retry_after[0] = '\0';
	post->curl_said[0] = '\0';
	strbuf_reset(&post->body);
	alpn_use(&post->alpn, post->transfer.easy, post->is_h2,
	         post->is_asking);
	failpoint_hit("https send");
	pool_start(post->shared->pool, &post->transfer);
}

/* True: it goes on with HTTP/2. */
static bool begin_with_h2(struct https_post *post, CURLcode result, long status)
{
	if (!alpn_can_h2() || !may_want_h2(post, result, status))
		return false;
	post->is_h2 = post->is_asking = true;
	post->before_h2 = post->answer;
	begin(post);
	return true;
}

static void on_ended(struct pool_transfer *transfer, CURLcode result)
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
	pool_stop(post->shared->pool, transfer);
	if (begin_with_h2(post, result, status))
		return;
	if (post->is_asking && !post->alpn.h2) {
		post->answer = post->before_h2;
		post->is_h2 = false;
	}
	post->is_running = false;
	failpoint_hit("https answer");
	post->shared->answered(post->shared->arg, post, &post->answer);
}

static void set_options(struct https_post *post)
{
	const struct conf *conf = post->shared->conf;
	CURL *easy = post->transfer.easy;
	long verify = conf->deliver.https_verify;
	long timeout = (long)conf->deliver.timeout;

	curl_only_https(easy, false);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->shared->headers);
	/* unpacks what comes packed; the headers do not ask for it */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "tlstally/" VERSION);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_trust(easy, conf->deliver.https_ca_file);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, timeout);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	                 timeout < CONNECT_SECS ? timeout : CONNECT_SECS);
	alpn_hear(&post->alpn, easy);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->curl_said);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, post);
#endif
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
}

struct https_post *https_post_new(const struct https_post_shared *shared)
{
	struct https_post *post = xcalloc(1, sizeof(*post));

	post->shared = shared;
	post->transfer.ended = on_ended;
	post->transfer.easy = pool_easy_new();
	set_options(post);
	return post;
}

void https_post_free(struct https_post **post)
{
	if (*post == NULL)
		return;
	if ((*post)->is_running)
		pool_stop((*post)->shared->pool, &(*post)->transfer);
	curl_easy_cleanup((*post)->transfer.easy);
	strbuf_clear(&(*post)->body);
	free(*post);
	*post = NULL;
}

void https_post_start(struct https_post *post, struct delivery_job *job,
                      void *owner, bool needs_h2)
{
	CURL *easy = post->transfer.easy;

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
