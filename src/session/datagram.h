/*
 * datagram - what libtlsrpt sends for one SMTP session, made a session
 *
 * One JSON object: {"dpv":"1","d":DOMAIN,"pr":RECORD,"policies":[{
 * "policy-type":1|2|9,"policy-domain":...,"policy-string":[...],
 * "mx-host":[...],"failure-details":[{"c":203,"s":IP,"n":MX,"h":EHLO,
 * "r":IP,"a":URI,"f":REASON}],"t":1,"f":0|1}]}.  It carries no time.
 *
 * Invalid UTF-8 costs the bad byte (U+FFFD), not the event; an unknown policy
 * type is POLICY_OTHER, an unknown result code validation-failure with the
 * code as its reason; members of the wrong type are bad input.
 */
#ifndef TLSTALLY_SESSION_DATAGRAM_H
#define TLSTALLY_SESSION_DATAGRAM_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "session/session.h"

enum { DATAGRAM_MAX = 256 * 1024 };

/* Decodes into the session (which is reset first) and brings it to its normal
 * form.  BAD_NONE, or why not, with words in err. */
enum bad_input datagram_decode(const void *data, size_t len,
                               struct session *session, struct err *err);

/* The same of one that was read already: an object. */
enum bad_input datagram_decode_json(const json_t *root, struct session *session,
                                    struct err *err);

#endif
