#!/usr/bin/python3
"""check-report.py FILE... - is this a report as RFC 8460 wants it?

FILE is a mail, a report's JSON or its gzip bytes (told apart by their
content).  Nothing here shares code with what made the report: the MIME
parser, the gzip reader and the JSON reader are Python's, the schema is
tests/data/tlsrpt-report.schema.json.  One PASS or FAIL line a file, with what
is wrong below it; exit status 0 when all are good, 1, or 77 when
python3-jsonschema is missing.
"""
import calendar
import email
import email.policy
import gzip
import ipaddress
import json
import os
import re
import sys
import time

try:
    import jsonschema
except ImportError:
    print("check-report.py: apt-get install python3-jsonschema")
    sys.exit(77)

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "data", "tlsrpt-report.schema.json")

ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = ATEXT + r"(?:\." + ATEXT + r")*"
NAME = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"

# RFC 8460 section 5.3, unfolded
SUBJECT = re.compile(r"Report\s+Domain:\s+(?P<domain>" + NAME + r")\s+"
                     r"Submitter:\s+(?P<submitter>" + NAME + r")\s+"
                     r"Report-ID:\s+<(?P<id>" + DOT_ATOM + "@" + DOT_ATOM +
                     r")>\s*")
# RFC 8460 section 5.1
FILE_NAME = re.compile(r"(?P<sender>" + NAME + r")!(?P<domain>" + NAME + r")!"
                       r"(?P<begin>\d+)!(?P<end>\d+)(?:![A-Za-z0-9]+)?"
                       r"\.(?P<ext>json\.gz|json)")
MSG_ID = re.compile(DOT_ATOM + "@" + DOT_ATOM)


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a member stands twice")
    return dict(pairs)


class Check:
    """What is wrong with one file."""

    def __init__(self):
        self.faults = []

    def want(self, good, words):
        if not good:
            self.faults.append(words)
        return good

    def same(self, got, want, what):
        self.want(got == want, f"{what}: {got!r}, not {want!r}")


def check_address(check, where, detail, name):
    text = detail.get(name)
    try:
        # Python writes IPv6 as RFC 5952 does, but for mapped addresses
        if text is not None and not text.startswith("::ffff:"):
            check.same(text, str(ipaddress.ip_address(text)),
                       f"{where}.{name}")
    except ValueError as why:
        check.want(False, f"{where}.{name}: {why}")


def check_json(check, data):
    """The report, or None when it cannot be read."""
    check.want(not data.startswith(b"\xef\xbb\xbf"), "a byte order mark")
    try:
        report = json.loads(data.decode("utf-8"),
                            object_pairs_hook=no_duplicates)
    except ValueError as why:
        check.want(False, f"JSON: {why}")
        return None
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.Draft7Validator(
        schema, format_checker=jsonschema.FormatChecker())
    errors = list(validator.iter_errors(report))
    for error in errors:
        path = "/".join(str(step) for step in error.absolute_path)
        check.want(False, f"schema: {path}: {error.message}")
    if errors:
        return None
    for p, policy in enumerate(report["policies"]):
        for d, detail in enumerate(policy["failure-details"]):
            where = f"policies[{p}].failure-details[{d}]"
            check_address(check, where, detail, "sending-mta-ip")
            check_address(check, where, detail, "receiving-ip")
    days = report["date-range"]
    check.same(seconds(days["end-datetime"]) -
               seconds(days["start-datetime"]), 86399, "length of the day")
    return report


def check_gzip(check, data):
    try:
        data = gzip.decompress(data)
    except (OSError, EOFError) as why:
        check.want(False, f"gzip: {why}")
        return None
    return check_json(check, data)


def check_lines(check, raw):
    if b"\r\n" in raw:
        check.want(not re.search(rb"[^\r]\n|\r[^\n]", raw),
                   "a line end that is not CRLF")
    check.want(max(len(line.rstrip(b"\r")) for line in raw.split(b"\n"))
               <= 998, "a line longer than 998 bytes")
    check.want(all(byte < 0x80 and byte != 0 for byte in raw), "not ASCII")


