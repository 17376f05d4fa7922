"""What can go wrong, and what was noticed.

::

    DissectError
      CaptureError          a file, a stream or an interface
        UnknownFormatError  not a capture, or one of a format that is not read
        TruncatedCaptureError  it ends in the middle (raised only where strictness was asked for)
        NoRightsError       the system does not let this process capture
        NoInterfaceError    there is no network interface of that name
        CaptureFilterError  a capture filter that libpcap does not compile
        BufferSizeError     more memory for packets than there may be
      DecodeError           octets that cannot be read            layer, offset
        TruncatedError      + need, have, limit
      EncodeError           a value that does not fit its field   layer, field, value
      WorkerError           a process that read a part of a capture has ended
      LookupFailedError     nothing in the registry has that number or name
      LanguageError         words of a language that say nothing  sentence, marks
        FilterError         a display filter                      + offset, suggestions

An error carries its values as attributes and says one sentence. Raising is for what cannot be read at all;
what can be read but is not right (a wrong checksum, a set reserved bit) is a :class:`Finding` on the result.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


def quantity(count: int, noun: str) -> str:
    """Return ``"1 packet"`` or ``"5 packets"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class DissectError(Exception):
    """The root of everything this package raises on purpose."""

    def __reduce__(
        self,
    ) -> tuple[Callable[..., DissectError], tuple[type[DissectError], Any, dict[str, Any]]]:
        """Pickle by sentence and attributes, so that an error crosses from one process to another whole."""
        return _remake, (type(self), self.args, self.__dict__)


def _remake(cls: type[DissectError], args: Any, attributes: dict[str, Any]) -> DissectError:
    """Make an error from its parts: the other half of pickling."""
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class CaptureError(DissectError):
    """A file, a stream or an interface cannot be read."""


class UnknownFormatError(CaptureError):
    """The octets are not a capture of a format that is read."""


class TruncatedCaptureError(CaptureError):
    """The capture is damaged and the caller asked for a whole one."""


class NoRightsError(CaptureError):
    """The system does not let this process capture packets."""


class NoInterfaceError(CaptureError):
    """There is no network interface of that name; the text names those there are."""


class CaptureFilterError(CaptureError):
    """A capture filter (BPF) that cannot be compiled."""


class BufferSizeError(CaptureError):
    """More memory was asked for, for packets to wait in, than there may be."""


class DecodeError(DissectError):
    """Octets cannot be read as what they claim to be.

    Attributes:
        layer: the shape or header that was being read.
        offset: where in the octets that were given the reading stopped.
    """

    def __init__(self, sentence: str, *, layer: str, offset: int = 0) -> None:
        super().__init__(sentence)
        self.layer = layer
        self.offset = offset


class TruncatedError(DecodeError):
    """There are fewer octets than the layer needs.

    Attributes:
        need: octets that the layer needs.
        have: octets that are left.
        limit: what set the end, such as ``"captured length"`` or ``"IPv4 total length"``.
    """

    def __init__(
        self, layer: str, *, need: int, have: int, offset: int = 0, limit: str = "octets given"
    ) -> None:
        sentence = f"{layer} needs {quantity(need, 'octet')}, {have} left at offset {offset} ({limit})"
        super().__init__(sentence, layer=layer, offset=offset)
        self.need = need
        self.have = have
        self.limit = limit


class EncodeError(DissectError):
    """A value cannot be written in its field.

    Attributes:
        layer: the shape that was being written.
        field: the name of its field.
        value: what was to be written.
    """

    def __init__(self, sentence: str, *, layer: str, field: str, value: object) -> None:
        super().__init__(sentence)
        self.layer = layer
        self.field = field
        self.value = value


class WorkerError(DissectError):
    """A process that read a part of a capture has ended before it was done."""


class LookupFailedError(DissectError):
    """The registry has nothing of that number, name or meaning.

    Attributes:
        suggestions: what may have been meant, best first.
    """

    def __init__(self, sentence: str, *, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.suggestions = suggestions


class LanguageError(DissectError):
    """What somebody wrote is not in its language, or asks for what there is not.

    Its text is the sentence and, on lines of their own, the marks.

    Attributes:
        sentence: what is wrong.
        marks: lines that show where, empty if that is not known.
    """

    def __init__(self, sentence: str, marks: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((sentence, *marks)))
        self.sentence = sentence
        self.marks = marks


class FilterError(LanguageError):
    """A display filter is none; its marks are the filter, with carets beneath the part that is wrong.

    Attributes:
        wrong: what is wrong; the sentence says that and what may have been meant.
        offset: where in the filter, in characters.
        length: of how many characters the wrong part is.
        suggestions: what may have been meant, best first.
    """

    def __init__(
        self, wrong: str, *, text: str, offset: int, length: int = 1, suggestions: tuple[str, ...] = ()
    ) -> None:
        said = f"{wrong}; did you mean {suggestions[0]}?" if suggestions else wrong
        # Every blank and control character as one space, so that the carets stay beneath.
        shown = "".join(character if character.isprintable() else " " for character in text)
        carets = " " * _columns(shown[:offset]) + "^" + "~" * (_columns(shown[offset : offset + length]) - 1)
        super().__init__(said, (f"    {shown}", f"    {carets}") if text else ())
        self.wrong = wrong
        self.offset = offset
        self.length = length
        self.suggestions = suggestions


def _columns(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    from unicodedata import east_asian_width  # few filter

    return sum(1 + (east_asian_width(character) in "WF") for character in text)


class Severity(StrEnum):
    """How much a finding matters, least first."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """Something that was read but is not as it should be.

    Attributes:
        id: stable name, such as ``"checksum-bad"``.
        severity: how much it matters.
        text: one sentence, with the RFC and section it rests on where there is one.
    """

    id: str
    severity: Severity
    text: str
