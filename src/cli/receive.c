/*
 * tlstally receive: what others report about us, from a pipe or from files
 *
 * From a transport comes one mail, which the mail system must neither send back
 * nor keep: what is not a report is done with, and only settings that are wrong
 * and a store that cannot be written ask it to come again (EX_TEMPFAIL).
 *
 * Files are read with the rights of whoever gave the command, before root
 * becomes the owner of the store: into a file without a name, for nobody knows
 * how many there are in a Maildir.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/log.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/stream.h"
#include "intake/received_take.h"
#include "received/received_mail.h"
#include "show/doc.h"

enum { CHUNK = 64 * 1024 };

struct input {
	char *name;
	size_t offset, len; /* in the spool */
};

struct inputs {
	FILE *spool;
	size_t total;
	struct input *at;
	size_t count, room;
	char *map; /* all of the spool, once everything is in it */
};

static void inputs_clear(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		xfree_str(&inputs->at[i].name);
	free(inputs->at);
	if (inputs->map != NULL)
		munmap(inputs->map, inputs->total);
	if (inputs->spool != NULL)
		fclose(inputs->spool);
}

static int add_stream(struct inputs *inputs, int fd, const char *name,
                      struct err *err)
{
	char chunk[CHUNK];
	struct input *input;
	ssize_t n;

	if (inputs->count == inputs->room) {
		inputs->room = inputs->room * 2 + 16;
		inputs->at =
			xrealloc(inputs->at, inputs->room, sizeof(*inputs->at));
	}
	input = &inputs->at[inputs->count++];
	*input = (struct input){xstrdup(name), inputs->total, 0};
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_IO, "%s", name);
		if (fwrite(chunk, 1, (size_t)n, inputs->spool) != (size_t)n)
			return err_errno(err, ERR_IO,
			                 "the temporary copy of %s", name);
		input->len += (size_t)n;
		inputs->total += (size_t)n;
	}
	return 0;
}

static int add_path(struct inputs *inputs, const char *path, struct err *err);

/* Of a Maildir what is in cur and new, which tmp is not yet; of another
 * directory the files.  No link, which may lead round, and no pipe, which may
 * never end. */
static int add_directory(struct inputs *inputs, const char *path, DIR *dir,
                         struct err *err)
{
	struct dirent *entry;
	struct stat st;
	int rc = 0;

	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		auto_(xfree_str) char *inner =
			xasprintf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, "tmp") == 0 ||
		    lstat(inner, &st) < 0 ||
		    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			continue;
		rc = add_path(inputs, inner, err);
	}
	return rc;
}

