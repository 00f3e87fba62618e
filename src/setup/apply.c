/*
 * setup_apply() and setup_undo(): the changes, each recorded before it is made
 *
 * Setup and undo are one at a time: they lock a file beside main.cf that only
 * root can open.  The directory itself, or main.cf, everybody could lock.
 */
#include "setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "postfix/list_text.h"
#include "setup/record.h"

enum { ASK_MS = 20 * 1000, RELOAD_MS = 60 * 1000 };

/* One apply or undo that is under way. */
struct work {
	struct setup *setup;
	struct record *records; /* one a place */
	int lock;
	setup_tell *tell;
	void *arg;
	size_t failed, left, changed;
};

static const char *directory_of(const struct setup *setup, size_t place)
{
	return setup->places[place].instance->directory;
}

static struct thing thing_at(const struct setup *setup, size_t place,
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
	return xasprintf("%s/tlstally-setup.lock", directory_of(setup, 0));
}

/* The file goes before its lock does, so the next one makes another. */
static void work_end(struct work *work)
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
		        directory_of(work->setup, 0));
	else
		err_errno(err, ERR_IO, "%s", path);
	if (fd >= 0)
		close(fd);
	return err->class;
}

static int work_begin(struct work *work, struct setup *setup, setup_tell *tell,
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
		if (access(directory_of(setup, i), W_OK) < 0)
			return err_set(err, ERR_IO, "%s: %s: run this as root",
			               directory_of(setup, i), strerror(errno));
	if (take_lock(work, err) < 0)
		return err->class;
	for (size_t i = 0; i < setup->place_count; i++)
		if (record_read(&work->records[i], directory_of(setup, i),
		                &setup->arena, err) < 0)
			return err->class;
	return 0;
}

static int work_result(const struct work *work, struct err *err)
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

static void say(struct work *work, struct setup_step *step,
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

/* --- copies of main.cf and master.cf --- */

static const char *const kept[] = {"main.cf", "master.cf"};

static char *copy_path(const char *directory, const char *file)
{
	return xasprintf("%s/%s.before-tlstally", directory, file);
}

/* With its owner and mode: there may be a password in it. */
static int copy_file(const char *from, const char *to, struct err *err)
{
	auto_(xfree_str) char *made = xasprintf("%s.tmp", to);
	auto_(strbuf_clear) struct strbuf text = {0};
	struct stat st;
	int fd, rc = 0;

	if (stat(from, &st) < 0)
		return err_errno(err, ERR_IO, "%s", from);
	if (io_read_file(from, &text, err) < 0)
		return err->class;
	unlink(made);
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || io_write_all(fd, text.data, text.len) < 0 ||
	    (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0) ||
	    fchmod(fd, st.st_mode & 0777) < 0 || fsync(fd) < 0 ||
	    rename(made, to) < 0)
		rc = err_errno(err, ERR_IO, "%s", to);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Before the first change: while there is a record, there are the copies. */
static int keep_copies(const char *directory, struct err *err)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		auto_(xfree_str) char *from =
			xasprintf("%s/%s", directory, kept[i]);
		auto_(xfree_str) char *to = copy_path(directory, kept[i]);

		if (copy_file(from, to, err) < 0)
			return err->class;
	}
	return 0;
}

static void remove_copies(const char *directory)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		auto_(xfree_str) char *path = copy_path(directory, kept[i]);

		unlink(path);
	}
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
	const char *directory = directory_of(work->setup, place);
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
		say(work, &step, SETUP_IS_SO,
		    "Postfix is not running and need not be reloaded");
	} else if ((status = run_postfix(directory, "reload", RELOAD_MS,
	                                 &err)) != 0) {
		say(work, &step, SETUP_FAILED,
		    status < 0 ? err.text : "postfix reload failed");
		return;
	} else {
		say(work, &step, SETUP_DONE, NULL);
	}
	record_set_reload(record, false);
	if (record_write(record, &err) < 0)
		say(work, &step, SETUP_FAILED, err.text);
}

