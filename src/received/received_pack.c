#include "received/received_pack.h"

#include <stdbool.h>
#include <string.h>

#include <zip.h>

#include "base/auto.h"
#include "base/gzip.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "received/received_report.h"

enum { CHUNK = 16384, NAME_SHOWN = 128 };

static bool starts(const void *data, size_t len, const char *magic,
                   size_t magic_len)
{
	return len >= magic_len && memcmp(data, magic, magic_len) == 0;
}

static bool is_gzip(const void *data, size_t len)
{
	return starts(data, len, "\x1f\x8b", 2);
}

/* What a file of the archive is itself: plain, or gzip as section 5.1 of RFC
 * 8460 names it; zip in zip is nobody's report. */
static int give_file(const char *name, const void *data, size_t len, size_t max,
                     received_file_fn *each, void *arg, struct err *err)
{
	auto_(strbuf_clear) struct strbuf plain = {0};
	int rc;

	if (!is_gzip(data, len))
		return each(arg, name, data, len);
	rc = gzip_unpack(data, len, max, &plain, err);
	return rc < 0 ? rc : each(arg, name, strbuf_text(&plain), plain.len);
}

/* --- zip (libzip) --- */

static void discard(zip_t **zip)
{
	if (*zip != NULL)
		zip_discard(*zip);
	*zip = NULL;
}

static void close_file(zip_file_t **file)
{
	if (*file != NULL)
		zip_fclose(*file);
	*file = NULL;
}

static zip_t *open_zip(const void *data, size_t len, struct err *err)
{
	zip_error_t why;
	zip_source_t *source;
	zip_t *zip = NULL;

	zip_error_init(&why);
	source = zip_source_buffer_create(data, len, 0, &why);
	if (source != NULL)
		zip = zip_open_from_source(source, ZIP_RDONLY, &why);
	if (zip == NULL) {
		err_set(err, ERR_PARSE, "zip: %s", zip_error_strerror(&why));
		zip_source_free(source);
	}
	zip_error_fini(&why);
	return zip;
}

/* What the archive says about lengths is a stranger's word: they are counted
 * as the bytes come. */
static int unpack_file(zip_t *zip, zip_uint64_t index, const char *name,
                       size_t max, struct strbuf *plain, struct err *err)
{
	auto_(close_file) zip_file_t *file = zip_fopen_index(zip, index, 0);
	char chunk[CHUNK];
	zip_int64_t got;

	if (file == NULL)
		return err_set(err, ERR_PARSE, "zip: %s: %s", name,
		               zip_strerror(zip));
	while ((got = zip_fread(file, chunk, sizeof(chunk))) > 0) {
		if ((size_t)got > max - plain->len)
			return err_set(err, ERR_LIMIT,
			               "zip: more than %d bytes when unpacked",
			               RECEIVED_JSON_MAX);
		strbuf_add(plain, chunk, (size_t)got);
	}
	if (got < 0)
		return err_set(err, ERR_PARSE, "zip: %s: %s", name,
		               zip_file_strerror(file));
	return 0;
}

static bool is_directory(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[len - 1] == '/';
}

/* *left: how much may still be unpacked. */
static int give_entry(zip_t *zip, zip_uint64_t index, size_t *left,
                      received_file_fn *each, void *arg, struct err *err)
{
	auto_(strbuf_clear) struct strbuf plain = {0};
	const char *name = zip_get_name(zip, index, ZIP_FL_ENC_GUESS);
	char shown[NAME_SHOWN];
	int rc;

	if (name == NULL || is_directory(name))
		return 0;
	utf8_show(shown, sizeof(shown), name, strlen(name));
	rc = unpack_file(zip, index, shown, *left, &plain, err);
	if (rc < 0)
		return rc;
	*left -= plain.len;
	return give_file(shown, strbuf_text(&plain), plain.len, *left, each,
	                 arg, err);
}

static int unpack_zip(const void *data, size_t len, received_file_fn *each,
                      void *arg, struct err *err)
{
	auto_(discard) zip_t *zip = open_zip(data, len, err);
	size_t left = RECEIVED_JSON_MAX;
	zip_int64_t count;
	int rc = 0;

	if (zip == NULL)
		return ERR_PARSE;
	count = zip_get_num_entries(zip, 0);
	if (count > RECEIVED_FILES_MAX)
		return err_set(err, ERR_LIMIT, "zip: more than %d files",
		               RECEIVED_FILES_MAX);
	for (zip_int64_t i = 0; i < count && rc == 0; i++)
		rc = give_entry(zip, (zip_uint64_t)i, &left, each, arg, err);
	return rc;
}

int received_unpack(const void *data, size_t len, received_file_fn *each,
                    void *arg, struct err *err)
{
	if (starts(data, len, "PK\3\4", 4) || starts(data, len, "PK\5\6", 4))
		return unpack_zip(data, len, each, arg, err);
	return give_file(NULL, data, len, RECEIVED_JSON_MAX, each, arg, err);
}
