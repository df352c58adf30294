"""UnleashClient: the server-side SDK for Python; the story is told in story.mjs."""

import json
import logging
import os
import re
import time

from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache

base, token, mode = os.environ["BASE"], os.environ["TOKEN"], os.environ["MODE"]
contexts, flags = json.loads(os.environ["CONTEXTS"]), json.loads(os.environ["FLAGS"])
modes = {
    "full": None,
    "delta": {"type": "polling", "format": "delta"},
    "streaming": {"type": "streaming"},
}


def say(line):
    print(json.dumps(line), flush=True)


class Refusals(logging.Handler):
    """Notes that the server refused the token: the SDK does not always say so, but its HTTP library logs it."""

    seen = False

    def emit(self, record):
        Refusals.seen = Refusals.seen or bool(re.search(r'HTTP/1.1" 40[13] ', record.getMessage()))


requests = logging.getLogger("urllib3.connectionpool")
requests.setLevel(logging.DEBUG)
requests.addHandler(Refusals())
sdk = UnleashClient(
    url=f"{base}/api",
    app_name=f"python-{mode}",
    custom_headers={"Authorization": token},
    refresh_interval=1,
    metrics_interval=1,
    cache=FileCache(f"python-{mode}", os.environ["FOLDER"]),
    experimental_mode=modes[mode],
)
sdk.initialize_client()
while not sdk.is_initialized or not sdk.feature_definitions():
    time.sleep(0.05)


def answer(flag, context):
    variant = sdk.get_variant(flag, context)
    payload = variant.get("payload") or {}
    return [sdk.is_enabled(flag, context), variant["name"], payload.get("value")]


say({"answers": [[answer(flag, context) for flag in flags] for context in contexts]})
while not sdk.is_enabled("flip", {}):
    time.sleep(0.05)
say({"saw": "flip"})
while not Refusals.seen:
    time.sleep(0.05)
say({"saw": "refused"})
os._exit(0)
