#include "deliver/https_post.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#include "base/curl_easy.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "deliver/answer.h"
#include "deliver/verdict.h"
#include "model/retry.h"

enum {
	BODY_MAX = 16384,    /* DESIGN: no more is read */
	HEADERS_MAX = 65536, /* of all headers together */
	CONNECT_SECS = 30,
	WORDS = 100, /* of the body are shown */
};

struct https_post {
	struct pool_transfer transfer;
	const struct https_post_shared *shared;
	struct delivery_job *job;
	void *owner;
	bool is_running;
	bool is_too_late; /* the answer says so */
	struct delivery_answer answer;
	unsigned addresses_tried;
	char refused[128]; /* why the last address was refused */
	size_t headers_len;
	size_t body_len;
	char reason[64];      /* "Service Unavailable" */
	char retry_after[64]; /* as it stood in the header */
	char words[WORDS];
	size_t words_len;
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
/* Connected, and about to send: minutes may have passed. */
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
	return post->is_too_late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
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
	log_escape(out, room, line, len);
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
	size_t room = sizeof(post->words) - post->words_len;

	(void)one;
	memcpy(post->words + post->words_len, data, len < room ? len : room);
	post->words_len += len < room ? len : room;
	post->body_len += len;
	return post->body_len > BODY_MAX ? 0 : len;
}

/* Reason and first line of the body, if that is text for people. */
static void what_it_said(struct https_post *post, char *said, size_t room)
{
	const char *lf = memchr(post->words, '\n', post->words_len);
	size_t len = lf != NULL ? (size_t)(lf - post->words) : post->words_len;
	char words[WORDS] = "";
	char *type = NULL;

	curl_easy_getinfo(post->transfer.easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL && strncasecmp(type, "text/plain", 10) == 0 && len > 0)
		log_escape(words, sizeof(words), post->words, len);
	snprintf(said, room, "%s%s%s", post->reason, *words ? ": " : "", words);
}

/* There is a status: it counts, whatever happened to the rest. */
static void judge_status(struct https_post *post, int status,
                         struct delivery_answer *answer)
{
	char said[sizeof(post->reason) + WORDS + 4];

	what_it_said(post, said, sizeof(said));
	verdict_http(status, status / 100 == 2 ? post->reason : said, answer);
	if (answer->event == EVENT_TEMPORARY && post->retry_after[0] != '\0')
		answer->retry_after = retry_after_parse(
			post->retry_after, clock_secs(post->shared->clock));
}

/* There is none: how far had it got? */
static void judge_failure(struct https_post *post, CURLcode result,
                          struct delivery_answer *answer)
{
	const char *host = post->job->rua->host;
	curl_off_t sent = 0;

	curl_easy_getinfo(post->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (post->refused[0] != '\0' && post->addresses_tried == 0)
		answer_set(answer, EVENT_REFUSED, STAGE_CONNECT, "%s: %s", host,
		           post->refused);
	else if (result == CURLE_URL_MALFORMAT)
		answer_set(answer, EVENT_REFUSED, STAGE_LOCAL, "%s: %s",
		           post->job->rua->uri, curl_easy_strerror(result));
	else if (sent > 0 && (size_t)sent >= post->job->body_len)
		answer_set(answer, EVENT_UNCERTAIN, STAGE_HTTP,
		           "%s: %s after the report was sent", host,
		           curl_easy_strerror(result));
	else
		answer_set(answer, EVENT_TEMPORARY,
		           sent > 0 ? STAGE_HTTP : STAGE_CONNECT, "%s: %s",
		           host, curl_easy_strerror(result));
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
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	                 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->shared->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "tlstally/" VERSION);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_trust(easy, conf->deliver.https_ca_file);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, timeout);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	                 timeout < CONNECT_SECS ? timeout : CONNECT_SECS);
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
	free(*post);
	*post = NULL;
}

void https_post_start(struct https_post *post, struct delivery_job *job,
                      void *owner)
{
	CURL *easy = post->transfer.easy;

	post->job = job;
	post->owner = owner;
	post->is_too_late = false;
	post->addresses_tried = 0;
	post->headers_len = post->body_len = post->words_len = 0;
	post->refused[0] = post->reason[0] = post->retry_after[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, job->rua->uri);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
	                 (curl_off_t)job->body_len);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
	post->is_running = true;
	failpoint_hit("https send");
	pool_start(post->shared->pool, &post->transfer);
}

struct delivery_job *https_post_job(const struct https_post *post)
{
	return post->job;
}

void *https_post_owner(const struct https_post *post)
{
	return post->owner;
}
