#include "intake/log_rotate.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/xalloc.h"

enum {
	FILES_MAX = 500, /* descriptors are not endless */
	SCAN_TRIES = 20,
};

void log_rotate_queue_clear(struct log_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		log_input_close(&queue->inputs[i]);
	free(queue->inputs);
	*queue = (struct log_queue){0};
}

static void queue_add(struct log_queue *queue, struct log_input *input)
{
	queue->inputs = xrealloc(queue->inputs, queue->count + 1,
	                         sizeof(struct log_input *));
	queue->inputs[queue->count++] = input;
}

static void queue_drop(struct log_queue *queue, size_t i)
{
	log_input_close(&queue->inputs[i]);
	queue->count--;
	memmove(&queue->inputs[i], &queue->inputs[i + 1],
	        (queue->count - i) * sizeof(struct log_input *));
}

void log_rotate_queue_drop_first(struct log_queue *queue, size_t count)
{
	while (count-- > 0)
		queue_drop(queue, 0);
}

/* "mail.log" of "/var/log/mail.log"; the directory goes to a new string. */
static const char *split_path(const char *path, char **directory)
{
	const char *slash = strrchr(path, '/');

	*directory = slash == NULL ? xstrdup(".")
	                           : xstrndup(path, (size_t)(slash + 1 - path));
	return slash == NULL ? path : slash + 1;
}

/* What stands behind "mail.log.1", "mail.log-20260301" or "mail.log.old": ""
 * or ".gz", also what cannot be read here; NULL: it is none of the log's. */
static const char *sibling_suffix(const char *name, const char *base)
{
	size_t len = strlen(base);
	const char *suffix = name + len;
	size_t plain;

	if (strncmp(name, base, len) != 0 || (*suffix != '.' && *suffix != '-'))
		return NULL;
	suffix++;
	plain = strspn(suffix, "0123456789-_");
	if (plain == 0 && strncmp(suffix, "old", 3) == 0)
		plain = 3;
	suffix += plain;
	return plain > 0 && (*suffix == '\0' || *suffix == '.') ? suffix : NULL;
}

/* Of other compressors that logrotate is told to use: only say so. */
static const char *unpacker_of(const char *suffix)
{
	static const char *const known[][2] = {{".xz", "xz -d"},
	                                       {".bz2", "bzip2 -d"},
	                                       {".zst", "zstd -d"},
	                                       {".lz4", "lz4 -d"},
	                                       {".Z", "uncompress"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(suffix, known[i][0]) == 0)
			return known[i][1];
	return NULL;
}

/* Opens what is there; what was renamed away meanwhile the check will tell. */
static void open_one(struct log_queue *queue, const char *path)
{
	struct log_input *input;
	struct err err = {0};
	int rc = log_input_open(&input, path, &err);

	if (rc == 0)
		queue_add(queue, input);
	else if (rc != ERR_NOTFOUND)
		snprintf(queue->unreadable, sizeof(queue->unreadable), "%.250s",
		         err.text);
}

static bool can_read(struct log_queue *queue, const char *name,
                     const char *suffix)
{
	const char *unpacker = unpacker_of(suffix);

	if (unpacker != NULL)
		snprintf(queue->unreadable, sizeof(queue->unreadable),
		         "%.150s is not compressed with gzip: uncompress it "
		         "first (%s)",
		         name, unpacker);
	return suffix[0] == '\0' || strcmp(suffix, ".gz") == 0;
}

static int open_siblings(struct log_queue *queue, const char *path,
                         struct err *err)
{
	auto_(xfree_str) char *directory = NULL;
	const char *base = split_path(path, &directory);
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	if (dir == NULL)
		return err_errno(err, ERR_IO,
		                 "cannot read the directory of the log, %s",
		                 directory);
	while ((entry = readdir(dir)) != NULL) {
		const char *suffix = sibling_suffix(entry->d_name, base);
		auto_(xfree_str) char *sibling = NULL;

		if (suffix == NULL || !can_read(queue, entry->d_name, suffix))
			continue;
		if (queue->count == FILES_MAX) {
			snprintf(queue->unreadable, sizeof(queue->unreadable),
			         "%s has more than %d rotated files", path,
			         FILES_MAX);
			break;
		}
		sibling = xasprintf("%s/%s", directory, entry->d_name);
		open_one(queue, sibling);
	}
	closedir(dir);
	return 0;
}

uint64_t log_rotate_names(const char *path)
{
	auto_(xfree_str) char *directory = NULL;
	const char *base = split_path(path, &directory);
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	uint64_t sum = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (sibling_suffix(entry->d_name, base) != NULL)
			sum += hash128(entry->d_ino, entry->d_name,
			               strlen(entry->d_name))
			               .low;
	if (dir != NULL)
		closedir(dir);
	return sum;
}

static bool is_at_its_name(const struct log_input *input)
{
	struct stat st;

	if (stat(input->path, &st) < 0 || st.st_dev != input->dev ||
	    st.st_ino != input->ino)
		return false;
	/* gzip(1) was still writing it: what it begins with was not known */
	if (input->gz != NULL && (uint64_t)st.st_size != input->size)
		return false;
	return (uint64_t)st.st_size >= input->size;
}

/* A rotation moves the file or empties it: when all that was opened is still
 * at its name, nothing was missed. */
static bool nothing_moved(const struct log_queue *queue,
                          const struct log_input *file, const char *path)
{
	struct stat st;

	for (size_t i = 0; i < queue->count; i++)
		if (!is_at_its_name(queue->inputs[i]))
			return false;
	return file != NULL ? is_at_its_name(file) : stat(path, &st) < 0;
}

/* The number of "mail.log.3.gz"; of a date it is large, and so for names. */
static unsigned long rotation_number(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot != NULL && strcmp(dot, ".gz") == 0)
		for (dot--; dot > path && *dot != '.'; dot--)
			;
	return dot != NULL && isdigit((unsigned char)dot[1])
	               ? strtoul(dot + 1, NULL, 10)
	               : 0;
}

