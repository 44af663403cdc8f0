#!/usr/bin/env python3
"""A small S3 client for tests: Signature V4 by the standard library alone, so that
what git-zllm wrote is looked at by code that shares nothing with it.

    s3_client.py make BUCKET              makes a bucket (it may exist)
    s3_client.py list STORE [PREFIX]      "SIZE ETAG TIME KEY" of each key, sorted
    s3_client.py has STORE KEY            exit 0 or 1
    s3_client.py read STORE KEY           to standard output
    s3_client.py write STORE KEY          from standard input; replaces
    s3_client.py remove STORE KEY...
    s3_client.py clear STORE [PREFIX]     removes all keys that begin so
    s3_client.py fetch STORE FOLDER       every key as a file
    s3_client.py copy STORE STORE         every key of the first into the second
    s3_client.py uploads BUCKET           multipart uploads that nobody ended
    s3_client.py policy BUCKET            who may do what, from standard input

STORE is s3://BUCKET/PREFIX, a KEY is what follows. S3_ENDPOINT, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_REGION say where and who. Addresses are path-style.
Retries what a server under load refuses (5xx, a closed connection), a few times.
"""
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

NOTHING = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """The server's answer was no success."""


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text, safe="/"):
    return urllib.parse.quote(text, safe="-_.~" + safe)


def signature(secret, region, stamp, canonical):
    """Of a canonical request: its scope and its signature (AWS's "Signature Version 4")."""
    day = stamp[:8]
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = sign(("AWS4" + secret).encode(), day)
    for word in (region, "s3", "aws4_request"):
        key = sign(key, word)
    return scope, sign(key, text).hex()


def canonical_request(method, path, query, heads, digest):
    """What is signed; `heads` are the fields that are, names in lower case."""
    names = sorted(heads)
    return "\n".join([method, path, query] + [f"{k}:{heads[k]}" for k in names] + ["", ";".join(names), digest])


class Client:
    """One thread's connection."""

    def __init__(self):
        where = urllib.parse.urlparse(os.environ["S3_ENDPOINT"])
        self.host, self.address = where.netloc, (where.hostname, where.port)
        self.access, self.secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        self.region = os.environ.get("AWS_REGION", "us-east-1")
        self.connection = None

    def headers(self, method, path, query, body):
        """Those of a signed request (AWS's "Signature Version 4", single chunk)."""
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest() if body else NOTHING
        heads = {"host": self.host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        scope, proof = signature(self.secret, self.region, stamp,
                                 canonical_request(method, path, query, heads, digest))
        heads["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, "
                                  f"SignedHeaders={';'.join(sorted(heads))}, Signature={proof}")
        return heads

    def once(self, method, path, query, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=60)
        address = path + ("?" + query if query else "")
        self.connection.request(method, address, body or None, self.headers(method, path, query, body))
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def ask(self, method, bucket, key="", query=None, body=b"", fine=(200, 204)):
        """The status and body of the answer, which is one of `fine`."""
        path = "/" + quoted(bucket) + ("/" + quoted(key) if key else "")
        words = "&".join(f"{quoted(k, '')}={quoted(v, '')}" for k, v in sorted((query or {}).items()))
        for attempt in range(6):
            try:
                status, _, data = self.once(method, path, words, body)
                if status < 500 or attempt == 5:
                    break
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt == 5:
                    raise
            time.sleep(0.2 * (attempt + 1))
        if status not in fine:
            raise Refused(f"{method} {path}: {status} {data[:300]!r}")
        return status, data


def plain(tree):
    """The XML without its name spaces, in which servers differ."""
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    return tree


class Store:
    def __init__(self, url):
        where = urllib.parse.urlparse(url)
        if where.scheme != "s3" or not where.netloc:
            sys.exit(f"s3_client: no s3://BUCKET/PREFIX: {url}")
        self.bucket, self.prefix = where.netloc, where.path.strip("/")
        self.threads = threading.local()

    def client(self):
        if not hasattr(self.threads, "client"):
            self.threads.client = Client()
        return self.threads.client

    def ask(self, method, key="", **more):
        return self.client().ask(method, self.bucket, f"{self.prefix}/{key}".lstrip("/"), **more)

    def entries(self, prefix=""):
        """(key, size, ETag, time) of each, in order."""
        at = f"{self.prefix}/{prefix}".lstrip("/")
        query, found = {"list-type": "2", "prefix": at}, []
        while True:
            page = plain(ET.fromstring(self.client().ask("GET", self.bucket, query=query)[1]))
            for item in page.iter("Contents"):
                word = {child.tag: child.text or "" for child in item}
                key = word["Key"][len(self.prefix) + 1 if self.prefix else 0:]
                found.append((key, int(word["Size"]), word["ETag"].strip('"'), word["LastModified"]))
            if page.findtext("IsTruncated") != "true":
                return sorted(found)
            query["continuation-token"] = page.findtext("NextContinuationToken")

    def read(self, key):
        return self.ask("GET", key)[1]

    def write(self, key, data):
        self.ask("PUT", key, body=data)

    def remove(self, key):
        self.ask("DELETE", key, fine=(200, 204, 404))


def at_once(work, items):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, items))


def fetch(store, folder):
    def one(entry):
        path = os.path.join(folder, entry[0])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(store.read(entry[0]))

    at_once(one, store.entries())


def uploads(bucket):
    page = plain(ET.fromstring(Client().ask("GET", bucket, query={"uploads": ""})[1]))
    for item in page.iter("Upload"):
        print(item.findtext("Key"), item.findtext("UploadId"))


def main(command, where, *rest):
    if command == "make":
        Client().ask("PUT", where, fine=(200, 204, 409))
        return 0
    if command == "uploads":
        uploads(where)
        return 0
    if command == "policy":
        Client().ask("PUT", where, query={"policy": ""}, body=sys.stdin.buffer.read())
        return 0
    store = Store(where)
    if command == "list":
        for key, size, etag, mtime in store.entries(*rest):
            print(size, etag, mtime, key)
    elif command == "has":
        return store.ask("HEAD", rest[0], fine=(200, 404))[0] != 200
    elif command == "read":
        sys.stdout.buffer.write(store.read(rest[0]))
    elif command == "write":
        store.write(rest[0], sys.stdin.buffer.read())
    elif command == "remove":
        at_once(store.remove, rest)
    elif command == "clear":
        at_once(lambda entry: store.remove(entry[0]), store.entries(*rest))
    elif command == "fetch":
        fetch(store, rest[0])
    elif command == "copy":
        other = Store(rest[0])
        at_once(lambda entry: other.write(entry[0], store.read(entry[0])), store.entries())
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (Refused, OSError) as error:
        sys.exit(f"s3_client: {error}")