def header(check, message, name):
    """The value of a header that stands exactly once."""
    values = message.get_all(name, [])
    check.same(len(values), 1, f"number of {name} headers")
    return str(values[0]) if values else ""


def check_headers(check, message):
    for name in ("From", "To", "Date", "Message-ID"):
        header(check, message, name)
    check.same(header(check, message, "MIME-Version"), "1.0", "MIME-Version")
    check.same(header(check, message, "TLS-Required"), "No", "TLS-Required")
    check.same(header(check, message, "Auto-Submitted"), "auto-generated",
               "Auto-Submitted")
    for name in ("From", "To", "Subject"):
        for defect in getattr(message[name], "defects", ()):
            check.want(False, f"{name}: {defect}")
    check.want(message["Date"] is None or message["Date"].datetime,
               "Date is none")
    check.want(re.fullmatch("<" + DOT_ATOM + "@" + DOT_ATOM + ">",
                            header(check, message, "Message-ID").strip()),
               "Message-ID is none")


def check_structure(check, message):
    """The part with the report, or None."""
    check.same(message.get_content_type(), "multipart/report", "type")
    check.same(message.get_param("report-type"), "tlsrpt", "report-type")
    for part in message.walk():
        for defect in part.defects:
            check.want(False, f"MIME: {defect!r}")
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not check.want(len(parts) == 2, f"{len(parts)} parts, not 2"):
        return None
    check.same(parts[0].get_content_type(), "text/plain", "first part")
    check.want(parts[0].get_content().strip(), "the text is empty")
    check.same(parts[1].get_content_type(), "application/tlsrpt+gzip",
               "second part")
    check.same(parts[1].get_content_disposition(), "attachment",
               "disposition")
    check.same(parts[1].get("Content-Transfer-Encoding"), "base64",
               "encoding")
    return parts[1]


def check_names(check, message, part, report):
    """Subject, file name and headers agree with the report."""
    domain = header(check, message, "TLS-Report-Domain")
    submitter = header(check, message, "TLS-Report-Submitter")
    check.same(submitter, report["contact-info"].rpartition("@")[2],
               "TLS-Report-Submitter")
    subject = SUBJECT.fullmatch(header(check, message, "Subject"))
    if check.want(subject, "Subject is not as RFC 8460 section 5.3"):
        check.same(subject["domain"], domain, "Subject's domain")
        check.same(subject["submitter"], submitter, "Subject's submitter")
        if MSG_ID.fullmatch(report["report-id"]):
            check.same(subject["id"], report["report-id"], "Subject's id")
    check.same(part.get_param("name"), part.get_filename(), "name")
    name = FILE_NAME.fullmatch(part.get_filename() or "")
    if check.want(name, "file name is not as RFC 8460 section 5.1"):
        days = report["date-range"]
        check.same(name["sender"], submitter, "file name's sender")
        check.same(name["domain"], domain, "file name's domain")
        check.same(int(name["begin"]), seconds(days["start-datetime"]),
                   "file name's begin")
        check.same(int(name["end"]), seconds(days["end-datetime"]),
                   "file name's end")
        check.same(name["ext"], "json.gz", "file name's end")


def check_mail(check, raw):
    check_lines(check, raw)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    check_headers(check, message)
    part = check_structure(check, message)
    if part is None:
        return
    report = check_gzip(check, part.get_payload(decode=True))
    if report is not None:
        check_names(check, message, part, report)


def check_file(path):
    check = Check()
    with open(path, "rb") as file:
        raw = file.read()
    if raw.startswith(b"\x1f\x8b"):
        check_gzip(check, raw)
    elif raw.lstrip().startswith((b"{", b"\xef\xbb\xbf")):
        check_json(check, raw)
    else:
        check_mail(check, raw)
    print("FAIL" if check.faults else "PASS", path)
    for fault in check.faults:
        print("    " + fault)
    return not check.faults


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    return 0 if all([check_file(path) for path in paths]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
