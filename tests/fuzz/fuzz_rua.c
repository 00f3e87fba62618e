/* Any bytes as a URI and as an address: what is let through is canonical and
 * harmless in SMTP and HTTP, what is not is refused in words. */
#include "rua_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(int (*read)(const char *, size_t, struct rua *, struct err *),
                const char *text, size_t size)
{
	struct err err = {0};
	struct rua rua;

	if (read(text, size, &rua, &err) == 0)
		check_rua(&rua);
	else
		check_words(err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(rua_parse, (const char *)data, size);
	run(rua_from_address, (const char *)data, size);
	return 0;
}
