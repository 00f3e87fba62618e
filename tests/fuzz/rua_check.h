/* What must hold for every destination that a decoder lets through. */
#ifndef TLSTALLY_TESTS_FUZZ_RUA_CHECK_H
#define TLSTALLY_TESTS_FUZZ_RUA_CHECK_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "domain/rua.h"

/* What may stand in an SMTP command or a header without quoting. */
static inline void check_address(const struct rua *rua)
{
	const char *at = strchr(rua->address, '@');

	check_words(rua->address);
	check(strpbrk(rua->address, " <>(),;:\\\"[]") == NULL);
	check(at != NULL && at != rua->address && at == strrchr(at, '@'));
	check(strcmp(at + 1, rua->host) == 0);
	check(domain_is_canonical(rua->host) && domain_is_host(rua->host));
}

static inline void check_https(const struct rua *rua)
{
	char ip[INET6_ADDRSTRLEN];
	const char *host;

	check(strncmp(rua->uri, "https://", 8) == 0);
	check(rua->port != 0 && rua->address[0] == '\0');
	check(domain_ip_canonical(rua->host, ip)
	              ? strcmp(ip, rua->host) == 0
	              : domain_is_canonical(rua->host) &&
	                        domain_is_host(rua->host));
	host = rua->uri + 8 + (rua->uri[8] == '[');
	check(strncmp(host, rua->host, strlen(rua->host)) == 0);
}

static inline void check_rua(const struct rua *rua)
{
	struct rua again;

	check_words(rua->uri);
	check(strpbrk(rua->uri, " !,;#\"<>\\^`{|}") == NULL);
	check(rua->kind == RUA_MAIL || rua->kind == RUA_HTTPS);
	if (rua->kind == RUA_MAIL)
		check_address(rua);
	else
		check_https(rua);
	check(rua_parse(rua->uri, strlen(rua->uri), &again, NULL) == 0);
	check(memcmp(rua, &again, sizeof(again)) == 0);
}

#endif
