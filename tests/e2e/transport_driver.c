/*
 * transport_driver - hands jobs to the transports and prints the answers
 *
 *     transport_driver [-o section.name=value]... [-n COPIES] < jobs
 *
 * A job is a line "RUA FILE [SENDER]": mailto:, https: or directory:, the file
 * with its body, the envelope sender.  Each answer is a line
 *
 *     NUMBER EVENT STAGE CODE RETRY_AFTER ok|our-fault TEXT
 *
 * and with -n, which submits every job so many times, only the rate and the
 * number of answers of each event are printed: a bench tool then.
 *
 * A name that begins with "slow-dns" takes long to look up (fake/slow_dns.c).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "conf/conf.h"
#include "deliver/transport.h"

enum { LINE_BYTES = 4096, MAX_JOBS = 100000, IN_FLIGHT = 256 };

struct job {
	struct delivery_job job;
	struct rua rua;
	char *sender;
	char *file_name;
	void *body;
};

static struct job *jobs;
static size_t job_count;
static size_t answered;
static size_t by_event[DELIVERY_EVENTS];
static size_t copies;

static const char *const event_words[DELIVERY_EVENTS] = {
	[EVENT_ACCEPTED] = "accepted",       [EVENT_TEMPORARY] = "temporary",
	[EVENT_UNCERTAIN] = "uncertain",     [EVENT_REFUSED] = "refused",
	[EVENT_BAD_ADDRESS] = "bad-address",
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "transport_driver: %s: %s\n", what, why);
	exit(2);
}

static void read_body(struct job *job, const char *path)
{
	FILE *file = fopen(path, "rb");
	long len = 0;

	if (file == NULL || fseek(file, 0, SEEK_END) < 0 ||
	    (len = ftell(file)) < 0)
		die(path, "cannot be read");
	rewind(file);
	job->body = xmalloc((size_t)len + 1);
	if (fread(job->body, 1, (size_t)len, file) != (size_t)len)
		die(path, "cannot be read");
	fclose(file);
	job->job.body = job->body;
	job->job.body_len = (size_t)len;
}

static int read_rua(const char *text, struct rua *rua, struct err *err)
{
	if (strncmp(text, "directory:", 10) == 0)
		return rua_from_directory(text + 10, rua, err);
	return rua_parse(text, strlen(text), rua, err);
}

static void read_job(struct job *job, char *line)
{
	char *rua = strtok(line, " \n"), *file = strtok(NULL, " \n");
	char *sender = strtok(NULL, " \n");
	const char *slash;
	struct err err;

	if (file == NULL || job_count == MAX_JOBS)
		die("jobs", "a job is: RUA FILE [SENDER]");
	if (read_rua(rua, &job->rua, &err) < 0)
		die(rua, err.text);
	read_body(job, file);
	slash = strrchr(file, '/');
	job->sender = xstrdup(sender ? sender : "tls@reporter.example");
	job->file_name = xstrdup(slash ? slash + 1 : file);
	job->job.rua = &job->rua;
	job->job.mail_from = job->sender;
	job->job.file_name = job->file_name;
	job->job.owner = job;
}

static void read_jobs(void)
{
	char line[LINE_BYTES];

	jobs = xcalloc(MAX_JOBS, sizeof(*jobs));
	while (fgets(line, sizeof(line), stdin) != NULL)
		read_job(&jobs[job_count++], line);
}

static void done(void *arg, struct delivery_job *job,
                 const struct delivery_answer *answer)
{
	struct job *which = job->owner;

	(void)arg;
	answered++;
	by_event[answer->event]++;
	if (copies == 0)
		printf("%zu %s %s %d %" PRId64 " %s %s\n",
		       (size_t)(which - jobs) + 1, event_words[answer->event],
		       word_api(&words_stages, answer->stage), answer->code,
		       answer->retry_after,
		       answer->our_fault ? "our-fault" : "ok", answer->text);
}

static void run(struct transport *transport)
{
	size_t total = job_count * (copies ? copies : 1), submitted = 0;

	while (answered < total) {
		/* keep more waiting than the transports run at once */
		while (submitted < total && submitted - answered < IN_FLIGHT)
			transport->submit(transport,
			                  &jobs[submitted++ % job_count].job);
		transport->wait(transport, 1000, done, NULL);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_rate(double secs)
{
	printf("%zu jobs in %.2f s: %.0f/s\n", answered, secs,
	       (double)answered / secs);
	for (int i = 0; i < DELIVERY_EVENTS; i++)
		if (by_event[i] > 0)
			printf("%s %zu\n", event_words[i], by_event[i]);
}

static void free_jobs(void)
{
	for (size_t i = 0; i < job_count; i++) {
		free(jobs[i].sender);
		free(jobs[i].file_name);
		free(jobs[i].body);
	}
	free(jobs);
}

int main(int argc, char **argv)
{
	struct clock clock = clock_system();
	struct transport *transport;
	struct conf conf;
	struct err err;
	double began;
	int option;

	conf_init(&conf);
	while ((option = getopt(argc, argv, "o:n:")) != -1) {
		if (option == 'n')
			copies = strtoul(optarg, NULL, 10);
		else if (option != 'o' || conf_set(&conf, optarg, &err) < 0)
			die("-o", option == 'o' ? err.text : "usage");
	}
	if (transport_open(&conf, &clock, &transport, &err) < 0)
		die("open", err.text);
	read_jobs();
	began = now();
	run(transport);
	if (copies > 0)
		print_rate(now() - began);
	transport->free(&transport);
	free_jobs();
	conf_clear(&conf);
	return 0;
}
