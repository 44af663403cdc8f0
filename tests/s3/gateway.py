#!/usr/bin/env python3
"""A gateway with demands and ways of its own before a real S3 endpoint.

    gateway.py --target http://127.0.0.1:PORT --ways FILE [--log FILE]

Prints its own address, then serves until it is killed. It checks the signature of every
request by itself, all x-amz- fields in it, and signs what it passes on anew: so what it
demands need not be known to the server behind it. AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_REGION are both sides'. FILE is read for every request and
has one way per line:

    path=/storage/v1/s3       is all below, and anything else gets 404
    making=NAME:VALUE         what makes an object must have the field, or gets 403; and
                              a part, or the end of an upload, must not, or gets 400
    making-silent=NAME:VALUE  the same, and the 403 does not say what is missing
    always=NAME:VALUE         every request must have the field, or gets 403
    md5                       what is put must have its Content-MD5, or gets 400
    no-condition=STATUS:CODE  If-None-Match of what is put gets this
    only-condition            what is put without it gets 403
    no-put                    what is put gets 403
    keys=encoded              listings have their keys encoded, as nobody asked
    keys=said                 and say so, with a '+' for a blank
    keys=slash                with a slash in front
    list=v1                   listings are of version 1, whatever was asked for
    list=pretty               listings are laid out for people
    page=COUNT                keys on a page, at most

LOG gets "METHOD PATH STATUS" of every request.
"""
import argparse
import base64
import datetime
import hashlib
import http.client
import http.server
import os
import re
import signal
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from s3_client import NOTHING, canonical_request, quoted, signature  # noqa: E402

DROPPED = ("host", "authorization", "connection", "content-md5", "expect")


class Answer(Exception):
    """An answer of the gateway's own."""

    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status = status
        self.text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


