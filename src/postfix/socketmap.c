#include "postfix/socketmap.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/span.h"

/* --- what came --- */

static int read_status(struct span text, struct socketmap_answer *answer,
                       struct err *err)
{
	static const char *const words[] = {
		[SOCKETMAP_OK] = "OK",     [SOCKETMAP_NOTFOUND] = "NOTFOUND",
		[SOCKETMAP_TEMP] = "TEMP", [SOCKETMAP_TIMEOUT] = "TIMEOUT",
		[SOCKETMAP_PERM] = "PERM",
	};
	struct span word;

	span_split(&text, ' ', &word);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!span_is(word, words[i]))
			continue;
		answer->status = (enum socketmap_status)i;
		strbuf_reset(&answer->text);
		strbuf_add(&answer->text, text.at, text.len);
		if (i == SOCKETMAP_OK && text.len == 0)
			return err_set(err, ERR_PARSE,
			               "an OK with nothing behind it");
		return 1;
	}
	return err_set(err, ERR_PARSE,
	               "not a word of socketmap_table(5): "
	               "'%.*s'",
	               (int)(word.len < 40 ? word.len : 40), word.at);
}

int socketmap_read(const char *data, size_t len,
                   struct socketmap_answer *answer, struct err *err)
{
	struct span rest = {data, len};
	int64_t size;
	bool has_size = span_number(&rest, 6, &size);

	if (!has_size && len > 0)
		return err_set(err, ERR_PARSE, "not a netstring");
	if (has_size && size > SOCKETMAP_MAX)
		return err_set(err, ERR_PARSE, "longer than %d bytes",
		               SOCKETMAP_MAX);
	if (rest.len == 0)
		return 0;
	if (!span_skip(&rest, ":"))
		return err_set(err, ERR_PARSE, "not a netstring");
	if (rest.len <= (size_t)size)
		return 0;
	if (rest.at[size] != ',')
		return err_set(err, ERR_PARSE, "not a netstring");
	return read_status((struct span){rest.at, (size_t)size}, answer, err);
}

/* --- asking --- */

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* "127.0.0.1:8642", "[::1]:8642", "localhost:8642" */
static int connect_inet(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;
	char host[256];
	int fd = -1;

	if (colon == NULL)
		colon = text + strlen(text);
	snprintf(host, sizeof(host), "%.*s",
	         (int)strcspn(text + (text[0] == '['),
	                      text[0] == '[' ? "]" : ":"),
	         text + (text[0] == '['));
	if (getaddrinfo(host, colon[0] != '\0' ? colon + 1 : "", &hints,
	                &found) != 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	fd = socket(found->ai_family,
	            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0 &&
	    errno != EINPROGRESS) {
		int saved = errno;

		close(fd);
		errno = saved;
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static int connect_to(const char *server, bool *denied, struct err *err)
{
	int fd = -1;

	errno = EINVAL;
	if (strncmp(server, "unix:", 5) == 0)
		fd = connect_unix(server + 5);
	else if (strncmp(server, "inet:", 5) == 0)
		fd = connect_inet(server + 5);
	*denied = fd < 0 && errno == EACCES;
	return fd >= 0 ? fd : err_errno(err, ERR_IO, "%s", server);
}

/* Waits for what poll(2) calls `what`. */
static int await(int fd, short what, int64_t until_ms, struct err *err)
{
	struct pollfd poll_fd = {fd, what, 0};
	int64_t left = until_ms - clock_host_ms();

	if (left > 0 && poll(&poll_fd, 1, (int)left) >= 0)
		return 0;
	return err_set(err, ERR_BUSY, "no answer in time");
}

static int talk(int fd, const struct strbuf *question, int64_t until_ms,
                struct socketmap_answer *answer, struct err *err)
{
	auto_(strbuf_clear) struct strbuf in = {0};
	size_t sent = 0;
	int rc = 0;

	strbuf_init(&in, SOCKETMAP_MAX + 16);
	while (rc == 0) {
		bool sends = sent < question->len;
		char block[4096];
		ssize_t n;

		if (await(fd, sends ? POLLOUT : POLLIN, until_ms, err) < 0)
			return err->class;
		n = sends ? send(fd, question->data + sent,
		                 question->len - sent, MSG_NOSIGNAL)
		          : recv(fd, block, sizeof(block), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(err, ERR_IO, "the connection");
		if (n == 0)
			return err_set(err, ERR_PARSE,
			               "the connection was closed without an "
			               "answer");
		if (n > 0 && sends) {
			sent += (size_t)n;
		} else if (n > 0) {
			strbuf_add(&in, block, (size_t)n);
			rc = socketmap_read(in.data, in.len, answer, err);
		}
	}
	return rc < 0 ? rc : 0;
}

int socketmap_ask(const char *server, const char *map, const char *key,
                  int timeout_ms, struct socketmap_answer *answer,
                  struct err *err)
{
	auto_(strbuf_clear) struct strbuf question = {0};
	int64_t began = clock_host_ms();
	int fd, rc;

	strbuf_printf(&question, "%zu:%s %s,", strlen(map) + 1 + strlen(key),
	              map, key);
	fd = connect_to(server, &answer->denied, err);
	if (fd < 0)
		return fd;
	rc = talk(fd, &question, began + timeout_ms, answer, err);
	answer->took_ms = clock_host_ms() - began;
	close(fd);
	return rc;
}
