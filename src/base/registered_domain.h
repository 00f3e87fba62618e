/*
 * registered_domain - the part of a name that somebody registered (libpsl)
 *
 *     mail.example.co.uk    example.co.uk
 *     example.com           example.com
 *     co.uk                 co.uk          nobody registered it
 *
 * By the public suffix list: Debian's package publicsuffix when it is newer
 * than the list within libpsl.  RFC 7489 section 3.2 calls it the
 * organizational domain.
 */
#ifndef TLSTALLY_BASE_REGISTERED_DOMAIN_H
#define TLSTALLY_BASE_REGISTERED_DOMAIN_H

/* Of a canonical name (base/domain.h), the tail of it that is one; all of it
 * when it has none.  May be called in any thread. */
const char *registered_domain(const char *canonical);

#endif
