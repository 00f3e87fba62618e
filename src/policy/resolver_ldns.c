/*
 * The real resolver: questions by dns_packet.c, sent by dns_exchange.c.
 *
 * One deadline holds for all that a query needs: each server by UDP, then each
 * by TCP (which gets through where UDP is lost), the CNAMEs that an answer
 * leaves open, and the questions that tell a bogus answer from a server in
 * trouble.  Each try may take an equal share of the time that is left.
 */
#include "base/clock.h"
#include "policy/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "policy/dns_exchange.h"
#include "policy/dns_packet.h"
#include "policy/dns_servers.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum { TIMEOUT_MS = 5000, NO_SUCH_NAME_TTL = 3600 };

struct ldns_resolver {
	struct resolver resolver;
	struct dns_servers servers;
	bool by_file; /* RESOLV_CONF */
	bool trust_ad;
	int64_t timeout_ms;
};

/* One question on its way to an answer. */
struct asking {
	struct ldns_resolver *self;
	struct dns_question question;
	int64_t deadline_ms;
	struct arena *arena;
	struct dns_reply reply;
	bool secure; /* what the server says of it, if it may be believed */
};

static int take_reply(void *arg, const uint8_t *data, size_t len,
                      struct err *err)
{
	struct asking *asking = arg;

	return dns_reply_read(data, len, &asking->question, asking->arena,
	                      &asking->reply, err);
}

/* One server, one way.  0 when there is a reply that counts. */
static int try_once(struct asking *asking, const struct endpoint *server,
                    bool tcp, int64_t deadline_ms, struct err *err)
{
	uint8_t bytes[DNS_QUESTION_MAX];
	struct dns_exchange exchange = {
		.server = server,
		.tcp = tcp,
		.deadline_ms = deadline_ms,
		.question = bytes,
		.take = take_reply,
		.arg = asking,
	};
	unsigned rcode;

	hash_random_bytes(&asking->question.id, sizeof(asking->question.id));
	exchange.question_len = dns_question_write(&asking->question, bytes);
	if (dns_exchange(&exchange, err) < 0)
		return err->class;
	if (asking->reply.truncated && !tcp)
		return try_once(asking, server, true, deadline_ms, err);
	if (asking->reply.truncated)
		return err_set(err, ERR_PARSE, "a truncated answer over TCP");
	rcode = asking->reply.rcode;
	if (rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN &&
	    rcode != DNS_SERVFAIL)
		return err_set(err, ERR_BUSY, "%s",
		               dns_rcode_word(rcode, asking->arena));
	asking->secure =
		asking->reply.authentic &&
		(asking->self->trust_ad || endpoint_is_loopback(server));
	return 0;
}

/* Each server by UDP, then each by TCP. */
static int ask(struct asking *asking, struct err *err)
{
	const struct dns_servers *servers = &asking->self->servers;
	size_t tries = 2 * servers->count;
	char text[ENDPOINT_TEXT];
	int rc = ERR_BUSY;

	err_set(err, ERR_BUSY, "no answer within the time limit");
	for (size_t i = 0; i < tries && rc < 0; i++) {
		size_t at = i % servers->count;
		bool tcp = i >= servers->count;
		int64_t now = clock_host_ms();
		int64_t share =
			(asking->deadline_ms - now) / (int64_t)(tries - i);

		if (asking->deadline_ms <= now)
			break;
		rc = try_once(asking, &servers->server[at], tcp, now + share,
		              err);
		if (rc < 0)
			err_prefix(err, "%s by %s",
			           endpoint_format(&servers->server[at], text),
			           tcp ? "TCP" : "UDP");
	}
	return rc;
}

/* Asks for the same; the rcode, or -1 when there is no reply. */
static int ask_again(struct asking *asking, bool unchecked)
{
	struct err err = {0};

	asking->question.unchecked = unchecked;
	return ask(asking, &err) < 0 ? -1 : (int)asking->reply.rcode;
}

/*
 * SERVFAIL means that validation failed or that the server is in trouble.  It
 * was validation when the same is answered unchecked (CD) and, asked once
 * more, is refused again: trouble may have passed in between.
 */
