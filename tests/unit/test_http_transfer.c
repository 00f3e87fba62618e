#include "unit/test.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/http_transfer.h"
#include "client/http_client.h"

enum { BODY_MAX = 2048, SLOW_SECS = 6 };

/* --- a server that says one thing --- */

struct says {
	const char *head;
	size_t times; /* it says `more` */
	const char *more;
	bool stays; /* and does not close */
};

static void serve(int fd, const struct says *says)
{
	char request[4096] = "";
	int peer;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		peer = accept(fd, NULL, NULL);
		if (peer < 0 || read(peer, request, sizeof(request) - 1) < 0)
			_exit(1);
		dprintf(peer, "%s", says->head);
		for (size_t i = 0; i < says->times; i++)
			if (dprintf(peer, "%s", says->more) < 0)
				break;
		if (says->stays)
			pause();
		close(peer);
	}
}

/* Its port; to be killed. */
static unsigned start(const struct says *says, pid_t *pid)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*pid = fork();
	if (*pid == 0)
		serve(fd, says);
	close(fd);
	return ntohs(at.sin_port);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define QUARTER_KIB                                                            \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"     \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"     \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"     \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *name;
	struct says says;
	bool guarded, only_https;
	long status;            /* 0: a failure */
	enum http_failure want; /* then, and in these words */
	const char *why;
	const char *why_curl_8; /* NULL: the same */
} rows[] = {
	{.name = "an answer",
         .says = {.head = OK "Content-Length: 2\r\n\r\nok"},
         .status = 200},
	{.name = "a redirect is an answer",
         .says = {.head = "HTTP/1.1 302 Found\r\nLocation: http://other/\r\n"
                          "Content-Length: 0\r\n\r\n"},
         .status = 302},
	{.name = "as much as may be",
         .says = {.head = OK "Content-Length: 2048\r\n\r\n",
                  .times = 8,
                  .more = QUARTER_KIB},
         .status = 200},
	{.name = "more than may be",
         .says = {.head = OK "\r\n", .times = 9, .more = QUARTER_KIB},
         .want = HTTP_TOO_LONG,
         .why = "the response is longer than 2 KiB"},
	{.name = "headers without end",
         .says = {.head = OK, .times = 999, .more = "X: " QUARTER_KIB "\r\n"},
         .want = HTTP_TOO_LONG,
         .why = "the response headers are longer than 64 KiB"},
	{.name = "1xx answers without end",
         .says = {.head = "",
                  .times = 9999,
                  .more = "HTTP/1.1 102 Processing\r\n\r\n"},
         .want = HTTP_TOO_LONG,
         .why = "the response headers are longer than 64 KiB"},
	{.name = "silence",
         .says = {.head = OK, .stays = true},
         .want = HTTP_FAILED,
         .why = "timed out"},
	{.name = "an address that a stranger may not name",
         .says = {.head = OK "\r\n"},
         .guarded = true,
         .want = HTTP_REFUSED,
         .why = "address 127.0.0.1 is loopback"},
	{.name = "http where https is wanted",
         .says = {.head = OK "\r\n"},
         .only_https = true,
         .want = HTTP_FAILED,
         .why = "Protocol \"http\" not supported",
         .why_curl_8 = "Protocol \"http\" disabled"},
};

static void ask(struct http_transfer *http, unsigned port, CURLcode *result)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	curl_easy_setopt(http->easy, CURLOPT_URL, url);
	http_transfer_begin(http);
	*result = curl_easy_perform(http->easy);
}

/* curl's own words are those of its version. */
static const char *words_of(size_t i)
{
	bool is_8 = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;

	return is_8 && rows[i].why_curl_8 != NULL ? rows[i].why_curl_8
	                                          : rows[i].why;
}

/* Twice with one handle: nothing of the first request is left. */
static void test_guards(void **state)
{
	auto_(address_guard_free) struct address_guard *guard =
		address_guard_new(false, NULL);

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct http_terms terms = {
			.guard = rows[i].guarded ? guard : NULL,
			.http_too = !rows[i].only_https,
			.timeout_secs = 1,
			.body_max = BODY_MAX,
		};
		struct http_transfer http;
		pid_t pid;
		unsigned port = start(&rows[i].says, &pid);

		http_transfer_open(&http, &terms);
		for (int turn = 0; turn < 2; turn++) {
			char why[CURL_ERROR_SIZE] = "";
			enum http_failure how = HTTP_FAILED;
			CURLcode result;
			long status = 0;

			ask(&http, port, &result);
			if (result == CURLE_OK)
				curl_easy_getinfo(http.easy,
				                  CURLINFO_RESPONSE_CODE,
				                  &status);
			else
				how = http_transfer_failure(&http, result, why,
				                            sizeof(why));
			if (status != rows[i].status || how != rows[i].want ||
			    (rows[i].why != NULL &&
			     strstr(why, words_of(i)) == NULL))
				fail_msg("%s: status %ld, failure %d: %s",
				         rows[i].name, status, (int)how, why);
		}
		http_transfer_close(&http);
		end(pid);
	}
	unsetenv("http_proxy");
}

/* Nobody but us is to blame. */
static void test_ours(void **state)
{
	static const CURLcode ours[] = {CURLE_SSL_CACERT_BADFILE,
	                                CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT,
	                                CURLE_ABORTED_BY_CALLBACK};
	static const CURLcode tls[] = {CURLE_PEER_FAILED_VERIFICATION,
	                               CURLE_SSL_CONNECT_ERROR};
	struct http_transfer http = {0};
	char why[CURL_ERROR_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(ours); i++)
		assert_int_equal(
			http_transfer_failure(&http, ours[i], why, sizeof(why)),
			HTTP_OURS);
	for (size_t i = 0; i < COUNT(tls); i++)
		assert_int_equal(
			http_transfer_failure(&http, tls[i], why, sizeof(why)),
			HTTP_BAD_TLS);
	http.no_socket = true;
	assert_int_equal(http_transfer_failure(&http, CURLE_COULDNT_CONNECT,
	                                       why, sizeof(why)),
	                 HTTP_OURS);
}

/* The deadline is the deadline, with a whole look-up still under way. */
static void test_silent_name_server(void **state)
{
	const struct http_client_options options = {
		.url = "https://slow-dns.invalid/", .timeout_secs = 1};
	struct http_client *client = NULL;
	struct http_client_answer answer = {0};
	time_t began = time(NULL);
	struct err err = {0};

	(void)state;
	assert_int_equal(http_client_open(&options, &client, &err), 0);
	assert_int_equal(
		http_client_ask(client, options.url, NULL, &answer, &err),
		ERR_IO);
	assert_non_null(strstr(err.text, "timed out"));
	http_client_answer_clear(&answer);
	http_client_free(&client);
	assert_true(time(NULL) - began < SLOW_SECS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_silent_name_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
