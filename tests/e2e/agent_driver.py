#!/usr/bin/env python3
"""Speaks to `git-zllm agent` as git-lfs does, and holds it to the protocol.

    agent_driver.py [--raw] [--eof] [--close-stdout] [-- COMMAND...] <messages

Reads messages, one JSON object a line, sends each and waits for what answers it:
one line for init, progress and one complete for upload and download. Each reply is
printed as it came; at the end "exit N". Held to, unless --raw (then lines are sent
unread, all at once, and what comes back is printed):

  - every line is one JSON object, with nothing beside it on standard output
  - progress is for the object that was asked for, its bytesSoFar never falls,
    never exceeds the size, and is the sum of all bytesSinceLast
  - complete comes once, last; without an error bytesSoFar is exactly the size by
    then, and a download's file has the right size and SHA-256

--eof           end the input instead of what the messages say last
--close-stdout  close our end of its output before anything is sent (SIGPIPE)
Exits 1 with a sentence when a rule is broken.
"""
import hashlib
import json
import subprocess
import sys


class Broken(Exception):
    pass


def expect(truth, sentence):
    if not truth:
        raise Broken(sentence)


class Agent:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, text):
        try:
            self.process.stdin.write(text.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def reply(self, waiting_for):
        line = self.process.stdout.readline()
        expect(line, f"the agent ended while we waited for {waiting_for}")
        print(line.decode().rstrip("\n"), flush=True)
        try:
            message = json.loads(line)
        except ValueError:
            raise Broken(f"not JSON: {line!r}") from None
        expect(isinstance(message, dict), f"not a JSON object: {line!r}")
        return message

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        rest = self.process.stdout.read()
        status = self.process.wait(timeout=60)
        print(f"exit {status}")
        return rest


def check_error(error):
    expect(isinstance(error.get("code"), int), "an error has a code that is a number")
    expect(isinstance(error.get("message"), str) and error["message"], "an error has words")
    expect("\n" not in error["message"], "an error is one line")


def check_file(request, reply):
    expect("path" in reply, "a download's complete names a file")
    data = open(reply["path"], "rb").read()
    expect(len(data) == request["size"], "the file has the size asked for")
    expect(hashlib.sha256(data).hexdigest() == request["oid"], "the file has the right SHA-256")


def transfer(agent, request):
    oid, size = request["oid"], request["size"]
    so_far = total = 0
    while True:
        reply = agent.reply(f"{request['event']} of {oid}")
        expect(reply.get("oid") == oid, "the reply is about the object asked for")
        if reply["event"] == "complete":
            break
        expect(reply["event"] == "progress", f"unknown event {reply['event']!r}")
        expect(isinstance(reply["bytesSoFar"], int) and isinstance(reply["bytesSinceLast"], int),
               "progress is in whole bytes")
        expect(reply["bytesSoFar"] >= so_far, "progress never falls")
        expect(reply["bytesSinceLast"] >= 0, "progress never falls")
        so_far = reply["bytesSoFar"]
        total += reply["bytesSinceLast"]
        expect(so_far <= size, "progress never exceeds the size")
        expect(total == so_far, "bytesSoFar is the sum of bytesSinceLast")
    if reply.get("error"):
        check_error(reply["error"])
        return
    expect(so_far == size, f"progress ends at the size: {so_far} of {size}")
    if request["event"] == "download":
        check_file(request, reply)


def converse(agent, lines):
    for line in lines:
        request = json.loads(line)
        agent.send(line)
        if request["event"] == "init":
            reply = agent.reply("init")
            expect(set(reply) <= {"error"}, "init is answered by {} or an error")
            if "error" in reply:
                check_error(reply["error"])
        elif request["event"] in ("upload", "download"):
            transfer(agent, request)


def main(words):
    command = ["git-zllm", "agent"]
    if "--" in words:
        command = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    lines = (line.rstrip("\n") for line in sys.stdin if line.strip())  # as they come
    agent = Agent(command)
    try:
        if "--close-stdout" in words:
            agent.process.stdout.close()
            for line in lines:
                agent.send(line)
            try:
                agent.process.stdin.close()
            except BrokenPipeError:
                pass
            print(f"exit {agent.process.wait(timeout=60)}")
            return 0
        if "--raw" in words:
            for line in lines:
                agent.send(line)
            print(agent.end().decode(), end="")
            return 0
        converse(agent, lines)
        rest = agent.end()
        expect(not rest, f"more on standard output than was asked for: {rest!r}")
    except Broken as broken:
        agent.process.kill()
        agent.process.wait()
        print(f"broken: {broken}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
