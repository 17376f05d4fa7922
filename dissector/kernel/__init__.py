"""The kernels: the one place where speed beats prettiness, each a module of Cython's pure-Python mode.

``walk`` finds the packets in a container, ``scan`` the ICMP messages in packets, ``render`` writes messages as text,
``write`` packets as a capture, ``page`` columns as Parquet; ``kinds`` tells the types and codes of many messages apart,
``look`` reads what they quote for filters, and ``search`` finds octets in them;
``key`` finds the messages that take part in exchanges, ``pair`` has the hash tables by which queries and answers are
joined, ``exchange`` tells what they leave behind, ``echo`` tells echo messages from all others, and ``fold`` adds up
what is known of many.
``quote`` reads what errors quote, ``flow`` makes keys of it.
They are compiled where the package was installed with Cython and a C compiler at hand, and run as plain Python where
not, with the same results. The environment variable ``DISSECTOR_KERNEL=interpreted`` asks for plain Python although
they are compiled.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def interpreted(name: str) -> ModuleType:
    """Return a kernel as plain Python, whatever else is installed; loaded once.

    Args:
        name: that of its module, such as ``"scan"``.

    Raises:
        ImportError: its source is not installed.
    """
    full = f"{__name__}.{name}_interpreted"
    if full in sys.modules:
        return sys.modules[full]
    spec = spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        msg = f"no source of the kernel {name}"
        raise ImportError(msg)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[full] = module
    return module


def _load(name: str) -> ModuleType:
    if os.environ.get("DISSECTOR_KERNEL") == "interpreted":
        return interpreted(name)
    return import_module(f"{__name__}.{name}")


walk = _load("walk")
scan = _load("scan")
render = _load("render")
write = _load("write")
search = _load("search")
page = _load("page")
kinds = _load("kinds")
look = _load("look")
pair = _load("pair")
key = _load("key")
exchange = _load("exchange")
fold = _load("fold")
quote = _load("quote")
flow = _load("flow")
echo = _load("echo")

KERNELS = {name: loaded for name, loaded in globals().copy().items() if hasattr(loaded, "COMPILED")}
"""Those that are in use, by their names."""
BACKEND = "compiled" if all(loaded.COMPILED for loaded in KERNELS.values()) else "interpreted"
"""Which of the two is in use."""
