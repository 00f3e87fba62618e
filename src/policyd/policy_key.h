/*
 * policy_key - of what Postfix asks, which are domains that publish policies
 *
 *     Example.COM          example.com
 *     münchen.example      xn--mnchen-3ya.example
 *     .example.com         none: the parent of a domain that was NOTFOUND
 *     [mail.example.com]   none: a next hop that the site chose itself
 *     mail.example.com:26  none
 *     localhost            none
 */
#ifndef TLSTALLY_POLICYD_POLICY_KEY_H
#define TLSTALLY_POLICYD_POLICY_KEY_H

#include "base/domain.h"
#include "base/span.h"

/* NULL and the domain; or why it is none, in a sentence. */
const char *policy_key_domain(struct span key, char domain[DOMAIN_TEXT]);

#endif
