/*
 * jmap_type - one kind of object, as the five standard methods see it
 *
 * /get, /changes, /query, /queryChanges and /set (RFC 8620 section 5) are
 * written once; a type says in tables and a few functions what its objects
 * are.  One file a type: type_report.c, type_sent.c ..., and a row of four
 * parts:
 *
 *     may       the permission that each deed needs
 *     walk      goes from object to object, giving /query the facts: of a
 *               report, its head row.  Filters and sorts are rows with offsets
 *               into them
 *     show      the properties, the columns of a terminal, one object as JSON
 *     edit      plans what a client wants created or changed, without a write
 *               transaction; applies and destroys in that of the whole /set,
 *               where what is refused has written nothing
 */
#ifndef TLSTALLY_JMAP_JMAP_TYPE_H
#define TLSTALLY_JMAP_JMAP_TYPE_H

#include "api/property.h"
#include "base/arena.h"
#include "jmap/jmap_method.h"
#include "store/change_table.h"

enum { JMAP_ID_TEXT = JMAP_ID_MAX + 1, JMAP_STATE_TEXT = 32 };

/* What things are compared by: first the numbers, then the text (NULL:
 * none).  The numbers of a text are its first 16 bytes, so that most are
 * decided there. */
struct jmap_key {
	uint64_t rank, more;
	const char *text;
};

enum jmap_field {
	FIELD_TEXT,   /* char[]; capitals make no difference */
	FIELD_DOMAIN, /* the same in canonical form: by its octets */
	FIELD_INT64,
	FIELD_UINT64,
	FIELD_INT32,
	FIELD_ID, /* the object's id, nowhere in the facts */
};

struct jmap_sort {
	const char *property;
	enum jmap_field field;
	size_t offset;
};

/* One of what a /query sorts by.  casemap: it asked for that collation. */
struct jmap_comparator {
	const struct jmap_sort *sort;
	bool descending, casemap;
};

struct jmap_order {
	const struct jmap_comparator *by;
	size_t count;
};

enum jmap_match {
	MATCH_EQUAL,          /* text: the same, whatever its case */
	MATCH_CONTAINS,       /* text in this field, in the other, or where
	                         holds() looks */
	MATCH_WORD,           /* an enum by its word */
	MATCH_LOOKED_UP,      /* the same, and the facts do not tell */
	MATCH_TEXT_LOOKED_UP, /* any text, the same */
	MATCH_BEFORE,         /* UTCDate: earlier; int64 secs */
	MATCH_AFTER,          /* UTCDate: then or later */
	MATCH_AT,             /* UTCDate: then */
	MATCH_PAST,           /* UTCDate: later */
	MATCH_UNTIL,          /* UTCDate: then or earlier */
	MATCH_HAS,            /* bool: is the count above 0? */
	MATCH_AT_LEAST,       /* UnsignedInt: so many, or more */
	MATCH_DAY,            /* "2026-03-01": an int32 day */
	MATCH_DAY_BEFORE,     /* an earlier one */
	MATCH_DAY_AFTER,      /* that one or a later */
};

struct jmap_condition {
	const char *name;
	enum jmap_match match;
	size_t offset;
	size_t other; /* MATCH_CONTAINS: a second field; 0: none */
	const struct vocabulary *words; /* MATCH_WORD, MATCH_LOOKED_UP */
	/* MATCH_LOOKED_UP, a word's number, MATCH_TEXT_LOOKED_UP and
	 * MATCH_CONTAINS (or NULL), the text: reads more of the object. */
	bool (*holds)(struct db_txn *txn, const void *facts, int number,
	              const char *text);
};

/* What a filter takes at most: who walks days need look at no others. */
struct jmap_bounds {
	int32_t first_day, last_day;
	const char *domain; /* canonical; NULL: any */
	bool has_failures;  /* only those */
};

