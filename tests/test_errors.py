from __future__ import annotations

import copy
import pickle

import pytest

from dissector import errors
from dissector.errors import (
    BufferSizeError,
    CaptureError,
    CaptureFilterError,
    DecodeError,
    DissectError,
    EncodeError,
    FilterError,
    Finding,
    LanguageError,
    LookupFailedError,
    NoInterfaceError,
    NoRightsError,
    Severity,
    TruncatedCaptureError,
    TruncatedError,
    UnknownFormatError,
    WorkerError,
)

ONE_OF_EACH = [
    DissectError("sentence"),
    CaptureError("sentence"),
    UnknownFormatError("sentence"),
    TruncatedCaptureError("sentence"),
    NoRightsError("sentence"),
    NoInterfaceError("sentence"),
    CaptureFilterError("sentence"),
    BufferSizeError("sentence"),
    DecodeError("sentence", layer="Echo", offset=3),
    TruncatedError("Echo", need=8, have=3, offset=34, limit="captured length"),
    WorkerError("sentence"),
    EncodeError("sentence", layer="Echo", field="code", value=256),
    LookupFailedError("sentence", suggestions=("3/4", "3/3")),
    LanguageError("sentence", ("    type = 3)", "            ^")),
    FilterError("sentence", text="icmp.tpye == 3", offset=0, length=9, suggestions=("icmp.type",)),
]


def test_each_kind_is_here() -> None:
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DissectError)
    }
    assert {type(error) for error in ONE_OF_EACH} == kinds


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = [
        line for line in (errors.__doc__ or "").splitlines() if line.strip().split(" ")[0].endswith("Error")
    ]
    depths = {line.split()[0]: (len(line) - len(line.lstrip())) // 2 - 2 for line in drawn}
    assert set(depths) == {type(error).__name__ for error in ONE_OF_EACH}
    assert depths["DissectError"] == 0
    for error in ONE_OF_EACH:
        direct = len(type(error).__mro__) - len(DissectError.__mro__)
        assert depths[type(error).__name__] == direct


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_an_error_crosses_processes_whole(error: DissectError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_what_is_missing_is_said_in_one_sentence() -> None:
    error = TruncatedError("Echo", need=8, have=3, offset=34, limit="captured length")
    assert str(error) == "Echo needs 8 octets, 3 left at offset 34 (captured length)"
    assert (error.layer, error.offset, error.need, error.have, error.limit) == (
        "Echo",
        34,
        8,
        3,
        "captured length",
    )


def test_defaults() -> None:
    assert TruncatedError("Echo", need=8, have=3).limit == "octets given"
    assert DecodeError("sentence", layer="Echo").offset == 0
    assert LookupFailedError("sentence").suggestions == ()


def test_values_are_attributes() -> None:
    error = EncodeError("sentence", layer="Echo", field="code", value=256)
    assert (error.layer, error.field, error.value) == ("Echo", "code", 256)


def test_severities_are_their_names_least_first() -> None:
    assert [str(severity) for severity in Severity] == ["note", "warning", "error"]
    assert Finding("checksum-bad", Severity.WARNING, "text").severity == "warning"
