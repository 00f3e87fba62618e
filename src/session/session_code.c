/*
 * The stored bytes of policies and failure details: written by the tally,
 * kept by the store, read again by the rollup.
 */
#include "session/session.h"

#include "base/reader.h"

static void put_list(struct strbuf *out, const char **list, size_t count)
{
	strbuf_u16(out, (uint16_t)count);
	for (size_t i = 0; i < count; i++)
		strbuf_str(out, list[i]);
}

void session_policy_encode(const struct session_policy *policy,
                           struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)policy->type);
	strbuf_str(out, policy->domain);
	put_list(out, policy->strings, policy->string_count);
	put_list(out, policy->mx_hosts, policy->mx_count);
}

static const char **get_list(struct reader *in, struct arena *arena,
                             size_t *count)
{
	const char **list;

	*count = reader_u16(in);
	/* each takes four bytes at least: a damaged count asks for nothing */
	if (*count > reader_left(in) / 4) {
		in->failed = true;
		*count = 0;
		return NULL;
	}
	list = arena_array(arena, *count, sizeof(*list));
	for (size_t i = 0; i < *count; i++) {
		list[i] = reader_str(in, arena);
		if (list[i] == NULL)
			in->failed = true;
	}
	return list;
}

int session_policy_decode(const void *data, size_t len, struct arena *arena,
                          struct session_policy *policy, struct err *err)
{
	struct reader in;

	reader_init(&in, data, len);
	*policy = (struct session_policy){.type = reader_u8(&in)};
	policy->domain = reader_str(&in, arena);
	policy->strings = get_list(&in, arena, &policy->string_count);
	policy->mx_hosts = get_list(&in, arena, &policy->mx_count);
	if (in.failed || reader_left(&in) > 0 || policy->domain == NULL ||
	    policy->type >= POLICY_TYPES)
		return err_set(err, ERR_PARSE,
		               "the store has a damaged policy");
	return 0;
}

enum policy_type session_policy_type(const void *data, size_t len)
{
	return len > 0 ? *(const uint8_t *)data : POLICY_OTHER;
}

void session_failure_encode(const struct failure_detail *detail,
                            struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)detail->result);
	strbuf_str(out, detail->sending_ip);
	strbuf_str(out, detail->mx_host);
	strbuf_str(out, detail->mx_helo);
	strbuf_str(out, detail->receiving_ip);
	strbuf_str(out, detail->additional);
	strbuf_str(out, detail->reason);
}

int session_failure_decode(const void *data, size_t len, struct arena *arena,
                           struct failure_detail *detail, struct err *err)
{
	struct reader in;

	reader_init(&in, data, len);
	detail->result = reader_u8(&in);
	detail->sending_ip = reader_str(&in, arena);
	detail->mx_host = reader_str(&in, arena);
	detail->mx_helo = reader_str(&in, arena);
	detail->receiving_ip = reader_str(&in, arena);
	detail->additional = reader_str(&in, arena);
	detail->reason = reader_str(&in, arena);
	if (in.failed || reader_left(&in) > 0 || detail->result >= RESULT_TYPES)
		return err_set(err, ERR_PARSE,
		               "the store has a damaged failure detail");
	return 0;
}