static void reload_all(struct work *work)
{
	for (size_t i = 0; i < work->setup->place_count; i++)
		reload(work, i);
}

/* --- making --- */

/* Kept for the next time, when something else than the usual is asked for, or
 * not any more. */
static int keep_wishes(struct work *work, struct err *err)
{
	struct record *record = &work->records[0];
	bool differs = false;

	for (int i = 0; i < SETUP_WISHES; i++) {
		const struct setup_wish_row *row = &setup_wishes[i];
		const char *wish = *setup_wish_at(&work->setup->wish, i);
		const char *before = record_asked(record, row->name);

		differs |= strcmp(before[0] != '\0' ? before : row->words[0],
		                  wish) != 0;
		record_ask(record, row->name, wish);
	}
	return differs ? record_write(record, err) : 0;
}

/* A value that is recorded as ours is not what was before us. */
static int note_before(struct work *work, const struct setup_step *step,
                       struct err *err)
{
	struct record *record = &work->records[step->place];
	const struct thing *thing = &step->thing;
	struct record_row row = {
		.kind = thing->kind,
		.name = thing->name,
		.before = step->present,
	};
	struct record_row old;

	if (record_find(record, thing->kind, thing->name, &old) &&
	    thing_is(old.after, step->present))
		row.before = old.before;
	row.after = step->wanted;
	row.item = step->item;
	if (record_count(record) == 0 &&
	    keep_copies(directory_of(work->setup, step->place), err) < 0)
		return err->class;
	failpoint_hit("setup copied");
	if (record_put(record, &row, err) < 0)
		return err->class;
	if (thing->kind != THING_UNIT)
		record_set_reload(record, true);
	return record_write(record, err);
}

/* --- taking back --- */

/* What it was before; a list that others have changed, without our item. */
static bool find_target(const struct record_row *row, const char *is,
                        struct arena *arena, const char **target)
{
	*target = row->before;
	if (thing_is(is, row->after) || thing_is(is, row->before))
		return true;
	if (row->item == NULL || is == NULL)
		return false;
	*target = list_text_without(is, row->item, arena);
	if ((*target)[0] == '\0' && row->before == NULL)
		*target = NULL;
	return !thing_is(is, *target);
}

/* False: it failed, and the row stays. */
static bool take_back(struct work *work, size_t place,
                      const struct record_row *row)
{
	struct arena *arena = &work->setup->arena;
	struct setup_step step = {
		.thing = thing_at(work->setup, place, row->kind, row->name),
		.place = place,
		.why = "as it was before",
	};
	struct err err = {0};

	if (thing_look(&step.thing, arena, &step.present, &err) < 0) {
		say(work, &step, SETUP_FAILED, err.text);
		return false;
	}
	step.wanted = row->after;
	if (!find_target(row, step.present, arena, &step.wanted)) {
		say(work, &step, SETUP_CHANGED,
		    "it was changed since, so it is left unchanged");
		return true;
	}
	if (thing_is(step.present, step.wanted)) {
		say(work, &step, SETUP_IS_SO, NULL);
		return true;
	}
	if (row->kind != THING_UNIT)
		record_set_reload(&work->records[place], true);
	if (record_write(&work->records[place], &err) < 0 ||
	    thing_bring(&step.thing, step.wanted, arena, &err) < 0) {
		say(work, &step, SETUP_FAILED, err.text);
		return false;
	}
	failpoint_hit("setup taken back");
	say(work, &step, SETUP_BACK, NULL);
	return true;
}

/* The rows of units, or all others, from the last to the first; all, or those
 * that are not wanted any more. */