/* A walk over the objects of a type (jmap/jmap_scan.c). */
struct jmap_scan {
	bool (*visit)(struct jmap_scan *scan, const void *facts); /* go on? */
	/* What was visited counts no more: it begins anew. */
	void (*again)(struct jmap_scan *scan);
	const struct jmap_bounds *bounds; /* NULL: none */
	const struct jmap_order *order;   /* NULL: that of the type's walk */
	/* visit() looks at what this order compares, and at the bounds; NULL:
	 * at anything. */
	const struct jmap_order *compared;
	struct db_txn *txn; /* while one is visited */
};

struct jmap_set_error {
	const char *type; /* NULL: none */
	char description[512];
	json_t *properties;   /* NULL; owned */
	const char *existing; /* alreadyExists: its id, lent; NULL */
};

/* One /set at work. */
struct jmap_set_run {
	struct jmap_run *run;
	struct db_txn *txn; /* NULL while plans are made ahead of it */
	struct jmap_set_error error;
	struct err store; /* that it failed while they were made */
};

/* What is to be done to one object: the first member of what a type plans. */
struct jmap_plan {
	size_t size;           /* of what it holds, bytes, about */
	char id[JMAP_ID_TEXT]; /* a creation's: after it was applied */
	json_t *expected; /* what the client must think it is then; owned */
};

enum jmap_applied {
	APPLY_DONE,
	APPLY_REFUSED, /* set->error, or the transaction has failed */
	APPLY_STALE,   /* the object changed since: plan again */
};

/* Who may: 0, nobody, for there is no such thing. */
struct jmap_may {
	enum jmap_permission get, query, create, update, destroy;
};

/* /query, and /get of all there are. */
struct jmap_walk {
	/* Both end with a row without a name. */
	const struct jmap_sort *sorts;
	const struct jmap_condition *conditions;

	/* From the object of these facts (all bytes 0: from before the first)
	 * to the next: 1, or 0 when there is none. */
	int (*next)(struct db_txn *txn, void *facts);
	size_t facts_size;
	/* NULL, or the same for the next within the bounds. */
	int (*next_within)(struct db_txn *txn, const struct jmap_type *type,
	                   void *facts, const struct jmap_bounds *bounds);
	/* NULL, or how many there are within the bounds, of whatever domain,
	 * without looking at each. */
	uint64_t (*count_within)(struct db_txn *txn,
	                         const struct jmap_bounds *bounds);
	/* NULL, or next() for all from there on, faster. */
	void (*each)(struct db_txn *txn, const void *facts,
	             struct jmap_scan *scan);
	/* NULL, or: are there ways to go from object to object in this order,
	 * so that who wants the first ones reads no others?  What is equal in
	 * it comes in the order of ids (id_key()). */
	bool (*has_order)(const struct jmap_order *order,
	                  const struct jmap_bounds *bounds);
	/* Then each() in that of the scan, within its bounds. */
	void (*each_in_order)(struct db_txn *txn, const void *facts,
	                      struct jmap_scan *scan);
	/* To begin anywhere costs more than to look at many: all in one
	 * transaction. */
	bool begins_slowly;
	/* Of rows of a day: the facts of the one whose day and domain they
	 * have, 1 or 0. */
	int (*at)(struct db_txn *txn, void *facts);
	/* The facts of the object that has the id: 1, or 0. */
	int (*find)(struct db_txn *txn, const struct jmap_type *type,
	            const char *id, void *facts);

	struct jmap_key (*id_key)(const void *facts, struct arena *mem);
	void (*id_text)(const struct jmap_key *key, char out[JMAP_ID_TEXT]);
};

struct jmap_show {
	const struct property_table *table;
	const char *word; /* the type's name on a command line */
	/* The properties of a table on a terminal, with commas; what another
	 * server than tlstally has of them (NULL: all). */
	const char *columns, *columns_elsewhere;
	/* 1 and the object, 0 for none, or negative.  wanted: names of
	 * properties; NULL: all.  Others may be there, too. */
	int (*load)(struct db_txn *txn, const char *id, const json_t *wanted,
	            json_t **object, struct err *err);
};

