/*
 * fleet_hosts - the other hosts that the section [fleet] names
 *
 *     [fleet]
 *     expect = mx2.example.com
 *     fetchers = ssh mx3 tlsrpt-fetcher, mx4.example.com=ssh relay
 * tlsrpt-fetcher
 *
 * Those of `expect` send their days (tlstally import), and those of `fetchers`
 * are asked for theirs by a command.  It is run without a shell: its words are
 * what stands between spaces, as tlsrpt-reportd takes them.  A host that is
 * fetched has the name before the "=", or else that which ssh(1) is given.
 */
#ifndef TLSTALLY_CONF_FLEET_HOSTS_H
#define TLSTALLY_CONF_FLEET_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/domain.h"
#include "conf/conf.h"

struct fleet_host {
	char name[DOMAIN_TEXT]; /* canonical */
	const char *command;    /* lent; NULL: it sends its days */
};

/* The i-th, those of expect first; false: there are no more. */
bool fleet_hosts_at(const struct conf *conf, size_t i, struct fleet_host *host);

/* Of an item of fetchers: the words of its command, and NULL, in the arena,
 * with room for `more` words behind them; *count of them. */
const char **fleet_hosts_words(const char *item, struct arena *arena,
                               size_t *count);

/* Can the item of fetchers be read?  Else why not. */
int fleet_hosts_check(const char *item, struct err *err);

/* ERR_PARSE: two of them, or one and this host, have the same name. */
int fleet_hosts_check_names(const struct conf *conf, struct err *err);

#endif
