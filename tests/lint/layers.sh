#!/bin/sh
# layers.sh - src/LAYERS holds: a file includes from its own directory and
# from the lines above it
#
# Prints "file:line: what it includes and why it must not".
srcdir=${srcdir:-.}
cd "$srcdir/src" || exit 1

find . -name '*.[ch]' | sed 's|^\./||' | sort | xargs awk '
# src/LAYERS comes first on the command line: which line a directory is on.
FILENAME == "LAYERS" {
	if ($0 !~ /^#/ && NF > 0) {
		levels++
		for (i = 1; i <= NF; i++)
			level[$i] = levels
	}
	next
}
FNR == 1 {
	own = FILENAME
	sub("/.*", "", own)
	if (!(own in level))
		offend(own "/ is not in src/LAYERS")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	from = part[2]
	if (from == "config.h")
		next
	if (from !~ "/") {
		offend("\"" from "\" is not written from src/")
		next
	}
	sub("/.*", "", from)
	if (from == own)
		next
	if (!(from in level))
		offend("\"" part[2] "\": " from "/ is not in src/LAYERS")
	else if (level[from] == level[own])
		offend("\"" part[2] "\": " own "/ and " from \
		       "/ are on one line of src/LAYERS")
	else if (level[from] > level[own])
		offend("\"" part[2] "\": " from "/ is above " own "/")
}
function offend(words) {
	printf "src/%s:%d: %s\n", FILENAME, FNR, words
	bad = 1
}
END { exit bad }
' LAYERS
