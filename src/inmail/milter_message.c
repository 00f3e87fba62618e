#include "inmail/milter_message.h"

#include <string.h>
#include <strings.h>

#include "base/span.h"

enum {
	ADDRESS_MAX = 1024, /* longer than any (RFC 5321 section 4.5.3.1) */
	DOMAINS_FIRST = 8,
	SIGNATURE_LONGEST = 16 * 1024,
};

#define SUBMITTER_HEADER "TLS-Report-Submitter"
#define TLS_REQUIRED_HEADER "TLS-Required"
#define SIGNATURE_HEADER "DKIM-Signature"

void milter_message_init(struct milter_message *message,
                         const struct milter_site *site)
{
	*message = (struct milter_message){
		.site = site,
		.domains_max = MILTER_DOMAINS_MAX,
		.text_max = MILTER_TEXT_MAX,
	};
	arena_init(&message->arena);
}

void milter_room_give(struct milter_room *room, size_t bytes)
{
	if (bytes > 0)
		atomic_fetch_sub(&room->taken, bytes);
}

static bool take_room(struct milter_room *room, size_t bytes)
{
	if (atomic_fetch_add(&room->taken, bytes) + bytes <= room->max)
		return true;
	milter_room_give(room, bytes);
	return false;
}

void milter_message_clear(struct milter_message *message)
{
	milter_room_give(message->site->room, message->taken);
	message->taken = 0;
	arena_clear(&message->arena);
	strbuf_clear(&message->text);
}

void milter_message_forget(struct milter_message *message)
{
	arena_reset(&message->arena);
	milter_room_give(message->site->room, message->taken);
	message->taken = 0;
	strbuf_clear(&message->text);
	strbuf_init(&message->text, message->text_max);
	message->domains = NULL;
	message->domain_count = message->domain_room = 0;
	message->token[0] = '\0';
	message->signature = (struct dkim_name){.domain = ""};
	message->begun = message->from_us = message->submitted_by_us =
		message->in_body = message->tls_optional = message->to_inbox =
			message->is_cut = false;
}

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* Without <>; nothing of an address that is none by its length. */
static struct span address_of(const char *text)
{
	struct span address = {text, strnlen(text, ADDRESS_MAX + 1)};

	if (address.len > ADDRESS_MAX)
		return (struct span){text, 0};
	if (address.len >= 2 && text[0] == '<' &&
	    text[address.len - 1] == '>') {
		address.at++;
		address.len -= 2;
	}
	return address;
}

static bool canonical(struct span name, char out[DOMAIN_TEXT])
{
	return name.len > 0 &&
	       domain_canonical(name.at, name.len, out, NULL) == 0;
}

/* What stands right of the last @.  False without one, and for an address
 * literal ("[192.0.2.1]"), which is no domain. */
static bool domain_of(struct span address, char out[DOMAIN_TEXT])
{
	const char *at =
		address.len > 0 ? memrchr(address.at, '@', address.len) : NULL;

	if (at == NULL)
		return false;
	at++;
	return canonical(
		(struct span){at, address.len - (size_t)(at - address.at)},
		out);
}

void milter_message_begin(struct milter_message *message, const char *sender,
                          const struct inbound_macros *macros,
                          enum inbound_client client)
{
	struct span address = address_of(sender);
	char ignored[OWN_TOKEN_TEXT];

	milter_message_forget(message);
	message->begun = true;
	inbound_set(&message->inbound, macros, client);
	if (!domain_of(address, message->inbound.sender))
		message->inbound.sender[0] = '\0';
	message->from_us = address.len > 0 &&
	                   own_address_is(message->site->sender, address.at,
	                                  address.len, ignored);
}

/* {rcpt_host} is Postfix's next hop: "example.com", "[mail.example.com]:587".
 * What is no name (an IPv6 address, a unix socket) leaves the recipient's. */
static const char *next_hop_of(struct milter_message *message, const char *host,
                               const char *domain)
{
	char name[DOMAIN_TEXT];
	size_t len;

	if (!given(host))
		return domain;
	if (*host == '[') {
		host++;
		len = strcspn(host, "]");
	} else {
		len = strcspn(host, ":, ");
	}
	if (len > DOMAIN_MAX || !canonical((struct span){host, len}, name) ||
	    strcmp(name, domain) == 0)
		return domain;
	return arena_strdup(&message->arena, name);
}

static enum milter_way way_of(const struct milter_site *site,
                              const char *mailer)
{
	if (!given(mailer))
		return MILTER_TO_UNKNOWN;
	for (size_t i = 0; i < site->remote_mailer_count; i++)
		if (strcmp(mailer, site->remote_mailers[i]) == 0)
			return MILTER_TO_OTHERS;
	return MILTER_TO_US;
}

static bool is_there(const struct milter_message *message, enum milter_way way,
                     const char *name)
{
	for (size_t i = 0; i < message->domain_count; i++)
		if (message->domains[i].way == way &&
		    strcmp(message->domains[i].name, name) == 0)
			return true;
	return false;
}

static struct milter_domain *make_domain(struct milter_message *message)
{
	if (message->domain_count == message->domain_room) {
		size_t room = message->domain_room > 0
		                      ? 2 * message->domain_room
		                      : DOMAINS_FIRST;
		struct milter_domain *more =
			arena_array(&message->arena, room, sizeof(*more));

		if (message->domain_count > 0)
			memcpy(more, message->domains,
			       message->domain_count * sizeof(*more));
		message->domains = more;
		message->domain_room = room;
	}
	return &message->domains[message->domain_count++];
}

