#include "conf/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"

enum { HIDDEN_MAX = 500 }; /* items that are compared with one another */

/* A hundred years, for what no row limits. */
#define SPAN_MAX (UINT64_C(36525) * 86400)

/* How a type is read, written and freed: one row of types[] below. */
struct value_type {
	const char *form; /* "'x' is not ..." */
	int (*read)(const struct setting *row, const char *text, void *member,
	            struct err *err);
	void (*write)(const struct setting *row, const void *member,
	              struct strbuf *out);
	void (*clear)(void *member);
};

/* What can be written for a setting of this type, for people. */
static const char *form_of(const struct setting *row);

/* A number with a unit after it, largest unit first. */
struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit span_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60},
                                         {"s", 1},     {"", 1},     {NULL, 0}};
static const struct unit span_ms_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000},
	{"ms", 1},       {"", 1000},     {NULL, 0}};
static const struct unit size_units[] = {{"G", UINT64_C(1) << 30},
                                         {"M", UINT64_C(1) << 20},
                                         {"K", UINT64_C(1) << 10},
                                         {"", 1},
                                         {NULL, 0}};
static const struct unit number_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(const struct setting *row)
{
	return row->type == SETTING_SPAN      ? span_units
	       : row->type == SETTING_SPAN_MS ? span_ms_units
	       : row->type == SETTING_SIZE    ? size_units
	                                      : number_units;
}

/* The largest unit that leaves no rest. */
static void write_units(const struct unit *unit, uint64_t value,
                        struct strbuf *out)
{
	while (unit->factor > 1 && (value == 0 || value % unit->factor != 0))
		unit++;
	strbuf_printf(out, "%llu%s", (unsigned long long)(value / unit->factor),
	              unit->suffix);
}

static int check_range(const struct setting *row, const char *text,
                       uint64_t value, struct err *err)
{
	auto_(strbuf_clear) struct strbuf bound = {0};
	bool low = value < row->min;

	if (!low && value <= row->max)
		return 0;
	write_units(units_of(row), low ? row->min : row->max, &bound);
	return err_set(err, ERR_LIMIT, "%.40s is %s than %s", text,
	               low ? "less" : "more", strbuf_text(&bound));
}

/* Digits and a unit; a product past 64 bits is as large as can be, so that
 * check_range() says what is wrong with it. */
static bool read_units(const struct unit *unit, const char *text,
                       uint64_t *value)
{
	uint64_t v = 0;
	const char *s = text;

	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			v = UINT64_MAX;
	if (s == text)
		return false;
	while (unit->suffix != NULL && strcmp(unit->suffix, s) != 0)
		unit++;
	if (unit->suffix == NULL)
		return false;
	if (__builtin_mul_overflow(v, unit->factor, &v))
		v = UINT64_MAX;
	*value = v;
	return true;
}

static int read_amount(const struct setting *row, const char *text,
                       void *member, struct err *err)
{
	uint64_t value;
	int rc;

	if (!read_units(units_of(row), text, &value))
		return err_set(err, ERR_PARSE, "'%.40s' is not %s", text,
		               form_of(row));
	rc = check_range(row, text, value, err);
	if (rc < 0)
		return rc;
	/* int64_t and uint64_t alike: no range of the table reaches the
	 * sign */
	memcpy(member, &value, sizeof(value));
	return 0;
}

static void write_amount(const struct setting *row, const void *member,
                         struct strbuf *out)
{
	uint64_t value;

	memcpy(&value, member, sizeof(value));
	write_units(units_of(row), value, out);
}

int value_span(const char *text, int64_t *secs, struct err *err)
{
	uint64_t value;

	if (!read_units(span_units, text, &value))
		return err_set(
			err, ERR_PARSE,
			"'%.40s' is not a time span (like 90s, 10m, 4h, 2d)",
			text);
	if (value == 0 || value > SPAN_MAX)
		return err_set(err, ERR_LIMIT, "%.40s is too %s", text,
		               value == 0 ? "short" : "long");
	*secs = (int64_t)value;
	return 0;
}

char *value_span_today(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] != '\0' || strspn(text, "0") == digits
	               ? NULL
	               : xasprintf("%ss", text);
}

static int read_mode(const struct setting *row, const char *text, void *member,
                     struct err *err)
{
	size_t digits = strspn(text, "01234567");

