"""An application behind wsgiref, which speaks HTTP/1.0."""

import json
from collections import Counter
from wsgiref.simple_server import WSGIRequestHandler, make_server

counts = Counter()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "GET":
        start_response("200 OK", [])
        return [json.dumps(counts).encode()]
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    path = environ["PATH_INFO"]
    counts[path] += 1
    if path == "/nothing":
        start_response("204 No Content", [])
        return [b"received"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
