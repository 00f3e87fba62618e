#!/bin/sh
# format.sh - the sources are as clang-format writes them (.clang-format)
#
# Each version of clang-format has its own taste: this is version 14, Debian
# 12's.  scripts/check runs it; by hand: tests/lint/format.sh from the top.
VERSION=14
srcdir=${srcdir:-.}

cd "$srcdir" || exit 1
for program in clang-format-$VERSION clang-format; do
	case $($program --version 2>/dev/null) in
	*"version $VERSION."*) break ;;
	esac
	program=
done
[ -n "$program" ] || {
	echo "clang-format $VERSION (Debian 12 has it) is missing, and no" \
		"other version will do"
	exit 77
}
find src tests bench -name '*.[ch]' | sort |
	xargs "$program" --dry-run --Werror