int log_rotate_compare_times(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	if (a.tv_nsec != b.tv_nsec)
		return a.tv_nsec < b.tv_nsec ? -1 : 1;
	return 0;
}

/* Older first.  Of one moment: mail.log.2 before mail.log.1, dates upwards. */
static int compare_age(const void *a, const void *b)
{
	const struct log_input *left = *(struct log_input *const *)a;
	const struct log_input *right = *(struct log_input *const *)b;
	unsigned long l = rotation_number(left->path);
	unsigned long r = rotation_number(right->path);
	int order = log_rotate_compare_times(left->mtime, right->mtime);

	if (order == 0 && l != r)
		return l > r ? -1 : 1;
	return order != 0 ? order : strcmp(left->path, right->path);
}

/* Is the second of these a copy (or still being made) of the first? */
static bool is_double(const struct log_input *kept,
                      const struct log_input *other)
{
	size_t len = kept->head_len < other->head_len ? kept->head_len
	                                              : other->head_len;

	return (kept->dev == other->dev && kept->ino == other->ino) ||
	       (log_input_is_known(kept) && log_input_is_known(other) &&
	        memcmp(kept->head, other->head, len) == 0);
}

/* gzip(1) is still at it, or has not taken the original away yet.  Of what it
 * has written the beginning may not be readable, nor is its time right. */
static bool is_being_made(const struct log_queue *queue,
                          const struct log_input *input)
{
	size_t len = strlen(input->path) - strlen(".gz");

	for (size_t i = 0; input->gz != NULL && i < queue->count; i++) {
		const char *path = queue->inputs[i]->path;

		if (strlen(path) == len && strncmp(path, input->path, len) == 0)
			return true;
	}
	return false;
}

/* gzip(1) and copytruncate have two files of one content for a while: the
 * file itself is the one to read, then what is not compressed. */
static void drop_doubles(struct log_queue *queue, const struct log_input *file)
{
	for (size_t i = queue->count; i-- > 0;) {
		const struct log_input *input = queue->inputs[i];
		bool dropped = is_being_made(queue, input) ||
		               (file != NULL && is_double(file, input));

		for (size_t k = 0; k < queue->count && !dropped; k++) {
			const struct log_input *other = queue->inputs[k];

			dropped = k != i && is_double(other, input) &&
			          (input->gz != NULL
			                   ? other->gz == NULL || k < i
			                   : other->gz == NULL && k < i);
		}
		if (dropped)
			queue_drop(queue, i);
	}
}

/*
 * One look: siblings by age, then the file.  It is opened before them: moved
 * away earlier it is among them, moved away later it is missed at its name.
 * The names are looked at before and after, because a directory that changes
 * while it is read may show neither the old name nor the new one.
 */
static int scan_once(const char *path, struct log_queue *queue, bool *moved,
                     struct err *err)
{
	struct log_input *file = NULL;
	struct err why;
	int rc = log_input_open(&file, path, &why);

	if (rc < 0 && rc != ERR_NOTFOUND) {
		*err = why;
		return rc;
	}
	queue->names = log_rotate_names(path);
	if (open_siblings(queue, path, err) < 0) {
		log_input_close(&file);
		return err->class;
	}
	*moved = queue->names != log_rotate_names(path) ||
	         !nothing_moved(queue, file, path);
	drop_doubles(queue, file);
	if (queue->count > 0)
		qsort(queue->inputs, queue->count, sizeof(*queue->inputs),
		      compare_age);
	if (file != NULL)
		queue_add(queue, file);
	return 0;
}

int log_rotate_all(const char *path, struct log_queue *queue, struct err *err)
{
	bool moved = true;
	int rc = 0;

	*queue = (struct log_queue){0};
	for (int try = 0; try < SCAN_TRIES && moved && rc == 0; try++) {
		log_rotate_queue_clear(queue);
		rc = scan_once(path, queue, &moved, err);
	}
	if (rc == 0 && moved)
		rc = err_set(err, ERR_BUSY, "%s is being rotated continuously",
		             path);
	if (rc < 0)
		log_rotate_queue_clear(queue);
	return rc;
}

/* The index of the place's file: best the one with its inode; else the
 * youngest that begins like it. */
static int find_place(const struct log_queue *queue,
                      const struct log_place *place)
{
	int found = -1;

	for (size_t i = queue->count; i-- > 0;) {
		if (!log_place_is_in(place, queue->inputs[i]))
			continue;
		if (queue->inputs[i]->dev == place->dev &&
		    queue->inputs[i]->ino == place->ino)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

int log_rotate_from(const char *path, const struct log_place *place,
                    struct timespec since, struct log_queue *queue,
                    struct err *err)
{
	int rc = log_rotate_all(path, queue, err);
	int found;

	if (rc < 0)
		return rc;
	if (log_place_is_before_all(place))
		return 0;
	found = find_place(queue, place);
	if (found > 0)
		log_rotate_queue_drop_first(queue, (size_t)found);
	for (size_t i = queue->count; found < 0 && i-- > 0;)
		if (strcmp(queue->inputs[i]->path, path) != 0 &&
		    log_rotate_compare_times(queue->inputs[i]->mtime, since) <=
		            0)
			queue_drop(queue, i);
	return found >= 0;
}
