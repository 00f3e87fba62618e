/*
 * cli - the operator's command, `tlstally`, as a table of sentences
 *
 *     tlstally suppress add tls@example.org --for 30d
 *              \__ words __/ \__ operand __/ \ flag /
 *
 * One row of cli_sentences[] a command: its words, operands, flags, what it
 * needs before it can run, its function and one line of help.  --help, the
 * usage errors and the test that the manual names them all come from the rows.
 *
 * A sentence's function appends what it has to say to cli->out, as a table
 * for people or, with --json, as one JSON document; main() prints it.  What
 * needs the operator goes to standard error, for cron to mail.
 */
#ifndef TLSTALLY_CLI_CLI_H
#define TLSTALLY_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/clock_record.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "daemon/settings_file.h"
#include "domain/rua.h"
#include "setup/setup.h"
#include "store/db.h"
#include "store/tally_table.h"

struct jmap_type;

enum { CLI_OPERANDS_MAX = 2, CLI_EXIT_USAGE = 2 };

/* Bits: the flags that a sentence takes; those that only one takes are one. */
enum cli_flag {
	FLAG_CONF = 1 << 0,
	FLAG_SET = 1 << 1,
	FLAG_VERBOSE = 1 << 2,
	FLAG_HELP = 1 << 3,     /* --help, --version */
	FLAG_IN_STATE = 1 << 4, /* --if-in-state */
	FLAG_JSON = 1 << 5,
	FLAG_CSV = 1 << 6,
	FLAG_DAY = 1 << 7,
	FLAG_DAYS = 1 << 8,
	FLAG_NOW = 1 << 9,      /* --now TIME */
	FLAG_AT_ONCE = 1 << 10, /* --now [TIME], of deliver */
	FLAG_ID = 1 << 11,
	FLAG_FAILURES = 1 << 12,
	FLAG_EML = 1 << 13,
	FLAG_SUPPRESS = 1 << 14, /* --for, --reason ... */
	FLAG_PART = 1 << 15,     /* -n, -d, of conf */
	FLAG_CHECK = 1 << 16,
	FLAG_RESOLVER = 1 << 17,
	FLAG_SERVER = 1 << 18, /* --url and what goes with it */
	FLAG_IDS = 1 << 19,
	FLAG_FIELDS = 1 << 20,
	FLAG_GIVEN = 1 << 21,  /* --field, --file, --stdin */
	FLAG_SEARCH = 1 << 22, /* --where, --sort ... */
	FLAG_TOKEN = 1 << 23,  /* --permission, --expires */
	FLAG_SETUP = 1 << 24,  /* --apply, --undo ... */
	FLAG_LIMIT = 1 << 25,
	FLAG_FORCE = 1 << 26, /* --force, of backup */
	FLAG_AGAIN = 1 << 27, /* --force, of resend */
	FLAG_NAGIOS = 1 << 28,
	FLAG_NEW_STORE = 1 << 29, /* --replace and --host, of import */
	FLAG_REHEARSAL = 1 << 30, /* of fleet init */
	FLAG_INTO = 1u << 31,     /* --into, of import-tlsrpt */
	FLAGS_ALWAYS = FLAG_CONF | FLAG_SET | FLAG_VERBOSE | FLAG_HELP,
};

/* What an operand, or the value of an option, can be (cli/values.c). */
enum cli_value {
	VALUE_TEXT,   /* any; lent, as all that becomes a const char * */
	VALUE_REASON, /* of a suppression: const char * */
	VALUE_FILE,
	VALUE_LIST,        /* struct cli_list */
	VALUE_SETTING,     /* struct settings_file */
	VALUE_DAY,         /* int32_t */
	VALUE_DAYS,        /* so many: int32_t */
	VALUE_TIME,        /* int64_t secs, as of the epoch */
	VALUE_SPAN,        /* int64_t secs */
	VALUE_NUMBER,      /* int64_t, not below 0 */
	VALUE_POSITION,    /* int64_t */
	VALUE_REPORT,      /* its id: uint64_t */
	VALUE_ID,          /* of JMAP: const char * */
	VALUE_IDS,         /* struct cli_words; the operand alone */
	VALUE_DOMAIN,      /* its canonical form: char[] */
	VALUE_COUNTED,     /* or what was counted though it is none */
	VALUE_ADDRESS,     /* of mail: char[] */
	VALUE_RESOLVER,    /* const char * */
	VALUE_TOKEN,       /* a token's name: const char * */
	VALUE_TYPE,        /* const struct jmap_type * */
	VALUE_PERMISSIONS, /* bits of enum jmap_permission: unsigned */
	CLI_VALUES,
};

/* ERR_PARSE or ERR_LIMIT in words when the text is none. */
int cli_value_read(enum cli_value value, const char *text, void *at,
                   struct err *err);

enum { CLI_LIST_MAX = 64 };

/* What an option gathers that may be repeated, lent. */
struct cli_list {
	const char *at[CLI_LIST_MAX];
	size_t count;
};

/* Operands, any number: the words of argv, moved together in it as getopt(3)
 * moves them. */
