"""A server of git-lfs's own API (batch, basic transfers) over a folder, on loopback.

    lfs_server.py FOLDER

Prints its address, and a line for each object that it hands out; runs until it is killed.
An object is FOLDER/<oid>. A test may take one away; where FOLDER/limit holds a number, that
many more are handed out, and the rest answered by 503.
"""
import http.server
import json
import os
import sys

FOLDER = sys.argv[1]


def path_of(oid):
    if len(oid) != 64 or not all(c in "0123456789abcdef" for c in oid):
        raise ValueError(oid)
    return os.path.join(FOLDER, oid)


def may_hand_out():
    limit = os.path.join(FOLDER, "limit")
    if not os.path.exists(limit):
        return True
    with open(limit) as f:
        left = int(f.read())
    if left > 0:
        with open(limit, "w") as f:
            f.write(str(left - 1))
    return left > 0


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body=b"", kind="application/vnd.git-lfs+json"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def describe(self, operation, wanted):
        oid, there = wanted["oid"], os.path.exists(path_of(wanted["oid"]))
        one = {"oid": oid, "size": wanted["size"], "authenticated": True}
        href = {"href": f"http://{self.headers['Host']}/objects/{oid}"}
        if operation == "download" and not there:
            one["error"] = {"code": 404, "message": "Object does not exist"}
        elif operation == "download" or not there:
            one["actions"] = {operation: href}
        return one

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.endswith("/objects/batch"):
            return self.answer(404, b'{"message": "no such thing here"}')
        asked = json.loads(body)
        found = [self.describe(asked["operation"], o) for o in asked["objects"]]
        self.answer(200, json.dumps({"transfer": "basic", "objects": found}).encode())

    def do_GET(self):
        path = path_of(self.path.rsplit("/", 1)[-1])
        if not os.path.exists(path):
            return self.answer(404)
        if not may_hand_out():
            return self.answer(503)
        print("get", os.path.basename(path), flush=True)
        with open(path, "rb") as f:
            self.answer(200, f.read(), "application/octet-stream")

    def do_PUT(self):
        path = path_of(self.path.rsplit("/", 1)[-1])
        with open(path + ".part", "wb") as f:
            f.write(self.rfile.read(int(self.headers["Content-Length"])))
        os.rename(path + ".part", path)
        self.answer(200)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
