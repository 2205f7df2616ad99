#!/usr/bin/env python3
"""Reads keys, records and notes as docs/format.md specifies them, and nothing else: a second opinion on the vectors.

Standard library only, plain and slow; it takes no care of time or memory, so don't hand it secrets.
"""

import sys
from pathlib import Path

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
CAPACITIES = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65535]
LAST_TIME = 253402300799
LONGEST_KEY = 65715
LONGEST_RECORD = 65789
WELL_KNOWN_NAMES = ["username", "password", "host", "port", "database", "url", "token", "service"]
WHITE_SPACE = b" \t\n\f\r"


class Refused(Exception):
    """What a reader says instead of an answer: the error's name, and what more it tells."""

    def __init__(self, error, fault=None):
        super().__init__(error, fault)
        self.answer = (error, fault)


# Names, times, capacities


def is_account_name(name):
    start = "abcdefghijklmnopqrstuvwxyz0123456789"
    devices = ["con", "prn", "aux", "nul"] + [port + digit for port in ("com", "lpt") for digit in "0123456789"]
    return len(name.encode()) <= 128 and all(
        segment
        and segment[0] in start
        and all(character in start + "._-" for character in segment)
        and not segment.endswith((".", ".otp"))
        and segment.split(".")[0] not in devices
        for segment in name.split("/")
    )


def is_free_text(text, longest):
    unprintable = [(0, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069)]
    refused = any(first <= ord(character) <= last for character in text for first, last in unprintable)
    return 1 <= len(text.encode()) <= longest and not refused


def id_text(key_id):
    return encode_base32(key_id)


def encode_base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


class Bytes:
    """Bytes that are taken from the front; what is missing is an error."""

    def __init__(self, data, *missing):
        self.data, self.missing = data, missing

    def take(self, count):
        if count > len(self.data):
            raise Refused(*self.missing)
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def byte(self):
        return self.take(1)[0]

    def text(self, count):
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(*self.missing) from None

    def varint(self):
        number, shift = 0, 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if byte == 0 and shift > 7:
                    raise Refused(*self.missing)
                return number


# Tag


def poly1305(key, message):
    """RFC 8439, section 2.5.1."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:], "little")
    accumulator = 0
    for at in range(0, len(message), 16):
        block = int.from_bytes(message[at : at + 16] + b"\1", "little")
        accumulator = (accumulator + block) * r % (2**130 - 5)
    return ((accumulator + s) % 2**128).to_bytes(16, "little")


def tag_of(key, header, ciphertext):
    def padded(data):
        return data + bytes(-len(data) % 16)

    lengths = len(header).to_bytes(8, "little") + len(ciphertext).to_bytes(8, "little")
    return poly1305(key, padded(header) + padded(ciphertext) + lengths)


# Key


def checksum(data):
    """The complement of the remainder of data * x^32 modulo the polynomial, a bit at a time."""
    polynomial, remainder = 0x1800001FB, 0
    for byte in data:
        remainder ^= byte << 24
        for _ in range(8):
            remainder <<= 1
            if remainder >> 32:
                remainder ^= polynomial
    return (remainder ^ 0xFFFFFFFF).to_bytes(4, "big")


def checksum_fits(data):
    return checksum(data[:-4]) == data[-4:]


def version_of(text):
    """The rest of a key's text and its alphabet, once the prefix is off."""
    for word, alphabet in ((b"otpk", ALPHABET), (b"OTPK", ALPHABET.upper())):
        if text.startswith(word):
            number, underscore, rest = text[len(word) :].partition(b"_")
            if underscore and number.isdigit() and not number.startswith(b"0"):
                if number != b"1":
                    raise Refused("newer-version")
                return rest, alphabet.encode()
    raise Refused("malformed-key", "prefix")


