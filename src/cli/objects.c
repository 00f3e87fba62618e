/* tlstally get, query, create, update, delete: an order (object_order.h), made
 * calls of, answered by the store or by a server. */
#include "cli/objects.h"

#include "base/auto.h"
#include "cli/answers.h"

static int run(struct cli *cli, enum object_verb verb,
               int (*perform)(struct objects_job *job, struct err *err),
               struct err *err)
{
	auto_(object_order_clear) struct object_order order = {0};
	struct objects_job job = {.cli = cli, .order = &order};
	bool changes = verb != OBJECT_GET && verb != OBJECT_QUERY;

	if (object_order_read(&cli->args, verb, &order, err) < 0) {
		cli->is_usage = err->class != ERR_IO;
		return err->class;
	}
	if (cli_answers_open(cli, order.type->capabilities, changes, err) < 0)
		return err->class;
	return perform(&job, err);
}

int cli_object_get(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_GET, objects_get, err);
}

int cli_object_query(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_QUERY, objects_query, err);
}

int cli_object_create(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_CREATE, objects_create, err);
}

int cli_object_update(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_UPDATE, objects_update, err);
}

int cli_object_delete(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_DELETE, objects_delete, err);
}
