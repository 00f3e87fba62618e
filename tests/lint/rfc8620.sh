#!/bin/sh
# rfc8620.sh - the tests that doc/RFC8620.md names are there, and every rule
# has one or says why not
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
command -v python3 >/dev/null || {
	echo "python3 is missing: apt-get install python3"
	exit 77
}
python3 - <<'EOF'
import pathlib, re, sys

tests = "".join(
    path.read_text() for pattern in ("unit/test_*.c", "e2e/*.py", "e2e/*.mjs")
    for path in sorted(pathlib.Path("tests").glob(pattern)))
# a long name may be two literals
tests = re.sub(r'"\s*\n\s*"', "", tests)
wrong = 0

def complain(words):
    global wrong
    print(words)
    wrong += 1

rules = [line for line in open("doc/RFC8620.md")
         if re.match(r"\| [1-9]", line)]
for rule in rules:
    cells = [cell.strip() for cell in rule.strip().strip("|").split("|")]
    if len(cells) != 3:
        complain("not three columns: " + rule.strip())
        continue
    section, what, held = cells
    if held.startswith("differs: "):
        continue
    names = re.findall(r"`(.+?)`(?=, |$)", held)
    if not names and not held.startswith("not applicable: "):
        complain(f"{section} {what}: held by nothing")
    for name in names:
        if not (f'"{name}"' in tests or f"void {name}(" in tests):
            complain(f"{section} {what}: there is no test '{name}'")
if len(rules) < 80:
    complain(f"{len(rules)} rules only")
sys.exit(1 if wrong else 0)
EOF
