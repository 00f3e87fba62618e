#include "setup/setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/endpoint.h"
#include "base/xalloc.h"
#include "postfix/list_text.h"
#include "postfix/postfix_feed.h"
#include "postfix/postfix_tlsrpt.h"
#include "setup/need_policyd.h"
#include "setup/needs.h"
#include "setup/record.h"
#include "words/feed.h"

enum { ASK_MS = 10 * 1000 };

static const char *const state_words[SETUP_STATES] = {
	[SETUP_IS_SO] = "is so",      [SETUP_TO_DO] = "to do",
	[SETUP_LEFT] = "left to you", [SETUP_DONE] = "done",
	[SETUP_BACK] = "taken back",  [SETUP_CHANGED] = "changed since",
	[SETUP_FAILED] = "failed",
};

const char *setup_state_word(enum setup_state state)
{
	return state_words[state];
}

/* --- what is wished --- */

const struct setup_wish_row setup_wishes[SETUP_WISHES] = {
	{"feed", "--feed", {"auto", FEED_EVENTS, FEED_LOG}},
	{"milter", "--milter", {"yes", "no"}},
	{"policyd", "--policyd", {"auto", "yes", "no"}},
	{"securityLevel", "--security-level", {"leave", "may", "dane"}},
};

const char **setup_wish_at(struct setup_wish *wish, int i)
{
	const char **at[SETUP_WISHES] = {&wish->feed, &wish->milter,
	                                 &wish->policyd, &wish->security_level};

	return at[i];
}

static bool is_word(int i, const char *word)
{
	for (int k = 0;
	     k < SETUP_WISH_WORDS && setup_wishes[i].words[k] != NULL; k++)
		if (strcmp(setup_wishes[i].words[k], word) == 0)
			return true;
	return false;
}

int setup_wish_check(const struct setup_wish *wish, struct err *err)
{
	struct setup_wish copy = *wish;

	for (int i = 0; i < SETUP_WISHES; i++) {
		const char *word = *setup_wish_at(&copy, i);
		const char *const *words = setup_wishes[i].words;

		if (word != NULL && !is_word(i, word))
			return err_set(err, ERR_PARSE,
			               "%s %.40s: one of %s, %s%s%s",
			               setup_wishes[i].option, word, words[0],
			               words[1], words[2] ? ", " : "",
			               words[2] ? words[2] : "");
	}
	return 0;
}

/* What is not asked now is as it was asked the last time. */
static void recall_wishes(struct setup *setup, const struct record *record)
{
	for (int i = 0; i < SETUP_WISHES; i++) {
		const char **wish = setup_wish_at(&setup->wish, i);
		const char *before = record_asked(record, setup_wishes[i].name);

		if (*wish == NULL)
			*wish = is_word(i, before)
			                ? arena_strdup(&setup->arena, before)
			                : setup_wishes[i].words[0];
	}
}

/* --- what is there --- */

/* The first word that systemctl(1) prints, "" when it does not run. */
static const char *ask_systemctl(struct setup *setup, const char *const *argv)
{
	struct command command = {.argv = argv, .timeout_ms = ASK_MS};
	auto_(strbuf_clear) struct strbuf out = {0};
	struct err ignored;

	if (command_run(&command, &out, &ignored) < 0)
		return "";
	return arena_strndup(&setup->arena, strbuf_text(&out),
	                     strcspn(strbuf_text(&out), " \n"));
}

static bool systemd_runs(struct setup *setup)
{
	static const char *const argv[] = {"systemctl", "is-system-running",
	                                   NULL};
	static const char *const words[] = {"running", "degraded", "starting",
	                                    "initializing", "maintenance"};
	const char *state = ask_systemctl(setup, argv);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(state, words[i]) == 0)
			return true;
	return false;
}

/* The socket that systemd makes is the unit's, else that of the settings:
 * "unix:/path", "inet:127.0.0.1:8463". */
