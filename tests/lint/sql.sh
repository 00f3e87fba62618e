#!/bin/sh
# sql.sh - the SQL of src/ledger/ is such that other databases that speak
# PostgreSQL's protocol could understand it
#
# Not used: temporary tables, advisory locks, LISTEN and NOTIFY, extensions,
# triggers, functions and rules of our own, LOCK TABLE, SERIAL, inheritance, CTID.
# Prints "file:line: the line".
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1

words='TEMP|TEMPORARY|UNLOGGED|pg_[a-z_]*|LISTEN|NOTIFY|UNLISTEN|EXTENSION'
words="$words|TRIGGER|FUNCTION|PROCEDURE|RULE|LOCK TABLE|SERIAL|BIGSERIAL"
words="$words|INHERITS|CTID|XMIN|TABLESPACE|VACUUM|CLUSTER"
# a driver may know its own database, and in C a name may be anything: only what
# stands in strings
found=$(grep -nE '^[^"]*".*"' src/ledger/*.[ch] | grep -v '#include' |
	grep -E "\"[^\"]*(^|[^A-Za-z_])($words)([^A-Za-z_][^\"]*|)\"")
[ -z "$found" ] || {
	echo "$found"
	exit 1
}
# and it looks where the SQL is
grep -q '"COPY tlstally' src/ledger/*.c
