"""An application behind gunicorn, one process with threads, which closes unused connections after two seconds."""

import json
from collections import Counter

from gunicorn.app.base import BaseApplication

counts = Counter()


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "GET":
        start_response("200 OK", [])
        return [json.dumps(counts).encode()]
    environ["wsgi.input"].read()
    path = environ["PATH_INFO"]
    counts[path] += 1
    if path == "/nothing":
        start_response("204 No Content", [])
        return [b"received"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("workers", 1)
        self.cfg.set("threads", 8)
        self.cfg.set("loglevel", "critical")
        self.cfg.set("when_ready", lambda arbiter: print(arbiter.LISTENERS[0].sock.getsockname()[1], flush=True))

    def load(self):
        return application


Server().run()