static const char *socket_of(struct setup *setup, const char *unit,
                             const char *otherwise)
{
	const char *const argv[] = {"systemctl", "show", "-p",
	                            "Listen",    unit,   NULL};
	static const char listen[] = "Listen=";
	const char *word = setup->has_systemd ? ask_systemctl(setup, argv) : "";

	if (strncmp(word, listen, sizeof(listen) - 1) != 0)
		return otherwise;
	word += sizeof(listen) - 1;
	if (word[0] == '\0')
		return otherwise;
	return arena_printf(&setup->arena, "%s:%s",
	                    word[0] == '/' ? "unix" : "inet", word);
}

static const char *const support_words[] = {
	[TLSRPT_NOT_SEEN] = "not seen",
	[TLSRPT_UNHEARD_OF] = "not known to it",
	[TLSRPT_LEFT_OUT] = "left out",
	[TLSRPT_BUILT_IN] = "built in",
};

static int add_places(struct setup *setup, struct err *err)
{
	struct postfix_site *postfix = setup->postfix;

	setup->places = arena_array(&setup->arena, postfix->count,
	                            sizeof(*setup->places));
	for (size_t i = 0; i < postfix->count; i++) {
		const struct postfix_instance *instance =
			&postfix->instances[i];
		const char *version;

		if (!instance->known)
			continue;
		version = postconf_get(&instance->set, "mail_version");
		setup->places[setup->place_count++] = (struct setup_place){
			.instance = instance,
			.version = version != NULL ? version : "?",
			.tlsrpt = support_words[postfix_tlsrpt(&instance->set)],
		};
	}
	if (setup->place_count > 0 && !postfix->is_guess)
		return 0;
	return err_set(err, ERR_NOTFOUND,
	               "cannot read the settings of Postfix: %s",
	               postfix->trouble.text);
}

static void choose_feed(struct setup *setup)
{
	struct postfix_feed choice;

	postfix_feed_choose(setup->postfix, setup->socket, &choice);
	setup->feed = choice.feed;
	setup->feed_why = arena_strdup(&setup->arena, choice.why);
	if (strcmp(setup->wish.feed, setup_wishes[0].words[0]) == 0)
		return;
	setup->feed = setup->wish.feed;
	if (strcmp(choice.feed, setup->feed) != 0 ||
	    strcmp(choice.feed, FEED_EVENTS) == 0)
		setup->feed_why = arena_printf(&setup->arena, "asked for; %s",
		                               choice.why);
}

/* --- the steps --- */

static const char *command_text(struct setup *setup, const struct thing *thing,
                                const char *from, const char *to)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	const char *argv[THING_WORDS];

	thing_command(thing, from, to, &setup->arena, argv);
	command_write(argv, &text);
	return arena_strdup(&setup->arena, strbuf_text(&text));
}

/* The list without what was put in the last time, when that is another item:
 * the settings have changed since. */
static const char *list_of_others(struct setup *setup,
                                  const struct thing *thing, const char *list,
                                  const char *item)
{
	auto_(record_clear) struct record record = {0};
	struct record_row row;
	struct err ignored;

	if (record_read(&record, thing->directory, &setup->arena, &ignored) <
	            0 ||
	    !record_find(&record, thing->kind, thing->name, &row) ||
	    row.item == NULL || strcmp(row.item, item) == 0)
		return list;
	return list_text_without(list, row.item, &setup->arena);
}

static const char *list_with(struct setup *setup, const struct setup_step *step,
                             const char *list)
{
	struct arena *arena = &setup->arena;

	if (step->instead != NULL)
		return list_text_replaced(list, step->instead, step->item,
		                          arena);
	list = list_of_others(setup, &step->thing, list, step->item);
	return list_text_has(list, step->item)
	               ? list
	               : list_text_with(list, step->item, arena);
}

static void judge(struct setup *setup, const struct need *need,
                  struct need_of *of, struct setup_step *step)
{
	const char *raw = of->present != NULL ? of->present : "";
	bool fits = need->fits != NULL && need->fits(of);
	const char *value = need->value(of);

