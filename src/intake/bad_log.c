#include "intake/bad_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

enum { SAMPLE_MAX = 64 * 1024, SHOWN_BYTES = 200 };

/* The first bad datagram of a kind since the last tick. */
struct sample {
	uint64_t count;
	char why[160];
	void *data;
	size_t len;
};

struct bad_log {
	char *directory;
	size_t max_files;
	size_t next_file;
	pthread_mutex_t lock;
	struct sample samples[BAD_KINDS];
	struct log_limit limits[BAD_KINDS];
	uint64_t unsaid[BAD_KINDS];
	struct log_limit write_limit;
};

struct bad_log *bad_log_new(const char *directory, size_t max_files)
{
	struct bad_log *log = xcalloc(1, sizeof(*log));

	if (directory != NULL && directory[0] != '\0')
		log->directory = xstrdup(directory);
	log->max_files = max_files;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

void bad_log_free(struct bad_log **log)
{
	if (*log == NULL)
		return;
	for (int kind = 0; kind < BAD_KINDS; kind++)
		free((*log)->samples[kind].data);
	pthread_mutex_destroy(&(*log)->lock);
	free((*log)->directory);
	free(*log);
	*log = NULL;
}

void bad_log_note(struct bad_log *log, enum bad_input kind, const char *why,
                  const void *data, size_t len)
{
	struct sample *sample = &log->samples[kind];

	pthread_mutex_lock(&log->lock);
	if (sample->count++ == 0) {
		sample->len = len < SAMPLE_MAX ? len : SAMPLE_MAX;
		sample->data = xmemdup(data, sample->len);
		snprintf(sample->why, sizeof(sample->why), "%s", why);
	}
	pthread_mutex_unlock(&log->lock);
}

static struct sample take_sample(struct bad_log *log, int kind)
{
	struct sample sample;

	pthread_mutex_lock(&log->lock);
	sample = log->samples[kind];
	memset(&log->samples[kind], 0, sizeof(sample));
	pthread_mutex_unlock(&log->lock);
	return sample;
}

static void say(struct bad_log *log, int kind, const struct sample *sample,
                int64_t now_ms)
{
	char shown[SHOWN_BYTES * 4 + 1];
	size_t len = sample->len < SHOWN_BYTES ? sample->len : SHOWN_BYTES;
	uint64_t held;

	log->unsaid[kind] += sample->count;
	if (!log_allowed(&log->limits[kind], now_ms, &held))
		return;
	log_warning("bad input (%s): %" PRIu64
	            " datagrams not counted; the first: %s: \"%s\"",
	            word_api(&words_bad_input, kind), log->unsaid[kind],
	            sample->why,
	            log_escape(shown, sizeof(shown), sample->data, len));
	log->unsaid[kind] = 0;
}

static int write_file(const char *path, const struct sample *sample)
{
	int fd = open(path,
	              O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	              0640);
	ssize_t wrote;

	if (fd < 0)
		return -1;
	wrote = write(fd, sample->data, sample->len);
	return close(fd) == 0 && wrote == (ssize_t)sample->len ? 0 : -1;
}

/* The directory is a ring: file 0 is written again after the last. */
static void keep_sample(struct bad_log *log, const struct sample *sample,
                        int64_t now_ms)
{
	char *path;
	uint64_t held;

	if (log->directory == NULL || log->max_files == 0)
		return;
	path = xasprintf("%s/bad-%05zu", log->directory,
	                 log->next_file % log->max_files);
	log->next_file++;
	if (write_file(path, sample) < 0 &&
	    log_allowed(&log->write_limit, now_ms, &held))
		log_warning("cannot save bad input in %s: %s", path,
		            strerror(errno));
	free(path);
}

void bad_log_tick(struct bad_log *log, int64_t now_ms)
{
	for (int kind = 0; kind < BAD_KINDS; kind++) {
		struct sample sample = take_sample(log, kind);

		if (sample.count == 0)
			continue;
		say(log, kind, &sample, now_ms);
		keep_sample(log, &sample, now_ms);
		free(sample.data);
	}
}
