#!/bin/sh
# circles.sh - no two source files need each other, by whatever way
#
# A file needs another when it uses a symbol that the other one defines, as
# nm(1) sees them in what was built.  Prints each circle as tsort(1) finds it.
command -v nm >/dev/null || {
	echo "nm is missing: apt-get install binutils"
	exit 77
}
layers=$(grep -v '^#' "${srcdir:-.}/src/LAYERS") || exit 1
programs=$(cd "${srcdir:-.}" && ls src/programs/*.c | sed 's/c$/o/') || exit 1
set --
for layer in $layers; do
	[ "$layer" = programs ] || set -- "$@" "src/$layer/lib$layer.a"
done
# what an older build left behind does not count
for object in $programs; do
	[ ! -e "$object" ] || set -- "$@" "$object"
done
[ -e "$1" ] || {
	echo "nothing is built here"
	exit 1
}

needs()
{
	nm -Ag "$@" 2>/dev/null | sed 's|/lib[^/]*\.a:|/|' | awk '
	{
		file = $1
		sub(/[.]o:.*/, "", file)
	}
	$2 == "U" { uses[file, $3] = 1 }
	$2 != "U" && $3 != "" { definer[$3] = file }
	END {
		for (pair in uses) {
			split(pair, part, SUBSEP)
			if (part[2] in definer && definer[part[2]] != part[1])
				print part[1], definer[part[2]]
		}
	}' | sort
}

needs "$@" >circles.needs
[ "$(wc -l <circles.needs)" -gt 500 ] || {
	echo "too little was read from what is built"
	exit 1
}
circles=$(tsort circles.needs 2>&1 >/dev/null)
rm -f circles.needs
[ -z "$circles" ] || {
	echo "$circles" | head -20
	exit 1
}
