#include "http/www.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "words/words.h"

enum { FILES_MAX = 256, FILE_MAX_SIZE = 4 * 1024 * 1024 };

#define TYPE_SCRIPT "text/javascript; charset=utf-8"

static const struct {
	const char *suffix;
	const char *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", TYPE_SCRIPT},
	{".svg", "image/svg+xml"},
};

struct www {
	struct www_file files[FILES_MAX];
	size_t count;
};

/* NULL: none of ours. */
static const char *type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix != NULL && suffix > name &&
	                   i < sizeof(types) / sizeof(types[0]);
	     i++)
		if (strcmp(types[i].suffix, suffix) == 0)
			return types[i].type;
	return NULL;
}

/* The seed is fixed: a restart asks nobody to load it again. */
void www_file_tag(struct www_file *file)
{
	snprintf(file->etag, sizeof(file->etag), "\"%016" PRIx64 "\"",
	         hash64(0, file->data.data, file->data.len));
}

static json_t *words_json(const struct vocabulary *in)
{
	json_t *words = json_object();

	for (int i = 0; i < in->count; i++) {
		const struct word *word = &in->words[word_at(in, i)];

		if (word->api == NULL)
			continue;
		json_object_set_new(words, word->api,
		                    json_pack("{s:s*,s:s*,s:s*}", "label",
		                              word->label, "sentence",
		                              word->sentence, "tone",
		                              word->tone));
	}
	return words;
}

/* The words that the page shows people are those of words/words.c. */
static void make_vocabulary(struct www_file *file)
{
	auto_(json_free) json_t *all = json_object();
	const struct vocabulary *in;

	for (int i = 0; (in = words_at(i)) != NULL; i++)
		json_object_set_new(all, in->name, words_json(in));
	strbuf_init(&file->data, FILE_MAX_SIZE);
	strbuf_puts(&file->data, "export default ");
	json_write(all, &file->data);
	strbuf_puts(&file->data, ";\n");
	file->path = xstrdup("/vocabulary.js");
	file->type = TYPE_SCRIPT;
	www_file_tag(file);
}

static int load_file(struct www *www, const char *name, const char *type,
                     const char *path, struct err *err)
{
	struct www_file *file = &www->files[www->count];

	if (www->count == FILES_MAX || strlen(name) > WWW_NAME_MAX)
		return err_set(err, ERR_LIMIT,
		               "%s: more than %d files, or a name that is "
		               "longer than %d bytes",
		               path, FILES_MAX, WWW_NAME_MAX);
	www->count++;
	file->path = xasprintf("/%s", name);
	file->type = type;
	strbuf_init(&file->data, FILE_MAX_SIZE);
	if (io_read_file(path, &file->data, err) < 0)
		return err->class;
	www_file_tag(file);
	return 0;
}

static int load_all(struct www *www, const char *directory, DIR *dir,
                    struct err *err)
{
	const struct dirent *entry;
	bool has_index = false;

	while ((entry = readdir(dir)) != NULL) {
		bool is_index = strcmp(entry->d_name, "index.html") == 0;
		const char *type = type_of(entry->d_name);
		auto_(xfree_str) char *path =
			xasprintf("%s/%s", directory, entry->d_name);

		has_index |= is_index;
		if (type != NULL &&
		    load_file(www, is_index ? "" : entry->d_name, type, path,
		              err) < 0)
			return err->class;
	}
	if (!has_index)
		return err_set(err, ERR_IO, "%s/index.html: no such file",
		               directory);
	/* Chart.js belongs to another package, and may be gone. */
	if (CHARTJS[0] == '\0' || access(CHARTJS, R_OK) < 0)
		return 0;
	return load_file(www, "chart.js", TYPE_SCRIPT, CHARTJS, err);
}

int www_load(struct www **www_out, const char *directory, struct err *err)
{
	auto_(www_free) struct www *www = xcalloc(1, sizeof(*www));
	DIR *dir = opendir(directory);

	if (dir == NULL)
		return err_errno(err, ERR_IO, "%s", directory);
	make_vocabulary(&www->files[www->count++]);
	if (load_all(www, directory, dir, err) == 0) {
		*www_out = www;
		www = NULL;
	}
	closedir(dir);
	return www == NULL ? 0 : err->class;
}

void www_free(struct www **www)
{
	if (*www == NULL)
		return;
	for (size_t i = 0; i < (*www)->count; i++) {
		strbuf_clear(&(*www)->files[i].data);
		free((*www)->files[i].path);
	}
	free(*www);
	*www = NULL;
}

const struct www_file *www_find(const struct www *www, const char *path)
{
	for (size_t i = 0; www != NULL && i < www->count; i++)
		if (strcmp(www->files[i].path, path) == 0)
			return &www->files[i];
	return NULL;
}