struct cli_words {
	char **at;
	size_t count;
};

/* Of get, query, create, update and delete; texts are lent, NULL: not given. */
struct cli_object_args {
	const char *ids, *fields; /* with commas */
	struct cli_list field;    /* "NAME=VALUE" */
	const char *file;
	bool from_stdin;
	struct cli_list where; /* "NAME=VALUE", or JSON */
	const char *sort;      /* "-failures,domain" */
	int64_t limit, position;
	bool has_limit;
	bool count; /* how many there are, and nothing else */
	bool state; /* that of the type, and nothing else */
	const char *if_in_state;
	const char *url, *account;
	const char *api_key, *api_key_file;
	const char *ca_file;
	int64_t timeout_secs; /* 0: not given */
};

/* "today" and "yesterday", until the clock has been asked. */
enum { CLI_DAY_YESTERDAY = -2, CLI_DAY_TODAY = -1 };

/* What was on the command line. */
struct cli_args {
	struct settings_file file;
	size_t operand_count;
	/* The operands, those that the sentence has. */
	char domain[TALLY_DOMAIN_TEXT]; /* "": not given */
	char address[RUA_ADDRESS_MAX + 1];
	const char *path, *token, *sender, *feed, *key;
	const char *what, *prefix; /* of complete */
	struct cli_list files;
	const char *host; /* NULL: not given */
	const char *into; /* a file; NULL: standard output */
	const struct jmap_type *type;
	struct cli_words object_ids;
	bool help;
	const char *group; /* what several sentences begin with: their help */
	bool version;
	bool verbose;
	bool json;
	bool csv;
	bool failures;
	bool force;
	bool eml;
	bool replace;
	bool rehearsal;
	bool nagios;
	bool changed;
	bool defaults;
	bool check;
	bool all_now;
	bool has_day;
	int32_t day;      /* CLI_DAY_TODAY ...: ask cli_day_asked() */
	int32_t days;     /* that many, to today; 0: not given */
	int64_t now;      /* secs; 0: the clock's */
	uint64_t id;      /* of a report; 0: all */
	int64_t for_secs; /* 0: for good */
	const char *reason;
	const char *resolver; /* NULL: that of the settings */
	unsigned permissions; /* bits of enum jmap_permission */
	int64_t expires_secs; /* from now; 0: never */
	struct cli_object_args object;
	bool apply, undo;
	struct setup_wish wish;
};

struct jmap_client;

struct cli {
	struct cli_args args;
	struct conf conf;
	struct clock clock;
	char doubt[CLOCK_WORDS]; /* why the time is doubted; "" */
	bool vouched;            /* for the time */
	struct db *db;
	struct jmap_client *answers; /* cli/answers.h; NULL: not yet */
	struct strbuf out;
	bool is_usage;     /* what failed is the command line */
	bool says_at_once; /* cli->out may be printed before the end */
	int exit_status;   /* where it says more than success and failure */
};

/* What must be there before the function is called. */
enum cli_needs {
	NEEDS_NOTHING,
	NEEDS_SETTINGS_IF_ANY, /* they may be missing, and half */
	NEEDS_SETTINGS,
	/* the same; without files for a mail system: failures are EX_TEMPFAIL
	 */
	NEEDS_SETTINGS_FOR_MAIL,
	NEEDS_READER, /* and we may read the store, which is not open */
	NEEDS_STORE_READ,
	NEEDS_STORE_WRITE,
	/* the same for a mail system */
	NEEDS_STORE_FOR_MAIL,
};

struct cli_operand {
	/* "<type>"; "[id]": may be left out; "<file>...": any number, the last
	 * one; NULL: none. */
	const char *name;
	enum cli_value value;
	size_t at; /* in struct cli_args */
	/* What a shell asks the store for to complete it (cli/complete.h);
	 * NULL: nothing. */
	const char *offer;
};

struct cli_sentence {
	const char *words; /* "suppress add" */
	struct cli_operand operands[CLI_OPERANDS_MAX];
	unsigned flags; /* without FLAGS_ALWAYS */
	enum cli_needs needs;
	int (*run)(struct cli *cli, struct err *err);
	const char *help; /* one line */
	/* What could follow "tlstally", as somebody would type it; NULL: the
	 * words alone. */
	const char *example;
	const char *required; /* an option that must be there; NULL */
};

extern const struct cli_sentence cli_sentences[];
extern const size_t cli_sentences_count;

/* The sentence that begins the words, and of how many of them it consists;
 * NULL with "unknown command 'ststus'; did you mean 'status'?" in err. */
const struct cli_sentence *cli_sentence_find(char *const *words, int count,
                                             int *used, struct err *err);

struct cli_flag_row {
	enum cli_flag flag;
	const char *name;  /* "--day" or "-n" */
	const char *value; /* "DAY", "[TIME]" when it may be left out, NULL */
	enum cli_value type;
	/* In struct cli_args: the bool that is set when it is given, one with
	 * a value that may be left out without it (0: none); the value. */
	size_t yes, at;
	const char *help; /* one line */
};

