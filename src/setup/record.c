#include "setup/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/xalloc.h"

enum { RECORD_MAX = 1024 * 1024 };

/* --undo runs what stands here: only root, or who we are, may have written
 * it. */
static int check_owner(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, ERR_IO, "%s", path);
	if (!S_ISREG(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_PARSE,
		               "%s: other users can write this file (owner %u, "
		               "mode %04o), so it is not trusted; remove it, "
		               "or chown root and chmod 600 it",
		               path, (unsigned)st.st_uid,
		               (unsigned)(st.st_mode & 07777));
	return 0;
}

static int read_text(struct record *record, struct strbuf *text,
                     struct err *err)
{
	int fd = open(record->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	                                    O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return errno == ENOENT
		               ? 0
		               : err_errno(err, ERR_IO, "%s", record->path);
	rc = check_owner(fd, record->path, err);
	if (rc == 0 && io_read_all(fd, text) < 0)
		rc = err_errno(err, ERR_IO, "%s", record->path);
	close(fd);
	return rc < 0 ? rc : 1;
}

/* Those that are there must be what they are; others get empty ones. */
static bool has_members(json_t *doc)
{
	json_t *made = json_object_get(doc, "made");
	json_t *asked = json_object_get(doc, "asked");

	if (!json_is_object(doc) || (made != NULL && !json_is_array(made)) ||
	    (asked != NULL && !json_is_object(asked)))
		return false;
	if (made == NULL)
		json_object_set_new(doc, "made", json_array());
	if (asked == NULL)
		json_object_set_new(doc, "asked", json_object());
	return true;
}

int record_read(struct record *record, const char *directory,
                struct arena *arena, struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {.cap = RECORD_MAX};
	int rc;

	record->path = arena_printf(arena, "%s/tlstally-setup.json", directory);
	record->doc = NULL;
	rc = read_text(record, &text, err);
	if (rc < 0)
		return rc;
	record->exists = rc > 0;
	record->doc = record->exists ? json_read(strbuf_text(&text), text.len,
	                                         false, err)
	                             : json_object();
	if (record->doc == NULL)
		return err_prefix(err, "%s", record->path);
	if (!has_members(record->doc)) {
		record_clear(record);
		return err_set(err, ERR_PARSE,
		               "%s: not a record of `tlstally setup`",
		               record->path);
	}
	return 0;
}

void record_clear(struct record *record)
{
	json_free(&record->doc);
}

static json_t *rows(const struct record *record)
{
	return json_object_get(record->doc, "made");
}

size_t record_count(const struct record *record)
{
	return json_array_size(rows(record));
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

bool record_row(const struct record *record, size_t i, struct record_row *row)
{
	const json_t *object = json_array_get(rows(record), i);
	const char *kind = text_of(object, "kind");

	row->name = text_of(object, "name");
	row->before = text_of(object, "before");
	row->after = text_of(object, "after");
	row->item = text_of(object, "item");
	row->instead = text_of(object, "instead");
	row->kind = THING_SETTING;
	if (kind == NULL || thing_kind_of(kind) < 0 || row->name == NULL)
		return false;
	row->kind = (enum thing_kind)thing_kind_of(kind);
	return row->kind != THING_UNIT || row->before != NULL;
}

/* Where it stands; as many as there are when it does not. */
static size_t index_of(const struct record *record, enum thing_kind kind,
                       const char *name)
{
	struct record_row row;
	size_t i = 0;

	while (i < record_count(record) &&
	       (!record_row(record, i, &row) || row.kind != kind ||
	        strcmp(row.name, name) != 0))
		i++;
	return i;
}

bool record_find(const struct record *record, enum thing_kind kind,
                 const char *name, struct record_row *row)
{
	size_t i = index_of(record, kind, name);

	return i < record_count(record) && record_row(record, i, row);
}

int record_put(struct record *record, const struct record_row *row,
               struct err *err)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s?, s:s?, s:s*, s:s*}", "kind",
	                  thing_kind_word(row->kind), "name", row->name,
	                  "before", row->before, "after", row->after, "item",
	                  row->item, "instead", row->instead);
	size_t i = index_of(record, row->kind, row->name);

	if (object == NULL)
		return err_set(err, ERR_PARSE,
		               "the value of %s is not UTF-8, so it cannot be "
		               "recorded for --undo",
		               row->name);
	if (i < record_count(record))
		json_array_set_new(rows(record), i, object);
	else
		json_array_append_new(rows(record), object);
	return 0;
}

void record_drop(struct record *record, enum thing_kind kind, const char *name)
{
	json_array_remove(rows(record), index_of(record, kind, name));
}

bool record_reload(const struct record *record)
{
	return json_is_true(json_object_get(record->doc, "reload"));
}

void record_set_reload(struct record *record, bool reload)
{
	json_set_bool(record->doc, "reload", reload);
}

const char *record_asked(const struct record *record, const char *name)
{
	const char *value =
		text_of(json_object_get(record->doc, "asked"), name);

	return value != NULL ? value : "";
}

void record_ask(struct record *record, const char *name, const char *value)
{
	json_set_string(json_object_get(record->doc, "asked"), name, value);
}

static int sync_directory(const char *path, struct err *err)
{
	auto_(xfree_str) char *directory = xstrdup(path);
	int fd;

	*strrchr(directory, '/') = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		err_errno(err, ERR_IO, "%s", directory);
	else
		err->class = 0;
	if (fd >= 0)
		close(fd);
	return err->class;
}

static int write_file(const char *path, const struct strbuf *text,
                      struct err *err)
{
	int fd, rc = 0;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	          0600);
	if (fd < 0)
		return err_errno(err, ERR_IO, "%s", path);
	if (io_write_all(fd, text->data, text->len) < 0 || fsync(fd) < 0)
		rc = err_errno(err, ERR_IO, "%s", path);
	close(fd);
	return rc;
}

int record_write(struct record *record, struct err *err)
{
	auto_(xfree_str) char *made = xasprintf("%s.tmp", record->path);
	auto_(strbuf_clear) struct strbuf text = {0};

	json_write_pretty(record->doc, &text);
	strbuf_putc(&text, '\n');
	if (write_file(made, &text, err) < 0)
		return err->class;
	if (rename(made, record->path) < 0)
		return err_errno(err, ERR_IO, "%s", record->path);
	record->exists = true;
	return sync_directory(record->path, err);
}

int record_remove(struct record *record, struct err *err)
{
	if (unlink(record->path) < 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, "%s", record->path);
	record->exists = false;
	return 0;
}
