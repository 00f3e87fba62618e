/*
 * What the tracker knows its things by: processes, queue ids, MX addresses.
 */
#include "maillog/tracked.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"

static bool key_add(struct tracked_key *key, const void *data, size_t len)
{
	if (len > TRACKED_KEY_MAX - key->len)
		return false;
	memcpy(key->at + key->len, data, len);
	key->len += len;
	return true;
}

/* Pids and queue ids are each host's own; the end of a long name tells. */
static bool key_begin(struct tracked_key *key, const struct log_line *line)
{
	enum { HOST_PART = 64 };
	struct span host = line->host;

	if (host.len > HOST_PART)
		span_drop(&host, host.len - HOST_PART);
	key->len = 0;
	return (host.len == 0 || key_add(key, host.at, host.len)) &&
	       key_add(key, "", 1);
}

bool tracked_process_key(const struct log_line *line, struct tracked_key *key)
{
	return key_begin(key, line) &&
	       key_add(key, line->program.at, line->program.len) &&
	       key_add(key, "", 1) &&
	       key_add(key, &line->pid, sizeof(line->pid));
}

/* The host, and "postfix-out" of "postfix-out/smtp": queue ids are its own. */
bool tracked_instance_key(const struct log_line *line, struct tracked_key *key)
{
	struct span program = line->program, name;

	if (!span_until(&program, '/', &name))
		name = program;
	return key_begin(key, line) && key_add(key, name.at, name.len) &&
	       key_add(key, "", 1);
}

bool tracked_queue_key(const struct log_line *line, struct span queue_id,
                       struct tracked_key *key)
{
	return tracked_instance_key(line, key) &&
	       key_add(key, queue_id.at, queue_id.len);
}

bool tracked_peer_key(const struct log_line *line,
                      const struct tracked_peer *peer, struct tracked_key *key)
{
	return tracked_instance_key(line, key) &&
	       key_add(key, peer->ip, strlen(peer->ip) + 1) &&
	       key_add(key, &peer->port, sizeof(peer->port));
}

void tracked_queue_id_copy(char out[TRACKED_QUEUE_ID], struct span id)
{
	size_t len = id.len < TRACKED_QUEUE_ID ? id.len : TRACKED_QUEUE_ID - 1;

	if (len > 0)
		memcpy(out, id.at, len);
	out[len] = '\0';
}

bool tracked_queue_id_is(const char *id, struct span span)
{
	return strlen(id) == span.len &&
	       (span.len == 0 || memcmp(id, span.at, span.len) == 0);
}

void tracked_peer_set_host(struct tracked_peer *peer, struct span host)
{
	if (host.len > 0)
		domain_canonical(host.at, host.len, peer->host, NULL);
}

bool tracked_peer_of(const struct fact *fact, struct tracked_peer *peer)
{
	char ip[INET6_ADDRSTRLEN];

	memset(peer, 0, sizeof(*peer));
	if (fact->ip.len == 0 || fact->ip.len >= sizeof(ip))
		return false;
	memcpy(ip, fact->ip.at, fact->ip.len);
	ip[fact->ip.len] = '\0';
	if (!domain_ip_canonical(ip, peer->ip))
		return false;
	tracked_peer_set_host(peer, fact->host);
	peer->port = (uint16_t)fact->port;
	return true;
}

bool tracked_peer_is(const struct tracked_peer *peer, const char *ip,
                     uint16_t port)
{
	return strcmp(ip, peer->ip) == 0 &&
	       (port == peer->port || port == 0 || peer->port == 0);
}

static bool is_special(const char *ip)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_storage any = {0};

	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		memcpy(&any, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
		memcpy(&any, &v6, sizeof(v6));
	return address_special((const struct sockaddr *)&any) != NULL;
}

bool tracked_peer_is_counted(const struct tracked_peer *peer,
                             bool count_private)
{
	return count_private || peer->ip[0] == '\0' || !is_special(peer->ip);
}
