#!/usr/bin/env python3
"""smtp_sink - an SMTP server that does as it is told

    smtp_sink.py [options] DIRECTORY
    smtp_sink.py --farm FILE

Listens on a port of 127.0.0.1 that the kernel chooses, or where --listen
says, and prints "READY PORT".  Each line of FILE is a sink of the same
process: its options and its DIRECTORY; READY comes when all of them listen.
Each message lands in DIRECTORY as <local part of the recipient>.eml, byte for
byte as it was sent (dots unstuffed), and what was said about it in .env: one
"key value" line each for helo, tls, user, from, rcpt and connection.

    --listen HOST:PORT   there
    --reply STAGE=TEXT   answer so: greeting ehlo starttls auth mail rcpt data
                         end rset ("end" is the answer to the final dot)
    --rcpt LOCAL=TEXT    answer so to RCPT of this local part
    --delay STAGE=SECS   answer later
    --drop STAGE         close instead of answering
    --messages N         close after N messages of a connection
    --enough STAGE=TEXT  with --messages: not close then, but answer so to
                         the next ("close": close there)
    --clients N          greet only so many connections at once, others get 421
    --cert F --key F     offer STARTTLS
    --smtps              TLS from the first byte
    --garble             offer STARTTLS and then speak no TLS
    --auth USER:PASS     want AUTH PLAIN, only inside TLS
    --keep               a second message to somebody is <local part>-2.eml
"""
import argparse
import asyncio
import base64
import pathlib
import shlex
import ssl

DEFAULTS = {
    "greeting": "220 sink ESMTP",
    "starttls": "220 2.0.0 go on",
    "auth": "235 2.7.0 it is you",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "end": "250 2.0.0 taken",
    "rset": "250 2.0.0 ok",
}


def pairs(texts):
    return dict(text.split("=", 1) for text in texts)


class Gone(Exception):
    pass


