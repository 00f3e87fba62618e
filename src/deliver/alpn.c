#include "deliver/alpn.h"

#include <string.h>

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len > end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* "ALPN: server accepted h2", or older "ALPN, server accepted to use h2". */
static int hear(CURL *easy, curl_infotype type, char *text, size_t len,
                void *arg)
{
	static const char accepted[] = "server accepted ";
	struct alpn *alpn = arg;

	(void)easy;
	if (type != CURLINFO_TEXT || len < 4 || memcmp(text, "ALPN", 4) != 0 ||
	    memmem(text, len, accepted, strlen(accepted)) == NULL)
		return 0;
	if (text[len - 1] == '\n')
		len--;
	alpn->h2 = ends_in(text, len, " h2");
	alpn->http1 = ends_in(text, len, " http/1.1");
	return 0;
}

void alpn_hear(struct alpn *alpn, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, hear);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, alpn);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

bool alpn_can_h2(void)
{
#if LIBCURL_VERSION_NUM >= 0x075000
	return (curl_version_info(CURLVERSION_NOW)->features &
	        CURL_VERSION_HTTP2) != 0;
#else
	return false;
#endif
}

void alpn_use(struct alpn *alpn, CURL *easy, bool is_h2, bool is_new)
{
	alpn->http1 = alpn->h2 = false;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	                 is_h2 ? (long)CURL_HTTP_VERSION_2TLS
	                       : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)is_new);
}
