/*
 * objects - an order carried out: the calls it takes, and what is printed
 *
 *     get, query              objects_read.c, objects_list.c
 *     create, update, delete  objects_set.c
 *
 * Calls are as large as the session permits; what was got before something
 * failed is printed all the same.
 */
#ifndef TLSTALLY_CLI_OBJECTS_H
#define TLSTALLY_CLI_OBJECTS_H

#include "cli/cli.h"
#include "cli/object_order.h"
#include "client/jmap_client.h"

struct objects_job {
	struct cli *cli;
	const struct object_order *order;

	/* Of objects_each(): gets some of them, and may change those. */
	int (*each_part)(struct objects_job *job, json_t *objects,
	                 struct err *err);
	void *arg;
	bool wants_total;
	/* Then how many there are, within the order's limit. */
	uint64_t total;
};

/* A method call of the order's type; takes args. */
int objects_call(struct objects_job *job, const char *verb, json_t *args,
                 json_t **response, struct err *err);

/* Those with these ids (NULL: all, in one call, or ERR_LIMIT), added to the
 * list; what is not there to `missing`. */
int objects_load(struct objects_job *job, const json_t *ids,
                 const json_t *fields, json_t *objects, json_t *missing,
                 struct err *err);

/* All that fit the order, part by part; no list of all is kept. */
int objects_each(struct objects_job *job, const json_t *fields,
                 struct err *err);

int objects_get(struct objects_job *job, struct err *err);
int objects_query(struct objects_job *job, struct err *err);
int objects_create(struct objects_job *job, struct err *err);
int objects_update(struct objects_job *job, struct err *err);
int objects_delete(struct objects_job *job, struct err *err);

#endif
