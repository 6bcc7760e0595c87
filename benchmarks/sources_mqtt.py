"""Many devices over MQTT into one process, each with a connection of its own; nothing may be dropped.

python -m benchmarks.sources_mqtt --devices 500 --seconds 30 [--broker embedded]
"""

import argparse
import resource
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Lagging, Line, Notice
from edgeecg.io.sources.mqtt import MqttSettings, MqttSource
from edgeecg.io.sources.reception import Reception
from edgeecg.types import Beat, Chunk, Gap, Refused
from edgeecg.warmup import compile_all
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode
from tests.io.sources.brokers import BROKERS
from tests.io.sources.publishing import hello, raw

FRAME_LEN = 25
RATE_HZ = 250
PERIOD_S = FRAME_LEN / RATE_HZ
PUBACK = 0x40


class Device:
    """One wearable: its own connection, MQTT 5 by hand, QoS 1."""

    def __init__(self, number: int, port: int, selector: selectors.BaseSelector) -> None:
        self.name = f"d{number:04d}"
        self._topic = raw(self.name).encode()
        self._sent = 0
        self.acknowledged = 0
        self._held = b""
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = self.name.encode()
        body = b"\x00\x04MQTT\x05\x02\x00\x3c\x00" + struct.pack(">H", len(client)) + client
        self._socket.sendall(b"\x10" + length(len(body)) + body)
        self._socket.recv(4096)  # CONNACK
        selector.register(self._socket, selectors.EVENT_READ, self)

    def publish(self, payload: bytes) -> None:
        """Send a message; its acknowledgement is counted when it comes."""
        self._sent += 1
        body = struct.pack(">H", len(self._topic)) + self._topic + struct.pack(">H", self._sent) + b"\x00" + payload
        self._socket.sendall(b"\x32" + length(len(body)) + body)

    def hear(self) -> None:
        """Count acknowledgements."""
        self._held += self._socket.recv(4096)
        while len(self._held) >= 2 and len(self._held) >= 2 + self._held[1]:
            self.acknowledged += self._held[0] == PUBACK
            self._held = self._held[2 + self._held[1] :]

    def close(self) -> None:
        """Leave."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()


def length(n: int) -> bytes:
    """MQTT's variable byte integer."""
    out = bytearray()
    while n >= 128:
        out.append(n % 128 | 128)
        n //= 128
    return bytes([*out, n])


def ecg_like() -> list[bytes]:
    """Two seconds of a beat a second, in frames."""
    t = np.arange(2 * RATE_HZ) / RATE_HZ % 1.0
    wave = 1000 * np.exp(-(((t - 0.4) / 0.012) ** 2)) + 200 * np.exp(-(((t - 0.65) / 0.05) ** 2))
    return [row.tobytes() for row in wave.astype("<i2").reshape(-1, FRAME_LEN)]


def publish_all(port: int, n_devices: int, seconds: float) -> None:
    """Publish in real time, the devices spread evenly over a frame's time; print what was sent and acknowledged."""
    selector = selectors.DefaultSelector()
    devices = [Device(i, port, selector) for i in range(n_devices)]
    ecg = ecg_like()
    for device in devices:
        device.publish(encode(hello(device.name)))
    step_s, begin = PERIOD_S / n_devices, time.monotonic() + 1.0
    late_s = 0.0
    for i in range(round(seconds / PERIOD_S) * n_devices):
        number, at = divmod(i, n_devices)
        due = begin + i * step_s
        while (ahead_s := due - time.monotonic()) > 0:
            for key, _ in selector.select(ahead_s):
                key.data.hear()
        late_s = max(late_s, -ahead_s)
        frame = f.Samples(0, number & 0xFFFF, 100_000 * number, RATE_HZ * 1000, 1, 16, 0, 0, ecg[(number + at) % len(ecg)])
        devices[at].publish(encode(frame))
    end = time.monotonic() + 20
    n_sent = sum(device._sent for device in devices)  # noqa: SLF001
    while sum(device.acknowledged for device in devices) < n_sent and time.monotonic() < end:
        for key, _ in selector.select(0.1):
            key.data.hear()
    for device in devices:
        device.close()
    print(f"published {n_sent}, acknowledged {sum(device.acknowledged for device in devices)}, at worst {late_s * 1000:.0f} ms late")


