#include "scenario/world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/xalloc.h"

static const char *const settings[] = {
	"report.contact_info=tls-reports@reporter.example",
	"report.organization_name=Example Mail",
	"report.mode=all",
	"deliver.spread=0s",
};

static void keep_line(void *arg, int priority, const char *line)
{
	struct world *world = arg;

	(void)priority;
	strbuf_printf(&world->log, "%s\n", line);
}

static int make_directory(struct world *world, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	world->directory =
		xasprintf("%s/tlstally-scenario.XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(world->directory) == NULL)
		return err_errno(err, ERR_IO, "%s", world->directory);
	return 0;
}

int world_open(struct world *world, const char *tests,
               enum disturbance disturbed, struct err *err)
{
	struct db_options options = {.map_size = 256u << 20, .create = true};

	memset(world, 0, sizeof(*world));
	world->tests = tests;
	world->disturbed = disturbed;
	world->leaves_journal = disturbed != UNDISTURBED;
	world->clock = clock_fixed(0);
	conf_init(&world->conf);
	strbuf_init(&world->log, 0);
	log_capture(keep_line, world);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (conf_set(&world->conf, settings[i], err) < 0)
			return err->class;
	if (make_directory(world, err) < 0)
		return err->class;
	options.directory = world->directory;
	return db_open(&world->db, &options, err);
}

static int remove_entry(const char *path, const struct stat *st, int flag,
                        struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void world_close(struct world *world)
{
	db_close(&world->db);
	if (world->directory != NULL)
		nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	xfree_str(&world->directory);
	fake_world_clear(&world->receivers);
	conf_clear(&world->conf);
	log_capture(NULL, NULL);
	strbuf_clear(&world->log);
	strbuf_clear(&world->main_cf);
	strbuf_clear(&world->services);
	strbuf_clear(&world->overrides);
}

static void read_all(FILE *file, struct strbuf *out)
{
	char part[4096];
	size_t len;

	while ((len = fread(part, 1, sizeof(part), file)) > 0)
		strbuf_add(out, part, len);
}

int world_read_file(const struct world *world, const char *name,
                    struct strbuf *out, struct err *err)
{
	static const char *const folders[] = {"scenario/data", "golden",
	                                      "data/datagrams", "data/maillog"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		auto_(xfree_str) char *path =
			xasprintf("%s/%s/%s", world->tests, folders[i], name);
		FILE *file = fopen(path, "rb");

		if (file == NULL)
			continue;
		read_all(file, out);
		fclose(file);
		return 0;
	}
	return err_set(err, ERR_NOTFOUND, "there is no file %s", name);
}

static int usage(const struct verb *verbs, const char *word, struct err *err)
{
	struct strbuf names;

	strbuf_init(&names, 300);
	for (; verbs->name != NULL; verbs++)
		strbuf_printf(&names, " %s", verbs->name);
	err_set(err, ERR_PARSE, "'%s' is none of:%s", word,
	        strbuf_text(&names));
	strbuf_clear(&names);
	return ERR_PARSE;
}

int verb_run(const struct verb *verbs, struct world *world, struct words *words,
             struct err *err)
{
	const struct verb *verb = verbs;
	const char *name, *left;

	if (words_need(words, "a verb", &name, err) < 0)
		return err->class;
	while (verb->name != NULL && strcmp(verb->name, name) != 0)
		verb++;
	if (verb->name == NULL)
		return usage(verbs, name, err);
	if (verb->run(world, words, err) < 0)
		return err_prefix(err, "%s", name);
	left = words_take(words);
	if (left != NULL)
		return err_set(err, ERR_PARSE,
		               "%s: what is '%s'? It goes: %s %s", name, left,
		               name, verb->usage);
	return 0;
}
