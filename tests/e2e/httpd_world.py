#!/usr/bin/env python3
"""httpd_world - tlstally-httpd for tests in Python

In the build folder: the real daemon where [http] listen says, with the store
of a folder.  Imported, no test by itself.
"""
import contextlib
import pathlib
import socket
import subprocess
import tempfile

from testlib import (BIN, SOURCE, Daemon, expect, failed, free_port,
                     wait_until)

WWW = SOURCE / "src/www"
HTTPD = BIN / "tlstally-httpd"
TLSTALLY = BIN / "tlstally"


def make_certificate(directory):
    """cert.pem and key.pem, for localhost, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout",
                    directory / "key.pem", "-out", directory / "cert.pem"],
                   check=True, capture_output=True)


class Server(Daemon):
    def __init__(self, directory, name, more="", **settings):
        """more: rows of [report], and further sections"""
        self.conf = directory / f"{name}.conf"
        self.log_file = directory / f"{name}.log"
        (directory / "store").mkdir(exist_ok=True)
        settings.setdefault("www", WWW)
        settings.setdefault("metrics", "")
        rows = "".join(f"{k} = {v}\n" for k, v in settings.items())
        self.conf.write_text(
            f"[report]\ncontact_info = tls@example.com\n{more}[store]\n"
            f"directory = {directory}/store\nmap_size = 256M\n[http]\n{rows}")
        self.log_file.unlink(missing_ok=True)
        super().__init__("tlstally-httpd", self.conf, self.log_file)

    def wait(self, connect):
        def serves():
            try:
                connect().close()
                return True
            except OSError:
                return False
        if not wait_until(serves):
            raise SystemExit("FAIL: it does not start: " + self.log())

    def stop(self):
        expect("it ends in order", (0, ""), (
            super().stop(),
            "".join(line for line in self.log().splitlines(True)
                    if "serving" not in line
                    # tests guess, and say how often they did
                    and "too many wrong tokens" not in line
                    # when the tests are run by root
                    and "is owned by root" not in line)))

    def tally(self, *words):
        got = subprocess.run([TLSTALLY, "-c", self.conf, *words],
                             capture_output=True, text=True)
        return got.returncode, got.stdout.strip()


@contextlib.contextmanager
def serving(name, more="", prepare=None, **settings):
    """A folder, the daemon on its store, and the loopback port.  settings:
    rows of [http].  prepare: makes something in the folder before it starts;
    {site} in a row is what it gives back"""
    with tempfile.TemporaryDirectory(prefix=f"tlstally-{name}.") as folder:
        directory, port = pathlib.Path(folder), free_port()
        if prepare:
            site = prepare(directory)
            settings = {k: v.format(site=site) for k, v in settings.items()}
        server = Server(directory, name, more.format(directory=directory),
                        listen=f"inet:127.0.0.1:{port}", **settings)
        try:
            server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
            yield directory, server, port
            server.stop()
        finally:
            server.kill()
    print(len(failed), "failed")
