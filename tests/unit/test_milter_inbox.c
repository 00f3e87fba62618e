#include "unit/test.h"

#include <stdatomic.h>
#include <string.h>

#include "base/auto.h"
#include "base/wait.h"
#include "intake/milter_inbox.h"

static const char *const addresses[] = {"tlsrpt@example.com"};
static const struct inbound_macros no_macros;
static const struct milter_rcpt_macros to_us;

/* Who reads, and what he was given. */
struct world {
	struct clock clock;
	struct milter_inbox *inbox;
	struct milter_site site;
	struct strbuf read;      /* a letter a message, "!" where it was busy */
	atomic_bool waits, busy; /* what the reader is to do */
	atomic_uint given;
};

static int read_message(void *arg, const void *text, size_t len)
{
	struct world *w = arg;

	atomic_fetch_add(&w->given, 1);
	while (atomic_load(&w->waits))
		wait_ms(1);
	if (atomic_exchange(&w->busy, false)) {
		strbuf_putc(&w->read, '!');
		return ERR_BUSY;
	}
	strbuf_putc(&w->read, ((const char *)text)[len - 1]);
	return 0;
}

static void world_begin(struct world *w)
{
	struct milter_inbox_options options = {
		.read = read_message, .arg = w, .clock = &w->clock};
	struct err err = {0};

	memset(w, 0, sizeof(*w));
	w->clock = clock_system();
	assert_int_equal(milter_inbox_start(&w->inbox, &options, &err), 0);
	w->site = (struct milter_site){
		.sender = "r@example.com",
		.submitter = "example.com",
		.inbox = addresses,
		.inbox_count = 1,
		.inbox_max = 1000,
		.room = milter_inbox_room(w->inbox),
	};
}

static void world_end(struct world *w, size_t unread, const char *read)
{
	assert_int_equal(milter_inbox_stop(w->inbox, 60 * 1000), unread);
	assert_string_equal(strbuf_text(&w->read), read);
	milter_inbox_free(&w->inbox);
	strbuf_clear(&w->read);
}

static void send(struct world *w, const char *text, size_t len)
{
	struct milter_message m;

	milter_message_init(&m, &w->site);
	milter_message_begin(&m, "<>", &no_macros, INBOUND_MX);
	milter_message_recipient(&m, "<tlsrpt@example.com>", &to_us);
	milter_message_body(&m, text, len);
	assert_true(milter_message_is_for_inbox(&m));
	milter_inbox_add(w->inbox, &m);
	milter_message_clear(&m);
}

/* Nobody who gives one waits for the reader; at the end all were read. */
static void test_order(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	atomic_store(&w.waits, true);
	send(&w, "a", 1);
	send(&w, "b", 1);
	send(&w, "c", 1);
	/* with the empty line before each */
	assert_int_equal(w.site.room->taken, 6);
	atomic_store(&w.waits, false);
	world_end(&w, 0, "abc");
}

/* What the store could not take comes again, before what came later. */
static void test_busy(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	atomic_store(&w.busy, true);
	send(&w, "a", 1);
	send(&w, "b", 1);
	while (atomic_load(&w.given) < 3)
		wait_ms(1);
	world_end(&w, 0, "!ab");
}

/* One that is too large is dropped, and the room is free again. */
static void test_too_large(void **state)
{
	static const char large[1000];
	struct world w;

	(void)state;
	world_begin(&w);
	send(&w, large, sizeof(large));
	assert_int_equal(w.site.room->taken, 0);
	send(&w, "a", 1);
	world_end(&w, 0, "a");
}

/* So are those past the number that may wait. */
static void test_too_many(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	atomic_store(&w.waits, true);
	send(&w, "a", 1);
	while (atomic_load(&w.given) == 0)
		wait_ms(1);
	for (int i = 0; i < MILTER_INBOX_MAX + 3; i++)
		send(&w, "b", 1);
	assert_int_equal(w.site.room->taken, 2 * (1 + MILTER_INBOX_MAX));
	atomic_store(&w.waits, false);
	assert_int_equal(milter_inbox_stop(w.inbox, 60 * 1000), 0);
	assert_int_equal(w.read.len, 1 + MILTER_INBOX_MAX);
	assert_int_equal(w.site.room->taken, 0);
	/* libmilter's threads go on */
	send(&w, "c", 1);
	assert_int_equal(w.site.room->taken, 0);
	assert_int_equal(w.read.len, 1 + MILTER_INBOX_MAX);
	milter_inbox_free(&w.inbox);
	strbuf_clear(&w.read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
