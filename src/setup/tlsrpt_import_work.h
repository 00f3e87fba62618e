/*
 * tlsrpt_import_work - what the files of tlsrpt_import.h share
 *
 * One reads settings (tlsrpt_import.c), the other makes items of our lists of
 * maps (tlsrpt_import_maps.c).  Both add lines and remarks to a run.
 */
#ifndef TLSTALLY_SETUP_TLSRPT_IMPORT_WORK_H
#define TLSTALLY_SETUP_TLSRPT_IMPORT_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/settings.h"
#include "setup/tlsrpt_import.h"
#include "setup/tlsrpt_map.h"

struct tlsrpt_option;

/* A setting of ours, and where it comes from. */
struct tlsrpt_line {
	const struct setting *row;
	const char *value;
	const char *file;
	unsigned number;
	const char *name; /* as it was called there; NULL: it stood in a map */
};

struct tlsrpt_run {
	const struct tlsrpt_import_options *options;
	struct arena mem;
	struct conf conf; /* what the lines come to */
	struct tlsrpt_line *lines;
	size_t count, room;
	struct conf_list *remarks;
	struct tlsrpt_map maps[TLSRPT_MAPS];
	const struct tlsrpt_option *retries, *longest_wait;
	bool has_reportd, has_collectd;
	bool failed; /* a map could not be read */
};

void tlsrpt_import_remark(struct tlsrpt_run *run, const char *file,
                          unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* One more line of the result, if our settings take it. */
bool tlsrpt_import_take(struct tlsrpt_run *run, const struct tlsrpt_line *line,
                        const char *section, const char *name);

/* A map that was read, its rules in their order. */
void tlsrpt_import_map(struct tlsrpt_run *run, enum tlsrpt_map_of of);

#endif
