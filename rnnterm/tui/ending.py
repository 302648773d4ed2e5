"""Ending the app by a signal: in order if it can, and else with the terminal given back at last.

An event loop hears signals when it gets its turn, which may be long after. These are heard between
any two instructions of the main thread, or while it waits for the system.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

INTERRUPTED = 130
_PATIENCE = 1.0  # seconds for an end in order
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_on_signals(end: Callable[[], None], give_back: Callable[[], None]) -> None:
    """From the main thread with its running loop: have signals call `end` in the loop.

    Where the process is still there a second later, it calls `give_back`, from another thread, and
    ends at once. In another thread, where tests run the app, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    heard, tell = os.pipe()
    threading.Thread(target=_end_at_last, args=(heard, give_back), daemon=True).start()

    def hear(*_: object) -> None:
        # No locks here, which the interrupted code may hold.
        os.write(tell, b"!")
        with suppress(RuntimeError):  # the loop is closed: the app has ended
            loop.call_soon_threadsafe(end)

    for number in _SIGNALS:
        # The loop has itself woken by the system; only then is it told what to do.
        loop.add_signal_handler(number, end)
        signal.signal(number, hear)


def _end_at_last(heard: int, give_back: Callable[[], None]) -> None:
    os.read(heard, 1)
    time.sleep(_PATIENCE)
    with suppress(OSError):
        give_back()
    os._exit(INTERRUPTED)
