/* Whatever arrives on the TLS-event socket: it is decoded or refused, and
 * what was decoded has a stored form that reads back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "session/datagram.h"
#include "session/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stored_forms(const struct session *session)
{
	struct strbuf blob;
	struct arena arena;

	strbuf_init(&blob, 0);
	arena_init(&arena);
	for (size_t i = 0; i < session->policy_count; i++) {
		struct session_policy back;

		strbuf_reset(&blob);
		session_policy_encode(&session->policies[i], &blob);
		if (session_policy_decode(blob.data, blob.len, &arena, &back,
		                          NULL))
			abort();
	}
	strbuf_clear(&blob);
	arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally_limits limits = {4, 8, 1 << 16, 1 << 17};
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct session session;
	struct arena arena;
	struct err err;

	session_init(&session);
	arena_init(&arena);
	if (datagram_decode(data, size, &session, &err) == BAD_NONE) {
		if (strpbrk(session.domain, "\r\n") != NULL)
			abort();
		check_stored_forms(&session);
		if (!tally_add(tally, 1, &session, 1) ||
		    !tally_add(tally, 1, session_dup(&arena, &session), 1) ||
		    tally_domain_count(tally) != 1)
			abort();
	}
	session_clear(&session);
	arena_clear(&arena);
	return 0;
}
