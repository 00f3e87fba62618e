/* Any bytes as a server's replies: each is read within what is there, and its
 * text is one printable line. */
#include <stdlib.h>
#include <string.h>

#include "model/smtp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct smtp_reply reply;
	size_t used;

	while (smtp_reply_read(at, size, &reply, &used, NULL) == 1) {
		if (used == 0 || used > size || reply.code < 200 ||
		    reply.code > 599)
			abort();
		for (const char *p = reply.text; *p != '\0'; p++)
			if (*p < 0x20 || *p > 0x7e)
				abort();
		at += used;
		size -= used;
	}
	return 0;
}
