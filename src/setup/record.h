/*
 * record - what `tlstally setup --apply` made, and what was there before
 *
 *     /etc/postfix/tlstally-setup.json
 *     {"asked":{"feed":"auto","milter":"yes","securityLevel":"leave"},
 *      "reload":false,
 *      "made":[{"kind":"setting","name":"smtp_tls_loglevel",
 *               "before":null,"after":"1"}]}
 *
 * It lies beside the main.cf that it is about, and so goes where that goes: it
 * is root's, and only root may write there, which --undo depends upon.
 *
 * A row is written before the thing is made.  Whoever is killed in between
 * finds the thing as it was, or as it was to be, and both are seen from the
 * row.
 */
#ifndef TLSTALLY_SETUP_RECORD_H
#define TLSTALLY_SETUP_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "setup/thing.h"

struct record {
	const char *path;
	json_t *doc;
	bool exists; /* it was read */
};

struct record_row {
	enum thing_kind kind;
	const char *name;
	const char *before, *after; /* NULL: not there */
	const char *item;           /* of a list, ours; NULL: it is no list */
	const char *instead; /* the item whose place it took; NULL: none */
};

/* Reads that of the directory, or begins an empty one.  ERR_PARSE when it is
 * no such record, or somebody else may have written it. */
int record_read(struct record *record, const char *directory,
                struct arena *arena, struct err *err);
void record_clear(struct record *record);

/* The i-th row, lent; false past the last, and when it is not understood: a
 * later version, or somebody by hand, wrote it. */
bool record_row(const struct record *record, size_t i, struct record_row *row);
bool record_find(const struct record *record, enum thing_kind kind,
                 const char *name, struct record_row *row);
size_t record_count(const struct record *record);

/* In the place of the row of that name.  ERR_PARSE when a value is not UTF-8.
 */
int record_put(struct record *record, const struct record_row *row,
               struct err *err);
void record_drop(struct record *record, enum thing_kind kind, const char *name);

/* Must Postfix still be told? */
bool record_reload(const struct record *record);
void record_set_reload(struct record *record, bool reload);

/* What was asked for, "" when nobody asked. */
const char *record_asked(const struct record *record, const char *name);
void record_ask(struct record *record, const char *name, const char *value);

/* Writes it, atomically and mode 0600; or removes it. */
int record_write(struct record *record, struct err *err);
int record_remove(struct record *record, struct err *err);

#endif
