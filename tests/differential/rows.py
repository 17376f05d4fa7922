"""A digest of every batch of some captures, for a process of its own: the kernels are chosen at import.

Reads names of files, one a line; prints digest, number of messages and name of each.
"""

from __future__ import annotations

import hashlib
import sys

import dissector
from dissector.batch import DTYPES


def digest(file: str) -> str:
    """Return a digest of all columns, octets, paths and the account of a capture; the error where it is none."""
    found = hashlib.sha256()
    count = 0
    try:
        scan = dissector.scan(file)
        for batch in scan:
            count += len(batch)
            for name in DTYPES:
                found.update(getattr(batch, name).tobytes())
            found.update(batch.octets.tobytes())
            found.update(repr(batch.paths).encode())
    except dissector.DissectError as error:
        return f"{type(error).__name__} {count}"
    account = scan.account
    told = (account.packets, account.messages, account.others)
    found.update(repr(told).encode())
    return f"{found.hexdigest()} {count}"


if __name__ == "__main__":
    for line in sys.stdin:
        name = line.rstrip("\n")
        sys.stdout.write(f"{digest(name)} {name}\n")
