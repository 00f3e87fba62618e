#!/bin/sh
# words.sh - where a manual lists words of src/words/words.c it has all of them
# and no other, and where it explains them, in the table's sentences; and no
# other table of them stands in the sources; nor a word in what users read for
# which the list in doc/ARCHITECTURE.md has another
#
# A list stands between the comments "words: NAME" and "end of words".  Runs in
# the build folder, where tests/lint/words_print was made.
srcdir=${srcdir:-.}
status=0

[ -x tests/lint/words_print ] || {
	echo "not built here: make check in the build folder"
	exit 77
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tlstally-lint.XXXXXX") || exit 1
trap 'rm -rf --one-file-system "$tmp"' EXIT

tests/lint/words_print >"$tmp/all"

# The list of one name in the manuals: a line a word, with what follows .It.
listed()
{
	awk -v name="$1" '
	/^\.\\" end of words/ { inside = 0 }
	/^\.\\" words: / { inside = $3 == name; next }
	!inside { next }
	/^\.It / { word[++n] = $3; next }
	/^\.(Pq )?Ql / {
		for (i = $1 == ".Pq" ? 3 : 2; i <= NF; i++)
			if ($i !~ /^[,.;:]$/)
				word[++n] = $i
		next
	}
	n > 0 && !/^\.(Bl|El|Pq)/ && !/^(and|or)$/ {
		sub(/^\.[A-Z][a-z] /, "")
		text[n] = text[n] (text[n] == "" ? "" : " ") $0
	}
	END { for (i = 1; i <= n; i++) print word[i] "\t" text[i] }' \
		doc/*.[1-8]
}

names=$(sed -n 's/^\.\\" words: //p' doc/*.[1-8])
for name in $names; do
	listed "$name" | LC_ALL=C sort >"$tmp/manual"
	awk -F'\t' -v name="$name" '$1 == name { print $2 "\t" $3 }' \
		"$tmp/all" | LC_ALL=C sort >"$tmp/table"
	grep -q '	.' "$tmp/manual" || {
		cut -f1 "$tmp/table" >"$tmp/words"
		sed 's/$/	/' "$tmp/words" >"$tmp/table"
	}
	diff -u "$tmp/table" "$tmp/manual" || {
		echo "the manuals' $name are not those of src/words/words.c"
		status=1
	}
done
for name in marks statuses feeds clients certificates lookups bounces; do
	echo "$names" | grep -qx "$name" || {
		echo "no manual lists the $name"
		status=1
	}
done

# A second table: "[TALLY_NO_RECORD] = {" with a text beside it, or in a script
# "noRecord: ".  empty: is also what a list of the page says.
kinds='TALLY|DELIVERY|EVENT|OUTBOX|VIEW|RESULT|POLICY|MODE|BOUNCE|INBOUND|BAD'
kinds="$kinds|STAGE|STS|FEED"
words=$(cut -f2 "$tmp/all" | grep -vx empty | sort -u | paste -sd '|' -)
if find "$srcdir"/src -name '*.c' ! -path '*/src/words/*' -exec grep -nE \
	"(^|[[:space:],{])\[($kinds)_[A-Z0-9_]+\] *= *(\{ *)?\"" {} + ||
	grep -nE "^ *\"?($words)\"?: *\[? *\"" "$srcdir"/src/www/*.js; then
	echo "a table of words beside src/words/words.c"
	status=1
fi

# Words that doc/ARCHITECTURE.md has another for, in what users read: literals,
# not comments.
if find "$srcdir"/src -name '*.[ch]' -o -name '*.js' | LC_ALL=C sort |
	xargs grep -nE '"[^"]*(\<(is|are) no [a-z]|[Bb]elieve[ds]?\>|[Ll]ook-up)' |
	grep -vE ':[0-9]+:[[:space:]]*(/\*|\*|//)' |
	grep -vE '[Tt]here (is|are) no |(is|are) no longer|is no because'; then
	echo "words that the list in doc/ARCHITECTURE.md has not"
	status=1
fi
exit $status
