/*
 * answers - what commands want to know, from the store or from a server
 *
 * There is one read model: the objects and views of the JMAP API.  A command
 * for people asks for some of them and prints them; this host's store answers
 * (client/jmap_local.h) or, with --url, a server (client/jmap_remote.h).  What
 * comes back is a stranger's in both cases.
 *
 *     cli_view(cli, "tally:Status", "singleton", NULL, &status, err)
 */
#ifndef TLSTALLY_CLI_ANSWERS_H
#define TLSTALLY_CLI_ANSWERS_H

#include <jansson.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/object_order.h"
#include "jmap/jmap_types.h"

/* --limit; -1: not given. */
int64_t cli_limit(const struct cli *cli);

/* The server that the command line or the environment names; NULL: none. */
const char *cli_server(const struct cli *cli);

/* Makes cli->answers, once.  `wanted`: capabilities that have what is asked
 * about; `changes`: the store is to be written. */
int cli_answers_open(struct cli *cli, unsigned wanted, bool changes,
                     struct err *err);

/* The view (jmap/jmap_view.h) with this id; the caller's.  Takes args, what
 * else /get is given, or NULL. */
int cli_view(struct cli *cli, const char *name, const char *id, json_t *args,
             json_t **object, struct err *err);

/* The objects of order->type that fit its filter, by its sort, with its fields,
 * at most its limit (-1: all); the caller's in any case. */
int cli_find(struct cli *cli, struct object_order *order, json_t **objects,
             struct err *err);

/* The document as --json wants it, or as text for people, with what a terminal
 * would obey taken out of it before. */
void cli_print(struct cli *cli, json_t *doc,
               void (*print)(const json_t *doc, struct strbuf *out));

/* The same, or with --csv the objects of this member, with these members of
 * theirs ("day,domain"). */
void cli_print_list(struct cli *cli, json_t *doc, const char *list,
                    const char *names,
                    void (*print)(const json_t *doc, struct strbuf *out));

/* Takes items away behind the first --limit of them. */
void cli_limit_list(const struct cli *cli, json_t *list);

#endif
