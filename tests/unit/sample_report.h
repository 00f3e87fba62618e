/* One report with everything in it, for the tests of reports. */
#ifndef TLSTALLY_TESTS_UNIT_SAMPLE_REPORT_H
#define TLSTALLY_TESTS_UNIT_SAMPLE_REPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/strbuf.h"
#include "report/report.h"
#include "report/report_id.h"

enum { SAMPLE_DAY = 20513 }; /* 2026-03-01 */

static const char *sample_sts[] = {"version: STSv1", "mode: enforce",
                                   "mx: *.mail.example.com",
                                   "mx: backup.example.org", "max_age: 604800"};
static const char *sample_mx[] = {"*.mail.example.com", "backup.example.org"};
static const char *sample_tlsa[] = {
	"3 1 1 "
	"0B9FA5A59EED715C26C1020C711B4F6EC42D58B0015E14337A39DAD301C5AFC3",
	"3 1 1 "
	"8BD1DA95272C7FA4FFB24137FC0ED03AAE67E5C4D8B3C50734E1050A7920B922"};

static struct report_detail sample_sts_details[] = {
	{{.result = RESULT_CERTIFICATE_EXPIRED,
          .sending_ip = "2001:db8:abcd:12::1",
          .mx_host = "mx1.mail.example.com",
          .receiving_ip = "2001:db8:abcd:13::1",
          .reason = "X509_V_ERR_CERT_HAS_EXPIRED"},
         100},
	{{.result = RESULT_STARTTLS_NOT_SUPPORTED,
          .sending_ip = "192.0.2.1",
          .mx_host = "mx2.mail.example.com",
          .mx_helo = "mx2.mail.example.com",
          .receiving_ip = "203.0.113.56",
          .additional = "https://reports.example.net/"
                        "x?id=5065427c-23d3#StarttlsNotSupported"},
         200},
	{{.result = RESULT_STS_POLICY_FETCH_ERROR}, 3},
};

static struct report_policy sample_policies[] = {
	{.type = POLICY_STS,
         .domain = "example.com",
         .strings = sample_sts,
         .string_count = 5,
         .mx_hosts = sample_mx,
         .mx_count = 2,
         .success = 5326,
         .failure = 303,
         .details = sample_sts_details,
         .detail_count = 3},
	{.type = POLICY_TLSA,
         .domain = "mx.example.com",
         .strings = sample_tlsa,
         .string_count = 2,
         .success = 12,
         .failure = 0},
	{.type = POLICY_NONE,
         .domain = "example.com",
         .success = 0,
         .failure = 0},
};

/* The caller frees the report; the rows above are lent to it, and a test that
 * sorts or folds changes a copy. */
static inline struct report *sample_report(void)
{
	struct report *report = report_new();

	report->organization_name = "Example Mail";
	report->contact_info = "tls-reports@example.net";
	report->report_id = report_id_make(&report->mem, SAMPLE_DAY,
	                                   "example.com", "example.net", 42);
	report->start = day_start(SAMPLE_DAY);
	report->end = day_end(SAMPLE_DAY);
	report->policy_count = 3;
	report->policies =
		arena_array(&report->mem, 3, sizeof(struct report_policy));
	for (size_t i = 0; i < 3; i++) {
		struct report_policy *policy = &report->policies[i];

		*policy = sample_policies[i];
		policy->details =
			arena_array(&report->mem, policy->detail_count,
		                    sizeof(*policy->details));
		for (size_t d = 0; d < policy->detail_count; d++)
			policy->details[d] = sample_policies[i].details[d];
	}
	return report;
}

/* The bytes of a file beside the test data; the test ends when there is
 * none. */
static inline void sample_file(const char *name, struct strbuf *out)
{
	char path[1024], chunk[4096];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%s/../golden/%s", TEST_DATA, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		abort();
	}
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		strbuf_add(out, chunk, got);
	fclose(file);
}

#endif