	if (digits == 0 || digits > 4 || text[digits] != '\0')
		return err_set(err, ERR_PARSE, "'%.40s' is not %s", text,
		               form_of(row));
	if (strtoul(text, NULL, 8) > row->max)
		return err_set(err, ERR_LIMIT, "%s is more than %04llo", text,
		               (unsigned long long)row->max);
	*(uint64_t *)member = strtoul(text, NULL, 8);
	return 0;
}

static void write_mode(const struct setting *row, const void *member,
                       struct strbuf *out)
{
	(void)row;
	strbuf_printf(out, "%04llo",
	              (unsigned long long)*(const uint64_t *)member);
}

static const char *const bool_words[][2] = {
	{"no", "yes"}, {"off", "on"}, {"false", "true"}};

static int read_bool(const struct setting *row, const char *text, void *member,
                     struct err *err)
{
	for (size_t i = 0; i < 3; i++) {
		for (int value = 0; value < 2; value++) {
			if (strcmp(text, bool_words[i][value]) != 0)
				continue;
			*(bool *)member = value;
			return 0;
		}
	}
	return err_set(err, ERR_PARSE, "'%.40s' is not %s", text, form_of(row));
}

/* In the words of the default: "on" where that is on or off. */
static void write_bool(const struct setting *row, const void *member,
                       struct strbuf *out)
{
	bool on_off = row->standard[0] == 'o';

	strbuf_puts(out, bool_words[on_off][*(const bool *)member]);
}

static int read_enum(const struct setting *row, const char *text, void *member,
                     struct err *err)
{
	auto_(strbuf_clear) struct strbuf all = {0};
	int number = word_find(row->words, text);

	if (number >= 0) {
		*(int *)member = number;
		return 0;
	}
	word_list(row->words, &all);
	return err_set(err, ERR_PARSE, "'%.40s' is not one of %s", text,
	               strbuf_text(&all));
}

static void write_enum(const struct setting *row, const void *member,
                       struct strbuf *out)
{
	strbuf_puts(out, word_api(row->words, *(const int *)member));
}

/* What value_write() could not write so that it reads back, or a report
 * could not carry. */
static int check_characters(const char *text, struct err *err)
{
	auto_(json_free) json_t *as_json = json_string(text);
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return err_set(err, ERR_PARSE,
			               "a control character (0x%02x)",
			               (unsigned char)text[i]);
	if (as_json == NULL)
		return err_set(err, ERR_PARSE, "not UTF-8");
	if (text[0] == ';' || strstr(text, " ;") != NULL)
		return err_set(err, ERR_PARSE, "a ; begins a comment");
	if (len > 0 && (text[0] == ' ' || text[len - 1] == ' '))
		return err_set(err, ERR_PARSE, "a space at the end");
	return 0;
}

static int check_text(const struct setting *row, const char *text,
                      struct err *err)
{
	int rc = check_characters(text, err);

	if (rc < 0)
		return rc;
	if (strlen(text) > row->max)
		return err_set(err, ERR_LIMIT, "longer than %llu characters",
		               (unsigned long long)row->max);
	if (text[0] == '\0')
		return row->standard[0] == '\0' || row->may_be_empty
		               ? 0
		               : err_set(err, ERR_PARSE, "must not be empty");
	if (row->type == SETTING_PATH && text[0] != '/')
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not an absolute path (it must begin "
		               "with /)",
		               text);
	return row->check != NULL ? row->check(text, err) : 0;
}

static int read_text(const struct setting *row, const char *text, void *member,
                     struct err *err)
{
	char **string = member;
	int rc = check_text(row, text, err);

	if (rc < 0)
		return rc;
	free(*string);
	*string = xstrdup(text);
	if (row->tidy != NULL)
		row->tidy(*string);
	return 0;
}

static void write_text(const struct setting *row, const void *member,
                       struct strbuf *out)
{
	char *const *string = member;

	(void)row;
	strbuf_puts(out, *string);
}

static void clear_text(void *member)
{
	xfree_str(member);
}

