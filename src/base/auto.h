/*
 * auto - release what a scope owns, whatever way it is left
 *
 *     auto_(report_free) struct report *report = report_new();
 *
 * Every foo_free() takes a struct foo **, accepts a pointer to NULL and sets
 * NULL, so it serves here as it is.
 */
#ifndef TLSTALLY_BASE_AUTO_H
#define TLSTALLY_BASE_AUTO_H

#define auto_(fn) __attribute__((cleanup(fn)))

#endif
