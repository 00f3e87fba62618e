#include "words/names.h"

#include <stddef.h>
#include <string.h>

struct names_row {
	const char *rfc;   /* RFC 8460 sections 4.3 and 4.4 */
	const char *api;   /* TlsReportPolicy, TlsFailureDetails */
	int64_t libtlsrpt; /* tlsrpt.h; 0: it has none */
};

static const struct names_row policy_types[POLICY_TYPES] = {
	[POLICY_NONE] = {"no-policy-found", "noPolicyFound", 9},
	[POLICY_TLSA] = {"tlsa", "tlsa", 1},
	[POLICY_STS] = {"sts", "sts", 2},
	[POLICY_OTHER] = {"other", "other", 0},
};

static const struct names_row result_types[RESULT_TYPES] = {
	[RESULT_OTHER] = {"other", "other", 0},
	[RESULT_STARTTLS_NOT_SUPPORTED] = {"starttls-not-supported",
                                           "startTlsNotSupported", 201},
	[RESULT_CERTIFICATE_HOST_MISMATCH] = {"certificate-host-mismatch",
                                              "certificateHostMismatch", 202},
	[RESULT_CERTIFICATE_NOT_TRUSTED] = {"certificate-not-trusted",
                                            "certificateNotTrusted", 203},
	[RESULT_CERTIFICATE_EXPIRED] = {"certificate-expired",
                                        "certificateExpired", 204},
	[RESULT_VALIDATION_FAILURE] = {"validation-failure",
                                       "validationFailure", 205},
	[RESULT_STS_POLICY_FETCH_ERROR] = {"sts-policy-fetch-error",
                                           "stsPolicyFetchError", 301},
	[RESULT_STS_POLICY_INVALID] = {"sts-policy-invalid", "stsPolicyInvalid",
                                       302},
	[RESULT_STS_WEBPKI_INVALID] = {"sts-webpki-invalid", "stsWebpkiInvalid",
                                       303},
	[RESULT_TLSA_INVALID] = {"tlsa-invalid", "tlsaInvalid", 304},
	[RESULT_DNSSEC_INVALID] = {"dnssec-invalid", "dnssecInvalid", 305},
	[RESULT_DANE_REQUIRED] = {"dane-required", "daneRequired", 306},
};

/* A number from outside the table is as good as "other". */
static const struct names_row *policy_row(enum policy_type type)
{
	return &policy_types[(unsigned)type < POLICY_TYPES ? type
	                                                   : POLICY_OTHER];
}

static const struct names_row *result_row(enum result_type type)
{
	return &result_types[(unsigned)type < RESULT_TYPES ? type
	                                                   : RESULT_OTHER];
}

const char *policy_type_rfc(enum policy_type type)
{
	return policy_row(type)->rfc;
}

const char *result_type_rfc(enum result_type type)
{
	return result_row(type)->rfc;
}

const char *policy_type_api(enum policy_type type)
{
	return policy_row(type)->api;
}

const char *result_type_api(enum result_type type)
{
	return result_row(type)->api;
}

/* The index of the row that has the word, -1 when none has. */
static int find_rfc(const struct names_row *rows, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (strcmp(rows[i].rfc, word) == 0)
			return i;
	return -1;
}

static int find_api(const struct names_row *rows, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (strcmp(rows[i].api, word) == 0)
			return i;
	return -1;
}

static int find_number(const struct names_row *rows, int count, int64_t number)
{
	for (int i = 0; i < count; i++)
		if (rows[i].libtlsrpt != 0 && rows[i].libtlsrpt == number)
			return i;
	return -1;
}

bool policy_type_from_rfc(const char *word, enum policy_type *type)
{
	int i = find_rfc(policy_types, POLICY_TYPES, word);

	if (i >= 0)
		*type = (enum policy_type)i;
	return i >= 0;
}

bool result_type_from_rfc(const char *word, enum result_type *type)
{
	int i = find_rfc(result_types, RESULT_TYPES, word);

	if (i >= 0)
		*type = (enum result_type)i;
	return i >= 0;
}

bool policy_type_from_api(const char *word, enum policy_type *type)
{
	int i = find_api(policy_types, POLICY_TYPES, word);

	if (i >= 0)
		*type = (enum policy_type)i;
	return i >= 0;
}

bool result_type_from_api(const char *word, enum result_type *type)
{
	int i = find_api(result_types, RESULT_TYPES, word);

	if (i >= 0)
		*type = (enum result_type)i;
	return i >= 0;
}

enum policy_type policy_type_from_libtlsrpt(int64_t number)
{
	int i = find_number(policy_types, POLICY_TYPES, number);

	return i >= 0 ? (enum policy_type)i : POLICY_OTHER;
}

bool result_type_from_libtlsrpt(int64_t number, enum result_type *type)
{
	int i = find_number(result_types, RESULT_TYPES, number);

	if (i >= 0)
		*type = (enum result_type)i;
	return i >= 0;
}