class Ways:
    """The lines of FILE, as they are now."""

    def __init__(self, path):
        self.lines = open(path, encoding="utf-8").read().split()

    def __contains__(self, word):
        return word in self.lines

    def all(self, name):
        return [line.partition("=")[2] for line in self.lines if line.startswith(name + "=")]

    def one(self, name):
        return (self.all(name) or [None])[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # ------------------------------------------------------------ what came

    def has(self, field):
        name, _, value = field.partition(":")
        return self.headers.get(name) == value

    def check_signature(self, path, query, body):
        words = dict(re.findall(r"(\w+)=([^, ]+)", self.headers.get("Authorization", "")))
        names = words.get("SignedHeaders", "").split(";")
        digest = self.headers.get("x-amz-content-sha256", "")
        unsigned = [k for k in self.headers if k.lower().startswith("x-amz-") and k.lower() not in names]
        if unsigned or "host" not in names:
            raise Answer(403, "AccessDenied", f"There were headers present which were not signed: {unsigned}")
        canonical = canonical_request(self.command, path, query, {k: self.headers.get(k, "") for k in names}, digest)
        _, proof = signature(os.environ["AWS_SECRET_ACCESS_KEY"], self.region(), self.headers["x-amz-date"], canonical)
        if proof != words.get("Signature") or hashlib.sha256(body).hexdigest() != digest:
            raise Answer(403, "SignatureDoesNotMatch")

    def region(self):
        return os.environ.get("AWS_REGION", "us-east-1")

    def check_demands(self, ways, query, body):
        puts = self.command in ("PUT", "POST")
        makes = self.command == "PUT" and not query or self.command == "POST" and query == "uploads="
        for field in ways.all("making") + ways.all("making-silent"):
            name = field.partition(":")[0]
            if makes and not self.has(field):
                raise Answer(403, "AccessDenied", f"explicit deny: s3:{name} is not as the policy wants it"
                             if field in ways.all("making") else "Access Denied")
            if not makes and self.headers.get(name):
                raise Answer(400, "InvalidArgument", f"{name} header is not supported for this operation.")
        for field in ways.all("always"):
            if not self.has(field):
                raise Answer(403, "AccessDenied", "Access Denied")
        if not puts:
            return
        if "no-put" in ways:
            raise Answer(403, "AccessDenied", "no identity-based policy allows the s3:PutObject action")
        if "md5" in ways and query != "uploads=" and \
                self.headers.get("Content-MD5") != base64.b64encode(hashlib.md5(body).digest()).decode():
            raise Answer(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put "
                         "Object requests with Object Lock parameters")
        condition = self.headers.get("If-None-Match")
        if condition and ways.one("no-condition"):
            status, _, code = ways.one("no-condition").partition(":")
            raise Answer(int(status), code, "words about something else")
        if "only-condition" in ways and makes and self.command == "PUT" and not condition:
            raise Answer(403, "AccessDenied", "explicit deny: s3:if-none-match")

    # ------------------------------------------------------------ what is passed on

    def pass_on(self, ways, path, query, body):
        """The server's answer: status, fields, body."""
        gone = [f.partition(":")[0].lower() for k in ("making", "making-silent", "always") for f in ways.all(k)]
        heads = {k.lower(): v for k, v in self.headers.items()
                 if k.lower() not in DROPPED and k.lower() not in gone}
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest() if body else NOTHING
        signed = {"host": self.server.target.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        signed.update({k: v for k, v in heads.items() if k.startswith("x-amz-") and k not in signed})
        scope, proof = signature(os.environ["AWS_SECRET_ACCESS_KEY"], self.region(), stamp,
                                 canonical_request(self.command, path, query, signed, digest))
        heads.update(signed)
        heads["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                                  f"SignedHeaders={';'.join(sorted(signed))}, Signature={proof}")
        server = http.client.HTTPConnection(self.server.target.hostname, self.server.target.port, timeout=60)
        server.request(self.command, path + ("?" + query if query else ""), body, heads)
        reply = server.getresponse()
        data = reply.read()
        server.close()
        return reply.status, reply.getheaders(), data

    def listing_query(self, ways, query):
        pairs = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if ways.one("page"):
            pairs["max-keys"] = ways.one("page")
        if ways.one("list") == "v1":
            for name in ("list-type", "continuation-token", "start-after"):
                pairs.pop(name, None)
        else:
            pairs.pop("marker", None)
        return "&".join(f"{quoted(k, '')}={quoted(v, '')}" for k, v in sorted(pairs.items()))

    def rewrite(self, ways, data):
        """A listing as the gateway gives it."""
        way = ways.one("keys")
        change = {"encoded": lambda k: quoted(k), "slash": lambda k: "/" + k,
                  "said": lambda k: quoted(k, "").replace("%20", "+")}.get(way)
        text = data.decode()
        if change:
            text = re.sub(r"<Key>(.*?)</Key>", lambda m: f"<Key>{change(m[1])}</Key>", text)
        if way == "said":
            text = text.replace("</ListBucketResult>", "<EncodingType>url</EncodingType></ListBucketResult>")
        if ways.one("list") == "pretty":
            text = re.sub(r"<(Key|Size|LastModified|IsTruncated)>(.*?)<", r"<\1>\n\t\2\n  <", text)
        return text.encode()

    def serve(self, body):
        ways = Ways(self.server.ways)
        path, _, query = self.path.partition("?")
        self.check_signature(path, query, body)
        below = ways.one("path") or ""
        if not path.startswith(below + "/"):
            raise Answer(404, "NotFound", "no such route")
        self.check_demands(ways, query, body)
        lists = self.command == "GET" and path.count("/") == below.count("/") + 2 and path.endswith("/")
        status, fields, data = self.pass_on(ways, path[len(below):], self.listing_query(ways, query) if lists else query,
                                            body)
        if lists and status == 200:
            data = self.rewrite(ways, data)
        return status, fields, data

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, fields, data = self.serve(body)
        except Answer as own:
            status, fields, data = own.status, [("Content-Type", "application/xml")], own.text
        self.send_response(status)
        length = dict((k.lower(), v) for k, v in fields).get("content-length", "0")
        for k, v in fields:
            if k.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(k, v)
        if status != 204:
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.server.note(f"{self.command} {self.path} {status}\n")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = any


class Gateway(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.ways = urllib.parse.urlparse(options.target), options.ways
        self.log, self.lock = open(options.log, "a", encoding="utf-8"), threading.Lock()

    def note(self, line):
        with self.lock:
            self.log.write(line)
            self.log.flush()

    def handle_error(self, *_):
        pass  # a client that hangs up


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--target", required=True)
    p.add_argument("--ways", required=True)
    p.add_argument("--log", default=os.devnull)
    gateway = Gateway(p.parse_args())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print(f"http://127.0.0.1:{gateway.server_port}", flush=True)
    gateway.serve_forever()


if __name__ == "__main__":
    main()
