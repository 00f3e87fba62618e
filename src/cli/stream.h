/*
 * stream - "-" on the command line: a standard stream in place of a file
 */
#ifndef TLSTALLY_CLI_STREAM_H
#define TLSTALLY_CLI_STREAM_H

#include "base/err.h"

struct cli;

/* Not one for which a person sits there: a usage error, which names what to
 * type instead. */
int stream_refuse_terminal(struct cli *cli, int fd, const char *name,
                           const char *instead, struct err *err);

/* A file, or standard input for "-", opened with the rights of whoever gave
 * the command; *name is what errors call it.  The descriptor, or a class. */
int stream_open_input(struct cli *cli, const char *path, const char *instead,
                      const char **name, struct err *err);

/* ERR_IO when standard output is closed: another file would come to have its
 * number. */
int stream_check_output(struct err *err);

#endif
