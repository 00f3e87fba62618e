/*
 * cli_objects - an order carried out: the calls it takes, and what is printed
 *
 *     get, query              cli_objects_read.c
 *     create, update, delete  cli_objects_set.c
 *
 * Calls are as large as the session permits; what was got before something
 * failed is printed all the same.
 */
#ifndef TLSTALLY_CLI_OBJECTS_H
#define TLSTALLY_CLI_OBJECTS_H

#include "cli/cli.h"
#include "client/jmap_client.h"
#include "cli/object_order.h"

struct object_job {
	struct cli *cli;
	const struct object_order *order;
	struct jmap_transport *transport;
};

int object_job_get(struct object_job *job, struct err *err);
int object_job_query(struct object_job *job, struct err *err);
int object_job_create(struct object_job *job, struct err *err);
int object_job_update(struct object_job *job, struct err *err);
int object_job_delete(struct object_job *job, struct err *err);

#endif
