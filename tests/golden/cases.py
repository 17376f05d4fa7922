"""The golden outputs: each case is a command line, run in the project's folder; its output stands in ``<name>.txt``.

``python tests/golden/cases.py`` writes them again with what is installed; read the difference before keeping it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]

TOUR = "pcaps/tour.pcapng"
CASES = {
    "read-tour": ("read", TOUR),
    "read-tour-tree": ("read", "-v", TOUR),
    "read-tour-octets": ("read", "-x", TOUR),
    "read-tour-json": ("read", "--json", TOUR),
    "read-tour-relative-times": ("read", "-t", "r", "-c", "20", TOUR),
    "read-tunnels": ("read", "-t", "ad", "pcaps/tunnels.pcap"),
    "read-tunnels-closed": ("read", "--no-tunnels", "pcaps/tunnels.pcap"),
    "read-fragments": ("read", "pcaps/fragments.pcap"),
    "read-fragments-apart": ("read", "--no-reassemble", "pcaps/fragments.pcap"),
    "read-extensions-tree": ("read", "-v", "pcaps/extensions.pcap"),
    "read-extensions-json": ("read", "--json", "pcaps/extensions.pcap"),
    "read-short-octets": ("read", "-x", "pcaps/short.pcap"),
    "read-hostile-tree": ("read", "-v", "pcaps/hostile.pcap"),
    "read-sections": ("read", "-t", "ad", "pcaps/sections.pcapng"),
    "read-damaged": ("read", "pcaps/damaged.pcap"),
    "read-several": ("read", "pcaps/short.pcap", "pcaps/sections.pcapng"),
    "read-testbed-listeners": ("read", "-c", "8", "pcaps/testbed/listeners.pcap"),
    "read-testbed-extended-echo": ("read", "pcaps/testbed/extended-echo.pcap"),
    "summary-testbed-broadcast": ("summary", "pcaps/testbed/broadcast-echo.pcap"),
    "summary-testbed-filter": ("summary", "pcaps/testbed/unreachable-by-filter.pcap"),
    "summary-thresholds-chinese": ("summary", "--thresholds", "--lang", "zh"),
    "lookup-types": ("lookup",),
    "lookup-types-chinese": ("lookup", "--lang", "zh"),
    "lookup-3-4": ("lookup", "3/4"),
    "lookup-3-4-chinese": ("lookup", "3/4", "--lang", "zh"),
    "lookup-3-4-json": ("lookup", "3/4", "--json"),
    "lookup-v6-1": ("lookup", "v6", "1"),
    "lookup-port-unreachable": ("lookup", "port", "unreachable"),
    "lookup-port-unreachable-by-chinese-name": ("lookup", "端口不可达"),
    "lookup-errno": ("lookup", "ECONNREFUSED"),
    "lookup-document": ("lookup", "RFC", "4884"),
    "lookup-layout": ("lookup", "v6:134", "--layout"),
    "lookup-all-github": ("lookup", "--all", "--table-format", "github"),
    "decode-echo": ("decode", "0800f7fd00010001", "-x"),
    "decode-packet": ("decode", "4500001c00010000400166dd0a0000010a0000020800f7fd00010001"),
    "help": ("--help",),
    "help-read": ("read", "--help"),
    "help-lookup": ("lookup", "--help"),
    "help-decode": ("decode", "--help"),
    "help-summary": ("summary", "--help"),
    "help-export": ("export", "--help"),
    "help-query": ("query", "--help"),
    "help-sniff": ("sniff", "--help"),
    "help-ping": ("ping", "--help"),
    "help-trace": ("trace", "--help"),
}


def output(arguments: tuple[str, ...]) -> str:
    """Return what a command line prints, stderr after stdout, and its exit code where it is not 0."""
    env = {name: os.environ[name] for name in ("PATH", "DISSECTOR_KERNEL") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "dissector", *arguments],
        capture_output=True,
        cwd=ROOT,
        env={**env, "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        timeout=120,
        check=False,
    )
    text = done.stdout.decode() + done.stderr.decode()
    return text if done.returncode == 0 else f"{text}exit code {done.returncode}\n"


def main() -> None:
    """Write every golden output that has changed."""
    for name, arguments in CASES.items():
        path, text = FOLDER / f"{name}.txt", output(arguments)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"{name}: written")
    for path in FOLDER.glob("*.txt"):
        if path.stem not in CASES:
            path.unlink()
            print(f"{path.stem}: removed")


if __name__ == "__main__":
    main()
