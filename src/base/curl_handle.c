#include "base/curl_handle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/utf8.h"

#define LIST_SECS 3600L

curl_socket_t curl_handle_open_socket(void *arg, curlsocktype purpose,
                                      struct curl_sockaddr *address)
{
	(void)arg;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	              address->protocol);
}

CURL *curl_handle_new(void)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		abort(); /* memory, and nothing else */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* else a name server that does not answer holds up everybody: curl
	 * would wait for getaddrinfo(3) to end, whatever the timeout */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
	                 curl_handle_open_socket);
	return easy;
}

/* To read the system's list takes some 40 ms of CPU.  libcurl keeps what it has
 * read if there is no directory beside the file. */
static void keep_system_list(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	const char *file = curl_version_info(CURLVERSION_NOW)->cainfo;

	if (file != NULL && access(file, R_OK) == 0)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, LIST_SECS);
#else
	(void)easy;
#endif
}

void curl_handle_verify(CURL *easy, bool verify, const char *ca_file)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	if (ca_file == NULL || ca_file[0] == '\0') {
		keep_system_list(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

const char *curl_handle_words(const char *buffer, CURLcode result, char *out,
                              size_t room)
{
	const char *words =
		buffer[0] != '\0' ? buffer : curl_easy_strerror(result);

	return utf8_show(out, room, words, strlen(words));
}