static void add_domain(struct milter_message *message, enum milter_way way,
                       const char *name, const char *host)
{
	struct milter_domain *domain;

	if (is_there(message, way, name))
		return;
	if (message->domain_count >= message->domains_max) {
		name = MILTER_OTHERS;
		host = NULL;
		if (is_there(message, way, name))
			return;
	}
	domain = make_domain(message);
	domain->way = way;
	domain->name = arena_strdup(&message->arena, name);
	domain->next_hop = way == MILTER_TO_OTHERS
	                           ? next_hop_of(message, host, domain->name)
	                           : domain->name;
}

/* Postfix answers to such a recipient with an error; it is not accepted. */
static bool is_refused(const char *mailer)
{
	return given(mailer) &&
	       (strcmp(mailer, "error") == 0 || strcmp(mailer, "retry") == 0);
}

/* Capitals make no difference, as for local(8). */
static bool is_inbox(const struct milter_site *site, struct span address)
{
	for (size_t i = 0; site->room != NULL && i < site->inbox_count; i++)
		if (strlen(site->inbox[i]) == address.len &&
		    strncasecmp(site->inbox[i], address.at, address.len) == 0)
			return true;
	return false;
}

void milter_message_recipient(struct milter_message *message,
                              const char *recipient,
                              const struct milter_rcpt_macros *macros)
{
	struct span address = address_of(recipient);
	char token[OWN_TOKEN_TEXT], name[DOMAIN_TEXT];

	if (!message->begun || is_refused(macros->mailer))
		return;
	if (address.len > 0 &&
	    own_address_is(message->site->sender, address.at, address.len,
	                   token) &&
	    token[0] != '\0')
		memcpy(message->token, token, sizeof(token));
	message->to_inbox |= is_inbox(message->site, address);
	/* Postfix has completed it ("root" is "root@example.com") */
	if (given(macros->addr))
		address = address_of(macros->addr);
	message->to_inbox |= is_inbox(message->site, address);
	if (domain_of(address, name))
		add_domain(message, way_of(message->site, macros->mailer), name,
		           macros->host);
}

/* All of it: half a report is none. */
static void keep_copy(struct milter_message *message, const void *data,
                      size_t len)
{
	const struct milter_site *site = message->site;

	if (message->is_cut)
		return;
	if (len <= site->inbox_max - message->text.len &&
	    take_room(site->room, len)) {
		message->taken += len;
		message->text.cap = 0; /* the room is its bound */
		strbuf_add(&message->text, data, len);
		return;
	}
	message->is_cut = true;
	strbuf_clear(&message->text);
	milter_room_give(site->room, message->taken);
	message->taken = 0;
}

/* As much as fits: a bounce says what it has to say at its beginning. */
static void keep_text(struct milter_message *message, const void *data,
                      size_t len)
{
	size_t left = message->text_max - message->text.len;

	if (milter_message_is_for_inbox(message))
		keep_copy(message, data, len);
	else
		strbuf_add(&message->text, data, len < left ? len : left);
}

static bool is_kept(const struct milter_message *message)
{
	return message->token[0] != '\0' || message->to_inbox;
}

/* Postfix takes no other value, and without case. */
static bool is_no(const char *value)
{
	struct span text =
		span_trim((struct span){value, strnlen(value, ADDRESS_MAX)});

	return text.len == 2 && strncasecmp(text.at, "no", 2) == 0;
}

static void read_signature(struct milter_message *message, const char *value)
{
	struct dkim_name name;

	if (milter_message_is_signed(message) ||
	    dkim_signature_read(value, strnlen(value, SIGNATURE_LONGEST), &name,
	                        NULL) < 0)
		return;
	if (message->signature.domain[0] == '\0' ||
	    strcmp(name.domain, message->site->submitter) == 0)
		message->signature = name;
}

void milter_message_header(struct milter_message *message, const char *name,
                           const char *value)
{
	if (!message->begun)
		return;
	if (message->from_us && strcasecmp(name, SUBMITTER_HEADER) == 0) {
		struct span said = span_trim(
			(struct span){value, strnlen(value, ADDRESS_MAX)});

		message->submitted_by_us =
			said.len == strlen(message->site->submitter) &&
			strncasecmp(said.at, message->site->submitter,
		                    said.len) == 0;
	}
	if (message->from_us && strcasecmp(name, SIGNATURE_HEADER) == 0)
		read_signature(message, value);
	if (strcasecmp(name, TLS_REQUIRED_HEADER) == 0)
		message->tls_optional |= is_no(value);
	if (!is_kept(message))
		return;
	keep_text(message, name, strlen(name));
	keep_text(message, ": ", 2);
	keep_text(message, value, strlen(value));
	keep_text(message, "\n", 1);
}

bool milter_message_body(struct milter_message *message, const void *data,
                         size_t len)
{
	if (!message->begun || !is_kept(message))
		return false;
	if (!message->in_body)
		keep_text(message, "\n", 1);
	message->in_body = true;
	keep_text(message, data, len);
	return milter_message_is_for_inbox(message)
	               ? !message->is_cut
	               : message->text.len < message->text_max;
}

bool milter_message_is_report(const struct milter_message *message)
{
	return message->from_us && message->submitted_by_us;
}

bool milter_message_is_signed(const struct milter_message *message)
{
	return message->signature.domain[0] != '\0' &&
	       strcmp(message->signature.domain, message->site->submitter) == 0;
}

bool milter_message_may_be_bounce(const struct milter_message *message)
{
	return message->token[0] != '\0' && message->in_body;
}

bool milter_message_is_for_inbox(const struct milter_message *message)
{
	return message->to_inbox && message->token[0] == '\0';
}
