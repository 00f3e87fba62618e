#!/bin/sh
# check-golden.sh - the golden reports pass check-report.py, and each of some
# small faults does not
srcdir=${srcdir:-.}
check=$srcdir/tests/e2e/check-report.py
golden=$srcdir/tests/golden
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

command -v python3 >/dev/null || exit 77
"$check" "$golden/report.eml" "$golden/report.json" "$golden/report.json.gz"
status=$?
[ $status -eq 77 ] && exit 77

# A fault: the file it is made in, what it is, the sed command that makes it.
fault()
{
	sed "$3" "$golden/$1" >"$dir/$1"
	if cmp -s "$golden/$1" "$dir/$1"; then
		echo "FAIL $2: nothing was changed"
		status=1
	elif "$check" "$dir/$1" >"$dir/said"; then
		echo "FAIL $2: not found"
		status=1
	else
		echo "PASS $2: $(sed -n '2s/^ *//p' "$dir/said" | cut -c 1-60)"
	fi
}

fault report.json "a policy type of the API" 's/"sts"/"other"/'
fault report.json "mx-host as text" \
	':a;N;$!ba;s/"mx-host": \[[^]]*\]/"mx-host": "mx.example.com"/'
fault report.json "a day that is none" 's/T23:59:59Z/T24:00:00Z/'
fault report.json "an address with zeros" 's/203.0.113.56/203.0.113.056/'
fault report.json "an address in another spelling" 's/abcd:13::1/abcd:13:0::1/'
fault report.json "a count as text" 's/": 5326/": "5326"/'
fault report.json "a member twice" 's/^  "report-id.*/&&/'
fault report.json "null" 's/"X509_V_ERR_CERT_HAS_EXPIRED"/null/'
fault report.json "no policy-domain" '/"policy-domain": "example.com",/d'
fault report.eml "a subject in lower case" 's/^Subject: Report/Subject: report/'
fault report.eml "another submitter" 's/^\(TLS-Report-Submitter: \)/\1x./'
fault report.eml "another report-id" 's/<20260301/<20260302/'
fault report.eml "a colon in the file name" 's/!e6f/!e:f/'
fault report.eml "no TLS-Required" '/^TLS-Required/d'
fault report.eml "bare line feeds" '3,5s/\r//'
fault report.eml "another type" 's/report-type="tlsrpt"/report-type="dsn"/'
fault report.eml "a byte of base64" 's/^H4sI/H4sJ/'
exit $status
