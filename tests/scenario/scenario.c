/*
 * scenario - lives through days as files tell them
 *
 *     scenario TESTS-FOLDER FILE.scn...
 *
 * The first line of a file says its story.  Each file has a store of its own,
 * and is lived through again with a clock that somebody sets (world.h).
 * Ends with 1 when something was not as expected, with file and line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/world.h"

enum { LINE_BYTES = 2048 };

static int run_line(struct world *world, char *line, struct err *err)
{
	struct words words;
	int rc;

	while ((rc = words_split(&line, &words, err)) > 0)
		if (verb_run(act_verbs, world, &words, err) < 0)
			return err->class;
	return rc;
}

static int run_lines(struct world *world, FILE *file, unsigned *number,
                     struct err *err)
{
	char line[LINE_BYTES];

	while (fgets(line, sizeof(line), file) != NULL) {
		++*number;
		if (strchr(line, '\n') == NULL)
			return err_set(err, ERR_LIMIT, "the line is too long");
		if (*number == 1 && line[0] != '#')
			return err_set(err, ERR_PARSE,
			               "the first line says the story (#)");
		if (run_line(world, line, err) < 0)
			return err->class;
	}
	if (world->log.len > 0)
		return err_set(err, ERR_PARSE, "nobody expected the line '%s'",
		               world->log.data);
	return 0;
}

static const char *const how_disturbed[DISTURBANCES] = {
	[UNDISTURBED] = "",
	[DISTURBED_KILLED] = "with counts in the journal: ",
	[DISTURBED_AHEAD] = "with a clock ahead: ",
	[DISTURBED_BACK] = "with a clock set back: ",
};

static int run_file(const char *tests, const char *path,
                    enum disturbance disturbed)
{
	FILE *file = fopen(path, "r");
	struct err err = {0};
	struct world world;
	unsigned number = 0;
	int rc;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	rc = world_open(&world, tests, disturbed, &err);
	if (rc == 0)
		rc = run_lines(&world, file, &number, &err);
	world_close(&world);
	fclose(file);
	if (rc < 0)
		fprintf(stderr, "%s:%u: %s%s\n", path, number,
		        how_disturbed[disturbed], err.text);
	return rc;
}

int main(int argc, char **argv)
{
	int bad = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: scenario TESTS-FOLDER FILE.scn...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		for (int how = UNDISTURBED; how < DISTURBANCES; how++)
			bad += run_file(argv[1], argv[i],
			                (enum disturbance)how) < 0;
	printf("%d scenarios, %d not as told\n", argc - 2, bad);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
