# manual.awk - a manual of the parts in doc/common.in and its own text
#
# awk -f manual.awk common.in NAME.in
NR == FNR && /^@[a-z-]+@$/ { part = $0; text[part] = ""; next }
NR == FNR { if (part != "") text[part] = text[part] $0 "\n"; next }
/^@[a-z-]+@$/ {
	if (!($0 in text)) {
		print FILENAME ":" FNR ": no part " $0 > "/dev/stderr"
		exit 1
	}
	printf "%s", text[$0]
	next
}
{ print }
