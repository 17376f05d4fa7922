"""The kernel that compares and counts octets reads none outside of its buffer, whatever it is told."""

from __future__ import annotations

import numpy as np
import pytest

from dissector import kernel

MODULES = {module.COMPILED: module for module in (kernel.interpreted("fold"), kernel.fold)}
PLACES = [(-1, 40), (0, 41), (1, 40), (1 << 40, 40), (-40, 40)]


@pytest.mark.parametrize(
    "module", MODULES.values(), ids=["compiled" if one else "interpreted" for one in MODULES]
)
@pytest.mark.parametrize(("start", "size"), PLACES)
def test_octets_outside_of_the_buffer_are_refused(module, start, size):
    octets, zero = np.zeros(40, np.uint8), np.zeros(1, np.int64)
    begin, sizes = np.array([start], np.int64), np.array([size], np.int64)
    for one, other in ((begin, zero), (zero, begin)):
        with pytest.raises(ValueError, match="outside"):
            module.alike(octets, one, other, sizes, np.zeros(1, np.uint8))


@pytest.mark.parametrize(
    "module", MODULES.values(), ids=["compiled" if one else "interpreted" for one in MODULES]
)
def test_a_stretch_of_less_than_nothing_is_refused(module):
    zero = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="outside"):
        module.alike(np.zeros(8, np.uint8), zero, zero, zero - 1, np.zeros(1, np.uint8))