void value_clear_list(void *member)
{
	struct conf_list *list = member;

	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

void value_list_add(struct conf_list *list, char *text)
{
	list->items = xrealloc(list->items, list->count + 1, sizeof(char *));
	list->items[list->count++] = text;
}

/* One item of the line, without the spaces around it; an empty one (a comma
 * at the end) is nothing. */
static int add_item(const struct setting *row, const char *s, size_t len,
                    struct conf_list *list, struct err *err)
{
	auto_(xfree_str) char *item = NULL;
	int rc;

	while (len > 0 && *s == ' ')
		s++, len--;
	while (len > 0 && s[len - 1] == ' ')
		len--;
	if (len == 0)
		return 0;
	item = xstrndup(s, len);
	rc = check_text(row, item, err);
	if (rc < 0)
		return rc;
	value_list_add(list, item);
	item = NULL;
	return 0;
}

static int read_list(const struct setting *row, const char *text, void *member,
                     struct err *err)
{
	struct conf_list *list = member;
	size_t before = list->count;

	for (;;) {
		size_t len = strcspn(text, ",");
		int rc = add_item(row, text, len, list, err);

		if (rc < 0) {
			while (list->count > before)
				free(list->items[--list->count]);
			return rc;
		}
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

static void write_list(const struct setting *row, const void *member,
                       struct strbuf *out)
{
	const struct conf_list *list = member;

	(void)row;
	for (size_t i = 0; i < list->count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? ", " : "", list->items[i]);
}

static const struct value_type types[] = {
	[SETTING_STRING] = {"a text", read_text, write_text, clear_text},
	[SETTING_PATH] = {"an absolute path", read_text, write_text,
                          clear_text},
	[SETTING_SPAN] = {"a time span (like 90s, 10m, 4h, 2d)", read_amount,
                          write_amount, NULL},
	[SETTING_SPAN_MS] = {"a time span (like 200ms, 90s, 10m)", read_amount,
                             write_amount, NULL},
	[SETTING_SIZE] = {"a size (like 4096, 64K, 5M, 1G)", read_amount,
                          write_amount, NULL},
	[SETTING_NUMBER] = {"a number", read_amount, write_amount, NULL},
	[SETTING_BOOL] = {"yes or no", read_bool, write_bool, NULL},
	[SETTING_MODE] = {"permissions in octal (like 0660)", read_mode,
                          write_mode, NULL},
	[SETTING_ENUM] = {"a word", read_enum, write_enum, NULL},
	[SETTING_LIST] = {"a list", read_list, write_list, value_clear_list},
};

static const char *form_of(const struct setting *row)
{
	return types[row->type].form;
}

static void *member_of(const struct setting *row, struct conf *conf)
{
	return (char *)conf + row->offset;
}

static const void *const_member_of(const struct setting *row,
                                   const struct conf *conf)
{
	return (const char *)conf + row->offset;
}

/* Items from `from` on that never count: the line is the caller's to add.  Of
 * a long list it would take too long. */
static void note_hidden(const struct setting *row, size_t from,
                        struct conf *conf)
{
	const struct conf_list *list = value_list(row, conf);

	for (size_t i = from; i < list->count && i < HIDDEN_MAX; i++) {
		size_t at = 0;

		while (at < i && !row->hides(list->items[at], list->items[i]))
			at++;
		if (at < i)
			value_list_add(
				&conf->remarks,
				xasprintf("[%s] %s: '%s' has no effect: '%s' "
			                  "comes first and matches it",
			                  row->section, row->name,
			                  list->items[i], list->items[at]));
	}
}

int value_read(const struct setting *row, const char *text, struct conf *conf,
               struct err *err)
{
	bool is_span =
		row->type == SETTING_SPAN || row->type == SETTING_SPAN_MS;
	auto_(xfree_str) char *today = row->today != NULL ? row->today(text)
	                               : is_span ? value_span_today(text)
	                                         : NULL;
	size_t before = row->hides != NULL ? value_list(row, conf)->count : 0;
	struct err why = {0};
	int rc = types[row->type].read(row, today != NULL ? today : text,
	                               member_of(row, conf), &why);

	if (rc < 0)
		return err_set(err, rc, "[%s] %s: %s", row->section, row->name,
		               why.text);
	if (row->hides != NULL)
		note_hidden(row, before, conf);
	if (today == NULL)
		return 0;
	value_list_add(&conf->remarks,
	               xasprintf("[%s] %s: '%s' is read as '%s', but a later "
	                         "release will not accept it: write the latter",
	                         row->section, row->name, text, today));
	return 0;
}

void value_write(const struct setting *row, const struct conf *conf,
                 struct strbuf *out)
{
	types[row->type].write(row, const_member_of(row, conf), out);
}

void value_clear(const struct setting *row, struct conf *conf)
{
	if (types[row->type].clear != NULL)
		types[row->type].clear(member_of(row, conf));
}

const struct conf_list *value_list(const struct setting *row,
                                   const struct conf *conf)
{
	return const_member_of(row, conf);
}
