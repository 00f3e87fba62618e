"""testlib - what the tests in Python share.  Imported; testlib.sh is the same for
those in shell.

Tests run in the build folder.  A wait is for something that must come: how long
that takes is the machine's affair, so the limit is one for all, and long.
"""
import pathlib
import signal
import socket
import subprocess
import time

HERE = pathlib.Path.cwd()
BIN = HERE / "src/programs"
SOURCE = pathlib.Path(__file__).resolve().parents[2]
WAIT_SECS = 60
failed = []


def expect(what, want, got):
    if want == got:
        print("ok:", what)
    else:
        print(f"FAIL: {what}: wanted {want!r}, got {got!r}")
        failed.append(what)


def skip_part(what, why):
    """And go on; scripts/check counts it."""
    print(f"SKIP: {what}: {why}", flush=True)


def wait_until(test, seconds=WAIT_SECS):
    """Whether it came to be true."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def must_come(what, test):
    if not wait_until(test):
        raise SystemExit(f"FAIL: {what}: not within {WAIT_SECS} s")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    """One of ours, in the background; what it says goes to a file."""

    def __init__(self, name, conf, log, *args, command=None, **popen):
        self.name = name
        self.log_file = pathlib.Path(log)
        with open(log, "ab") as said:
            self.process = subprocess.Popen(
                [*(command or ()), BIN / name, "-f", "-c", conf, *args],
                stderr=said, **popen)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def said(self, words):
        return words in self.log()

    def must_say(self, words):
        """It serves, say."""
        if not wait_until(lambda: self.said(words) or not self.runs()) or \
                not self.said(words):
            raise SystemExit(f"FAIL: {self.name} does not say '{words}':\n"
                             + self.log()[-3000:])

    def runs(self):
        return self.process.poll() is None

    def end(self):
        """The exit status of one that ends by itself."""
        try:
            return self.process.wait(WAIT_SECS)
        except subprocess.TimeoutExpired:
            self.kill()
            return "did not end"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def kill(self):
        if self.runs():
            self.process.kill()
        self.process.wait()
