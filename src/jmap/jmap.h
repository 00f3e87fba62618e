/*
 * jmap - a JMAP request becomes a response (RFC 8620 section 3)
 *
 *     bytes -> api/jmap_request -> each call in turn -> its method's row
 *                                    (result references, created ids) -> bytes
 *
 * No HTTP here: tlstally-httpd calls it with the body of a POST, the command
 * line with a request of its own.  Method-level errors are part of the
 * response; what is wrong with the request as a whole is a problem (RFC 7807)
 * with an HTTP status.
 */
#ifndef TLSTALLY_JMAP_JMAP_H
#define TLSTALLY_JMAP_JMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "api/jmap_request.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "jmap/permission.h"
#include "store/db.h"

/* What a method of a type needs: "x:TlsInternalReport" "get"; of "set", each
 * deed ("create") for itself. */
struct jmap_right {
	const char *type;
	const char *verb;
	const char *deed; /* NULL */
	enum jmap_permission permission;
};
/* The i-th of all there are; false past the last. */
bool jmap_right_at(size_t i, struct jmap_right *right);

struct lookup_desk;

/*
 * What one request may cost.  Rows looked at, conditions, objects made and
 * bytes read all come down to processor time of the thread that answers it.
 */
struct jmap_meter {
	int64_t (*spent_ms)(void *arg); /* by this thread, since any moment */
	void *arg;
	int64_t limit_ms;
};
/* The thread's own clock. */
int64_t jmap_thread_ms(void *arg);

struct jmap {
	struct db *db;
	const struct conf *conf;
	struct clock *clock;
	struct lookup_desk *lookups;    /* NULL: DNS is not asked from here */
	const struct jmap_meter *meter; /* NULL: it may take as long as it
	                                   takes */
	const char *doubt;              /* why the time is doubted, for who has
	                                   looked; NULL: as the store has it */
	bool on_host; /* the command line: it may look at all of this host */
};

/*
 * How objects of urn:stalwart:jmap are written, and what its clients rely on.
 * Both read either notation.
 */
enum jmap_dialect {
	/* As the reference and RFC 8620 have it: lists are arrays. */
	DIALECT_REFERENCE,
	/* As Stalwart's server answers its clients: lists are objects, and
	 * pointers lead into them (api/notation.h); `created` has the id only,
	 * for more than that opens a dialog; a permission that is missing is
	 * an error of each object, for those of methods are not shown. */
	DIALECT_STALWART,
};

struct jmap_caller {
	const char *name; /* of the token; of the user at the command line */
	unsigned permissions;
	enum jmap_dialect dialect;
};

/* The problem's document, application/problem+json. */
void jmap_problem_write(const struct jmap_problem *problem, struct strbuf *out);

/*
 * Answers a request.  Text of the response into out; or problem->status is not
 * 0 and out is empty.  May be called by several threads at once.
 */
void jmap_answer(const struct jmap *jmap, const struct jmap_caller *caller,
                 const void *body, size_t len, struct strbuf *out,
                 struct jmap_problem *problem);

/* "sessionState", which changes when a caller would see another session. */
const char *jmap_session_state(const struct jmap *jmap,
                               const struct jmap_caller *caller, char out[24]);

/* The words of permissions, an array; the caller's. */
json_t *jmap_permission_words(unsigned permissions);

/* The session object (RFC 8620 section 2) with URLs below base_url, for
 * instance "https://tally.example.com:8460". */
void jmap_session_write(const struct jmap *jmap,
                        const struct jmap_caller *caller, const char *base_url,
                        struct strbuf *out);

#endif
