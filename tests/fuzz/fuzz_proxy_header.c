/* However many bytes are there, what may be read more never goes behind the
 * header: bytes that come in as they are asked for are a header as soon as the
 * same bytes at once are one, and no longer. */
#include "check.h"
#include "api/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header, again;
	struct err err;
	size_t have = 0;
	int more;

	while ((more = proxy_header_read(data, have, &header, &err)) > 0) {
		have += (size_t)more;
		check(have <= PROXY_HEADER_MAX);
		if (have > size)
			return 0;
	}
	if (more < 0)
		return 0;
	check(proxy_header_read(data, have, &again, &err) == 0);
	check(header.has_client == again.has_client);
	for (size_t i = 0; i < have; i++)
		check(proxy_header_read(data, i, &again, &err) != 0);
	return 0;
}
