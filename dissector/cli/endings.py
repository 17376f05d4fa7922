"""Signals that end a program: they end it between two lines of its output, and its exit code says which one it was.

The one that asks how things are ends no program, however early it comes.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from sys import UnraisableHookArgs
    from types import FrameType

NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")
"""Those signals; not every system has all of them."""
QUESTION: Final = "SIGUSR1"
"""The signal that asks for the account so far; likewise."""
PATIENCE: Final = 1.0
"""Seconds in which a line that is being written must be taken by who reads it, once a signal has come."""
SOON: Final = 0.001
"""Seconds after which it is raised again, where Python could not let it through."""
TWIN: Final = 0.05
"""Seconds in which the same signal once more is the same one: timeout(1) sends it to the program and to its group."""
SIGNALLED: Final = 128
"""What a shell adds to the number of the signal that ended a program."""


class Ended(KeyboardInterrupt):
    """A signal has come; of its own kind, for of the plain one Python remembers that it came within an ``exec``."""


class Endings:
    """What has come of signals; there is one of it, for signals are the whole process's.

    The first signal raises :class:`Ended`, a second one ends the program at once.

    Attributes:
        number: of the signal that came; None before.
        asked: whether somebody has asked before there was anything that answers.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.asked = False
        self._held = False
        self._pending = False
        self._instead: Callable[[], None] | None = None
        self._ordinary = False
        self._answer: Callable[[], None] | None = None
        self._twins = False

    @property
    def pending(self) -> bool:
        """Whether a signal has come and what is held should come to its end."""
        return self._pending

    @property
    def name(self) -> str:
        """Return the name of the signal that came."""
        return "" if self.number is None else signal.Signals(self.number).name

    def begin(self) -> None:
        """Take the signals, but for those that who began this program wants to be ignored (nohup, ``&``)."""
        sys.unraisablehook = self._swallowed
        if hasattr(signal, QUESTION):
            signal.signal(getattr(signal, QUESTION), self._ask)
        for number in self._numbers():
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._come)

    def end(self, code: int) -> int:
        """Let the system take the signals again; return the exit code, which is the signal's if one has come.

        Raises:
            Ended: one comes at the very beginning of this; then it is to be called again.
        """
        self._instead = self._no_alarm  # nothing is left that a signal could end
        self._no_alarm()
        for number in self._numbers():
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        return code if self.number is None else SIGNALLED + self.number

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no signal interrupt what is done here; what has come meanwhile is raised afterwards.

        Raises:
            Ended: a signal has come; or what is done here took longer than :data:`PATIENCE` after it.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._pending:
                self._no_alarm()
        if self._pending:
            self._pending = False
            raise Ended

    @contextmanager
    def instead(self, function: Callable[[], None], *, ordinary: bool = False) -> Iterator[None]:
        """Let the first signal call a function, which is to bring about the end, while this lasts.

        Args:
            function: what is called; it is in the middle of something else.
            ordinary: whether to be stopped is how this ends, so that the exit code does not tell of it.
        """
        self._instead, self._ordinary = function, ordinary
        try:
            yield
        finally:
            self._instead, self._ordinary = None, False

    @contextmanager
    def answered(self, function: Callable[[], None]) -> Iterator[None]:
        """Let a function be called when somebody asks, while this lasts, and at once if somebody has asked before.

        Args:
            function: what is called; it is in the middle of something else.
        """
        self._answer = function
        if self.asked:
            function()
        try:
            yield
        finally:
            self._answer = None

    def check(self) -> None:
        """Raise what a signal has left to be raised.

        Raises:
            Ended: one has come.
        """
        if self.number is not None:
            raise Ended

    def _come(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        if self._twins:
            return
        self._twins = True
        time.sleep(TWIN)
        self._twins = False
        signal.signal(number, signal.SIG_DFL)
        if not self._ordinary:
            self.number = number
        if self._instead is not None:
            self._instead()
            return
        self._interrupt()

    def _interrupt(self, *_: object) -> None:
        """Raise what has come, unless it is held."""
        if not self._held:
            raise Ended
        self._pending = True
        self._alarm(PATIENCE, self._lose_patience)

    def _swallowed(self, unraisable: UnraisableHookArgs) -> None:
        """Raise again what came within a destructor or a weak reference's callback: Python lets nothing out there."""
        if unraisable.exc_type is Ended:
            self._alarm(SOON, self._interrupt)
        else:
            sys.__unraisablehook__(unraisable)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        self.asked = True
        if self._answer is not None:
            self._answer()

    def _alarm(self, seconds: float, function: Callable[[int, FrameType | None], None] | int) -> None:
        """Call a function after so many seconds, and not what was to be called before."""
        if hasattr(signal, "setitimer"):  # Windows has none
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, function)
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _no_alarm(self) -> None:
        self._alarm(0, signal.SIG_DFL)

    def _lose_patience(self, *_: object) -> None:
        self._pending = False
        raise Ended

    @staticmethod
    def _numbers() -> Iterator[int]:
        return (getattr(signal, name) for name in NAMES if hasattr(signal, name))


ENDINGS: Final = Endings()
"""The signals of this process."""
