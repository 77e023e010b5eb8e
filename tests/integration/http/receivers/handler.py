"""Python's own server, as people write it. Prints its port; /count tells how often which path was called."""

import http.server
import json
import sys
from collections import Counter

counts = Counter()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = sys.argv[1]

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        counts[self.path] += 1
        getattr(self, self.path.strip("/"))()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(counts).encode())
        self.close_connection = True

    def plain(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def nothing(self):
        """A 204, and a body all the same, in a segment of its own."""
        self.send_response(204)
        self.end_headers()
        self.wfile.write(b"received")

    def announced(self):
        self.send_response(204)
        self.send_header("content-length", "8")
        self.end_headers()
        self.wfile.write(b"received")

    def longer(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok, and more than it announces")

    def lines(self):
        """By hand, with the line ends of the platform."""
        for line in ("HTTP/1.1 200 OK", "content-type: text/plain", "", "received"):
            self.wfile.write(f"{line}\n".encode())
        self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