static int add_path(struct inputs *inputs, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	DIR *dir;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = err_errno(err, ERR_IO, "%s", path);
	} else if (S_ISDIR(st.st_mode) && (dir = fdopendir(fd)) != NULL) {
		rc = add_directory(inputs, path, dir, err);
		closedir(dir);
		return rc;
	} else {
		rc = add_stream(inputs, fd, path, err);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int open_inputs(struct cli *cli, struct inputs *inputs, struct err *err)
{
	const struct cli_list *files = &cli->args.files;

	inputs->spool = tmpfile();
	if (inputs->spool == NULL)
		return err_errno(err, ERR_IO, "a temporary file");
	if (files->count == 0 &&
	    (stream_refuse_terminal(cli, STDIN_FILENO, "standard input",
	                            "receive FILE", err) < 0 ||
	     add_stream(inputs, STDIN_FILENO, "standard input", err) < 0))
		return err->class;
	for (size_t i = 0; i < files->count; i++) {
		bool is_stream = strcmp(files->at[i], "-") == 0;
		int rc = is_stream ? add_stream(inputs, STDIN_FILENO,
		                                "standard input", err)
		                   : add_path(inputs, files->at[i], err);

		if (rc < 0)
			return rc;
	}
	if (fflush(inputs->spool) != 0)
		return err_errno(err, ERR_IO, "the temporary copy");
	if (inputs->total == 0)
		return 0;
	inputs->map = mmap(NULL, inputs->total, PROT_READ, MAP_PRIVATE,
	                   fileno(inputs->spool), 0);
	if (inputs->map == MAP_FAILED) {
		inputs->map = NULL;
		return err_errno(err, ERR_IO, "the temporary copy");
	}
	return 0;
}

/* --- taking --- */

struct receiving {
	struct cli *cli;
	struct received_taker *taker;
	enum received_way way;
	json_t *list; /* with --json */
	uint64_t taken, again, dropped, refused;
};

static json_t *taken_doc(const struct received_taken *taken)
{
	json_t *doc = json_object();
	char day[DAY_TEXT];

	doc_set(doc, "day", day_format(taken->row.day, day));
	doc_set(doc, "organization", taken->row.organization);
	doc_set(doc, "reportId", taken->row.report_id);
	doc_set(doc, "domain", taken->row.domain);
	doc_set(doc, "submitter", taken->row.submitter);
	json_object_set_new(doc, "isNew", json_boolean(taken->is_new));
	json_object_set_new(doc, "isDropped", json_boolean(taken->is_dropped));
	json_object_set_new(doc, "isAuthenticated",
	                    json_boolean(taken->row.authenticated));
	json_object_set_new(doc, "isCounted", json_boolean(taken->row.counts));
	doc_set(doc, "why", taken->row.authenticated ? NULL : taken->why.text);
	return doc;
}

static void hear(void *arg, const struct received_taken *taken)
{
	struct receiving *receiving = arg;
	const struct received_row *row = &taken->row;
	auto_(xfree_str) char *organization = NULL, *fate = NULL;
	char day[DAY_TEXT];

	receiving->taken += taken->is_new;
	receiving->dropped += taken->is_dropped;
	receiving->again += !taken->is_new && !taken->is_dropped;
	/* nobody reads what a transport's command prints */
	if (taken->is_dropped)
		received_taken_log(taken);
	if (receiving->list != NULL)
		json_array_append_new(receiving->list, taken_doc(taken));
	if (!cli_is_chatty(receiving->cli))
		return;
	organization = doc_safe_text(row->organization);
	fate = received_taken_fate(taken);
	strbuf_printf(&receiving->cli->out, "%s %s by %s: %s\n",
	              day_format(row->day, day),
	              row->domain[0] != '\0' ? row->domain : "(no domain)",
	              organization[0] != '\0' ? organization : "(nobody)",
	              fate);
}

/* A mail, however odd, begins with a letter. */
static bool is_packed(const char *text, size_t len)
{
	static const char json[] = " \t\r\n{\xef";

	return len > 0 &&
	       (memchr(json, text[0], sizeof(json) - 1) != NULL ||
	        text[0] == '\x1f' ||
	        (len > 3 && memcmp(text, "PK", 2) == 0 && text[2] < ' '));
}

/* One that cannot be read does not keep the others out; the store does. */
static bool goes_on(struct receiving *receiving, const struct input *input,
                    const struct err *why)
{
	if (why->class == 0)
		return true;
	if (why->class == ERR_IO || why->class == ERR_BUSY)
		return false;
	receiving->refused++;
	log_warning("%s: %s", input->name, why->text);
	return true;
}

/* Without the line that local(8) and mbox put before a mail. */
static struct span without_from(struct span mail)
{
	struct span line;

	if (span_starts(mail, "From ") && !span_split(&mail, '\n', &line))
		mail.len = 0;
	return mail;
}

/* Where the next mail of an mbox begins, or the end: a line that begins with
 * "From " behind an empty one. */
static size_t mail_end(struct span mbox)
{
	static const char start[] = "\n\nFrom ";
	const char *at = memmem(mbox.at, mbox.len, start, sizeof(start) - 1);

	return at != NULL ? (size_t)(at + 2 - mbox.at) : mbox.len;
}

static int take_mails(struct receiving *receiving, const struct input *input,
                      struct span rest, struct err *err)
{
	bool is_mbox = receiving->way == RECEIVED_FROM_FILE &&
	               span_starts(rest, "From ");

	do {
		size_t end = is_mbox ? mail_end(rest) : rest.len;
		struct span mail = without_from((struct span){rest.at, end});

		*err = (struct err){0};
		received_take_mail(receiving->taker, receiving->way, mail.at,
		                   mail.len, clock_secs(&receiving->cli->clock),
		                   hear, receiving, err);
		if (!goes_on(receiving, input, err))
			return err->class;
		span_drop(&rest, end);
	} while (rest.len > 0);
	*err = (struct err){0};
	return 0;
}

static int take_input(struct receiving *receiving, const struct input *input,
                      const char *map, struct err *err)
{
	struct span text = {map + input->offset, input->len};

	if (!is_packed(text.at, text.len))
		return take_mails(receiving, input, text, err);
	received_take_file(receiving->taker, receiving->way, text.at, text.len,
	                   clock_secs(&receiving->cli->clock), hear, receiving,
	                   err);
	if (!goes_on(receiving, input, err))
		return err->class;
	*err = (struct err){0};
	return 0;
}

static int take_all(struct receiving *receiving, const struct inputs *inputs,
                    struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < inputs->count && rc == 0; i++)
		rc = take_input(receiving, &inputs->at[i],
		                inputs->map != NULL ? inputs->map : "", err);
	if (receiving->list != NULL)
		doc_print(receiving->list, &receiving->cli->out);
	else if (cli_is_talkative(receiving->cli))
		strbuf_printf(
			&receiving->cli->out,
			"%" PRIu64 " taken, %" PRIu64
			" were here already, %" PRIu64 " could not be read\n",
			receiving->taken, receiving->again, receiving->refused);
	return rc;
}

int cli_receive(struct cli *cli, struct err *err)
{
	auto_(inputs_clear) struct inputs inputs = {0};
	auto_(received_taker_free) struct received_taker *taker = NULL;
	auto_(json_free) json_t *list = cli->args.json ? json_array() : NULL;
	bool for_mail = cli->args.files.count == 0;
	struct receiving receiving = {.cli = cli, .list = list};
	int rc;

	if (open_inputs(cli, &inputs, err) < 0 ||
	    cli_open_store(cli, false, err) < 0 ||
	    received_taker_new(&taker, cli->db, &cli->conf, err) < 0)
		return err->class;
	receiving.taker = taker;
	receiving.way = for_mail ? RECEIVED_BY_MAIL : RECEIVED_FROM_FILE;
	rc = take_all(&receiving, &inputs, err);
	if (rc == 0 && receiving.refused > 0 && !for_mail)
		cli->exit_status = EXIT_FAILURE;
	return rc;
}
