/* What every unit test includes: cmocka, and the count of its rows. */
#ifndef TLSTALLY_TESTS_UNIT_TEST_H
#define TLSTALLY_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Says which row is at work, for whoever reads a failure. */
#define ROW(row) print_message("  - %s\n", (row)->name)

#endif
