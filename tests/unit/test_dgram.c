#include "unit/store_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/day.h"
#include "base/log.h"
#include "intake/bad_log.h"
#include "intake/dgram.h"
#include "store/tally_table.h"

static const char good[] = "{\"d\":\"a.example\",\"pr\":\"v=TLSRPTv1;"
			   "rua=mailto:a@b.example\",\"policies\":["
			   "{\"policy-type\":9,\"f\":0}]}";

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	assert_true(strlen(path) < sizeof(sa.sun_path));
	strcpy(sa.sun_path, path);
	return sa;
}

static struct unix_socket_options options_for(const char *path)
{
	return (struct unix_socket_options){.path = path,
	                                    .type = SOCK_DGRAM,
	                                    .owner = geteuid(),
	                                    .group = getegid(),
	                                    .mode = 0620,
	                                    .who = "tlstallyd"};
}

static void test_owner_mode_and_directory(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path =
		xasprintf("%s/run/tlsrpt/sock", f->directory);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket sock;
	struct stat st;

	if (dgram_socket_open(&sock, &options, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0620);
	dgram_socket_close(&sock);
	assert_int_equal(stat(path, &st), -1);
}

/* Stands before the C library's: somebody who owns the directory is quick, and
 * puts a link where the socket was. */
static const char *link_to;

int lchown(const char *path, uid_t owner, gid_t group)
{
	if (link_to != NULL) {
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(link_to, path), 0);
	}
	return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

static char *make_victim(struct fixture *f)
{
	char *path = xasprintf("%s/victim", f->directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void test_a_link_in_the_sockets_place_is_not_followed(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	auto_(xfree_str) char *victim = make_victim(f);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket sock;
	struct stat st;

	link_to = victim;
	assert_int_equal(dgram_socket_open(&sock, &options, &f->err), ERR_IO);
	link_to = NULL;
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_a_socket_that_is_another_now(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	auto_(xfree_str) char *lock = xasprintf("%s.lock", path);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket first, second;
	struct stat st;

	assert_int_equal(dgram_socket_open(&first, &options, &f->err), 0);
	assert_int_equal(unix_socket_check(&first.file, &f->err), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unix_socket_check(&first.file, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "no more data arrives"));
	/* whoever removed the socket removed its lock as well */
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(dgram_socket_open(&second, &options, &f->err), 0);
	assert_int_equal(unix_socket_check(&first.file, &f->err), ERR_IO);
	dgram_socket_close(&first);
	assert_int_equal(stat(path, &st), 0); /* the second one's */
	dgram_socket_close(&second);
	assert_int_equal(stat(path, &st), -1);
}

static void test_a_lock_with_two_names_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	auto_(xfree_str) char *lock = xasprintf("%s.lock", path);
	auto_(xfree_str) char *victim = make_victim(f);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket sock;

	assert_int_equal(link(victim, lock), 0);
	assert_int_equal(dgram_socket_open(&sock, &options, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, lock));
}

static void test_a_second_daemon_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket first, second;

	assert_int_equal(dgram_socket_open(&first, &options, &f->err), 0);
	assert_int_equal(dgram_socket_open(&second, &options, &f->err),
	                 ERR_BUSY);
	assert_non_null(strstr(f->err.text, "another tlstallyd"));
	dgram_socket_close(&first);
}

static void test_a_live_socket_is_not_stolen(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct unix_socket_options options = options_for(path);
	struct sockaddr_un sa = address(path);
	struct dgram_socket sock;
	static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

	for (size_t i = 0; i < COUNT(types); i++) {
		int fd = socket(AF_UNIX, types[i], 0);

		assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)),
		                 0);
		if (types[i] == SOCK_STREAM)
			assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(dgram_socket_open(&sock, &options, &f->err),
		                 ERR_BUSY);
		assert_non_null(
			strstr(f->err.text, "another program is using"));
		close(fd);
		unlink(path);
	}
}

static void test_a_stale_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct unix_socket_options options = options_for(path);
	struct sockaddr_un sa = address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct dgram_socket sock;

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	assert_int_equal(dgram_socket_open(&sock, &options, &f->err), 0);
	dgram_socket_close(&sock);
}

static void test_what_is_no_socket_stays(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/file", f->directory);
	struct unix_socket_options options = options_for(path);
	struct dgram_socket sock;

	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(dgram_socket_open(&sock, &options, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "not a socket"));
	assert_int_equal(access(path, F_OK), 0);
}

static void test_only_a_datagram_socket_is_adopted(void **state)
{
	struct dgram_socket sock;
	struct err err = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(dgram_socket_adopt(&sock, fd, &err), ERR_PARSE);
	assert_non_null(strstr(err.text, "ListenDatagram"));
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(dgram_socket_adopt(&sock, fd, &err), ERR_PARSE);
	close(fd);
}

/* A receiver with everything behind it. */
struct rig {
	struct clock clock;
	struct dgram_socket sock;
	struct collector *collector;
	struct bad_log *bad_log;
	struct dgram *dgram;
};

static void rig_start(struct rig *rig, struct fixture *f)
{
	struct collector_options options = {
		.committer = {.feed = "events",
	                      .db = f->db,
	                      .clock = &rig->clock,
	                      .interval_ms = 1000},
		.limits = {32, 1000, 1 << 22, 1 << 23},
	};

	rig->clock = clock_fixed(day_start(20513));
	rig->bad_log = bad_log_new(NULL, 0);
	rig->collector = collector_new(&options);
	assert_int_equal(collector_start(rig->collector, &f->err), 0);
	assert_int_equal(dgram_start(&rig->dgram, &rig->sock, rig->collector,
	                             rig->bad_log, &f->err),
	                 0);
}

