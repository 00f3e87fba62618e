/*
 * slow_dns - a name server that does not answer
 *
 * Linked into a program it stands before the C library's getaddrinfo(3): a name
 * that begins with "slow-dns" takes ten seconds to look up.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { SLOW_DNS_SECS = 10 };

typedef int look_up_fn(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **list)
{
	void *next = dlsym(RTLD_NEXT, "getaddrinfo");
	look_up_fn *look_up;

	memcpy(&look_up, &next, sizeof(look_up));
	if (name != NULL && strncmp(name, "slow-dns", 8) == 0)
		sleep(SLOW_DNS_SECS);
	return look_up(name, service, hints, list);
}
