/*
 * tlsrpt_import - the settings and maps of tlsrpt-reporter 0.6 as ours
 *
 *     /etc/tlsrpt/collectd.cfg, fetcher.cfg, reportd.cfg  ->  tlstally.conf
 *
 * What has a counterpart becomes a setting, with the file and line that it came
 * from above it; of all else a remark says what to do.  Only what our own
 * settings accept is written: the result passes `tlstally conf --check` but for
 * what it says about files and the like.
 *
 * Pure: maps are read by whoever calls.
 */
#ifndef TLSTALLY_SETUP_TLSRPT_IMPORT_H
#define TLSTALLY_SETUP_TLSRPT_IMPORT_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"

struct tlsrpt_file {
	const char *name;
	const char *text;
	size_t len;
};

/* The file of a map, whose path stands in `named_in`; ERR_NOTFOUND, ERR_IO in
 * words without the path. */
typedef int tlsrpt_import_read(void *arg, const char *named_in,
                               const char *path, struct strbuf *out,
                               struct err *err);

struct tlsrpt_import_options {
	tlsrpt_import_read *read;
	void *arg;
};

/* Appends the settings to out and a line for each remark ("FILE:LINE: ...").
 * ERR_PARSE, ERR_LIMIT: a file is none of tlsrpt-reporter's; "FILE:LINE:
 * words". */
int tlsrpt_import(const struct tlsrpt_file *files, size_t count,
                  const struct tlsrpt_import_options *options,
                  struct strbuf *out, struct conf_list *remarks,
                  struct err *err);

#endif