	step->need = need;
	step->why = need->why;
	step->item = need->list != NULL ? value : NULL;
	step->instead = step->item != NULL && need->list->instead != NULL
	                        ? need->list->instead(of)
	                        : NULL;
	step->wanted = step->item != NULL ? list_with(setup, step, raw) : value;
	if (fits || (value != NULL && thing_is(of->present, step->wanted))) {
		step->state = SETUP_IS_SO;
	} else if (value == NULL) {
		step->state = SETUP_LEFT;
		step->why = of->why_not;
	} else {
		step->state = SETUP_TO_DO;
		step->command = command_text(setup, &step->thing, of->present,
		                             step->wanted);
	}
}

static int add_step(struct setup *setup, const struct need *need, size_t place,
                    struct err *err)
{
	struct need_of of = {
		.setup = setup,
		.instance = setup->places[place].instance,
	};
	struct setup_step *step = &setup->steps[setup->step_count];

	step->thing = (struct thing){
		.kind = need->kind,
		.name = need->name,
		.directory = of.instance->directory,
		.is_default = of.instance == setup->postfix->instances,
	};
	step->place = place;
	if (thing_look(&step->thing, &setup->arena, &of.present, err) < 0)
		return err->class;
	step->present = of.present;
	if (!need->when(&of) || setup->step_count == SETUP_STEPS_MAX - 1)
		return 0;
	judge(setup, need, &of, step);
	setup->step_count++;
	return 0;
}

static int add_steps(struct setup *setup, const struct need *need,
                     struct err *err)
{
	bool is_unit = need->kind == THING_UNIT;

	if (is_unit && !setup->has_systemd)
		return 0;
	for (size_t i = 0; i < setup->place_count; i++) {
		const struct setup_place *place = &setup->places[i];

		if ((need->where == NEED_SENDER && !place->instance->sends) ||
		    (need->where == NEED_HOST && i > 0))
			continue;
		if (add_step(setup, need, i, err) < 0)
			return err->class;
	}
	return 0;
}

/* Wishes of the last time stand in the record of the first place.  Who is not
 * root may not read it, and is shown what is needed without them. */
static int recall(struct setup *setup, struct err *err)
{
	auto_(record_clear) struct record record = {0};
	int rc = record_read(&record, setup->places[0].instance->directory,
	                     &setup->arena, err);

	if (rc < 0 && (rc != ERR_IO || geteuid() == 0))
		return rc;
	recall_wishes(setup, &record);
	return 0;
}

int setup_look(struct setup **made, const struct conf *conf,
               const struct setup_wish *wish, struct err *err)
{
	struct setup *setup = xcalloc(1, sizeof(*setup));

	*made = setup;
	arena_init(&setup->arena);
	setup->conf = conf;
	setup->wish = *wish;
	setup->steps = arena_array(&setup->arena, SETUP_STEPS_MAX,
	                           sizeof(*setup->steps));
	setup->postfix = postfix_site_ask(conf);
	if (add_places(setup, err) < 0 || recall(setup, err) < 0)
		return err->class;
	setup->has_systemd = systemd_runs(setup);
	setup->socket = endpoint_path(
		socket_of(setup, "tlstallyd.socket", conf->events.socket));
	choose_feed(setup);
	setup->policyd_socket = socket_of(setup, "tlstally-policyd.socket",
	                                  conf->policyd.socket);
	setup->wants_policyd = need_policyd_wanted(setup);
	if (setup->wants_policyd)
		setup->no_dnssec = need_policyd_no_dnssec(conf, setup->postfix,
		                                          &setup->arena);
	for (size_t i = 0; i < needs_count; i++)
		if (add_steps(setup, &needs[i], err) < 0)
			return err->class;
	needs_note(setup);
	return 0;
}

void setup_free(struct setup **made)
{
	struct setup *setup = *made;

	if (setup == NULL)
		return;
	postfix_site_free(&setup->postfix);
	arena_clear(&setup->arena);
	free(setup);
	*made = NULL;
}
