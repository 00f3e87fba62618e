#include "http/www.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/xalloc.h"

enum { FILE_MAX_SIZE = 4 * 1024 * 1024 };

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_CSS "text/css; charset=utf-8"
#define TYPE_SCRIPT "text/javascript; charset=utf-8"
#define TYPE_SVG "image/svg+xml"

static const struct {
	const char *path;
	const char *name; /* in the folder; NULL: CHARTJS */
	const char *type;
} files[] = {
	{"/", "index.html", TYPE_HTML},
	{"/app.js", "app.js", TYPE_SCRIPT},
	{"/days.js", "days.js", TYPE_SCRIPT},
	{"/dialog.js", "dialog.js", TYPE_SCRIPT},
	{"/dom.js", "dom.js", TYPE_SCRIPT},
	{"/domain.js", "domain.js", TYPE_SCRIPT},
	{"/domains.js", "domains.js", TYPE_SCRIPT},
	{"/feeds.js", "feeds.js", TYPE_SCRIPT},
	{"/form.js", "form.js", TYPE_SCRIPT},
	{"/format.js", "format.js", TYPE_SCRIPT},
	{"/icon.svg", "icon.svg", TYPE_SVG},
	{"/inbound.js", "inbound.js", TYPE_SCRIPT},
	{"/inbound_day.js", "inbound_day.js", TYPE_SCRIPT},
	{"/jmap.js", "jmap.js", TYPE_SCRIPT},
	{"/list.js", "list.js", TYPE_SCRIPT},
	{"/load.js", "load.js", TYPE_SCRIPT},
	{"/lookup.js", "lookup.js", TYPE_SCRIPT},
	{"/outbox.js", "outbox.js", TYPE_SCRIPT},
	{"/overview.js", "overview.js", TYPE_SCRIPT},
	{"/picture.js", "picture.js", TYPE_SCRIPT},
	{"/report.js", "report.js", TYPE_SCRIPT},
	{"/report_actions.js", "report_actions.js", TYPE_SCRIPT},
	{"/report_form.js", "report_form.js", TYPE_SCRIPT},
	{"/report_parts.js", "report_parts.js", TYPE_SCRIPT},
	{"/router.js", "router.js", TYPE_SCRIPT},
	{"/routes.js", "routes.js", TYPE_SCRIPT},
	{"/sent.js", "sent.js", TYPE_SCRIPT},
	{"/sent_report.js", "sent_report.js", TYPE_SCRIPT},
	{"/signin.js", "signin.js", TYPE_SCRIPT},
	{"/style.css", "style.css", TYPE_CSS},
	{"/suppression.js", "suppression.js", TYPE_SCRIPT},
	{"/table.js", "table.js", TYPE_SCRIPT},
	{"/words.js", "words.js", TYPE_SCRIPT},
	{"/chart.js", NULL, TYPE_SCRIPT},
};

enum { FILES = sizeof(files) / sizeof(files[0]) };

struct www {
	struct www_file files[FILES];
	size_t count;
};

static int load(struct www_file *file, const char *path, struct err *err)
{
	strbuf_init(&file->data, FILE_MAX_SIZE);
	if (io_read_file(path, &file->data, err) < 0)
		return err->class;
	/* the seed is fixed: a restart asks nobody to load it again */
	snprintf(file->etag, sizeof(file->etag), "\"%016" PRIx64 "\"",
	         hash64(0, file->data.data, file->data.len));
	return 0;
}

/* Chart.js belongs to another package, and may be gone. */
static bool is_missing(const char *path)
{
	return path[0] == '\0' || access(path, R_OK) < 0;
}

int www_load(struct www **www_out, const char *directory, struct err *err)
{
	auto_(www_free) struct www *www = xcalloc(1, sizeof(*www));

	for (size_t i = 0; i < FILES; i++) {
		auto_(xfree_str) char *path =
			files[i].name
				? xasprintf("%s/%s", directory, files[i].name)
				: xstrdup(CHARTJS);
		struct www_file *file = &www->files[www->count];

		if (files[i].name == NULL && is_missing(path))
			continue;
		file->path = files[i].path;
		file->type = files[i].type;
		www->count++;
		if (load(file, path, err) < 0)
			return err->class;
	}
	*www_out = www;
	www = NULL;
	return 0;
}

void www_free(struct www **www)
{
	if (*www == NULL)
		return;
	for (size_t i = 0; i < (*www)->count; i++)
		strbuf_clear(&(*www)->files[i].data);
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