class Session:
    count = 0
    open = 0
    taken = {}

    def __init__(self, opts, reader, writer):
        Session.count += 1
        Session.open += 1
        self.opts, self.reader, self.writer = opts, reader, writer
        self.env = {"connection": Session.count, "tls": "no", "user": "-"}
        if opts.smtps:
            self.env["tls"] = "yes"
        self.messages = 0

    async def say(self, text):
        self.writer.write(text.replace("|", "\r\n").encode() + b"\r\n")
        await self.writer.drain()

    async def answer(self, stage, text=None):
        text = text or self.opts.reply.get(stage, DEFAULTS.get(stage))
        if stage in self.opts.enough and self.messages >= self.opts.messages:
            text = self.opts.enough[stage]
            if text == "close":
                raise Gone
        if stage in self.opts.delay:
            await asyncio.sleep(float(self.opts.delay[stage]))
        if stage in self.opts.drop:
            raise Gone
        await self.say(text)
        if text.startswith("421"):
            raise Gone
        return text[0] in "23"

    async def ehlo(self, arg):
        self.env["helo"] = arg
        lines = ["sink", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.opts.context and self.env["tls"] == "no":
            lines.append("STARTTLS")
        if self.opts.auth and self.env["tls"] == "yes":
            lines.append("AUTH PLAIN")
        codes = ["250-"] * (len(lines) - 1) + ["250 "]
        await self.answer(
            "ehlo",
            self.opts.reply.get("ehlo")
            or "|".join(c + line for c, line in zip(codes, lines)))

    async def starttls(self, _):
        if not await self.answer("starttls"):
            return
        if self.opts.garble:
            self.writer.write(b"this is no TLS\r\n" * 100)
            raise Gone
        await self.writer.start_tls(self.opts.context)
        self.env["tls"] = "yes"

    async def auth(self, arg):
        given = arg.split(" ", 1)
        if len(given) < 2:
            await self.say("334 ")
            given.append((await self.reader.readline()).decode().strip())
        _, user, password = base64.b64decode(given[1]).decode().split("\0")
        if f"{user}:{password}" == self.opts.auth:
            self.env["user"] = user
            await self.answer("auth")
        else:
            await self.say("535 5.7.8 wrong password")

    async def mail(self, arg):
        if self.opts.auth and self.env["user"] == "-":
            await self.say("530 5.7.0 log in first")
        else:
            self.env["from"] = arg
            self.local = None
            await self.answer("mail")

    async def rcpt(self, arg):
        local = arg.split("<", 1)[1].split("@")[0]
        self.env["rcpt"] = arg
        if await self.answer("rcpt", self.opts.rcpt.get(local)):
            self.local = local

    def file_name(self):
        Session.taken[self.local] = n = Session.taken.get(self.local, 0) + 1
        return self.local if n == 1 or not self.opts.keep \
            else f"{self.local}-{n}"

    async def data(self, _):
        if not self.local:  # who pipelines comes here in spite of that
            await self.say("554 5.5.1 no valid recipients")
            return
        if not await self.answer("data"):
            return
        if "text" in self.opts.drop:
            await self.reader.read(1000)
            raise Gone
        text = b"\r\n" + await self.reader.readuntil(b"\r\n.\r\n")
        body = text[:-3].replace(b"\r\n.", b"\r\n")[2:]
        store = pathlib.Path(self.opts.directory)
        name = self.file_name()
        (store / f"{name}.eml").write_bytes(body)
        (store / f"{name}.env").write_text(
            "".join(f"{k} {v}\n" for k, v in self.env.items()))
        await self.answer("end")
        self.messages += 1
        if self.messages == self.opts.messages and not self.opts.enough:
            raise Gone

    async def rset(self, _):
        await self.answer("rset")

    async def run(self):
        with open(pathlib.Path(self.opts.directory) / "connections", "a",
                  encoding="ascii") as notes:
            notes.write("connection\n")
        if self.opts.clients and Session.open > self.opts.clients:
            await self.say("421 4.7.0 too many connections")
            return
        if not await self.answer("greeting"):
            return
        while line := await self.reader.readline():
            verb, _, arg = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 bye")
                return
            if verb.lower() not in ("ehlo", "starttls", "auth", "mail",
                                    "rcpt", "data", "rset"):
                await self.say("502 5.5.2 what?")
                continue
            await getattr(self, verb.lower())(arg)


async def listen(opts):
    async def serve(reader, writer):
        session = Session(opts, reader, writer)
        try:
            await session.run()
        except (Gone, OSError, EOFError):
            pass
        finally:
            Session.open -= 1
            writer.close()

    host, _, port = opts.listen.rpartition(":")
    return await asyncio.start_server(
        serve, host, int(port), limit=1 << 24,
        ssl=opts.context if opts.smtps else None)


async def main(farm):
    servers = [await listen(opts) for opts in farm]
    print("READY", servers[0].sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def options(words=None):
    parser = argparse.ArgumentParser()
    for name in ("reply", "rcpt", "delay", "drop", "enough"):
        parser.add_argument("--" + name, action="append", default=[])
    for name in ("messages", "clients"):
        parser.add_argument("--" + name, type=int, default=0)
    for name in ("smtps", "garble", "keep"):
        parser.add_argument("--" + name, action="store_true")
    for name in ("cert", "key", "auth", "farm"):
        parser.add_argument("--" + name)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("directory", nargs="?")
    opts = parser.parse_args(words)
    if not opts.directory and not opts.farm:
        parser.error("no DIRECTORY")
    for name in ("reply", "rcpt", "delay", "enough"):
        setattr(opts, name, pairs(getattr(opts, name)))
    opts.context = None
    if opts.cert:
        opts.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        opts.context.load_cert_chain(opts.cert, opts.key)
    return opts


def farm(opts):
    if not opts.farm:
        return [opts]
    with open(opts.farm, encoding="utf-8") as lines:
        return [options(shlex.split(line)) for line in lines]


if __name__ == "__main__":
    asyncio.run(main(farm(options())))
