"""The body of an answer, read with a limit on bytes, on unpacked bytes and on time, then parsed.

A body is unpacked here and not by the HTTP library, which unpacks a chunk whole before anyone can look at its size.
"""

from __future__ import annotations

import codecs
import time
import zlib
from typing import Any

import httpx
import orjson

ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class TooLargeError(ValueError):
    """More bytes than allowed."""


class TooSlowError(TimeoutError):
    """The answer was not whole in time, though bytes kept coming."""


def read_body(answer: httpx.Response, most_bytes: int, deadline: float) -> bytes:
    """The whole unpacked body of a streamed answer. `deadline` is on `time.monotonic`.

    Raises TooLargeError, TooSlowError, httpx.DecodingError (not what Content-Encoding says), httpx.TransportError.
    """
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise TooLargeError(f"{announced} bytes are announced, {most_bytes} allowed")
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ENCODINGS and encoding != "identity":
        raise httpx.DecodingError(f"the encoding {encoding[:20]!r} was not asked for")
    unpacker = zlib.decompressobj(ENCODINGS[encoding]) if encoding in ENCODINGS else None
    parts: list[bytes] = []
    size = 0
    for chunk in answer.iter_raw():
        if time.monotonic() > deadline:
            raise TooSlowError
        try:
            part = unpacker.decompress(chunk, most_bytes - size + 1) if unpacker else chunk
        except zlib.error as error:
            raise httpx.DecodingError(f"the body is not {encoding}") from error
        size += len(part)
        if size > most_bytes:
            raise TooLargeError(f"more than {most_bytes} bytes")
        parts.append(part)
    if unpacker and not unpacker.eof:
        raise httpx.DecodingError(f"the {encoding} body is cut off")
    return b"".join(parts)


def parse_json(body: bytes, content_type: str) -> Any:
    """The value of a JSON body. A declared character set is honoured, a byte-order mark ignored, and JSON that was
    wrapped as a text of JSON (seen at provincial gateways) is unwrapped once.

    Raises ValueError when it is no JSON.
    """
    charset = _charset(content_type)
    if charset not in (None, "utf-8", "ascii"):
        body = body.decode(charset).encode()  # UnicodeDecodeError is a ValueError
    value = orjson.loads(body.removeprefix(codecs.BOM_UTF8))
    return orjson.loads(value) if isinstance(value, str) else value


def _charset(content_type: str) -> str | None:
    """The declared character set's canonical name; None when there is none that Python knows."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                return codecs.lookup(value.strip().strip('"')).name
            except LookupError:
                return None
    return None
