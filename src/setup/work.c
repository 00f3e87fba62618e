#include "setup/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/failpoint.h"
#include "base/xalloc.h"
#include "words/feed.h"

enum { ASK_MS = 20 * 1000, RELOAD_MS = 60 * 1000 };

const char *work_directory(const struct setup *setup, size_t place)
{
	return setup->places[place].instance->directory;
}

struct thing work_thing(const struct setup *setup, size_t place,
                        enum thing_kind kind, const char *name)
{
	const struct postfix_instance *instance = setup->places[place].instance;

	return (struct thing){
		.kind = kind,
		.name = name,
		.directory = instance->directory,
		.is_default = instance == setup->postfix->instances,
	};
}

static char *lock_path(const struct setup *setup)
{
	return xasprintf("%s/tlstally-setup.lock", work_directory(setup, 0));
}

/* The file goes before its lock does, so the next one makes another. */
void work_end(struct work *work)
{
	auto_(xfree_str) char *path = lock_path(work->setup);

	for (size_t i = 0; i < work->setup->place_count; i++)
		record_clear(&work->records[i]);
	if (work->lock < 0)
		return;
	unlink(path);
	close(work->lock);
}

static bool is_named(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static int take_lock(struct work *work, struct err *err)
{
	auto_(xfree_str) char *path = lock_path(work->setup);
	int fd;

	while ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	                  0600)) >= 0 &&
	       flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (is_named(fd, path)) {
			work->lock = fd;
			return 0;
		}
		/* whoever had it has ended, and removed it */
		close(fd);
	}
	if (errno == EWOULDBLOCK)
		err_set(err, ERR_BUSY,
		        "another `tlstally setup` is running for %s",
		        work_directory(work->setup, 0));
	else
		err_errno(err, ERR_IO, "%s", path);
	if (fd >= 0)
		close(fd);
	return err->class;
}

int work_begin(struct work *work, struct setup *setup, setup_tell *tell,
               void *arg, struct err *err)
{
	*work = (struct work){
		.setup = setup,
		.tell = tell,
		.arg = arg,
		.lock = -1,
		.records = arena_array(&setup->arena, setup->place_count,
	                               sizeof(*work->records)),
	};
	for (size_t i = 0; i < setup->place_count; i++)
		if (access(work_directory(setup, i), W_OK) < 0)
			return err_set(err, ERR_IO, "%s: %s: run this as root",
			               work_directory(setup, i),
			               strerror(errno));
	if (take_lock(work, err) < 0)
		return err->class;
	for (size_t i = 0; i < setup->place_count; i++)
		if (record_read(&work->records[i], work_directory(setup, i),
		                &setup->arena, err) < 0)
			return err->class;
	return 0;
}

int work_result(const struct work *work, struct err *err)
{
	if (work->failed > 0)
		return err_set(err, ERR_IO, "%zu step%s failed", work->failed,
		               work->failed > 1 ? "s" : "");
	if (work->left > 0)
		return err_set(err, ERR_IO,
		               "%zu step%s left to you, as said above",
		               work->left, work->left > 1 ? "s are" : " is");
	return 0;
}

void work_say(struct work *work, struct setup_step *step,
              enum setup_state state, const char *why)
{
	step->state = state;
	if (why != NULL)
		step->why = arena_strdup(&work->setup->arena, why);
	work->failed += state == SETUP_FAILED;
	work->left += state == SETUP_LEFT;
	work->changed += state == SETUP_CHANGED;
	work->tell(work->arg, step);
}

int work_look(struct work *work, struct setup_step *const *steps, size_t count,
              const char **values, struct err *err)
{
	struct thing things[THING_SETTINGS_MAX];

	for (size_t i = 0; i < count; i++)
		things[i] = steps[i]->thing;
	return things[0].kind == THING_SETTING
	               ? thing_look_at_settings(things, count,
	                                        &work->setup->arena, values,
	                                        err)
	               : thing_look(things, &work->setup->arena, values, err);
}

