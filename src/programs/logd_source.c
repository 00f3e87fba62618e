/* Where tlstally-logd reads the log: a file, the journal, or standard input. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/privs.h"
#include "programs/logd.h"

bool logd_ends(const struct logd *d)
{
	return d->from_start || d->once;
}

int logd_source_kind(const struct logd *d)
{
	return d->from_stdin ? LOG_FROM_STDIN : d->base.conf.log.source;
}

/* Whoever may read the log's files by their group; root's is none to keep. */
static bool group_of_file(const char *path, gid_t *group)
{
	struct stat st;

	if (stat(path, &st) < 0 || !(st.st_mode & S_IRGRP) || st.st_gid == 0)
		return false;
	*group = st.st_gid;
	return true;
}

size_t logd_groups(const struct logd *d, gid_t groups[LOGD_GROUPS])
{
	static const char *const names[] = {"adm", "systemd-journal"};
	struct err err;
	gid_t own;
	size_t n = 0, i = 0;

	for (size_t g = 0; g < sizeof(names) / sizeof(names[0]); g++)
		n += privs_group(names[g], &groups[n], &err) == 0;
	if (logd_source_kind(d) != LOG_FROM_FILE ||
	    !group_of_file(d->base.conf.log.file, &own))
		return n;
	while (i < n && groups[i] != own)
		i++;
	groups[i] = own;
	return i < n ? n : n + 1;
}

static int open_file(const struct logd *d, const struct strbuf *position,
                     struct log_source **source, struct err *err)
{
	struct log_file_options options = {
		.path = d->base.conf.log.file,
		.position = position->len > 0 ? position->data : NULL,
		.position_len = position->len,
		.from_start = d->from_start,
		.once = logd_ends(d),
	};
	int rc = log_file_open(&options, source, err);

	if (rc == ERR_NOTFOUND)
		return err_set(
			err, ERR_NOTFOUND,
			"there is no log file %s: set [log] file; if systemd "
			"keeps the log, set [log] source = journal",
			options.path);
	if (rc != ERR_IO || access(options.path, R_OK) == 0)
		return rc;
	/* The log's rotated files and the next day's are made like this one: a
	 * user who could not read them would count nothing tomorrow, so root
	 * opens none of them for him today. */
	return err_set(err, ERR_IO,
	               "%s is not readable by user %u: make the log and its "
	               "rotated copies readable for a group (adm), and add the "
	               "user to that group; or set [log] source = journal",
	               options.path, (unsigned)geteuid());
}

static int open_journal(struct logd *d, const struct strbuf *position,
                        struct log_source **source, struct err *err)
{
	struct log_journal_options options = {
		.position = position->data,
		.position_len = position->len,
		.from_start = d->from_start,
		.once = logd_ends(d),
		.clock = &d->base.clock,
		.users = d->postfix.any_user ? NULL : d->postfix.users,
		.user_count = d->postfix.user_count,
		.facility = d->postfix.facility,
	};

	return log_journal_open(&options, source, err);
}

/* What was counted must not be counted again, and days that are read from the
 * start are marked so: the two do not mix. */
static int check_place(const struct logd *d, const struct log_feed_place *place,
                       struct err *err)
{
	if (d->from_start && place->position.len > 0 && !place->unfinished)
		return err_set(err, ERR_BUSY,
		               "the log (%s) was already counted, and "
		               "--from-start would count it twice: start "
		               "tlstally-logd without --from-start to "
		               "continue, or start with an empty store",
		               d->source_name);
	if (!d->from_start && place->unfinished)
		return err_set(err, ERR_BUSY,
		               "--from-start was interrupted: start "
		               "tlstally-logd with --from-start again, which "
		               "continues where it stopped");
	if (d->from_start && place->unfinished)
		log_info("--from-start continues where it was interrupted");
	return 0;
}

static void place_clear(struct log_feed_place *place)
{
	strbuf_clear(&place->position);
}

int logd_open_source(struct logd *d, struct log_source **source,
                     struct err *err)
{
	auto_(place_clear) struct log_feed_place place = {0};
	int kind = logd_source_kind(d);

	d->source_name = kind == LOG_FROM_FILE
	                         ? xasprintf("file:%s", d->base.conf.log.file)
	                 : kind == LOG_FROM_JOURNAL ? xstrdup("journal")
	                                            : xstrdup("stdin");
	if (log_feed_place(d->base.db, d->source_name, &place, err) < 0 ||
	    check_place(d, &place, err) < 0)
		return err->class;
	switch (kind) {
	case LOG_FROM_FILE:
		return open_file(d, &place.position, source, err);
	case LOG_FROM_JOURNAL:
		return open_journal(d, &place.position, source, err);
	default:
		return log_stream_open(STDIN_FILENO, &d->base.clock, source,
		                       err);
	}
}