static void take_back_rows(struct work *work, size_t place, bool units,
                           bool (*wanted)(const struct work *work, size_t place,
                                          const struct record_row *row))
{
	struct record *record = &work->records[place];

	for (size_t i = record_count(record); i > 0; i--) {
		struct record_row row;
		struct err err = {0};

		if (!record_row(record, i - 1, &row) ||
		    (row.kind == THING_UNIT) != units ||
		    (wanted != NULL && wanted(work, place, &row)) ||
		    !take_back(work, place, &row))
			continue;
		record_drop(record, row.kind, row.name);
		if (record_write(record, &err) < 0)
			work->failed++;
	}
}

static bool is_wanted(const struct work *work, size_t place,
                      const struct record_row *row)
{
	const struct setup *setup = work->setup;

	for (size_t i = 0; i < setup->step_count; i++)
		if (setup->steps[i].place == place &&
		    setup->steps[i].thing.kind == row->kind &&
		    strcmp(setup->steps[i].thing.name, row->name) == 0)
			return true;
	return false;
}

/* Takes out what was put into the list the last time, when that is another item
 * now.  False: it failed, and that was said. */
static bool replace_item(struct work *work, struct setup_step *step,
                         struct err *err)
{
	struct record *record = &work->records[step->place];
	const struct thing *thing = &step->thing;
	struct record_row row;

	if (step->item == NULL ||
	    !record_find(record, thing->kind, thing->name, &row) ||
	    row.item == NULL || strcmp(row.item, step->item) == 0)
		return true;
	if (!take_back(work, step->place, &row))
		return false;
	record_drop(record, thing->kind, thing->name);
	thing_look(thing, &work->setup->arena, &step->present, err);
	return true;
}

static void make(struct work *work, struct setup_step *step)
{
	struct err err = {0};

	if (step->state != SETUP_TO_DO) {
		say(work, step, step->state, NULL);
		return;
	}
	if (!replace_item(work, step, &err))
		return;
	if (err.class == 0 && note_before(work, step, &err) == 0) {
		failpoint_hit("setup noted");
		thing_bring(&step->thing, step->wanted, &work->setup->arena,
		            &err);
		failpoint_hit("setup made");
	}
	say(work, step, err.class == 0 ? SETUP_DONE : SETUP_FAILED,
	    err.class == 0 ? NULL : err.text);
}

int setup_apply(struct setup *setup, setup_tell *tell, void *arg,
                struct err *err)
{
	struct work work;
	int rc = work_begin(&work, setup, tell, arg, err);

	if (rc == 0)
		rc = keep_wishes(&work, err);
	if (rc == 0) {
		for (size_t i = 0; i < setup->step_count; i++)
			make(&work, &setup->steps[i]);
		for (size_t i = 0; i < setup->place_count; i++)
			take_back_rows(&work, i, false, is_wanted);
		reload_all(&work);
		for (size_t i = 0; i < setup->place_count; i++)
			take_back_rows(&work, i, true, is_wanted);
		rc = work_result(&work, err);
	}
	work_end(&work);
	return rc;
}

/* Nothing is left to take back; the copies stay where somebody else's changes
 * do. */
static void forget(struct work *work, size_t place)
{
	struct err err = {0};

	if (record_count(&work->records[place]) > 0 ||
	    record_reload(&work->records[place]))
		return;
	if (record_remove(&work->records[place], &err) < 0)
		work->failed++;
	else if (work->changed == 0)
		remove_copies(directory_of(work->setup, place));
}

int setup_undo(struct setup *setup, setup_tell *tell, void *arg,
               struct err *err)
{
	struct work work;
	int rc = work_begin(&work, setup, tell, arg, err);

	if (rc == 0) {
		for (size_t i = setup->place_count; i > 0; i--)
			take_back_rows(&work, i - 1, false, NULL);
		reload_all(&work);
		for (size_t i = setup->place_count; i > 0; i--) {
			take_back_rows(&work, i - 1, true, NULL);
			forget(&work, i - 1);
		}
		rc = work_result(&work, err);
	}
	work_end(&work);
	return rc;
}