def read_key(text):
    rest, alphabet = version_of(text.strip(WHITE_SPACE))
    if len(rest) % 8 in (1, 3, 6) or len(rest) * 5 // 8 > LONGEST_KEY:
        raise Refused("malformed-key", "length")
    if any(byte not in alphabet for byte in rest):
        raise Refused("malformed-key", "character")
    number = 0
    for byte in rest:
        number = number << 5 | alphabet.index(byte)
    unused = len(rest) * 5 % 8
    data = (number >> unused).to_bytes(len(rest) * 5 // 8, "big")
    if len(data) < 4:
        raise Refused("malformed-key", "length")
    if not checksum_fits(data) or number % 2**unused:
        raise Refused("malformed-key", "checksum")

    body = Bytes(data[:-4], "malformed-key", "contents")
    capacity = int.from_bytes(body.take(2), "big")
    pages, name_len = body.byte(), body.byte()
    if pages > 1:
        raise Refused("newer-version")
    key = {"capacity": capacity, "pages": pages, "account": body.text(name_len), "id": body.take(10)}
    if pages == 0 or capacity not in CAPACITIES or not is_account_name(key["account"]):
        raise Refused("malformed-key", "contents")
    key["tag_key"], key["pad"] = body.take(32), body.take(capacity + 2)
    if body.data:
        raise Refused("malformed-key", "contents")
    return key


# Record


def read_record(data):
    if data[:4] != b"OTPR":
        raise Refused("damaged", "magic")
    if not 10 <= len(data) <= LONGEST_RECORD:
        raise Refused("damaged", "length")
    if not checksum_fits(data):
        raise Refused("damaged", "checksum")
    if data[4] > 1:
        raise Refused("newer-version")
    contents = ("damaged", "contents")
    if data[4] == 0:
        raise Refused(*contents)

    body = Bytes(data[5:-4], *contents)
    record = {"account": body.text(body.varint()), "id": body.take(10), "page": body.byte(), "pages": body.byte()}
    record["capacity"], record["created"] = body.varint(), body.varint()
    record["expires"] = body.varint() if flag(body) else None
    record["holder"] = body.text(body.varint()) if flag(body) else None
    record["header"] = data[: len(data) - 4 - len(body.data)]
    record["ciphertext"] = body.take(body.varint())
    record["tag"] = body.take(16)
    good = (
        not body.data
        and is_account_name(record["account"])
        and record["page"] < record["pages"]
        and record["capacity"] in CAPACITIES
        and max(record["created"], record["expires"] or 0) <= LAST_TIME
        and (record["holder"] is None or is_free_text(record["holder"], 64))
        and len(record["ciphertext"]) == record["capacity"] + 2
    )
    if not good:
        raise Refused(*contents)
    return record


def flag(body):
    byte = body.byte()
    if byte > 1:
        raise Refused(*body.missing)
    return byte == 1


def open_record(key, record, now):
    tag = tag_of(key["tag_key"], record["header"], record["ciphertext"])
    same = all(key[name] == record[name] for name in ("account", "id", "capacity"))
    if tag != record["tag"] or not same or (record["page"], record["pages"]) != (0, 1):
        raise Refused("wrong-key")
    if now is not None and record["expires"] is not None and now >= record["expires"]:
        raise Refused("expired")
    frame = bytes(a ^ b for a, b in zip(record["ciphertext"], key["pad"]))
    payload, length = frame[:-2], int.from_bytes(frame[-2:], "big")
    if length > len(payload) or any(payload[length:]):
        raise Refused("damaged", "frame")
    return payload[:length]


# Account


def read_account(payload):
    malformed = ("damaged", "account")
    body, fields, last = Bytes(payload, *malformed), [], None
    while body.data:
        code = body.byte()
        if code > len(WELL_KNOWN_NAMES):
            raise Refused(*malformed)
        name = WELL_KNOWN_NAMES[code - 1] if code else body.text(body.byte())
        if not is_free_text(name, 255) or (code == 0 and name in WELL_KNOWN_NAMES):
            raise Refused(*malformed)
        rank = (code or 256, name.encode())
        if last is not None and rank <= last:
            raise Refused(*malformed)
        last = rank
        fields.append((name, body.take(int.from_bytes(body.take(2), "big"))))
    return fields


# Note


# The longest grace period is 366 days, a rotation takes at most an hour, and clocks differ by at most five minutes.
MAX_GRACE, ROTATION_LIMIT, CLOCK_SKEW = 366 * 86400, 3600, 300


def read_note(data, now=None):
    if len(data) != 18 or data[:4] != b"OTPN" or not checksum_fits(data):
        raise Refused("damaged")
    if data[4] > 1:
        raise Refused("newer-version")
    kinds = {1: "revoked", 2: "rotated", 3: "grace", 4: "rotating"}
    time = int.from_bytes(data[6:14], "big")
    if data[4] != 1 or data[5] not in kinds or time > LAST_TIME:
        raise Refused("damaged")
    if now is not None and data[5] == 3 and time > now + MAX_GRACE + CLOCK_SKEW:
        raise Refused("damaged")
    return kinds[data[5]], time


def has_crashed(since, now):
    return now >= since + ROTATION_LIMIT or since > now + CLOCK_SKEW


# The vectors


def cases(text):
    for block in text.split("\n\n"):
        lines = [line.split(":", 1) for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            case = {"field": []}
            for name, value in lines:
                if name == "field":
                    case["field"].append(value.strip())
                else:
                    case[name] = value.strip()
            yield case


def answer(case):
    """Reads what the case has to read, and gives what its other lines should say."""

    def data(name):
        return bytes.fromhex(case[name])

    def key():
        return read_key(data("key-hex") if "key-hex" in case else case["key"].encode())

    kind = case["kind"]
    if kind == "poly1305":
        return {"tag": poly1305(data("key"), data("message")).hex()}
    if kind == "tag":
        return {"tag": tag_of(data("key"), data("header"), data("ciphertext")).hex()}
    if kind == "key":
        found = key()
        return {"account": found["account"], "id": id_text(found["id"]), "capacity": found["capacity"], "pages": found["pages"]}
    if kind == "record":
        found = read_record(data("record"))
        found.update(id=id_text(found["id"]), ciphertext=found["ciphertext"].hex(), tag=found["tag"].hex())
        del found["header"]
        return {name: value for name, value in found.items() if value is not None}
    if kind == "open":
        now = int(case["now"]) if "now" in case else None
        found = key()
        return {"payload": open_record(found, read_record(data("record")), now).hex()}
    if kind == "account":
        return {"field": [f"{name}={value.hex()}" for name, value in read_account(data("payload"))]}
    if kind == "note":
        now = int(case["now"]) if "now" in case else None
        says, time = read_note(data("note"), now)
        found = {"says": says, "time": time}
        if says == "rotating" and now is not None:
            found["crashed"] = "yes" if has_crashed(time, now) else "no"
        return found
    raise ValueError(f"no kind of case is called {kind}")


GIVEN = {
    "poly1305": {"key", "message"},
    "tag": {"key", "header", "ciphertext"},
    "key": {"key", "key-hex"},
    "record": {"record"},
    "open": {"key", "key-hex", "record", "now"},
    "account": {"payload"},
    "note": {"note", "now"},
}


def check(case):
    """What is wrong with the answer to a case, or nothing."""
    expected = (case["expect"], case.get("fault"))
    try:
        found = answer(case)
    except Refused as refused:
        return None if refused.answer == expected else f"{refused.answer} instead of {expected}"
    if expected != ("ok", None):
        return f"it was read instead of {expected}"
    found = {name: value if isinstance(value, list) else str(value) for name, value in found.items()}
    stated = {name for name in case if name not in GIVEN[case["kind"]] | {"case", "kind", "expect", "field"}}
    if case["kind"] == "account":
        stated.add("field")
    if stated != set(found):
        return f"{sorted(found)} instead of {sorted(stated)}"
    wrong = [name for name in stated if case[name] != found[name]]
    return f"another {', '.join(wrong)}" if wrong else None


def main():
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "vectors" / "vectors.txt"
    total, wrong = 0, 0
    for case in cases(path.read_text(encoding="utf-8")):
        total += 1
        fault = check(case)
        if fault:
            wrong += 1
            print(f"{case['kind']}: {case['case']}: {fault}")
    print(f"{total} cases, {wrong} of them answered wrongly")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
