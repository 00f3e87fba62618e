#!/usr/bin/env python3
"""httpd_world - tlstally-httpd for tests in Python

In the build folder: the real daemon where [http] listen says, with the store
of a folder.  Imported, no test by itself.
"""
import contextlib
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path.cwd()
WWW = pathlib.Path(__file__).resolve().parents[2] / "src/www"
HTTPD = HERE / "src/programs/tlstally-httpd"
TLSTALLY = HERE / "src/programs/tlstally"
failed = []


def expect(what, want, got):
    if want == got:
        print("ok:", what)
    else:
        print(f"FAIL: {what}: wanted {want!r}, got {got!r}")
        failed.append(what)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def make_certificate(directory):
    """cert.pem and key.pem, for localhost, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout",
                    directory / "key.pem", "-out", directory / "cert.pem"],
                   check=True, capture_output=True)


class Server:
    def __init__(self, directory, name, more="", **settings):
        """more: rows of [report], and further sections"""
        self.conf = directory / f"{name}.conf"
        self.said = directory / f"{name}.log"
        (directory / "store").mkdir(exist_ok=True)
        settings.setdefault("www", WWW)
        rows = "".join(f"{k} = {v}\n" for k, v in settings.items())
        self.conf.write_text(
            f"[report]\ncontact_info = tls@example.com\n{more}[store]\n"
            f"directory = {directory}/store\nmap_size = 256M\n[http]\n{rows}")
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen([HTTPD, "-f", "-c", self.conf],
                                            stderr=said)

    def wait(self, connect):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                connect().close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("FAIL: it does not start: " + self.said.read_text())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        expect("it ends in order", (0, ""), (
            self.process.returncode,
            "".join(line for line in self.said.read_text().splitlines(True)
                    if "serving" not in line
                    # when the tests are run by root
                    and "is owned by root" not in line)))

    def tally(self, *words):
        got = subprocess.run([TLSTALLY, "-c", self.conf, *words],
                             capture_output=True, text=True)
        return got.returncode, got.stdout.strip()


@contextlib.contextmanager
def serving(name, more=""):
    """A folder, the daemon on its store, and the loopback port."""
    with tempfile.TemporaryDirectory(prefix=f"tlstally-{name}.") as folder:
        directory, port = pathlib.Path(folder), free_port()
        server = Server(directory, name, more.format(directory=directory),
                        listen=f"inet:127.0.0.1:{port}")
        try:
            server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
            yield directory, server, port
            server.stop()
        finally:
            if server.process.poll() is None:
                server.process.kill()
    print(len(failed), "failed")