extern const struct cli_flag_row cli_flags[];
extern const size_t cli_flags_count;

/* Reads the command line.  ERR_PARSE: usage, in words.  *sentence is NULL for
 * --help, --version and `help` alone, and with args->group; words of `help
 * WORDS...` are looked up and give args->help. */
int cli_args_read(int argc, char **argv, struct cli_args *args,
                  const struct cli_sentence **sentence, struct err *err);

/* The i-th operand of the sentence; NULL past the last. */
const struct cli_operand *
cli_sentence_operand(const struct cli_sentence *sentence, size_t i);
/* Can the operand be given again and again? */
bool cli_operand_repeats(const struct cli_operand *operand);
/* "suppress add <address>" */
void cli_sentence_write(const struct cli_sentence *sentence,
                        struct strbuf *out);

/* Do several sentences begin with this word? */
bool cli_is_group(const char *word);

/* Of all, of those that begin with one word, or of one sentence. */
void cli_help(struct strbuf *out);
void cli_help_group(const char *word, struct strbuf *out);
void cli_help_sentence(const struct cli_sentence *sentence, struct strbuf *out);

/* Brings about what the sentence needs; undone by cli_clear(). */
int cli_prepare(struct cli *cli, enum cli_needs needs, struct err *err);

/* Root becomes whoever owns the store, for good, and others must be he; who
 * only reads may also be of its group.  ERR_NOTFOUND when there is no store,
 * and nobody to create it: what would, on this host. */
enum cli_use { CLI_READS, CLI_WRITES, CLI_CREATES };
int cli_become_owner(struct cli *cli, enum cli_use use, struct err *err);

/* For sentences that need the store only sometimes. */
int cli_open_store(struct cli *cli, bool read_only, struct err *err);
void cli_clear(struct cli *cli);

/* Standard output is a terminal, or -v: then a summary is welcome. */
bool cli_is_talkative(const struct cli *cli);
/* The same where it is not a document for programs that is printed. */
bool cli_is_chatty(const struct cli *cli);

/* What was said so far is printed, if it may be before the end.  ERR_IO: nobody
 * reads it. */
int cli_flush(struct cli *cli, struct err *err);

/* The sentences' functions. */
int cli_run(struct cli *cli, struct err *err);
int cli_rollup(struct cli *cli, struct err *err);
int cli_deliver(struct cli *cli, struct err *err);
int cli_resend(struct cli *cli, struct err *err);
int cli_purge(struct cli *cli, struct err *err);
int cli_status(struct cli *cli, struct err *err);
int cli_doctor(struct cli *cli, struct err *err);
int cli_feed_retire(struct cli *cli, struct err *err);
int cli_fleet(struct cli *cli, struct err *err);
int cli_fleet_init(struct cli *cli, struct err *err);
int cli_fleet_leave(struct cli *cli, struct err *err);
int cli_fleet_lead(struct cli *cli, struct err *err);
int cli_fleet_rejoin(struct cli *cli, struct err *err);
int cli_fleet_retire(struct cli *cli, struct err *err);
int cli_domains(struct cli *cli, struct err *err);
int cli_show(struct cli *cli, struct err *err);
int cli_history(struct cli *cli, struct err *err);
int cli_preview(struct cli *cli, struct err *err);
int cli_inbound(struct cli *cli, struct err *err);
int cli_lookup(struct cli *cli, struct err *err);
int cli_posture(struct cli *cli, struct err *err);
int cli_policy(struct cli *cli, struct err *err);
int cli_clock_show(struct cli *cli, struct err *err);
int cli_clock_accept(struct cli *cli, struct err *err);
int cli_suppress_list(struct cli *cli, struct err *err);
int cli_suppress_add(struct cli *cli, struct err *err);
int cli_suppress_remove(struct cli *cli, struct err *err);
int cli_bounce(struct cli *cli, struct err *err);
int cli_receive(struct cli *cli, struct err *err);
int cli_token_add(struct cli *cli, struct err *err);
int cli_token_list(struct cli *cli, struct err *err);
int cli_token_remove(struct cli *cli, struct err *err);
int cli_object_get(struct cli *cli, struct err *err);
int cli_object_query(struct cli *cli, struct err *err);
int cli_object_create(struct cli *cli, struct err *err);
int cli_object_update(struct cli *cli, struct err *err);
int cli_object_delete(struct cli *cli, struct err *err);
int cli_setup(struct cli *cli, struct err *err);
int cli_conf(struct cli *cli, struct err *err);
int cli_complete(struct cli *cli, struct err *err);
int cli_check_store(struct cli *cli, struct err *err);
int cli_rebuild(struct cli *cli, struct err *err);
int cli_backup(struct cli *cli, struct err *err);
int cli_restore(struct cli *cli, struct err *err);
int cli_export(struct cli *cli, struct err *err);
int cli_import(struct cli *cli, struct err *err);
int cli_import_tlsrpt(struct cli *cli, struct err *err);
int cli_fetch(struct cli *cli, struct err *err);
int cli_fetcher(struct cli *cli, struct err *err);

#endif
