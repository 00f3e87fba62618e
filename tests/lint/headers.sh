#!/bin/sh
# headers.sh - each header compiles alone, and twice
srcdir=${srcdir:-.}
CC=${CC:-cc}
status=0

cd "$srcdir/src" || exit 1
for header in $(find . -name '*.h' | sed 's|^\./||' | sort); do
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		$CC -std=gnu11 -D_GNU_SOURCE -I. $LINT_CPPFLAGS \
			-Wall -Wextra -Werror -fsyntax-only -x c - || {
		echo "src/$header does not compile alone"
		status=1
	}
done
exit $status
