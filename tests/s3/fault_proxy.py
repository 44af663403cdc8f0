#!/usr/bin/env python3
"""A fault-injecting HTTP proxy to put in front of a real S3 endpoint.

    fault_proxy.py --target http://127.0.0.1:PORT --rules FILE [--listen PORT]
                   [--log FILE] [--heads FILE] [--seed N]

Prints its own address, then serves until it is killed. The Host header passes
through untouched, so Signature V4 stays valid where the client was told the
server's name (and RGW, Swift and s3_client.py sign what they are asked as).

RULES has one rule per line; the first that matches a request is applied:

    METHOD REGEX(path?query)  WHEN  ACTION[=ARG]

    METHOD  GET, PUT, POST, DELETE, HEAD or *
    WHEN    *  every match; N  the Nth match only; N-M; %P  with P percent
    ACTION  status=503      answer with this code and an S3 error, no forward
            refuse          close at once
            cut-up=BYTES    close both sides after BYTES of the request body
            flip-up=OFFSET  invert one bit of that byte of the request body
            lose-reply      forward, let the server finish, then close: the
                            ambiguous success
            cut-down=BYTES  close after BYTES of the response body
            flip=OFFSET     invert one bit of that byte of the response body
            delay=SECONDS   wait, then forward
            stall=SECONDS   send half of the response body, wait, send the rest
            301=URL         answer with a redirect (must not be followed with
                            credentials); 302, 307 and 308 likewise
            bomb=MIB        answer 200 with that many MiB of zeros, no length
            skew=SECONDS    forward, but shift the Date header of the reply

The file is read again for every request, so a test can change it as it goes. LOG
gets a line for each request that has ended (one that waits: that begins to wait):
"METHOD PATH?QUERY STATUS UP DOWN FAULT", bytes of the two bodies, FAULT being what
was done to it or "-". HEADS gets every request's head in full.
"""
import argparse
import email.utils
import random
import re
import signal
import socket
import threading
import time
import urllib.parse

BUF = 65536


class Closed(Exception):
    """A side hung up, or a fault says that we do."""


class Rules:
    """The rules and how often each has matched."""

    def __init__(self, path, seed):
        self.path, self.counts, self.lock, self.rng = path, {}, threading.Lock(), random.Random(seed)

    def hits(self, line, when):
        with self.lock:
            n = self.counts[line] = self.counts.get(line, 0) + 1
            if when == "*":
                return True
            if when.startswith("%"):
                return self.rng.random() * 100 < float(when[1:])
            first, _, last = when.partition("-")
            return int(first) <= n <= int(last or first)

    def pick(self, method, target):
        """The (action, argument) for this request; ("", "") for none."""
        try:
            lines = open(self.path).read().splitlines()
        except OSError:
            return "", ""
        for line in lines:
            words = line.split()
            if len(words) != 4 or line.startswith("#"):
                continue
            if words[0] not in ("*", method) or not re.search(words[1], target):
                continue
            if self.hits(line, words[2]):
                action, _, argument = words[3].partition("=")
                return action, argument
        return "", ""


class Book:
    """A file that lines are appended to, by any thread; None is no file."""

    def __init__(self, path):
        self.file, self.lock = open(path, "ab", buffering=0) if path else None, threading.Lock()

    def write(self, data):
        if self.file:
            with self.lock:
                self.file.write(data)


class Peer:
    """A socket with a read buffer."""

    def __init__(self, s):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s, self.b = s, b""

    def more(self):
        d = self.s.recv(BUF)
        if not d:
            raise Closed
        self.b += d

    def head(self):
        while b"\r\n\r\n" not in self.b:
            self.more()
        h, _, self.b = self.b.partition(b"\r\n\r\n")
        return h

    def take(self, n):
        """Up to n bytes, at least one."""
        if not self.b:
            self.more()
        d, self.b = self.b[:n], self.b[n:]
        return d


def header(h, name):
    m = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r?$", h)
    return m.group(1).decode() if m else None


def body(src, n):
    while n:
        d = src.take(min(n, BUF))
        n -= len(d)
        yield d


def chunked(src):
    """The raw bytes of a chunked body."""
    while True:
        while b"\r\n" not in src.b:
            src.more()
        line, _, src.b = src.b.partition(b"\r\n")
        yield line + b"\r\n"
        n = int(line.split(b";")[0], 16)
        yield from body(src, n + 2)
        if n == 0:
            return


def flipped(data, at):
    """data with one bit turned at that offset, where it has one."""
    if not 0 <= at < len(data):
        return data
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