void work_bring(struct work *work, struct setup_step *const *steps,
                size_t count, enum setup_state done)
{
	const char *values[THING_SETTINGS_MAX], *to[THING_SETTINGS_MAX];
	struct thing things[THING_SETTINGS_MAX];
	struct arena *arena = &work->setup->arena;
	struct err err = {0}, ignored = {0};
	bool is_seen;

	for (size_t i = 0; i < count; i++) {
		things[i] = steps[i]->thing;
		to[i] = steps[i]->wanted;
	}
	if (count == 0)
		return;
	if (things[0].kind == THING_SETTING)
		thing_bring_settings(things, to, count, arena, &err);
	else
		thing_bring(things, to[0], arena, &err);
	failpoint_hit("setup made");
	/* of several some may be as wanted though one failed */
	is_seen = err.class < 0 && count > 1 &&
	          work_look(work, steps, count, values, &ignored) == 0;
	for (size_t i = 0; i < count; i++) {
		bool well = err.class == 0 ||
		            (is_seen && thing_is(values[i], to[i]));

		work_say(work, steps[i], well ? done : SETUP_FAILED,
		         well ? NULL : err.text);
		if (well && steps[i]->thing.kind == THING_UNIT)
			work_retire(work, steps[i]);
	}
}

/* --- feeds --- */

void work_retire(struct work *work, const struct setup_step *unit)
{
	const struct feed_kind *kind = feed_kind_of_unit(unit->thing.name);
	bool was_active = unit->present != NULL &&
	                  strstr(unit->present, " active") != NULL;
	struct setup *setup = work->setup;
	struct setup_step step = {.place = unit->place};
	struct err err = {0};
	int rc;

	if (kind == NULL || setup->retire == NULL || unit->wanted == NULL ||
	    strcmp(unit->wanted, UNIT_OFF) != 0)
		return;
	step.thing.kind = THING_UNIT;
	step.thing.name = arena_printf(&setup->arena, "tlstally feed retire %s",
	                               kind->name);
	step.why = arena_printf(&setup->arena,
	                        "%s is stopped, and no day waits for it",
	                        kind->daemon);
	rc = setup->retire(setup->conf, kind->name, was_active, &err);
	if (rc != 0)
		work_say(work, &step, rc > 0 ? SETUP_DONE : SETUP_FAILED,
		         rc > 0 ? NULL : err.text);
}

/* --- telling Postfix --- */

static int run_postfix(const char *directory, const char *verb, int timeout_ms,
                       struct err *err)
{
	const char *const argv[] = {"postfix", "-c", directory, verb, NULL};
	struct command command = {
		.argv = argv, .timeout_ms = timeout_ms, .with_errors = true};
	auto_(strbuf_clear) struct strbuf out = {0};

	return command_run(&command, &out, err);
}

static void reload(struct work *work, size_t place)
{
	struct record *record = &work->records[place];
	const char *directory = work_directory(work->setup, place);
	struct setup_step step = {
		.thing = {.name = "postfix reload", .directory = directory},
		.place = place,
		.why = "reload the Postfix settings",
	};
	struct err err = {0};
	int status;

	if (!record_reload(record))
		return;
	status = run_postfix(directory, "status", ASK_MS, &err);
	if (status != 0) {
		work_say(work, &step, SETUP_IS_SO,
		         "Postfix is not running and need not be reloaded");
	} else if ((status = run_postfix(directory, "reload", RELOAD_MS,
	                                 &err)) != 0) {
		work_say(work, &step, SETUP_FAILED,
		         status < 0 ? err.text : "postfix reload failed");
		return;
	} else {
		work_say(work, &step, SETUP_DONE, NULL);
	}
	record_set_reload(record, false);
	if (record_write(record, &err) < 0)
		work_say(work, &step, SETUP_FAILED, err.text);
}

void work_reload(struct work *work)
{
	for (size_t i = 0; i < work->setup->place_count; i++)
		reload(work, i);
}
