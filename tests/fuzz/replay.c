/*
 * replay - the main() of a fuzz target in an ordinary build
 *
 *     tests/fuzz/fuzz_conf tests/fuzz/corpus/fuzz_conf
 *
 * Feeds every file of the folders (or files) named to the target, and for a
 * small file also each of its beginnings and a few changed copies of it.
 * That is no fuzzing, but it needs no clang, takes a second, and finds the
 * reader that runs past its end.  With --enable-fuzz libFuzzer's main() takes
 * this one's place; options for it ("-runs=0") are skipped here.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "base/xalloc.h"

enum {
	SMALL = 512, /* longest input that is also cut and changed */
	FILE_MAX_BYTES = 4096 * 1024,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Absent without a sanitizer. */
extern void __sanitizer_set_death_callback(void (*say)(void))
	__attribute__((weak));

static struct {
	const char *path;
	const char *change; /* what was done to the file's bytes */
	size_t at;
	unsigned long files;
	unsigned long inputs;
} replay;

/* The sanitizer says what went wrong; this says with which input. */
static void say_where(void)
{
	fprintf(stderr, "replay: %s, %s %zu\n", replay.path, replay.change,
	        replay.at);
}

/* A copy of exactly this size, so that AddressSanitizer sees the byte after
 * the last one being read. */
static void run(const char *change, size_t at, const uint8_t *data, size_t size)
{
	uint8_t *copy = xmemdup(data, size);

	replay.change = change;
	replay.at = at;
	replay.inputs++;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_changed(uint8_t *data, size_t size)
{
	static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};

	for (size_t i = 0; i < size; i++) {
		uint8_t was = data[i];

		for (size_t m = 0; m < sizeof(masks); m++) {
			data[i] = was ^ masks[m];
			run("changed at", i, data, size);
		}
		data[i] = 0;
		run("NUL at", i, data, size);
		data[i] = was;
	}
}

static void run_bytes(uint8_t *data, size_t size)
{
	run("whole, bytes:", size, data, size);
	if (size > SMALL)
		return;
	for (size_t cut = 0; cut < size; cut++)
		run("cut to", cut, data, cut);
	run_changed(data, size);
}

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct strbuf bytes;
	char chunk[8192];
	size_t got;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	strbuf_init(&bytes, FILE_MAX_BYTES);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		strbuf_add(&bytes, chunk, got);
	fclose(file);
	replay.path = path;
	replay.files++;
	/* An empty buffer lends "", which is not ours to change. */
	if (bytes.len == 0)
		run("whole, bytes:", 0, (const uint8_t *)"", 0);
	else
		run_bytes((uint8_t *)bytes.data, bytes.len);
	strbuf_clear(&bytes);
	return 0;
}

static int replay_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	int failed = 0;

	if (n < 0) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char *file = xasprintf("%s/%s", path, entries[i]->d_name);

		if (entries[i]->d_name[0] != '.')
			failed |= replay_file(file);
		free(file);
		free(entries[i]);
	}
	free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_where);
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (argv[i][0] == '-')
			continue;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			failed |= replay_folder(argv[i]);
		else
			failed |= replay_file(argv[i]);
	}
	printf("%s: %lu files, %lu inputs\n", argv[0], replay.files,
	       replay.inputs);
	if (replay.files == 0) {
		fprintf(stderr, "%s: nothing to replay\n", argv[0]);
		return 1;
	}
	return failed;
}
