/* Whatever a server answers, the object commands end with a line of words or
 * with something to print, and neither tells a terminal anything; a session is
 * none, or one that can be used. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/objects.h"
#include "client/remote_session.h"
#include "jmap/jmap_types.h"
#include "check.h"
#include "api/jmap_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzzed {
	struct jmap_client client;
	const uint8_t *data;
	size_t size;
	int calls;
};

/* The same each time, a few times. */
static int answer(struct jmap_client *client, const struct strbuf *body,
                  bool changes, struct strbuf *out, struct err *err)
{
	struct fuzzed *self = (struct fuzzed *)client;

	(void)changes;
	check(body->len > 0);
	if (self->calls++ > 3)
		return err_set(err, ERR_BUSY, "enough");
	strbuf_add(out, self->data, self->size);
	return 0;
}

static void check_safe(const char *text, bool is_line)
{
	for (const char *c = text; *c != '\0'; c++)
		check((unsigned char)*c >= ' ' || (*c == '\n' && !is_line));
}

static void take_line(void *arg, int priority, const char *line)
{
	(void)arg;
	(void)priority;
	check_safe(line, true);
}

static void perform(enum object_verb verb, const uint8_t *data, size_t size)
{
	static int (*const jobs[])(struct objects_job *, struct err *) = {
		objects_get, objects_query, objects_create, objects_update,
		objects_delete};
	struct fuzzed fuzzed = {
		.client = {.answer = answer, .max_get = 2, .max_set = 2},
		.data = data,
		.size = size,
	};
	struct object_order order = {
		.verb = verb,
		.type = &type_report,
		.ids = json_pack("[s,s,s]", "a", "b", "c"),
		.given = json_object(),
		.position = -1,
		.limit = size % 2 ? -1 : 3,
	};
	struct cli cli = {.answers = &fuzzed.client};
	struct objects_job job = {.cli = &cli, .order = &order};
	struct err err = {0};

	if (jobs[verb](&job, &err) < 0) {
		check(err.text[0] != '\0');
		check_safe(err.text, true);
	}
	check_safe(strbuf_text(&cli.out), false);
	strbuf_clear(&cli.out);
	object_order_clear(&order);
}

/* The commands for people print what they are told. */
static void command(int (*run)(struct cli *cli, struct err *err),
                    const uint8_t *data, size_t size)
{
	struct fuzzed fuzzed = {
		.client = {.answer = answer,
	                   .capabilities = CAPABILITY_TLSTALLY,
	                   .max_get = 2},
		.data = data,
		.size = size,
	};
	struct cli cli = {
		.args = {.domain = "a.example",
	                 .has_day = size % 2,
	                 .object.url = "http://127.0.0.1/"},
		.clock = clock_fixed(1772323200),
		.answers = &fuzzed.client,
	};
	struct err err = {0};

	if (run(&cli, &err) < 0) {
		check(err.text[0] != '\0');
		check_safe(err.text, true);
	}
	check_safe(strbuf_text(&cli.out), false);
	strbuf_clear(&cli.out);
}

static void check_session(const uint8_t *data, size_t size)
{
	struct remote_session session;
	struct err err = {0};

	if (remote_session_read(data, size, type_report.capabilities, &session,
	                        &err) == 1) {
		check(session.api != NULL);
		check(session.account[0] == '\0' ||
		      jmap_request_is_id(session.account));
		check(session.max_get > 0 && session.max_set > 0);
	}
	remote_session_clear(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_capture(take_line, NULL);
	for (int verb = OBJECT_GET; verb <= OBJECT_DELETE; verb++)
		perform((enum object_verb)verb, data, size);
	command(cli_status, data, size);
	command(cli_doctor, data, size);
	command(cli_domains, data, size);
	command(cli_show, data, size);
	command(cli_inbound, data, size);
	command(cli_suppress_list, data, size);
	check_session(data, size);
	return 0;
}
