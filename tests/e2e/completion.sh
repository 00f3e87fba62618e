#!/bin/bash
# completion.sh - what bash offers for tlstally, in the build folder
#
# make check runs it; by hand: tests/e2e/completion.sh in the build directory.
# A line is completed as bash does it: COMP_LINE, COMP_POINT, then the function.
. "${srcdir:-.}/tests/e2e/testlib.sh"
program=$bin/tlstally
script=$build/conf/bash-completion/tlstally

[ -e "$script" ] || skip "not built here: run make first"
make_folder
# shellcheck disable=SC1090
. "$script" || exit 1
cd "$dir" || exit 1
touch report.json

complete_line() {
	COMP_LINE=$1
	COMP_POINT=${#1}
	_tlstally tlstally "" "" 2>"$dir/said"
	[ ! -s "$dir/said" ] || fail "'$1': $(cat "$dir/said")"
}

# offers NAME LINE REPLY...: these and no others
offers() {
	complete_line "$2"
	want=${*:3}
	if [ "${COMPREPLY[*]}" = "$want" ]; then
		echo "ok: $1"
	else
		fail "$1: '$2': ${COMPREPLY[*]}, not $want"
	fi
}

# has NAME LINE REPLY...: these among others
has() {
	complete_line "$2"
	for reply in "${@:3}"; do
		[[ " ${COMPREPLY[*]} " == *" $reply "* ]] ||
			fail "$1: '$2': no $reply in ${COMPREPLY[*]}"
	done
	echo "ok: $1"
}

types="tls-internal-report sent-report suppression domain inbound"
offers "a command" "tlstally que" query
offers "commands" "tlstally re" resend restore
offers "the second word" "tlstally suppress " list add remove
offers "the second word, begun" "tlstally token r" remove
offers "a command behind options" "tlstally -v -c x que" query
offers "a command behind help" "tlstally help pre" preview
# shellcheck disable=SC2086
offers "types" "tlstally get " $types
offers "a type" "tlstally delete su" suppression
offers "nothing for an id" "tlstally get domain "
offers "nothing for a domain" "tlstally show "
offers "a file" "tlstally restore rep" report.json
offers "an option" "tlstally query --whe" --where
offers "an option that is another's" "tlstally query --eml"
offers "options of two words" "tlstally suppress add --" --help --version \
	--for --reason --replace
offers "a file for an option" "tlstally create suppression --file r" \
	report.json
offers "a file for -c" "tlstally -c r" report.json
offers "nothing for a number" "tlstally query domain --limit "
offers "a filter" "tlstally query tls-internal-report --where stat" status= state=
offers "its words" "tlstally query tls-internal-report --where status=de" \
	deferred
offers "its words, all" "tlstally query TlsInternalReport --where status=" \
	held pending sending deferred idle "done"
offers "true or false" "tlstally query x:TlsInternalReport --where hasFailures=" \
	true false
offers "in one word" "tlstally query inbound --where=hasWeak=t" true
offers "no words for a text" "tlstally query domain --where domain="
has "filters of another type" "tlstally query suppression --where " address= \
	sinceAfter=
has "fields that can be given" "tlstally create tls-internal-report --field " \
	domain= mailRua= report= report/reportId= report/policies=
offers "not those of the server" "tlstally update tls-internal-report a1 --field st"
offers "none of what can be read only" "tlstally create domain --field "
has "all fields" "tlstally query tls-internal-report --fields " id status \
	destinations
offers "a second field" "tlstally query domain --fields day,dom" day,domain
offers "a field in one word" "tlstally query domain --fields=da" day
offers "a sort, the other way round" \
	"tlstally query tls-internal-report --sort domain,-fail" domain,-failures
offers "a permission" "tlstally token add x --permission tallyR" tallyRead
offers "a second one" "tlstally token add x --permission tallyRead,tallyM" \
	tallyRead,tallyManage
offers "in the middle of a line" "tlstally get tls-" tls-internal-report

# All that --help names is offered.
while read -r words; do
	case $words in
	*' '*) has "$words" "tlstally ${words% *} " "${words#* }" ;;
	*) has "$words" "tlstally " "$words" ;;
	esac
	for option in $("$program" help $words | sed -n 's/^  \(-[-a-z]*\).*/\1/p'); do
		has "$words $option" "tlstally $words -" "$option"
	done
done < <("$program" --help | sed -n '/^commands:/,/^options:/s/^  \([-a-z]*\( [a-z]*\)\?\).*/\1/p' |
	sed 's/ $//')

end_test
