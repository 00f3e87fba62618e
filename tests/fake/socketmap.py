#!/usr/bin/env python3
"""socketmap - a server of Postfix's socketmap protocol that answers from a file

    socketmap.py FILE PATH

Listens on the unix socket PATH and prints "READY".  A line of FILE is "KEY REPLY";
it is read anew for each question, and who stands in no line is NOTFOUND.  Each
question is a line "NAME KEY" in FILE.asked.
"""
import asyncio
import os
import sys


def reply_to(request, path):
    _, _, key = request.partition(" ")
    with open(path + ".asked", "a", encoding="utf-8") as asked:
        asked.write(request + "\n")
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, reply = line.rstrip("\n").partition(" ")
            if name == key:
                return reply
    return "NOTFOUND "


async def serve(reader, writer, path):
    try:
        while True:
            length = await reader.readuntil(b":")
            request = await reader.readexactly(int(length[:-1]) + 1)
            reply = reply_to(request[:-1].decode(), path).encode()
            writer.write(b"%d:%s," % (len(reply), reply))
            await writer.drain()
    except (OSError, EOFError):
        pass
    finally:
        writer.close()


async def main(path, listen):
    server = await asyncio.start_unix_server(
        lambda reader, writer: serve(reader, writer, path), listen)
    os.chmod(listen, 0o666)
    print("READY", flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