/* /set; all NULL: these can be read only.  NULL for what nobody may. */
struct jmap_edit {
	/* A plan, or NULL: set->error, or a transaction has failed.  Looks at
	 * the store by jmap_set_look(). */
	struct jmap_plan *(*plan_create)(struct jmap_set_run *set,
	                                 json_t *given);
	struct jmap_plan *(*plan_update)(struct jmap_set_run *set,
	                                 const char *id, json_t *patch);
	enum jmap_applied (*apply)(struct jmap_set_run *set,
	                           struct jmap_plan *plan);
	/* Of one that was applied: the object as it is now; JSON null: it is
	 * no more where it was.  Needs no transaction. */
	json_t *(*plan_result)(const struct jmap_plan *plan);
	/* NULL: it holds nothing. */
	void (*plan_free)(struct jmap_plan *plan);
	/* False: set->error, or the transaction has failed. */
	bool (*destroy)(struct jmap_set_run *set, const char *id);
};

struct jmap_type {
	const char *name;
	unsigned capabilities; /* any of them in `using` is enough */
	enum change_type change;
	/* The id of what changed; NULL: there is no log of it. */
	void (*change_id)(const struct change *change, char out[JMAP_ID_TEXT]);
	struct jmap_may may;
	struct jmap_walk walk;
	struct jmap_show show;
	struct jmap_edit edit;
};

/* Can anything be created, changed or destroyed? */
bool jmap_can_set(const struct jmap_type *type);

bool jmap_has_property(const struct jmap_type *type, const char *name);

/* Is it answered as Stalwart's clients want it (jmap/jmap.h)? */
bool jmap_as_stalwart(const struct jmap_run *run, const struct jmap_type *type);

/* "1f3a9c04-17": the store's epoch (store/change_table.h), and the number. */
char *jmap_state_text(struct db_txn *txn, uint64_t number,
                      char out[JMAP_STATE_TEXT]);
/* As the type is now. */
char *jmap_state_now(struct db_txn *txn, const struct jmap_type *type,
                     char out[JMAP_STATE_TEXT]);
/* False for what jmap_state_text() does not give in this epoch. */
bool jmap_state_parse(struct db_txn *txn, const char *text, uint64_t *number);

/* Visits what comes after those facts. */
void jmap_scan_on(struct db_txn *txn, const struct jmap_type *type, void *facts,
                  struct jmap_scan *scan);
/*
 * Visits all objects as they are at one state.  In pages, so that no read
 * transaction lasts; when the state changes between two, it begins again, and
 * after a few times it looks at all in one transaction.
 */
int jmap_scan_all(struct db *db, const struct jmap_type *type,
                  struct jmap_scan *scan, char state[JMAP_STATE_TEXT],
                  struct err *err);
/* For ids that do not lead back to their object: the first after those facts
 * that has the id.  Ends where the first `prefix` bytes differ. */
int jmap_scan_for(struct db_txn *txn, const struct jmap_type *type,
                  const char *id, size_t prefix, void *facts);

/* Returns false. */
bool jmap_refuse(struct jmap_set_run *set, const char *type, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));

/* What is wrong with properties is collected, for all to be told: */
json_t *jmap_bad_paths(struct jmap_set_run *set); /* lent */
void jmap_bad_property(struct jmap_set_run *set, const char *name,
                       const char *words);
/* True: nothing was.  Else it is refused with invalidProperties, in the words
 * of the first property or, when there were none, of err. */
bool jmap_properties_good(struct jmap_set_run *set, const struct err *err);

/* What an update makes of an object as it is shown, the caller's, without what
 * the server sets; what the client must think it is then goes into the plan.
 * NULL: refused; bad properties are not yet. */
json_t *jmap_patched(struct jmap_set_run *set, const struct jmap_type *type,
                     const json_t *shown, json_t *patch,
                     struct jmap_plan *plan);

/* The store fails: the whole call does.  Returns false. */
bool jmap_refuse_store(struct jmap_set_run *set, const struct err *err);

/* Frees it (NULL is nothing) and returns NULL. */
struct jmap_plan *jmap_plan_drop(const struct jmap_type *type,
                                 struct jmap_plan *plan);

/* A transaction to read by: that of the /set, or one of its own, which `own`
 * keeps until its end. */
struct db_txn *jmap_set_look(const struct jmap_set_run *set,
                             struct db_txn **own);

#endif
