"""Flask with its own server, which keeps connections when it is told to speak HTTP/1.1."""

import json
from collections import Counter

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

counts = Counter()
app = Flask(__name__)


@app.before_request
def count():
    if request.method == "POST":
        counts[request.path] += 1


@app.get("/count")
def total():
    return json.dumps(counts)


@app.post("/plain")
def plain():
    return "ok"


@app.post("/nothing")
def nothing():
    return "received", 204


class Kept(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Kept)
print(server.server_port, flush=True)
server.serve_forever()
