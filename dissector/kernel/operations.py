"""The numbers that programs of the render kernel are written in; see :mod:`dissector.kernel.render`."""

from __future__ import annotations

# Why it stopped.
DONE = 0  # every row is written
ROOM = 1  # the next row might not fit
HARD = 2  # the next row is not plain

# Operations: each is a row of four numbers, the operation and up to three arguments.
LITERAL = 0  # octets of the literals, from a to b
NUMBER = 1  # a column as a decimal number
TIME = 2  # a column of nanoseconds since 1970, in style b
ADDRESS = 3  # the source (0) or the destination (1)
TEXT = 4  # the literal whose place is in row b + value of `texts`, the value being that of column a
FIELD = 5  # a field of the message
UNLESS_FIELD = 6  # leave out the next b operations if field a is 0
UNLESS_NUMBER = 7  # leave out the next b operations if column a is 0
ZERO = 8  # the row is hard if field a is not 0
QUOTE = 9  # read the quoted datagram at offset a; the row is hard if that is not plain
QUOTED = 10  # register a of the quoted datagram: a number, true or false, or null
QUOTED_ADDRESS = 11  # the quoted source (0) or destination (1)
QUOTED_END = 12  # the same with its port, as people read it
NUMBER_OR_NULL = 14  # a column as a decimal number, null where it is negative
QUOTED_TEXT = 13  # the literal whose place is in row b + value of `texts`, the value being that of register a

# Styles of times.
CLOCK = 0
DATE_CLOCK = 1
ISO = 2
SECONDS = 3

# Columns of `fields`.
F_OFFSET = 0  # octets from the start of the message
F_OCTETS = 1  # octets read, at most 8 (more for IPv6 and octets, which start at F_OFFSET)
F_SHIFT = 2
F_BITS = 3
F_SIGNED = 4
F_SCALE = 5
F_STYLE = 6

# Styles of fields.
DECIMAL = 0
BOOLEAN = 1
IPV4 = 2
IPV6 = 3
OCTETS = 4

# Registers of a quoted datagram; NOTHING is written as null.
R_PROTOCOL = 0
R_TTL = 1
R_LENGTH = 2
R_ID = 3
R_SPORT = 4
R_DPORT = 5
R_TRUNCATED = 6
R_SEQ = 7
R_VERSION = 8
R_ADDRESSES = 9  # where the source begins; the destination follows it
REGISTERS = 10
NOTHING = -1
