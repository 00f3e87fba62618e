#include "http/static_site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/base_href.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/xalloc.h"

enum {
	FILES_MAX = 5000,
	DEPTH_MAX = 8,
	PATH_LONG = 512,
	BYTES_MAX = 64 * 1024 * 1024,
};

struct site {
	char *path; /* "/admin" */
	struct www_file *files;
	size_t count;
	size_t bytes;
};

struct static_sites {
	struct site *sites;
	size_t count;
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".map", "application/json"},
		{".webmanifest", "application/manifest+json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".gif", "image/gif"},
		{".webp", "image/webp"},
		{".ico", "image/x-icon"},
		{".woff", "font/woff"},
		{".woff2", "font/woff2"},
		{".ttf", "font/ttf"},
		{".wasm", "application/wasm"},
		{".txt", "text/plain; charset=utf-8"},
	};
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0;
	     suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].suffix, suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void clear_site(struct site *site)
{
	for (size_t i = 0; i < site->count; i++) {
		strbuf_clear(&site->files[i].data);
		free(site->files[i].path);
	}
	free(site->files);
	free(site->path);
}

/* Takes the descriptor. */
static int read_file(struct site *site, int fd, const char *path,
                     const char *href, struct err *err)
{
	bool is_index = strcmp(path + strlen(site->path), "/index.html") == 0;
	struct www_file *file = &site->files[site->count];
	auto_(strbuf_clear) struct strbuf text = {0};
	int rc;

	strbuf_init(&text, BYTES_MAX - site->bytes);
	rc = io_read_all(fd, &text);
	close(fd);
	if (rc < 0 || text.failed)
		return err_set(err, ERR_LIMIT,
		               "%s: cannot be read, or all are more than %d "
		               "bytes",
		               path, BYTES_MAX);
	site->bytes += text.len;
	site->count++;
	file->path = xstrdup(path);
	file->type = type_of(path);
	file->is_foreign = true;
	strbuf_init(&file->data, 0);
	if (is_index)
		base_href_write(strbuf_text(&text), text.len, href,
		                &file->data);
	else
		strbuf_add(&file->data, strbuf_text(&text), text.len);
	www_file_tag(file);
	return 0;
}

static int read_directory(struct site *site, int fd, const char *path,
                          const char *href, int depth, struct err *err);

static int read_entry(struct site *site, int dir_fd, const char *path,
                      const char *name, const char *href, int depth,
                      struct err *err)
{
	auto_(xfree_str) char *below = xasprintf("%s/%s", path, name);
	int fd = openat(dir_fd, name,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 && errno == ELOOP)
		return 0; /* a symbolic link */
	if (fd < 0 || fstat(fd, &status) < 0) {
		err_errno(err, ERR_IO, "%s", below);
		if (fd >= 0)
			close(fd);
		return err->class;
	}
	if (S_ISDIR(status.st_mode))
		return read_directory(site, fd, below, href, depth + 1, err);
	if (S_ISREG(status.st_mode) && site->count < FILES_MAX &&
	    strlen(below) < PATH_LONG)
		return read_file(site, fd, below, href, err);
	close(fd);
	return S_ISREG(status.st_mode)
	               ? err_set(err, ERR_LIMIT,
	                         "%s: more than %d files, or its name is too "
	                         "long",
	                         below, FILES_MAX)
	               : 0;
}

/* Takes the descriptor. */
static int read_directory(struct site *site, int fd, const char *path,
                          const char *href, int depth, struct err *err)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		err_errno(err, ERR_IO, "%s", path);
		close(fd);
		return err->class;
	}
	if (depth > DEPTH_MAX)
		rc = err_set(err, ERR_LIMIT, "%s: more than %d levels", path,
		             DEPTH_MAX);
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			rc = read_entry(site, fd, path, entry->d_name, href,
			                depth, err);
	closedir(dir);
	return rc;
}

static const struct www_file *find_in(const struct site *site, const char *path)
{
	for (size_t i = 0; i < site->count; i++)
		if (strcmp(site->files[i].path, path) == 0)
			return &site->files[i];
	return NULL;
}

static const struct www_file *index_of(const struct site *site)
{
	auto_(xfree_str) char *path = xasprintf("%s/index.html", site->path);

	return find_in(site, path);
}

static int load_site(struct site *site, const char *setting, const char *above,
                     struct err *err)
{
	const char *directory = strchr(setting, ' ');
	auto_(xfree_str) char *href = NULL;
	int fd;

	site->path = xstrndup(setting, (size_t)(directory - setting));
	site->files = xcalloc(FILES_MAX, sizeof(*site->files));
	directory += strspn(directory, " ");
	href = xasprintf("%s%s/", above, site->path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_IO, "%s", directory);
	if (read_directory(site, fd, site->path, href, 0, err) < 0)
		return err->class;
	if (index_of(site) == NULL)
		return err_set(err, ERR_IO, "%s/index.html: no such file",
		               directory);
	return 0;
}

struct static_sites *static_sites_load(const struct conf_list *settings,
                                       const char *above,
                                       void (*tell)(const struct err *err))
{
	struct static_sites *all = xcalloc(1, sizeof(*all));

	all->sites = xcalloc(settings->count + 1, sizeof(*all->sites));
	for (size_t i = 0; i < settings->count; i++) {
		struct site *site = &all->sites[all->count];
		struct err err;

		*site = (struct site){.count = 0};
		if (load_site(site, settings->items[i], above, &err) == 0) {
			all->count++;
			continue;
		}
		tell(&err);
		clear_site(site);
	}
	return all;
}

void static_sites_free(struct static_sites **sites)
{
	if (*sites == NULL)
		return;
	for (size_t i = 0; i < (*sites)->count; i++)
		clear_site(&(*sites)->sites[i]);
	free((*sites)->sites);
	free(*sites);
	*sites = NULL;
}

const char *static_sites_path(const struct static_sites *sites, size_t i)
{
	return sites != NULL && i < sites->count ? sites->sites[i].path : NULL;
}

/* A place within the page has no suffix, unlike what it is made of. */
static bool is_place(const char *below)
{
	return strncmp(below, "/assets/", 8) != 0 &&
	       strchr(strrchr(below, '/'), '.') == NULL;
}

enum static_found static_sites_find(const struct static_sites *sites,
                                    const char *path,
                                    const struct www_file **file)
{
	for (size_t i = 0; sites != NULL && i < sites->count; i++) {
		const struct site *site = &sites->sites[i];
		size_t len = strlen(site->path);

		if (strncmp(path, site->path, len) != 0)
			continue;
		if (path[len] == '\0')
			return STATIC_BARE;
		if (path[len] != '/')
			continue;
		*file = find_in(site, path);
		if (*file == NULL && is_place(path + len))
			*file = index_of(site);
		return *file != NULL ? STATIC_FILE : STATIC_GONE;
	}
	return STATIC_NONE;
}