static void rig_stop(struct rig *rig, struct fixture *f)
{
	dgram_stop(&rig->dgram);
	assert_int_equal(collector_stop(rig->collector, &f->err), 0);
	collector_free(&rig->collector);
	bad_log_free(&rig->bad_log);
}

static uint64_t counted(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head = {0};

	tally_head_get(txn, 20513, "a.example", &head);
	return head.success;
}

/* Never waits: what does not fit into the queue is not sent. */
static uint64_t send_some(int fd, const struct sockaddr_un *sa, int n)
{
	uint64_t sent = 0;

	for (int i = 0; i < n; i++)
		if (sendto(fd, good, strlen(good), MSG_DONTWAIT,
		           (const struct sockaddr *)sa, sizeof(*sa)) > 0)
			sent++;
	return sent;
}

static void test_what_is_queued_is_counted_at_the_end(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct unix_socket_options options = options_for(path);
	struct sockaddr_un sa = address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct rig rig = {0};
	uint64_t sent;

	assert_int_equal(dgram_socket_open(&rig.sock, &options, &f->err), 0);
	sent = send_some(fd, &sa, 5);
	rig_start(&rig, f);
	sent += send_some(fd, &sa, 2000);
	rig_stop(&rig, f);
	assert_int_equal(send_some(fd, &sa, 1), 0);
	dgram_socket_close(&rig.sock);
	close(fd);
	assert_true(sent > 5);
	assert_int_equal(counted(f->db), sent);
}

static void test_an_activated_socket_keeps_its_queue(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct sockaddr_un sa = address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int activated = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct rig rig = {0};
	uint64_t sent = 0;

	assert_int_equal(bind(activated, (struct sockaddr *)&sa, sizeof(sa)),
	                 0);
	for (int round = 0; round < 3; round++) {
		/* between two lives of the daemon it queues */
		sent += send_some(fd, &sa, 5);
		assert_int_equal(
			dgram_socket_adopt(&rig.sock, dup(activated), &f->err),
			0);
		rig_start(&rig, f);
		sent += send_some(fd, &sa, 100);
		rig_stop(&rig, f);
		dgram_socket_close(&rig.sock);
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_int_equal(dgram_socket_adopt(&rig.sock, dup(activated), &f->err),
	                 0);
	rig_start(&rig, f);
	while (collector_state(rig.collector).events < sent - counted(f->db))
		usleep(1000);
	rig_stop(&rig, f);
	dgram_socket_close(&rig.sock);
	assert_int_equal(counted(f->db), sent);
	close(activated);
	close(fd);
}

/* When the host goes down there is no next life. */
static void test_an_activated_socket_is_emptied_at_the_end(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/sock", f->directory);
	struct sockaddr_un sa = address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int activated = socket(AF_UNIX, SOCK_DGRAM, 0);
	uint64_t sent = 0;

	assert_int_equal(bind(activated, (struct sockaddr *)&sa, sizeof(sa)),
	                 0);
	for (int round = 0; round < 20; round++) {
		struct rig rig = {0};

		assert_int_equal(
			dgram_socket_adopt(&rig.sock, dup(activated), &f->err),
			0);
		rig_start(&rig, f);
		sent += send_some(fd, &sa, 2000);
		rig_stop(&rig, f);
		dgram_socket_close(&rig.sock);
		assert_int_equal(counted(f->db), sent);
	}
	/* and takes more */
	assert_int_equal(send_some(fd, &sa, 1), 1);
	close(activated);
	close(fd);
}

static int warnings_said;
static char last_warning[1024];

static void capture(void *arg, int priority, const char *line)
{
	(void)arg;
	warnings_said += priority == LOG_WARNING;
	snprintf(last_warning, sizeof(last_warning), "%s", line);
}

static void test_bad_input_is_said_once_a_minute(void **state)
{
	struct fixture *f = *state;
	struct bad_log *log = bad_log_new(f->directory, 2);
	auto_(xfree_str) char *third = xasprintf("%s/bad-00002", f->directory);
	auto_(xfree_str) char *second = xasprintf("%s/bad-00001", f->directory);

	warnings_said = 0;
	log_capture(capture, NULL);
	for (int second_no = 0; second_no < 59; second_no++) {
		bad_log_note(log, BAD_JSON, "no JSON object", "x\ny", 3);
		bad_log_note(log, BAD_JSON, "no JSON object", "z", 1);
		bad_log_tick(log, second_no * 1000);
	}
	assert_int_equal(warnings_said, 1);
	assert_non_null(strstr(last_warning, "x\\x0ay"));
	bad_log_note(log, BAD_JSON, "no JSON object", "q", 1);
	bad_log_tick(log, 60000);
	assert_int_equal(warnings_said, 2);
	assert_non_null(strstr(last_warning, "117 datagrams"));
	/* and the directory does not fill up */
	assert_int_equal(access(second, F_OK), 0);
	assert_int_equal(access(third, F_OK), -1);
	log_capture(NULL, NULL);
	bad_log_free(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_owner_mode_and_directory),
		STORE_TEST(test_a_link_in_the_sockets_place_is_not_followed),
		STORE_TEST(test_a_socket_that_is_another_now),
		STORE_TEST(test_a_lock_with_two_names_is_refused),
		STORE_TEST(test_a_second_daemon_is_refused),
		STORE_TEST(test_a_live_socket_is_not_stolen),
		STORE_TEST(test_a_stale_socket_is_replaced),
		STORE_TEST(test_what_is_no_socket_stays),
		cmocka_unit_test(test_only_a_datagram_socket_is_adopted),
		STORE_TEST(test_what_is_queued_is_counted_at_the_end),
		STORE_TEST(test_an_activated_socket_keeps_its_queue),
		STORE_TEST(test_an_activated_socket_is_emptied_at_the_end),
		STORE_TEST(test_bad_input_is_said_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
