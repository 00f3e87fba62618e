/*
 * count_at - counts datagrams as tlstallyd would have at another moment
 *
 *     count_at DIRECTORY SECONDS <datagrams
 *
 * A line each; the feed has counted up to that moment then, also without any.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "fake/fake_events.h"
#include "store/db.h"

struct lines {
	char *line;
	size_t room;
};

static const char *next_line(void *arg, size_t i, size_t *len)
{
	struct lines *lines = arg;
	ssize_t n = getline(&lines->line, &lines->room, stdin);

	(void)i;
	*len = n > 0 ? (size_t)n - (lines->line[n - 1] == '\n') : 0;
	return n > 0 ? lines->line : "";
}

/* How many there are; the input is a file. */
static size_t count_lines(void)
{
	size_t n = 0;
	int c;

	while ((c = getchar()) != EOF)
		n += c == '\n';
	rewind(stdin);
	return n;
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 30, .create = true};
	struct lines lines = {.line = NULL};
	struct fake_events events = {.feed = "events", .leaves_journal = true};
	struct clock clock;
	struct conf conf;
	struct err err = {0};
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: count_at DIRECTORY SECONDS <FILE\n");
		return 2;
	}
	conf_init(&conf);
	clock = clock_fixed(atoll(argv[2]));
	options.directory = argv[1];
	rc = db_open(&events.db, &options, &err);
	if (rc == 0) {
		events.conf = &conf;
		events.clock = &clock;
		rc = fake_events_send(&events, next_line, &lines, count_lines(),
		                      &err);
	}
	if (rc < 0)
		fprintf(stderr, "count_at: %s\n", err.text);
	db_close(&events.db);
	conf_clear(&conf);
	free(lines.line);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
