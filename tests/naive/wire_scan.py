"""The wire protocol read slowly and obviously: one segment, one byte, one bit after another. It shares no code with the codec."""

MAX_SEGMENT = 1024


def crc32(data: bytes) -> int:
    """The polynomial division itself, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        for k in range(8):
            odd = (crc ^ (byte >> k)) & 1
            crc = (crc >> 1) ^ (0xEDB88320 if odd else 0)
    return crc ^ 0xFFFFFFFF


def cobs_decode(segment: bytes) -> bytes | None:
    out: list[int] = []
    rest = list(segment)
    while rest:
        code = rest.pop(0)
        if len(rest) < code - 1:
            return None
        out += rest[: code - 1]
        rest = rest[code - 1 :]
        if rest and code < 255:
            out.append(0)
    return bytes(out)


def cobs_encode(data: bytes) -> bytes:
    """The sender's own loop of the paper: count up to a zero or to a full block."""
    blocks = [bytearray()]
    for k, byte in enumerate(data):
        if byte:
            blocks[-1].append(byte)
        if byte == 0 or (len(blocks[-1]) == 254 and k + 1 < len(data)):
            blocks.append(bytearray())
    return b"".join(bytes([len(block) + 1]) + bytes(block) for block in blocks)


def number(data: bytes, at: int, n: int) -> int:
    return sum(byte << (8 * k) for k, byte in enumerate(data[at : at + n]))


def segments(line: bytes) -> list[bytes]:
    """What stands before each delimiter, and what stands after the last one if it is already too long."""
    *ended, rest = line.split(b"\0")
    return [segment for segment in ended if segment] + ([rest] if len(rest) > MAX_SEGMENT else [])


def judge(segment: bytes) -> tuple[str, dict[str, int], list[int], bytes]:
    """Say what a segment is: the verdict, the fields and samples of a samples frame, the bytes of any other."""
    if len(segment) > MAX_SEGMENT:
        return "overlong", {}, [], b""
    frame = cobs_decode(segment)
    if frame is None:
        return "cobs", {}, [], b""
    if len(frame) < 17:
        return "short", {}, [], b""
    body = frame[:-4]
    if crc32(body) != number(frame, len(body), 4):
        return "crc", {}, [], b""
    if body[0] != 1 or body[1] != 2:
        return "aside", {}, [], body
    return _samples(body)


def _samples(body: bytes) -> tuple[str, dict[str, int], list[int], bytes]:
    places = {"stream": (2, 1), "sequence": (3, 2), "clock_us": (5, 8), "rate_millihz": (13, 4), "count": (17, 2), "leads": (19, 1)}
    places |= {"bits": (20, 1), "lead_off": (21, 1), "dropped": (22, 2)}
    if len(body) < 24:
        return "length", {}, [], b""
    fields = {name: number(body, at, n) for name, (at, n) in places.items()}
    width = fields["bits"] // 8
    if len(body) != 24 + fields["count"] * fields["leads"] * width:
        return "length", {}, [], b""
    allowed = [fields["stream"] < 8, fields["clock_us"] < 2**63, 0 < fields["rate_millihz"] <= 10**8, fields["count"] > 0]
    if not all(allowed) or not 0 < fields["leads"] <= 8 or fields["bits"] not in {16, 24}:
        return "content", {}, [], b""
    values = [int.from_bytes(body[at : at + width], "little", signed=True) for at in range(24, len(body), width)]
    return "samples", fields, values, b""
