"""Seals in pure Python, as docs/format.md describes it: records of any time, such as ones that have expired."""

from __future__ import annotations

import base64
import os


def poly1305(key: bytes, message: bytes) -> bytes:
    """The one-time authenticator of RFC 8439, 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) % (1 << 128)).to_bytes(16, "little")


def checksum(data: bytes) -> bytes:
    """The CRC at the end of keys and records."""
    remainder = 0
    for byte in data:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = remainder << 1 ^ (0x1800001FB if remainder >> 31 else 0)
    return (remainder ^ 0xFFFFFFFF).to_bytes(4, "big")


def varint(number: int) -> bytes:
    """A number as postcard writes it: seven bits per byte, the lowest first."""
    low, number = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(number) if number else bytes([low])


def sealed(account: str, payload: bytes, created: int, expires: int) -> tuple[str, str, bytes]:
    """A key's text, its id, and its record: of capacity 64, without a holder."""
    name, id, tag_key, pad = account.encode(), os.urandom(10), os.urandom(32), os.urandom(66)
    body = (64).to_bytes(2, "big") + bytes([1, len(name)]) + name + id + tag_key + pad
    body += checksum(body)

    frame = payload + bytes(64 - len(payload)) + len(payload).to_bytes(2, "big")
    ciphertext = bytes(a ^ b for a, b in zip(frame, pad))
    header = b"OTPR\1" + varint(len(name)) + name + id + b"\0\1" + varint(64)
    header += varint(created) + b"\1" + varint(expires) + b"\0"
    padded = [part + bytes(-len(part) % 16) for part in (header, ciphertext)]
    lengths = len(header).to_bytes(8, "little") + len(ciphertext).to_bytes(8, "little")
    record = header + varint(66) + ciphertext + poly1305(tag_key, b"".join(padded) + lengths)
    return "otpk1_" + text(body), text(id), record + checksum(record)


def text(data: bytes) -> str:
    """Lower-case base32 without padding."""
    return base64.b32encode(data).decode().lower().rstrip("=")
