#!/bin/sh
# format.sh - the sources are as clang-format writes them (.clang-format)
srcdir=${srcdir:-.}

command -v clang-format >/dev/null || {
	echo "clang-format is missing: apt-get install clang-format"
	exit 77
}
cd "$srcdir" || exit 1
find src tests -name '*.[ch]' | sort |
	xargs clang-format --dry-run --Werror
