#include "show/words.h"

static const struct {
	const char *words;
	const char *json;
} marks[TALLY_MARKS] = {
	[TALLY_OPEN] = {"still counting", "open"},
	[TALLY_QUEUED] = {"with a report", "queued"},
	[TALLY_NO_RECORD] = {"without a TLSRPT record", "noRecord"},
	[TALLY_BAD_RECORD] = {"with a malformed TLSRPT record, or several",
                              "badRecord"},
	[TALLY_NO_RUA] = {"without a usable rua", "noRua"},
	[TALLY_DENIED] = {"denied by the settings", "denied"},
	[TALLY_BY_MODE] = {"left out by mode", "byMode"},
	[TALLY_SELF] = {"with sessions of our own reports only", "self"},
	[TALLY_TOO_OLD] = {"too old to report", "tooOld"},
	[TALLY_BAD_DOMAIN] = {"with a name that is no domain", "badDomain"},
	[TALLY_LATE] = {"counted too late", "late"},
	[TALLY_UNSENT] = {"read from an old log", "unsent"},
};

const char *mark_words(enum tally_mark mark)
{
	return mark < TALLY_MARKS ? marks[mark].words : "?";
}

const char *mark_json(enum tally_mark mark)
{
	return mark < TALLY_MARKS ? marks[mark].json : "unknown";
}

static const char *const results[RESULT_TYPES] = {
	[RESULT_OTHER] = "something else went wrong",
	[RESULT_STARTTLS_NOT_SUPPORTED] = "the server offered no STARTTLS",
	[RESULT_CERTIFICATE_HOST_MISMATCH] =
		"the certificate is for another name",
	[RESULT_CERTIFICATE_NOT_TRUSTED] = "no trusted authority signed it",
	[RESULT_CERTIFICATE_EXPIRED] = "the certificate had expired",
	[RESULT_VALIDATION_FAILURE] = "the handshake or a check failed",
	[RESULT_STS_POLICY_FETCH_ERROR] =
		"the MTA-STS policy could not be fetched",
	[RESULT_STS_POLICY_INVALID] = "the MTA-STS policy is not valid",
	[RESULT_STS_WEBPKI_INVALID] =
		"the MTA-STS policy's host has no valid certificate",
	[RESULT_TLSA_INVALID] = "no TLSA record could be used",
	[RESULT_DNSSEC_INVALID] = "DNSSEC did not validate",
	[RESULT_DANE_REQUIRED] = "DANE was required and not there",
};

const char *result_words(enum result_type type)
{
	return type < RESULT_TYPES ? results[type] : "?";
}

static const struct {
	const char *name;
	const char *words;
} modes[] = {
	[MODE_PREVIEW] = {"preview",
                          "reports are made and held, not sent; look with "
                          "`tlstally preview DOMAIN`, then set mode = all"},
	[MODE_ALL] = {"all", "every domain that asks for a report gets one"},
	[MODE_FAILURES_ONLY] = {"failures-only",
                                "a report is sent when a session failed"},
	[MODE_OFF] = {"off", "no reports are made"},
};

const char *mode_words(enum report_mode mode)
{
	return modes[mode].words;
}

const char *mode_name(enum report_mode mode)
{
	return modes[mode].name;
}
