#include "policyd/policy_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"

enum {
	READ_BYTES = 4096,
	/* As many bytes of requests, and of replies, are kept for one. */
	IN_MAX = POLICY_REQUEST_MAX + READ_BYTES,
	OUT_SLOW = 16 * 1024,
	KEEP_ROOM = 16 * 1024,
};

struct policy_client *policy_client_new(int fd, uint64_t id)
{
	struct policy_client *client = xcalloc(1, sizeof(*client));

	client->fd = fd;
	client->id = id;
	return client;
}

void policy_client_free(struct policy_client **client)
{
	close((*client)->fd);
	strbuf_clear(&(*client)->in);
	strbuf_clear(&(*client)->out);
	free(*client);
	*client = NULL;
}

bool policy_client_waits(const struct policy_client *client)
{
	return client->waits_for != NULL || client->is_explained;
}

bool policy_client_read(struct policy_client *client)
{
	char bytes[READ_BYTES];
	ssize_t n;

	if (client->in.len >= IN_MAX || client->has_ended)
		return true;
	n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		strbuf_add(&client->in, bytes, (size_t)n);
	client->has_ended = n == 0;
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

bool policy_client_send(struct policy_client *client)
{
	struct strbuf *out = &client->out;

	while (client->sent < out->len) {
		ssize_t n = send(client->fd, out->data + client->sent,
		                 out->len - client->sent,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->sent += (size_t)n;
	}
	client->sent = 0;
	if (out->room > KEEP_ROOM)
		strbuf_clear(out);
	else
		strbuf_reset(out);
	return true;
}

uint32_t policy_client_events(const struct policy_client *client)
{
	uint32_t events = client->sent < client->out.len ? EPOLLOUT : 0;

	if (client->in.len < IN_MAX && !client->has_ended &&
	    !policy_client_is_slow(client))
		events |= EPOLLIN;
	return events;
}

bool policy_client_is_slow(const struct policy_client *client)
{
	return client->out.len - client->sent > OUT_SLOW;
}

void policy_client_drop(struct policy_client *client, size_t len)
{
	struct strbuf *in = &client->in;

	if (len < in->len)
		memmove(in->data, in->data + len, in->len - len);
	in->len -= len;
}
