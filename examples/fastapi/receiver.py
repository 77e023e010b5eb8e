"""A receiver with FastAPI. Needs Python 3.10 or newer. Run it with

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
import re
import socket
import time
from datetime import datetime

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask

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


async def process_status(message_id):
    """Your own work: it runs after the answer, here one at a time, in the event loop."""
    sms = json.loads(inbox[message_id])["smsDetails"][0]
    known = statuses.get(sms["id"])
    if known is not None and is_older(sms, known):
        log.info("older %s %s", sms["id"], sms["deliveryStatus"])
        return
    statuses[sms["id"]] = sms
    log.info("status %s %s", sms["id"], sms["deliveryStatus"])


app = FastAPI()


@app.post("/hooks", status_code=204)
async def hooks(request: Request) -> Response:
    # The raw bytes, hence no model as a parameter: what a parser writes again has another signature.
    body = await request.body()
    message_id = request.headers.get("webhook-id")
    if message_id is None:
        # The platform's own call, when a flow is complete. It proves nothing about its sender.
        log.info("flow complete")
        return Response(status_code=204)
    if not is_genuine(request.headers, body):
        return Response(status_code=401)
    if message_id in inbox:
        log.info("repeat %s", message_id)
        return Response(status_code=204)
    inbox[message_id] = body
    return Response(status_code=204, background=BackgroundTask(process_status, message_id))


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "3000"))))
    log.info("listening on port %d", listener.getsockname()[1])
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