class Exchange:
    """One request and its answer."""

    def __init__(self, client, upstream, head, fault, log):
        self.client, self.upstream, self.head, self.log = client, upstream, head, log
        self.noted = False
        self.action, self.argument = fault
        self.method, self.path = head.split(b"\r\n")[0].decode().split()[:2]
        self.length = int(header(head, b"content-length") or 0)
        self.status = self.up = self.down = 0

    def note(self):
        if not self.noted:
            fault = f"{self.action}={self.argument}" if self.action else "-"
            self.log.write(f"{self.method} {self.path} {self.status} {self.up} {self.down} {fault}\n".encode())
        self.noted = True

    def wait(self):
        self.note()
        self.action = "waited"
        time.sleep(float(self.argument))

    def amount(self):
        return int(self.argument)

    def is_local(self):
        return self.action in ("status", "refuse", "bomb") or self.action.isdigit()

    def answer(self):
        """Without the server; the connection ends."""
        if self.action == "refuse":
            return
        if header(self.head, b"expect") is None:
            for d in body(self.client, self.length):
                self.up += len(d)
        if self.action == "bomb":
            self.status = 200
            self.client.s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for _ in range(self.amount() * 16):
                self.client.s.sendall(bytes(BUF))
                self.down += BUF
            return
        code = self.amount() if self.action == "status" else int(self.action)
        word = {503: b"SlowDown", 403: b"AccessDenied", 404: b"NoSuchBucket"}.get(code, b"InternalError")
        text = b"<Error><Code>%s</Code><Message>injected</Message></Error>" % word
        where = f"Location: {self.argument}\r\n" if self.action != "status" else ""
        self.status = code
        self.client.s.sendall(f"HTTP/1.1 {code} Injected\r\n{where}Content-Type: application/xml\r\n"
                              f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
                              + (b"" if self.method == "HEAD" else text))

    def forward(self):
        """The request to the server; gives the head of the answer."""
        to = self.upstream
        to.s.sendall(self.head + b"\r\n\r\n")
        if header(self.head, b"expect"):
            reply = to.head()
            if reply.split()[1] != b"100":
                return reply, True
            self.client.s.sendall(reply + b"\r\n\r\n")
        for d in body(self.client, self.length):
            if self.action == "cut-up" and self.up + len(d) > self.amount():
                to.s.sendall(d[:self.amount() - self.up])
                raise Closed
            if self.action == "flip-up":
                d = flipped(d, self.amount() - self.up)
            to.s.sendall(d)
            self.up += len(d)
        reply = to.head()
        while reply.split()[1] == b"100":
            reply = to.head()
        return reply, False

    def pieces(self, reply):
        if self.method == "HEAD" or self.status in (204, 304):
            return iter(())
        if (header(reply, b"transfer-encoding") or "").lower() == "chunked":
            return chunked(self.upstream)
        return body(self.upstream, int(header(reply, b"content-length") or 0))

    def give(self, reply):
        """The answer to the client."""
        if self.action == "skew":
            date = email.utils.formatdate(time.time() + float(self.argument), usegmt=True)
            reply = re.sub(rb"(?im)^date:.*?$", b"Date: " + date.encode(), reply)
        if self.action == "lose-reply":
            for _ in self.pieces(reply):
                pass
            raise Closed
        half = int(header(reply, b"content-length") or 0) // 2
        self.client.s.sendall(reply + b"\r\n\r\n")
        for d in self.pieces(reply):
            if self.action == "cut-down" and self.down + len(d) > self.amount():
                self.client.s.sendall(d[:self.amount() - self.down])
                raise Closed
            if self.action == "flip":
                d = flipped(d, self.amount() - self.down)
            if self.action == "stall" and self.down + len(d) > half:
                keep = max(0, half - self.down)
                self.client.s.sendall(d[:keep])
                self.down, d = self.down + keep, d[keep:]
                self.wait()
            self.client.s.sendall(d)
            self.down += len(d)


class Proxy:
    def __init__(self, options):
        where = urllib.parse.urlparse(options.target)
        self.target = (where.hostname, where.port)
        self.rules = Rules(options.rules, options.seed)
        self.log, self.heads = Book(options.log), Book(options.heads)

    def one(self, it):
        """Serves one exchange; whether the connection goes on."""
        if it.action == "delay":
            it.wait()
        if it.is_local():
            it.answer()
            return False
        if it.upstream.s is None:
            it.upstream.__init__(socket.create_connection(self.target))
        reply, refused = it.forward()
        it.status = int(reply.split()[1])
        it.give(reply)
        return not refused and (header(reply, b"connection") or "").lower() != "close"

    def serve(self, s):
        client, upstream = Peer(s), Peer.__new__(Peer)
        upstream.s, upstream.b = None, b""
        try:
            goes_on = True
            while goes_on:
                head = client.head()
                self.heads.write(head + b"\r\n\r\n")
                method, path = head.split(b"\r\n")[0].decode().split()[:2]
                it = Exchange(client, upstream, head, self.rules.pick(method, path), self.log)
                try:
                    goes_on = self.one(it)
                finally:
                    it.note()
        except (Closed, OSError, ValueError):
            pass
        finally:
            s.close()
            if upstream.s:
                upstream.s.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--listen", type=int, default=0)
    p.add_argument("--target", required=True)
    p.add_argument("--rules", required=True)
    p.add_argument("--log")
    p.add_argument("--heads")
    p.add_argument("--seed", type=int, default=1)
    options = p.parse_args()
    proxy = Proxy(options)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    s = socket.create_server(("127.0.0.1", options.listen), backlog=128)
    print(f"http://127.0.0.1:{s.getsockname()[1]}", flush=True)
    while True:
        c, _ = s.accept()
        threading.Thread(target=proxy.serve, args=(c,), daemon=True).start()


if __name__ == "__main__":
    main()
