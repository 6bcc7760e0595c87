"""A device at the far end of a pty that can be pulled out and put back, and that runs on meanwhile; what is read late is not lost."""

import os
import select
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

import numpy as np

from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode

TICK_S: Final = 0.001
POSSIBLE_MILLIHZ: Final = (125_000, 250_000, 500_000)

ECG = f.Stream(0, f.KIND_ECG, 1, 16, f.UNIT_VOLT, 250_000, 1_000_000, 0, (257, 0, 0, 0, 0, 0, 0, 0))


class PtyDevice:
    """Speaks the protocol from a thread of its own; `wrote` is called with (sequence, monotonic ns) after each frame of samples."""

    def __init__(
        self,
        link: Path,
        *,
        name: str = "belt-7",
        stream: f.Stream = ECG,
        frame_len: int = 25,
        starts: bool = False,
        wrote: Callable[[int, int], None] = lambda _sequence, _ns: None,
    ) -> None:
        self._link = link
        self.hello = f.Hello(f.DEVICE, 0, 0, name, "test 1", 64, 20, (stream,))
        self._frame_len = frame_len
        self._starts = starts
        self._wrote = wrote
        self._lock = Lock()
        self._master = -1
        self._unread = b""
        self._decoder = Decoder()
        self._sends = starts
        self._n_frames = 0
        self._born_ns = time.monotonic_ns()
        self._ends = Event()
        self.requests: list[int] = []
        self._thread = Thread(target=self._run, name="pty device")

    @property
    def rate_millihz(self) -> int:
        return self.hello.streams[0].rate_millihz

    def plug(self) -> None:
        """Appear at the link."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        name = os.ttyname(slave)
        with self._lock:
            self._master, self._slave = master, slave
            self._decoder, self._unread = Decoder(), b""
            self._sends = self._starts
        self._link.symlink_to(name)

    def unplug(self) -> None:
        """Vanish: whoever reads is hung up on."""
        self._link.unlink(missing_ok=True)
        with self._lock:
            if self._master >= 0:
                os.close(self._slave)
                os.close(self._master)
            self._master = -1

    def say(self, data: bytes) -> None:
        """Write whatever it is told to."""
        with self._lock:
            if self._master >= 0:
                os.write(self._master, data)

    def change_hello(self, hello: f.Hello) -> None:
        """Be another, and say so."""
        with self._lock:
            self.hello = hello
            self._write(encode(hello))

    def _write(self, data: bytes) -> None:
        self._unread += data
        with suppress(BlockingIOError, OSError):
            self._unread = self._unread[os.write(self._master, self._unread) :]

    def _run(self) -> None:
        while not self._ends.is_set():
            with self._lock:
                master = self._master
            if master < 0:
                self._ends.wait(TICK_S)
            else:
                with suppress(OSError, ValueError):
                    select.select([master], [], [], TICK_S)
            with self._lock:
                if self._master >= 0:
                    self._listen()
                    self._write(b"")
                self._speak()

    def _listen(self) -> None:
        with suppress(BlockingIOError, OSError):
            for request in self._decoder.feed(os.read(self._master, 4096)):
                self._answer(request)

    def _answer(self, request: object) -> None:
        now_us = self._now_us()
        if isinstance(request, f.Start | f.Stop | f.SetRate | f.Identify | f.TimeSync):
            self.requests.append(request.TYPE)
        if isinstance(request, f.Start | f.Stop):
            self._sends = isinstance(request, f.Start)
            self._write(encode(f.Ack(f.DEVICE, 0, now_us, request.TYPE, request.sequence, f.STATUS_DONE)))
        elif isinstance(request, f.Identify):
            self._write(encode(replace(self.hello, clock_us=now_us)))
        elif isinstance(request, f.SetRate):
            is_possible = request.rate_millihz in POSSIBLE_MILLIHZ
            status = f.STATUS_DONE if is_possible else f.STATUS_REFUSED
            self._write(encode(f.Ack(f.DEVICE, 0, now_us, request.TYPE, request.sequence, status)))
            if is_possible:
                (stream,) = self.hello.streams
                self.hello = replace(self.hello, streams=(replace(stream, rate_millihz=request.rate_millihz),))
                self._n_frames = now_us * request.rate_millihz // (self._frame_len * 1_000_000_000)
                self._write(encode(replace(self.hello, clock_us=now_us)))
        elif isinstance(request, f.TimeSync):
            self._write(encode(f.TimeReply(f.DEVICE, 0, now_us, request.sequence, request.clock_us, now_us)))

    def _now_us(self) -> int:
        return (time.monotonic_ns() - self._born_ns) // 1000

    def _speak(self) -> None:
        """Make the frames that are due; those nobody can hear are gone, and their numbers with them."""
        period_us = self._frame_len * 1_000_000_000 // self.rate_millihz
        while self._now_us() >= (self._n_frames + 1) * period_us:
            if self._master >= 0 and self._sends:
                values = 1000 * np.sin(np.arange(self._frame_len) + self._n_frames)
                frame = f.Samples(
                    0, self._n_frames & 0xFFFF, self._n_frames * period_us, self.rate_millihz, 1, 16, 0, 0, values.astype("<i2").tobytes()
                )
                self._write(encode(frame))
                self._wrote(frame.sequence, time.monotonic_ns())
            self._n_frames += 1

    @contextmanager
    def running(self, *, plugged: bool = True) -> Iterator["PtyDevice"]:
        """Run, plugged in or not, until the block ends."""
        if plugged:
            self.plug()
        self._thread.start()
        try:
            yield self
        finally:
            self._ends.set()
            self._thread.join()
            self.unplug()
