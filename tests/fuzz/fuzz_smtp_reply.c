/* Any bytes as a server's replies: each is read within what is there, and its
 * text is one printable line.  Only an enhanced code makes an address dead. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "reply/smtp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct smtp_reply reply;
	char shown[4 * sizeof(reply.text)];
	size_t used;

	while (smtp_wire_read_reply(at, size, &reply, &used, NULL) == 1) {
		if (used == 0 || used > size || reply.code < 200 ||
		    reply.code > 599)
			abort();
		if (reply.refusal > REFUSAL_NO_SUCH_ADDRESS ||
		    (reply.code < 500 && reply.refusal != REFUSAL_OTHER) ||
		    (reply.refusal >= REFUSAL_IN_DOUBT && !reply.is_enhanced))
			abort();
		/* nothing is left to be escaped */
		utf8_show(shown, sizeof(shown), reply.text, strlen(reply.text));
		if (strcmp(reply.text, shown) != 0)
			abort();
		at += used;
		size -= used;
	}
	return 0;
}