def measure(broker: str, n_devices: int, seconds: float) -> None:
    """Run broker, publisher and source; print what came."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    compile_all()
    with tempfile.TemporaryDirectory() as folder, BROKERS[broker](Path(folder)) as port:
        source = MqttSource(MqttSettings(host="127.0.0.1", port=port, client_id="bench"), epoch=1, claims=Claims())
        source.start()
        notices: list[Notice] = []
        while not any(isinstance(notice, Line) and notice.is_up for notice in notices):
            source.queue.wait(5)
            notices += source.queue.notices()
        command = [
            sys.executable,
            "-m",
            "benchmarks.sources_mqtt",
            "--publish",
            str(port),
            "--devices",
            str(n_devices),
            "--seconds",
            str(seconds),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
            feed(source, publisher, n_devices, seconds)
            assert publisher.stdout is not None
            print(publisher.stdout.read().strip())
        source.stop()
        told = source.queue.notices()
        lagging = [notice.delay_s for notice in told if isinstance(notice, Lagging) and not notice.is_over]
        print(f"lag alarms {len(lagging)}, the longest {max(lagging, default=0):.2f} s; other notices:")
        print(*(notice for notice in told if not isinstance(notice, Lagging)), sep="\n")


def feed(source: MqttSource, publisher: "subprocess.Popen[str]", n_devices: int, seconds: float) -> None:
    """Feed an engine all that comes, until everything has come or nothing comes any more."""
    reception, engine = Reception(EngineConfig()), Engine(EngineConfig())
    n_expected = round(seconds / PERIOD_S) * n_devices
    chunks, samples, events = Counter[str](), 0, Counter[type]()
    delays_ms: list[float] = []
    began, busy_s, longest = time.process_time(), 0.0, 0
    while chunks.total() < n_expected:
        if not source.queue.wait(10) and publisher.poll() is not None:
            break
        items = source.queue.take(4096)
        longest = max(longest, len(items))
        begin = time.thread_time()
        for given in engine.feed_many(reception.records(items)):
            events.update(map(type, given))
        busy_s += time.thread_time() - begin
        now_ns = time.monotonic_ns()
        for item in items:
            if isinstance(item, Chunk):
                chunks[item.stream] += 1
                samples += len(item.samples)
        arrivals_ns = [item.arrival_ns for item in items if isinstance(item, Chunk)]
        delays_ms += [(now_ns - arrival_ns) / 1e6 for arrival_ns in arrivals_ns]
    cpu = (time.process_time() - began) / seconds
    print(
        f"{len(chunks)} devices, {chunks.total()} of {n_expected} chunks ({chunks.total() / seconds:.0f}/s), {samples} samples in {seconds:g} s"
    )
    print(f"per device {min(chunks.values())} to {max(chunks.values())}; dropped by the queue {source.queue.dropped_samples}")
    print(f"gaps {events[Gap]}, refused {events[Refused]}, beats {events[Beat]}")
    print(
        f"from arrival through the engine: p50 {np.percentile(delays_ms, 50):.1f} ms, p99 {np.percentile(delays_ms, 99):.1f}; longest batch {longest}"
    )
    print(f"processor: {cpu:.0%} of a core, of it the engine {busy_s / seconds:.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--broker", choices=sorted(BROKERS), default="mosquitto")
    parser.add_argument("--publish", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish_all(options.publish, options.devices, options.seconds)
    else:
        measure(options.broker, options.devices, options.seconds)


if __name__ == "__main__":
    main()
