"""An HTTP service on one address, with Python's own server: what a rehearsed engine's server and its router are."""

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Reply:
    """The answer to one request: a whole one, or a stream of events."""

    def __init__(self, handler):
        self.handler = handler

    def json(self, value, status=200):
        self.text(json.dumps(value), status, "application/json")

    def text(self, text, status=200, kind="text/plain"):
        body = text.encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def start_stream(self, kind="text/event-stream"):
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def send(self, data):
        if data:
            self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.handler.wfile.flush()

    def end_stream(self):
        self.handler.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def listen(address, port, get, post=None):
    """`get(path, reply)` and `post(path, body, headers, reply)` answer; they return False for a path that they do not have."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer(lambda reply: get(self.path, reply))

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(lambda reply: post is not None and post(self.path, body, self.headers, reply))

        def answer(self, how):
            # What speaks HTTP/1.0 reads to the end of the connection.
            if self.request_version == "HTTP/1.0":
                self.close_connection = True
            try:
                if how(Reply(self)) is False:
                    Reply(self).json({"error": {"message": f"no route {self.path}", "code": 404}}, 404)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = Server((address, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_for_end(say):
    """Until it is told to end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    say("ends")
    return 0
