/*
 * lists - the operator's word on who gets no report, gets it elsewhere, or
 * has a copy sent to the operator, too
 *
 *     deny = example.org            no report about that domain
 *     deny = .example.org           none about those below it
 *     deny = @bad.example           none to that mail domain or https host
 *     deny = tls@bad.example        none to that address
 *     redirect = example.org -> mailto:tls@other.example
 *     bcc = .example.org -> mailto:archive@our.example
 *     always_bcc = mailto:archive@our.example
 *
 * The same kinds on the left side of all (conf/list_item.h); in each list the
 * first item that matches decides.
 */
#ifndef TLSTALLY_ROLLUP_LISTS_H
#define TLSTALLY_ROLLUP_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"
#include "domain/rua.h"

enum { LISTS_TARGETS_MAX = 8 }; /* of an item; and of always_bcc */

struct lists;

/* Where a list leads; none when count is 0.  Lent. */
struct lists_targets {
	const struct rua *ruas;
	size_t count;
};

/* ERR_PARSE names the item that makes no sense. */
int lists_new(struct lists **lists, const struct conf *conf, struct err *err);
void lists_free(struct lists **lists);

/* Is a report about this domain denied? */
bool lists_domain_denied(const struct lists *lists, const char *domain);

/* Where reports about the domain go instead; none: where they should. */
struct lists_targets lists_domain_redirect(const struct lists *lists,
                                           const char *domain);

/* Where copies of them go. */
struct lists_targets lists_domain_bcc(const struct lists *lists,
                                      const char *domain);
struct lists_targets lists_always_bcc(const struct lists *lists);

/* The same for one place. */
bool lists_rua_denied(const struct lists *lists, const struct rua *rua);
struct lists_targets lists_rua_redirect(const struct lists *lists,
                                        const struct rua *rua);
struct lists_targets lists_rua_bcc(const struct lists *lists,
                                   const struct rua *rua);

#endif
