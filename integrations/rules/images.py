"""Which pictures may be a logo: PNG (RFC 2083) and JPEG (ITU-T T.81), taken apart and put together again.

What a picture does not need to be shown goes: comments, places and cameras, previews, and whatever was appended. What
is left is one picture and nothing else, so that no browser can take it for a page or a script.
"""

import zlib
from dataclasses import dataclass, field
from typing import Final

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 2000
PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS: Final = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
KEPT_CHUNKS: Final = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
FRAMES: Final = {0xC0, 0xC1, 0xC2}
TABLES: Final = {0xC4, 0xDB, 0xDD}
ADOBE: Final = 0xEE
SCAN: Final = 0xDA
END: Final = 0xD9
COMMENT: Final = 0xFE
PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: where each pass begins, and its steps (x, y)."""


class NotAnImage(ValueError):
    """Why a file is no logo, in words for whoever chose it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it will be stored."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


def clean(data: bytes) -> Picture:
    """Return the picture without anything that does not belong to it.

    Raises:
        NotAnImage: it is too large, of another kind, or not whole.
    """
    if len(data) > MAX_BYTES:
        raise NotAnImage(f"The file is larger than {MAX_BYTES // 1024} kB, which is the most for a logo.")
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        return _jpeg(data)
    raise NotAnImage("The file is neither a PNG nor a JPEG. Save the logo as PNG, then choose it again.")


def _sized(width: int, height: int) -> None:
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise NotAnImage(f"The picture has {width} × {height} pixels; a logo has {MAX_SIDE} × {MAX_SIDE} at most.")


# --- PNG ----------------------------------------------------------------------------------------------------


def _png(data: bytes) -> Picture:
    chunks = _chunks(data)
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") != 1 or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise NotAnImage("The PNG is not whole: it was cut off, or its parts stand in a wrong order.")
    header = chunks[0][1]
    if len(header) != 13:
        raise NotAnImage("The PNG has a header of a wrong length.")
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    depth, colour, interlaced = header[8], header[9], header[12]
    _sized(width, height)
    if depth not in DEPTHS.get(colour, ()) or header[10:12] != b"\0\0" or interlaced > 1:
        raise NotAnImage("The PNG is of a kind that does not exist.")
    if (colour == 3) != (b"PLTE" in kinds) and colour not in {2, 6}:
        raise NotAnImage("The PNG lacks its colours, or has some that do not belong there.")
    expected = _pixels(width, height, depth * CHANNELS[colour], interlaced=bool(interlaced))
    _inflates(b"".join(body for kind, body in chunks if kind == b"IDAT"), expected)
    return Picture(PNG + b"".join(_chunk(kind, body) for kind, body in chunks), "image/png", width, height)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks that a picture needs, up to its end; every one read is checked."""
    place, kept = len(PNG), list[tuple[bytes, bytes]]()
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        checksum = data[place + 8 + length : place + 12 + length]
        if len(checksum) != 4 or zlib.crc32(kind + body) != int.from_bytes(checksum):
            raise NotAnImage("The PNG is damaged or was cut off.")
        if kind in KEPT_CHUNKS:
            kept.append((kind, body))
        elif kind[:1].isupper():
            raise NotAnImage("The PNG has a part that this portal does not know. Save it as a plain PNG.")
        if kind == b"IEND":
            return kept
        place += 12 + length
    raise NotAnImage("The PNG was cut off.")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def _pixels(width: int, height: int, bits: int, *, interlaced: bool) -> int:
    """Return how many bytes the pixels take, a byte before each line included."""
    if not interlaced:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for x, y, step_x, step_y in PASSES:
        columns, lines = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and lines > 0:
            total += lines * (1 + (columns * bits + 7) // 8)
    return total


def _inflates(packed: bytes, expected: int) -> None:
    """See whether the pixels are all there, and no more than that: a bomb is not unpacked."""
    unpacker = zlib.decompressobj()
    try:
        size = len(unpacker.decompress(packed, expected + 1))
    except zlib.error:
        raise NotAnImage("The PNG is damaged: its pixels cannot be unpacked.") from None
    if size != expected or not unpacker.eof:
        raise NotAnImage("The PNG is damaged: it has more or fewer pixels than it says.")


# --- JPEG ---------------------------------------------------------------------------------------------------


def _jpeg(data: bytes) -> Picture:
    """Walk through the segments and keep those that a decoder needs; all that applications added goes."""
    place, kept, size, scans = 2, data[:2], (0, 0), 0
    while True:
        marker, end = _segment(data, place)
        segment = data[place:end]
        if marker == END:
            break
        if marker in FRAMES:
            if size != (0, 0):
                raise NotAnImage("The JPEG holds more than one picture.")
            size = _frame(segment)
        elif marker == SCAN:
            scans, end = scans + 1, _scan_end(data, end)
            segment = data[place:end]
        elif not _needed(marker, segment):
            segment = b""
        kept, place = kept + segment, end
    if size == (0, 0) or not scans:
        raise NotAnImage("The JPEG is not whole: it has no pixels.")
    return Picture(kept + bytes([0xFF, END]), "image/jpeg", *size)


def _segment(data: bytes, place: int) -> tuple[int, int]:
    """Return the marker at ``place`` and where its segment ends."""
    if place + 2 > len(data) or data[place] != 0xFF:
        raise NotAnImage("The JPEG is damaged or was cut off.")
    marker = data[place + 1]
    if marker == END:
        return marker, place + 2
    length = int.from_bytes(data[place + 2 : place + 4])
    if length < 2 or place + 2 + length > len(data):
        raise NotAnImage("The JPEG is damaged or was cut off.")
    return marker, place + 2 + length


def _needed(marker: int, segment: bytes) -> bool:
    if marker in TABLES or (marker == ADOBE and segment[4:9] == b"Adobe"):
        return True
    if 0xE0 <= marker <= 0xEF or marker == COMMENT:
        return False
    raise NotAnImage("The JPEG is of a kind that browsers do not show. Save it as PNG.")


def _frame(segment: bytes) -> tuple[int, int]:
    """Return width and height: marker, length, precision, height, width, components."""
    if len(segment) < 10 or segment[4] != 8 or segment[9] not in {1, 3, 4}:
        raise NotAnImage("The JPEG is of a kind that browsers do not show. Save it as PNG.")
    width, height = int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
    _sized(width, height)
    return width, height


def _scan_end(data: bytes, place: int) -> int:
    """Return where the coded pixels end: at a marker that is neither a stuffed 0xFF nor a restart."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            raise NotAnImage("The JPEG was cut off.")
        following = data[place + 1]
        if following == 0xFF:
            place += 1
        elif following == 0 or 0xD0 <= following <= 0xD7:
            place += 2
        else:
            return place
