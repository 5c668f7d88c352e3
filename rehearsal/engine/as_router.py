"""
Called as `as_router.py PROGRAM ARGUMENTS` for a router that is told the addresses of its workers: it asks them for their health,
and passes requests on, in turn. With prefill and decode workers it sends each request to one of both.
"""

import http.client
import itertools
import json
import sys
import threading
import time

from arguments import Arguments
from http_service import listen, wait_for_end

LOOK_EVERY = 0.2


def say(text):
    print(f"rehearsal: {text}", file=sys.stderr, flush=True)


def addresses(words, flag):
    """Of `--prefill URL [PORT]`, which may come several times, and `--worker-urls URL...`."""
    found, inside = [], False
    for word in words:
        if word.startswith("--"):
            inside = word == f"--{flag}"
        elif inside and word.startswith("http://"):
            found.append(word[len("http://") :])
    return found


class Pool:
    """The workers of one kind, and which of them have been healthy so far."""

    def __init__(self, kind, servers):
        self.kind = kind
        self.servers = servers
        self.taken = set()
        self.turn = itertools.count()

    def look(self):
        for server in self.servers:
            if ask(server, "/health") == 200:
                self.taken.add(server)
            else:
                self.taken.discard(server)

    def next(self):
        taken = [server for server in self.servers if server in self.taken]
        return taken[next(self.turn) % len(taken)] if taken else None


def ask(server, path):
    connection = http.client.HTTPConnection(server, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


class Router:
    def __init__(self, pools):
        self.pools = pools

    def watch(self):
        while True:
            for pool in self.pools:
                pool.look()
            time.sleep(LOOK_EVERY)

    def get(self, path, reply):
        if path in ("/liveness", "/health"):
            reply.text("OK")
        elif path == "/workers":
            stats = {f"{kind}_count": 0 for kind in ("prefill", "decode", "regular")}
            stats.update({f"{pool.kind}_count": len(pool.taken) for pool in self.pools})
            listed = [{"url": f"http://{one}", "worker_type": pool.kind} for pool in self.pools for one in pool.taken]
            reply.json({"workers": listed, "total": len(listed), "stats": stats})
        elif path == "/v1/models":
            pass_on(self.pools[-1].next(), "GET", path, None, reply)
        else:
            return False

    def post(self, path, body, _, reply):
        *before, last = [pool.next() for pool in self.pools]
        if last is None or None in before:
            return reply.json({"error": {"message": "no worker is healthy", "code": 503}}, 503)
        try:
            for server in before:
                prefill(server, path, body)
            pass_on(last, "POST", path, body, reply)
        except OSError as error:
            reply.json({"error": {"message": f"a worker failed: {error}", "code": 502}}, 502)


def prefill(server, path, body):
    """One token, as a prefill worker makes."""
    asked = {**json.loads(body), "max_tokens": 1, "max_completion_tokens": 1, "stream": False}
    connection = http.client.HTTPConnection(server, timeout=600)
    connection.request("POST", path, json.dumps(asked), {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()


def pass_on(server, method, path, body, reply):
    if server is None:
        return reply.json({"error": {"message": "no worker is healthy", "code": 503}}, 503)
    connection = http.client.HTTPConnection(server, timeout=600)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    kind = answer.getheader("Content-Type") or "application/json"
    if answer.getheader("Content-Length") is not None:
        reply.text(answer.read().decode(), answer.status, kind)
    else:
        reply.start_stream(kind)
        while chunk := answer.read1():
            reply.send(chunk)
        reply.end_stream()
    connection.close()


def from_words(words):
    """SGLang's and vLLM's."""
    given = Arguments(words)
    pools = [Pool(kind, addresses(words, flag)) for kind, flag in (("prefill", "prefill"), ("decode", "decode"))]
    if not given.has("pd-disaggregation", "vllm-pd-disaggregation"):
        pools = [Pool("regular", addresses(words, "worker-urls"))]
    return pools, given.take("host"), given.number("port"), given.number("prometheus-port")


def from_file(words):
    """`trtllm-serve disaggregated -c FILE`, which gives up where a worker does not answer."""
    # Of the tools' Python.
    import yaml

    with open(words[words.index("-c") + 1], encoding="utf-8") as file:
        config = yaml.safe_load(file)
    pools = []
    for kind, key in (("prefill", "context_servers"), ("decode", "generation_servers")):
        listed = config[key]
        if listed["num_instances"] != len(listed["urls"]):
            raise OSError(22, f"{key} has {len(listed['urls'])} urls for {listed['num_instances']} instances")
        pools.append(Pool(kind, listed["urls"]))
    for pool in pools:
        pool.look()
        for server in pool.servers:
            if server not in pool.taken:
                raise OSError(111, f"no answer from {server}")
    return pools, config["hostname"], config["port"], None


def main(words):
    program, *arguments = words
    try:
        pools, host, port, metrics = (from_file if program == "trtllm-serve" else from_words)(arguments)
        counts = ", ".join(f"{len(pool.servers)} {pool.kind}" for pool in pools)
        say(f"{program} stands in as a mock router: {counts}")
        router = Router(pools)
        threading.Thread(target=router.watch, daemon=True).start()
        listen(host, port, router.get, router.post)
        if metrics is not None:
            listen(host, metrics, lambda path, reply: reply.text("") if path == "/metrics" else False)
    except OSError as error:
        say(f"error: {error.strerror}")
        return 1
    return wait_for_end(say)


sys.exit(main(sys.argv[1:]))
