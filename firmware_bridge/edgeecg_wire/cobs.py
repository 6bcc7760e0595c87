"""Consistent overhead byte stuffing (Cheshire and Baker, 1999): bytes without a zero, at a cost of one in 254."""

_FULL = 255
_RUN = _FULL - 1  # data bytes in a full block, which no zero follows


def encode(data: bytes) -> bytes:
    """Return the data without zeros, one byte longer and one more for every 254 bytes without a zero."""
    out = bytearray()
    runs = data.split(b"\0")
    for run in runs:
        start = 0
        while len(run) - start >= _RUN:
            out.append(_FULL)
            out += run[start : start + _RUN]
            start += _RUN
        out.append(len(run) - start + 1)
        out += run[start:]
    if runs[-1] and len(runs[-1]) % _RUN == 0:
        out.pop()  # a full block at the very end needs no code after it
    return bytes(out)


def decode(segment: bytes) -> bytes | None:
    """Return the data, or None where a block runs past the end. The segment is not empty and holds no zero."""
    if len(segment) >= _FULL:
        return _decode_long(segment)
    buffer = bytearray(segment)  # too short for a full block: every code stands where a zero was
    at, end = 0, len(buffer)
    while at < end:
        code = buffer[at]
        buffer[at] = 0
        at += code
    return bytes(buffer[1:]) if at == end else None


def _decode_long(segment: bytes) -> bytes | None:
    pieces = []
    at, end = 0, len(segment)
    while at < end:
        code = segment[at]
        pieces.append(segment[at + 1 : at + code])
        at += code
        if code != _FULL and at < end:
            pieces.append(b"\0")
    return b"".join(pieces) if at == end else None
