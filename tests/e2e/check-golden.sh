#!/bin/sh
# check-golden.sh - the golden reports pass check-report.py, and each of some
# small faults does not
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
check=$src/tests/e2e/check-report.py
golden=$src/tests/golden

"$check" "$golden/report.eml" "$golden/report.json" "$golden/report.json.gz"
status=$?
[ $status -ne 77 ] || exit 77
expect "the golden reports" 0 $status

# A fault: the file it is made in, what it is, the sed command that makes it.
fault()
{
	sed "$3" "$golden/$1" >"$dir/$1"
	if cmp -s "$golden/$1" "$dir/$1"; then
		fail "$2: nothing was changed"
	elif "$check" "$dir/$1" >"$dir/said"; then
		fail "$2: not found"
	else
		echo "ok: $2: $(sed -n '2s/^ *//p' "$dir/said" | cut -c 1-60)"
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
end_test