static void explain_servfail(struct asking *asking)
{
	struct dns_answer *answer = &asking->reply.answer;
	int unchecked = ask_again(asking, true);
	bool has_data = unchecked == DNS_NOERROR || unchecked == DNS_NXDOMAIN;
	int checked = has_data ? ask_again(asking, false) : -1;

	if (checked == DNS_NOERROR || checked == DNS_NXDOMAIN)
		return;
	memset(answer, 0, sizeof(*answer));
	asking->secure = false;
	asking->reply.unfinished = false;
	answer->status = checked == DNS_SERVFAIL ? VIEW_BOGUS : VIEW_TEMPFAIL;
	answer->problem = checked == DNS_SERVFAIL
	                          ? "DNSSEC validation failed"
	                          : "the resolver answered SERVFAIL";
}

/* One name, without what its CNAMEs leave open. */
static void ask_one(struct asking *asking)
{
	struct dns_answer *answer = &asking->reply.answer;
	struct err err = {0};

	if (ask(asking, &err) < 0) {
		memset(&asking->reply, 0, sizeof(asking->reply));
		asking->secure = false;
		answer->status = VIEW_TEMPFAIL;
		answer->problem = arena_strdup(asking->arena, err.text);
	} else if (asking->reply.rcode == DNS_SERVFAIL) {
		explain_servfail(asking);
	}
}

/* A resolver gives the whole chain; what stands between us and it may not. */
static void ask_along(struct asking *asking, struct dns_answer *answer)
{
	bool secure = true;
	uint32_t ttl = UINT32_MAX;

	for (int i = 0; i <= DNS_CNAMES_MAX; i++) {
		asking->question.unchecked = false;
		ask_one(asking);
		*answer = asking->reply.answer;
		secure = secure && asking->secure;
		ttl = answer->ttl < ttl ? answer->ttl : ttl;
		if (!asking->reply.unfinished)
			break;
		asking->question.name = answer->owner;
	}
	answer->secure = secure;
	answer->ttl = ttl;
	if (!asking->reply.unfinished)
		return;
	answer->status = VIEW_TEMPFAIL;
	answer->problem = "a chain of CNAME records that does not end";
}

static void query(struct resolver *resolver, const char *name,
                  enum dns_type type, struct arena *arena,
                  struct dns_answer *answer)
{
	struct ldns_resolver *self = (struct ldns_resolver *)resolver;
	struct asking asking = {
		.self = self,
		.question = {.name = name, .type = type},
		.deadline_ms = clock_host_ms() + self->timeout_ms,
		.arena = arena,
	};
	uint8_t bytes[DNS_QUESTION_MAX];

	memset(answer, 0, sizeof(*answer));
	if (self->by_file)
		dns_servers_refresh(&self->servers, RESOLV_CONF);
	if (dns_question_write(&asking.question, bytes) == 0) {
		/* too long for DNS: nobody can have published it */
		answer->status = VIEW_NONE;
		answer->ttl = NO_SUCH_NAME_TTL;
	} else {
		ask_along(&asking, answer);
	}
	if (answer->owner == NULL)
		answer->owner = arena_strdup(arena, name);
}

static void free_resolver(struct resolver **resolver)
{
	free(*resolver);
	*resolver = NULL;
}

int resolver_ldns_open(const struct resolver_options *options,
                       struct resolver **resolver, struct err *err)
{
	struct ldns_resolver *self = xcalloc(1, sizeof(*self));
	const char *address = options->address;
	int rc;

	self->by_file = address == NULL || address[0] == '\0';
	rc = self->by_file ? dns_servers_read(&self->servers, RESOLV_CONF, err)
	                   : dns_servers_set(&self->servers, address, err);
	if (rc < 0) {
		free(self);
		return rc;
	}
	self->resolver.query = query;
	self->resolver.free = free_resolver;
	self->trust_ad = options->trust_ad;
	self->timeout_ms =
		options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
	*resolver = &self->resolver;
	return 0;
}
