"""What each message of the ring looks like (spec/ring/ring.md, sections 5 to 10), and the check that a received one does.

A receiver trusts nothing. A `from` of 256 would make peer 4 send to a port that belongs to nobody in this ring; a `slot`
that is `true` would pass for 1, because Python counts booleans among the integers; a name such as "../x" would leave the
folder. So every field that the page names is checked before any handler sees the message, and fields that it does not name
are left alone (`common.encoding.unknown-fields`).
"""

import binascii
import re

from ring.circle import is_name
from values import array, integer, is_count, is_text, one_of, pair
from wire import ERROR_CODES, MAX_INTEGER, MAX_LINE, Refusal, encode

# No id stands twice in the route of a message that goes its right way. A longer route is forged; passed on, it would grow until
# the line is too long for the next peer.
MAX_ROUTE = 256

KEPT_MAX = 64  # messages that a peer keeps because its first successor cannot be reached

_DIGEST = re.compile("[0-9a-f]{64}")
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

is_id = integer(0, 255)
is_pair = pair(is_id, is_id)
are_ids = array(is_id)


def is_id_or_null(value):
    return value is None or is_id(value)


def is_route(value):
    return are_ids(value) and len(value) <= MAX_ROUTE


def extended(route, id):
    """The route after one more peer. Should it have become too long on its way, it loses its beginning."""
    return [*route[1 - MAX_ROUTE :], id]


def is_digest(value):
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def decode(text):
    """The bytes of base64 text, or None. Python's own decoder would skip characters that are not base64."""
    if not isinstance(text, str) or len(text) > 5464 or not _BASE64.fullmatch(text):
        return None
    data = binascii.a2b_base64(text)
    return data if len(data) <= 4096 else None


def is_segment(value):
    return bool(decode(value))  # a segment is never empty


UDP = {
    "ring.ping": {"from": is_id, "seq": is_count, "slot": integer(1, 2)},
    "ring.pong": {"from": is_id, "seq": is_count},
    "ring.offer": {
        "from": is_id,
        "transfer": is_count,
        "request": is_count,
        "name": is_name,
        "size": is_count,
        "digest": is_digest,
        "mss": integer(1, 4096),
        "route": is_route,
    },
    "ring.ready": {"from": is_id, "transfer": is_count},
    "ring.data": {"from": is_id, "transfer": is_count, "seq": integer(1, MAX_INTEGER), "data": is_segment},
    "ring.ack": {"from": is_id, "transfer": is_count, "ack": integer(1, MAX_INTEGER)},
    "ring.end": {"from": is_id, "transfer": is_count, "seq": integer(1, MAX_INTEGER)},
}

TCP = {
    "error": {"code": one_of(*ERROR_CODES), "message": is_text},
    "ring.successor-query": {"from": is_id},
    "ring.successor-answer": {"from": is_id, "successor": is_id_or_null},
    "ring.join": {"from": is_id, "id": is_id, "route": is_route},
    "ring.accept": {"from": is_id, "successors": is_pair, "route": is_route},
    "ring.decline": {"from": is_id, "id": is_id, "reason": one_of("duplicate-id", "no-place")},
    "ring.successor-change": {"from": is_id, "successors": is_pair},
    "ring.depart": {"from": is_id, "successors": is_pair},
    "ring.depart-ack": {"from": is_id},
    "ring.store": {
        "from": is_id,
        "origin": is_id,
        "name": is_name,
        "request": is_count,
        "size": is_count,
        "route": is_route,
    },
    "ring.store-accept": {"from": is_id, "name": is_name, "request": is_count, "route": is_route},
    "ring.put": {"from": is_id, "name": is_name, "request": is_count, "digest": is_digest, "bodyLength": is_count},
    "ring.stored": {"from": is_id, "name": is_name, "request": is_count},
    "ring.request": {
        "from": is_id,
        "origin": is_id,
        "name": is_name,
        "request": is_count,
        "transport": one_of("tcp", "udp"),
        "route": is_route,
    },
    "ring.file": {
        "from": is_id,
        "name": is_name,
        "request": is_count,
        "digest": is_digest,
        "route": is_route,
        "bodyLength": is_count,
    },
    "ring.not-found": {"from": is_id, "name": is_name, "request": is_count, "route": is_route},
}

OPTIONAL = {"ring.successor-query": {"dead": is_id}}

WITH_BODY = ("ring.put", "ring.file")


def check(message, known):
    """Raise Refusal if the message is none of `known` (TCP or UDP) or breaks the schema of its type."""
    if "type" not in message:
        raise Refusal("schema", "type is missing")
    kind = message["type"]
    if not isinstance(kind, str) or kind not in known:
        raise Refusal("unknown-type", "no such message here")
    for field, is_valid in known[kind].items():
        if field not in message:
            raise Refusal("schema", "%s: %s is missing" % (kind, field))
        if not is_valid(message[field]):
            raise Refusal("schema", "%s: %s is not valid" % (kind, field))
    for field, is_valid in OPTIONAL.get(kind, {}).items():
        if field in message and not is_valid(message[field]):
            raise Refusal("schema", "%s: %s is not valid" % (kind, field))


def passed_on(message, **changes):
    """A received message for the next peer, with these fields changed and everything else as it came.

    That includes fields that we do not know. Two exceptions: an unknown `bodyLength` announces a body, and we have none to
    send; and if the line gets too long, the fields that nobody asked for have to stay behind.
    """
    passed = {**message, **changes}
    passed.pop("bodyLength", None)
    if len(encode(passed)) > MAX_LINE:
        kind = passed["type"]
        passed = {name: passed[name] for name in ("type", *TCP[kind]) if name in passed}
    return passed
