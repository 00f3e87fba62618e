/*
 * tlsrpt_day - the day that a tlsrpt-collectd counted last, as a sealed day
 *
 *     ssh mx2 cat /var/lib/tlsrpt/collectd.sqlite.yesterday |
 *             tlstally import --host mx2.example.com -
 *
 * The collector of tlsrpt-reporter 0.6 keeps two SQLite databases: that of
 * today, and that of the day before under the same name and ".yesterday".  What
 * it says of a domain is what tlsrpt-fetcher would answer, and is read as that
 * is (sealed/fetcher_answer.h); what comes out are the lines of
 * sealed/sealed_day.h, for fleet/day_import.h.
 *
 * Its day is the one that the database itself calls complete, or the last one
 * in it that is over: a collector that was stopped did not come to say so.
 * Another database of the same day and host is known by the moment when it was
 * made, so two hosts do not pass for one.
 *
 * The file is foreign: it is opened for reading only, and nothing that it
 * defines beside its tables is trusted.
 *
 *     tlsrpt_day_open(&day, path, &err)
 *     tlsrpt_day_read(day, &options, write, arg, &result, &err)
 *     tlsrpt_day_close(&day)
 */
#ifndef TLSTALLY_FLEET_TLSRPT_DAY_H
#define TLSTALLY_FLEET_TLSRPT_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "session/tally.h"

enum { TLSRPT_DAY_MAGIC = 16 }; /* bytes with which such a file begins */

/* Does a file that begins like this look like a database? */
bool tlsrpt_day_is_database(const char *data, size_t len);

struct tlsrpt_day_options {
	const char *host; /* canonical: whose day it is to be */
	int64_t now;      /* secs */
	struct tally_limits caps;
};

struct tlsrpt_day_result {
	uint64_t unreadable; /* domains that are left out, */
	char first[256];     /* and the first of them, in words */
	uint64_t other_days; /* rows of other days: left out */
};

typedef int tlsrpt_day_fn(void *arg, const char *data, size_t len,
                          struct err *err);

struct tlsrpt_day;

/* Nobody writes to the file; once it is open its name may be removed.
 * ERR_NOTFOUND: we were built without libsqlite3. */
int tlsrpt_day_open(struct tlsrpt_day **day, const char *path, struct err *err);
void tlsrpt_day_close(struct tlsrpt_day **day);

/* ERR_PARSE: it is none of tlsrpt-collectd, or of another version; ERR_BUSY:
 * its day is not over. */
int tlsrpt_day_read(struct tlsrpt_day *day,
                    const struct tlsrpt_day_options *options,
                    tlsrpt_day_fn *write, void *arg,
                    struct tlsrpt_day_result *result, struct err *err);

#endif
