/* A dialogue of any bytes, a step a line, its first byte says which: what is
 * counted has canonical names, each once, within the bounds; what may be a
 * bounce is not longer than the bound; what may be a report of others is whole
 * or not there, within the room; forgetting leaves nothing. */
#include "base/xalloc.h"
#include "check.h"
#include "inmail/milter_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields of a line end at a tab; NULL when there are no more. */
static const char *field(char **rest)
{
	char *begin = *rest;

	if (begin == NULL)
		return NULL;
	*rest = strchr(begin, '\t');
	if (*rest != NULL)
		*(*rest)++ = '\0';
	return begin;
}

static void begin(struct milter_message *m, char *rest,
                  enum inbound_client client)
{
	const char *sender = field(&rest);
	struct inbound_macros macros;

	macros.tls_version = field(&rest);
	macros.cipher = field(&rest);
	macros.cipher_bits = field(&rest);
	macros.cert_subject = field(&rest);
	macros.verify = field(&rest);
	macros.auth_type = field(&rest);
	macros.auth_authen = field(&rest);
	milter_message_begin(m, sender, &macros, client);
}

static void recipient(struct milter_message *m, char *rest)
{
	const char *address = field(&rest);
	struct milter_rcpt_macros macros;

	macros.mailer = field(&rest);
	macros.addr = field(&rest);
	macros.host = field(&rest);
	milter_message_recipient(m, address, &macros);
}

static void header(struct milter_message *m, char *rest)
{
	const char *name = field(&rest);

	milter_message_header(m, name, rest != NULL ? rest : "");
}

static void check_inbound(const struct inbound *inbound)
{
	check(inbound->sender[0] == '\0' ||
	      domain_is_canonical(inbound->sender));
	check((unsigned)inbound->tls < INBOUND_TLS_VERSIONS);
	check(inbound->tls != INBOUND_CLEAR ||
	      (inbound->cipher[0] == '\0' && inbound->bits == 0 &&
	       inbound->certificate == INBOUND_CERT_NONE));
	for (const char *c = inbound->cipher; *c != '\0'; c++)
		check(*c > ' ' && *c <= '~');
}

static void check_message(const struct milter_message *m)
{
	/* one more of each way, for the rest */
	check(m->domain_count <= m->domains_max + 3);
	for (size_t i = 0; i < m->domain_count; i++) {
		check(domain_is_canonical(m->domains[i].name));
		check(domain_is_canonical(m->domains[i].next_hop));
		for (size_t j = 0; j < i; j++)
			check(m->domains[i].way != m->domains[j].way ||
			      strcmp(m->domains[i].name, m->domains[j].name));
	}
	check(m->text.len <= m->text_max && !m->text.failed);
	check(m->token[0] != '\0' || m->to_inbox || m->text.len == 0);
	check(m->token[0] == '\0' ||
	      strspn(m->token, "0123456789abcdef") == OWN_TOKEN_TEXT - 1);
}

static void step(struct milter_message *m, char *line)
{
	switch (line[0]) {
	case 'm':
	case 'M':
		begin(m, line + 1, line[0] == 'M' ? INBOUND_LOCAL : INBOUND_MX);
		check_inbound(&m->inbound);
		break;
	case 'r':
		recipient(m, line + 1);
		break;
	case 'h':
		header(m, line + 1);
		break;
	case 'b':
		milter_message_body(m, line + 1, strlen(line + 1));
		break;
	case 'B': /* much of it */
		for (int i = 0; i < 100; i++)
			if (!milter_message_body(m, line, strlen(line)))
				break;
		break;
	default:
		check_message(m);
		milter_message_forget(m);
		check(!m->begun && m->domain_count == 0 && m->text.len == 0 &&
		      !milter_message_is_report(m) &&
		      !milter_message_may_be_bounce(m));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const mailers[] = {"smtp", "s"};
	static const char *const inbox[] = {"t@s.example"};
	struct milter_room room = {.max = 512};
	const struct milter_site site = {
		.sender = "r@s.example",
		.submitter = "s.example",
		.remote_mailers = mailers,
		.remote_mailer_count = 2,
		.inbox = inbox,
		.inbox_count = 1,
		.inbox_max = 256,
		.room = &room,
	};
	char *text = xstrndup((const char *)data, size);
	struct milter_message m;
	char *rest = text;

	/* low enough to be met by a short input: each name of a message is
	 * compared with all of its others */
	milter_message_init(&m, &site);
	m.domains_max = 8;
	m.text_max = 1024;
	while (rest != NULL) {
		char *line = rest;

		rest = strchr(line, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		step(&m, line);
	}
	check_message(&m);
	check(room.taken == m.taken && m.taken <= 256);
	check(!milter_message_is_for_inbox(&m) ||
	      m.text.len == (m.is_cut ? 0 : m.taken));
	milter_message_clear(&m);
	check(room.taken == 0);
	free(text);
	return 0;
}
