"""A receiver with Flask. Needs Python 3.9 or newer. Run it with

    pip install -r requirements.txt
    WEBHOOK_SECRET=whsec_… python3 receiver.py

WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import queue
import re
import threading
import time
from datetime import datetime

from flask import Flask, request
from werkzeug.serving import make_server

logging.basicConfig(format="%(message)s", level=logging.INFO)
log = logging.getLogger("receiver")

secrets = os.environ.get("WEBHOOK_SECRET", "").split()
if not secrets:
    raise SystemExit("Set WEBHOOK_SECRET: without it, anyone could call.")
tolerance_seconds = int(os.environ.get("WEBHOOK_TOLERANCE", "300"))


def is_genuine(headers, body):
    """`body` as the raw bytes."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs(time.time() - int(timestamp)) > tolerance_seconds:
        return False
    given = headers.get("webhook-signature", "").split(" ")
    signed = f"{message_id}.{timestamp}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(digest)
        if any(hmac.compare_digest(each.encode(), expected) for each in given):
            return True
    return False


# In memory, for brevity. Use a table with a unique index on the webhook-id, and store the body in the same statement:
# once you have answered, nobody sends it again. Forget an id after three days.
inbox = {}

# By SMS: the newest status.
statuses = {}


def delivery_time(sms):
    try:
        return datetime.fromisoformat(sms["deliveryTime"])
    except (KeyError, TypeError, ValueError):
        return None


def is_older(following, known):
    following_time, known_time = delivery_time(following), delivery_time(known)
    if following_time is None or known_time is None:
        return known["deliveryStatus"] == "DELIVERED"
    return following_time < known_time


def process_status(message_id):
    """Your own work: it runs after the answer."""
    sms = json.loads(inbox[message_id])["smsDetails"][0]
    known = statuses.get(sms["id"])
    if known is not None and is_older(sms, known):
        log.info("older %s %s", sms["id"], sms["deliveryStatus"])
        return
    statuses[sms["id"]] = sms
    log.info("status %s %s", sms["id"], sms["deliveryStatus"])


waiting = queue.Queue()
lock = threading.Lock()


def process_waiting():
    while True:
        process_status(waiting.get())


app = Flask(__name__)


@app.post("/hooks")
def hooks():
    # The raw bytes: what a parser writes again has another signature.
    body = request.get_data()
    message_id = request.headers.get("webhook-id")
    if message_id is None:
        # The platform's own call, when a flow is complete. It proves nothing about its sender.
        log.info("flow complete")
        return "", 204
    if not is_genuine(request.headers, body):
        return "", 401
    with lock:
        is_new = message_id not in inbox
        if is_new:
            inbox[message_id] = body
    if is_new:
        waiting.put(message_id)
    else:
        log.info("repeat %s", message_id)
    return "", 204


if __name__ == "__main__":
    threading.Thread(target=process_waiting, daemon=True).start()
    # For trying: in production, use a server such as gunicorn, and a table in place of the dictionaries.
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), app, threaded=True)
    log.info("listening on port %d", server.server_port)
    server.serve_forever()
