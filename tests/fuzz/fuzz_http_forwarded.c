/* Whatever a client wrote, a proxy that adds its address tells who it is; and
 * what is found alone is not a trusted proxy's unless all are. */
#include "base/auto.h"
#include "base/xalloc.h"
#include "check.h"
#include "api/http_forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_added(enum http_forwarded form, const char *list,
                        const char *added, const struct network_list *trusted)
{
	auto_(xfree_str) char *all = xasprintf("%s, %s", list, added);
	struct in6_addr client, want;

	check(network_address_read("203.0.113.9", 11, &want));
	check(http_forwarded_client(form, all, trusted, &client));
	check(IN6_ARE_ADDR_EQUAL(&client, &want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(xfree_str) char *list = xstrndup((const char *)data, size);
	auto_(network_list_clear) struct network_list trusted = {0};
	struct in6_addr client;
	struct err err;

	check(network_list_add(&trusted, "10.0.0.0/8", &err) == 0);
	http_forwarded_client(HTTP_X_FORWARDED_FOR, list, &trusted, &client);
	http_forwarded_client(HTTP_FORWARDED, list, &trusted, &client);
	check_added(HTTP_X_FORWARDED_FOR, list, "203.0.113.9", &trusted);
	check_added(HTTP_X_FORWARDED_FOR, list, "203.0.113.9, 10.0.0.1",
	            &trusted);
	check_added(HTTP_FORWARDED, list, "for=203.0.113.9;proto=https",
	            &trusted);
	check_added(HTTP_FORWARDED, list,
	            "host=\"a,b\";for=\"203.0.113.9:1\", for=10.0.0.1",
	            &trusted);
	return 0;
}
