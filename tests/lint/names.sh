#!/bin/sh
# names.sh - what is global says where it lives
#
# A symbol that other files can see begins with the name of its file (without
# its last word, or its "s"), of a header beside it, or of its folder: who meets
# archive_head_get() looks into archive_table.c.  Shorter forms, agreed on:
short='access own word x[a-z]*'

command -v nm >/dev/null || {
	echo "nm is missing: apt-get install binutils"
	exit 77
}
layers=$(grep -v '^#' "${srcdir:-.}/src/LAYERS") || exit 1
set --
for layer in $layers; do
	[ "$layer" = programs ] || set -- "$@" "src/$layer/lib$layer.a"
done
[ -e "$1" ] || {
	echo "nothing is built here"
	exit 1
}
headers=$(cd "${srcdir:-.}" && ls src/*/*.h) || exit 1

nm -Ag --defined-only "$@" 2>/dev/null |
	sed 's|/lib[^/]*\.a:|/|' |
	awk -v headers="$headers" -v short="$short" '
	function begins(name, with)
	{
		return match(name, "^" with "([_0-9]|$)")
	}
	BEGIN {
		n = split(headers, list, "\n")
		for (i = 1; i <= n; i++) {
			split(list[i], part, "[/.]")
			stems[part[2]] = stems[part[2]] " " part[3]
		}
	}
	$3 ~ /^[a-z]/ {
		seen++
		split($1, part, "[/.]")
		first = one = part[3]
		sub(/_[^_]*$/, "", first) # "archive" of archive_table
		sub(/s$/, "", one)        # "key" of keys
		all = part[2] " " part[3] " " first " " one
		all = all stems[part[2]] " " short
		n = split(all, stem, " ")
		for (i = 1; i <= n; i++)
			if (begins($3, stem[i]))
				next
		print "src/" part[2] "/" part[3] ".c: " $3
		bad++
	}
	END {
		if (seen < 500)
			print "too little was read from what is built"
		exit bad > 0 || seen < 500
	}'
