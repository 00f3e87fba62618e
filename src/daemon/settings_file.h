/*
 * settings_file - where a program gets its settings from
 *
 * The file of -c, else of TLSTALLY_CONF, else the site's own; over it each
 * -o SECTION.NAME=VALUE in turn.  Daemons and the command line alike.
 */
#ifndef TLSTALLY_DAEMON_SETTINGS_FILE_H
#define TLSTALLY_DAEMON_SETTINGS_FILE_H

#include "base/err.h"
#include "conf/conf.h"

enum { SETTINGS_FILE_ASSIGNMENTS = 64 };

struct settings_file {
	const char *path; /* of -c; NULL: none was given */
	const char *assignments[SETTINGS_FILE_ASSIGNMENTS];
	int assignment_count;
};

/* The file that is read when neither -c nor TLSTALLY_CONF names one. */
const char *settings_file_default(void);

/* The file that settings_file_read() would read. */
const char *settings_file_path(const struct settings_file *file);

/* Takes what follows -o, lent; ERR_LIMIT when there are too many. */
int settings_file_assign(struct settings_file *file, const char *assignment,
                         struct err *err);

/* Initialises conf and reads it; conf_clear() it also after a failure.
 * conf_check() is left to the caller. */
int settings_file_read(const struct settings_file *file, struct conf *conf,
                       struct err *err);

/* The same, but the site's own file need not be there: then the defaults. */
int settings_file_read_if_any(const struct settings_file *file,
                              struct conf *conf, struct err *err);

/* Logs what was read in a notation of the past. */
void settings_file_warn(const struct conf *conf);

#endif
