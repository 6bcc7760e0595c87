"""Many simulated devices behind a broker, in a process of their own, as devices are: no interpreter is shared with who is measured."""

import time
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

FRAME, RATE_HZ = 25, 250
HEARTS: Final = 8
"""Different ones; each device plays one of them, from a place of its own."""
HELLO_EVERY: Final = 50
START_S: Final = 300.0


class Fleet:
    """`n` devices, ready when entered; they send from `start` on. `sent_ns` is when a device's frame was handed to its client library."""

    def __init__(self, n: int, seconds: float, port: int) -> None:
        self.n, self.n_frames = n, round(seconds * RATE_HZ / FRAME)
        context = get_context("spawn")
        self._sent = context.RawArray("q", n * self.n_frames)
        self._ready, self._go, self._end = context.Event(), context.Event(), context.Event()
        work = (n, seconds, port, self._sent, self._ready, self._go, self._end)
        self._process = context.Process(target=_play, args=work, name="fleet", daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._ready.wait(START_S):
            raise RuntimeError("the fleet did not become ready")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._go.set()
        self._process.join()

    def start(self) -> None:
        """Begin to send."""
        self._go.set()

    def sent_ns(self, device: int, sample: int) -> int:
        """Say when the frame with that sample was sent; 0: it was not."""
        frame = sample // FRAME
        return int(self._sent[device * self.n_frames + frame]) if frame < self.n_frames else 0


def _play(n: int, seconds: float, port: int, sent: Any, ready: Any, go: Any, end: Any) -> None:
    """Send every frame when it is due: the devices one after the other within a tenth of a second."""
    import gc

    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    from edgeecg_wire.codec import encode
    from tests.io.sources.publishing import hello, raw

    payloads = [_frames(_heart(seed, seconds)) for seed in range(min(n, HEARTS))]
    names = [f"d{i}" for i in range(n)]
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    gc.collect()
    gc.freeze()
    ready.set()
    go.wait()
    n_frames, step_s = len(payloads[0]), FRAME / RATE_HZ / n
    begun_s = time.monotonic()
    for frame in range(n_frames):
        for i, name in enumerate(names):
            ahead_s = begun_s + (frame * n + i) * step_s - time.monotonic()
            if end.is_set() if ahead_s <= 0.001 else end.wait(ahead_s):
                return
            greeting = encode(hello(name)) if frame % HELLO_EVERY == 0 else b""
            sent[i * n_frames + frame] = time.monotonic_ns()
            client.publish(raw(name), greeting + payloads[i % HEARTS][frame], qos=1)
    client.loop_stop()
    client.disconnect()


def _heart(seed: int, seconds: float) -> NDArray[np.int16]:
    """Return the counts of a heart with much to tell."""
    from edgeecg.simulate.converter import ecg_counts
    from edgeecg.simulate.scenario import Episode, Scenario
    from edgeecg.simulate.simulation import Setup, Simulation

    kinds = ("vt", "asystole", "vt", "normal")
    episodes = [Episode(0.0, "normal")]
    begin_s = 12.0 + 1.7 * seed
    while begin_s < seconds:
        episodes += [Episode(begin_s, kinds[len(episodes) // 2 % len(kinds)]), Episode(begin_s + 8.0, "normal")]
        begin_s += 20.0
    simulation = Simulation(Setup(scenario=Scenario(name="restless", episodes=tuple(episodes)), seed=seed, rate_hz=RATE_HZ))
    return ecg_counts(next(simulation.blocks(round(seconds * RATE_HZ))).ecg_mv)


def _frames(counts: NDArray[np.int16]) -> list[bytes]:
    from edgeecg_wire import frames as f
    from edgeecg_wire.codec import encode

    def one(n: int) -> bytes:
        data = counts[n * FRAME : (n + 1) * FRAME].astype("<i2").tobytes()
        return encode(f.Samples(0, n & 0xFFFF, n * FRAME * 1_000_000 // RATE_HZ, RATE_HZ * 1000, 1, 16, 0, 0, data))

    return [one(n) for n in range(len(counts) // FRAME)]
