/*
 * names - the words of RFC 8460, of libtlsrpt and of the API for one thing
 *
 * A result type is "certificate-expired" in a report (RFC 8460 section 4.3),
 * 204 in a libtlsrpt datagram and "certificateExpired" in the API.  One table
 * holds all three.
 */
#ifndef TLSTALLY_WORDS_NAMES_H
#define TLSTALLY_WORDS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are what the store holds: never change one. */
enum policy_type {
	POLICY_NONE = 0, /* no-policy-found */
	POLICY_TLSA = 1,
	POLICY_STS = 2,
	POLICY_OTHER = 3, /* the API's; sent as no-policy-found */
	POLICY_TYPES
};

enum result_type {
	RESULT_OTHER = 0, /* the API's; sent as validation-failure */
	RESULT_STARTTLS_NOT_SUPPORTED = 1,
	RESULT_CERTIFICATE_HOST_MISMATCH = 2,
	RESULT_CERTIFICATE_NOT_TRUSTED = 3,
	RESULT_CERTIFICATE_EXPIRED = 4,
	RESULT_VALIDATION_FAILURE = 5,
	RESULT_STS_POLICY_FETCH_ERROR = 6,
	RESULT_STS_POLICY_INVALID = 7,
	RESULT_STS_WEBPKI_INVALID = 8,
	RESULT_TLSA_INVALID = 9,
	RESULT_DNSSEC_INVALID = 10,
	RESULT_DANE_REQUIRED = 11,
	RESULT_TYPES
};

/* RFC 8460 sections 4.3 and 4.5; "other" for the API's own. */
const char *policy_type_rfc(enum policy_type type);
const char *result_type_rfc(enum result_type type);

/* The API's camelCase: "noPolicyFound", "startTlsNotSupported". */
const char *policy_type_api(enum policy_type type);
const char *result_type_api(enum result_type type);

/* False when the word is none; the RFC readers also know "other". */
bool policy_type_from_rfc(const char *word, enum policy_type *type);
bool result_type_from_rfc(const char *word, enum result_type *type);
bool policy_type_from_api(const char *word, enum policy_type *type);
bool result_type_from_api(const char *word, enum result_type *type);

/* libtlsrpt's numbers (tlsrpt.h): policy 1, 2, 9; results 201-205, 301-306.
 * An unknown policy is POLICY_OTHER; false for an unknown result. */
enum policy_type policy_type_from_libtlsrpt(int64_t number);
bool result_type_from_libtlsrpt(int64_t number, enum result_type *type);

#endif
