/*
 * deliver_dir - reports as files in a directory
 *
 * The .json.gz under the report's file name, whole or not at all: written
 * under a hidden name, synced, renamed, and the directory synced.  The same
 * report again replaces itself.  For archives, tests and a dry run; only the
 * settings can name such a place, and an operator's directory is quick enough
 * to be waited for.
 */
#ifndef TLSTALLY_DELIVER_DELIVER_DIR_H
#define TLSTALLY_DELIVER_DELIVER_DIR_H

#include "reply/ports.h"

enum { DIR_NAME_MAX = 200 };

void deliver_dir(const struct delivery_job *job,
                 struct delivery_answer *answer);

/* A report's name as a file's: no slash, nothing that hides or cannot be
 * shown, at most DIR_NAME_MAX bytes with the end kept (".json.gz"). */
void deliver_dir_name(const char *name, char out[DIR_NAME_MAX + 1]);

#endif
