"""The oracle of `align`: whole frames only, unbounded integers, a dict of what waits and a list of every delay seen.

It follows the same rules, said once more: it has no pieces, no fixed storage, no short way and no clamps, so it cannot
share the kernel's mistakes about them.
"""

from dataclasses import dataclass, field

BLOCK_US = 10_000_000
SLACK_US = 50_000
Span = tuple[str, int, int, int]


@dataclass(frozen=True)
class Frame:
    sequence: int
    device_us: int
    arrival_ns: int
    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Rules:
    rate_mhz: int
    sequence_bits: int = 0
    device_bits: int = 0
    nominal_len: int = 0
    reorder_frames: int = 0
    reorder_ns: int = 0
    silence_ns: int = 2_000_000_000


def nearest(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass
class Run:
    """What is known of the stream since its source last opened."""

    newest: Frame
    number: int = 0
    lengths: list[int] = field(default_factory=list)
    came: set[int] = field(default_factory=set)
    old_in_a_row: int = 0


class Aligner:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.index = 0
        self.run: Run | None = None
        self.broken = True
        self.waiting: dict[int, Frame] = {}
        self.source_us = 0
        self.blocks: list[list[int]] = []
        self.block_start_us = 0
        self.out: list[Span] = []

    # Time

    def samples(self, us: int) -> int:
        return nearest(us * self.rules.rate_mhz, 10**9)

    def index_us(self, index: int) -> int:
        return index * 10**9 // self.rules.rate_mhz

    def elapsed_us(self, frame: Frame) -> int:
        assert self.run is not None
        return max(0, (frame.arrival_ns - self.run.newest.arrival_ns) // 1000)

    def silence(self) -> int:
        return self.rules.silence_ns * self.rules.rate_mhz // 10**12

    def step_us(self, frame: Frame) -> int:
        """The turn of the device's clock: the one of all possible that is nearest to 0, or in a long silence to arrival."""
        assert self.run is not None
        step = frame.device_us - self.run.newest.device_us
        if self.rules.device_bits >= 63:
            return step
        wrap = 1 << self.rules.device_bits
        step = (step + wrap // 2) % wrap - wrap // 2
        elapsed = self.elapsed_us(frame)
        return step + nearest(elapsed - step, wrap) * wrap if elapsed > wrap // 2 else step

    def note_delay(self, us: int, frame: Frame, *, anew: bool) -> None:
        delay = frame.arrival_ns // 1000 - us
        self.source_us = us
        if anew:
            self.blocks = [[delay], [delay]]
            self.block_start_us = us
        elif us - self.block_start_us >= BLOCK_US:
            self.blocks.append([delay])
            self.block_start_us = us
        else:
            self.blocks[-1].append(delay)

    def can_be_true(self, frame: Frame, step_us: int) -> bool:
        quickest = min(*self.blocks[-1], *self.blocks[-2])
        return frame.arrival_ns // 1000 - (self.source_us + step_us) >= quickest - SLACK_US - abs(step_us) // 1000

    # Evidence

    def timed(self, frame: Frame) -> bool:
        return self.run is not None and frame.device_us >= 0 and self.run.newest.device_us >= 0

    def numbered(self, frame: Frame) -> bool:
        return self.run is not None and frame.sequence >= 0 and self.run.newest.sequence >= 0

    def missing_by_device(self, frame: Frame) -> int:
        assert self.run is not None
        return self.samples(self.step_us(frame)) - self.run.newest.n

    def missing_by_arrival(self, frame: Frame) -> int:
        return self.samples(self.elapsed_us(frame)) - frame.n

    def regular(self) -> bool:
        assert self.run is not None
        return len(set(self.run.lengths)) == 1

    def usual(self) -> int:
        assert self.run is not None
        return self.run.newest.n if self.regular() or not self.rules.nominal_len else self.rules.nominal_len

    def tolerance(self, least: int) -> int:
        assert self.run is not None
        return max(least, min(self.run.newest.n // 2, self.rules.rate_mhz // 1024))

    def wraps(self, missing: int, ahead: int) -> int:
        return max(0, nearest(missing - ahead * self.usual(), (1 << self.rules.sequence_bits) * self.usual()))

    def gap_before(self, frame: Frame, ahead: int) -> tuple[int, bool]:
        """The samples missing before a frame, and whether its device's clock jumped."""
        assert self.run is not None
        by_arrival = self.missing_by_arrival(frame)
        silent = by_arrival > self.silence()
        cycle = 1 << self.rules.sequence_bits
        if not self.timed(frame):
            if not self.numbered(frame):
                return (by_arrival if silent else 0), False
            return (ahead + (self.wraps(by_arrival, ahead) * cycle if silent else 0)) * self.usual(), False
        missing = self.missing_by_device(frame)
        possible = missing > 0 and self.can_be_true(frame, self.step_us(frame))
        if not self.numbered(frame):
            if abs(missing) <= self.tolerance(1):
                return 0, False
            return (missing, False) if possible else (by_arrival if silent else 0, True)
        if ahead == 0 and abs(missing) <= self.tolerance(2):
            return 0, False
        wraps = self.wraps(missing, ahead)
        lost = ahead + wraps * cycle
        if lost and self.regular() and frame.n == self.run.newest.n:
            if abs(missing - lost * self.usual()) <= 1 and (wraps == 0 or possible):
                return lost * self.usual(), False
            counted = (ahead + (self.wraps(by_arrival, ahead) * cycle if silent else 0)) * self.usual()
            if abs(by_arrival - counted) < abs(by_arrival - missing):
                return counted, True
        if possible or (wraps == 0 and lost <= missing <= 2 * lost * max(*self.run.lengths, frame.n)):
            return missing, False
        return (by_arrival if ahead == 0 and silent else ahead * self.usual()), True

    def verdict(self, frame: Frame, ahead: int) -> str:
        assert self.run is not None
        if not self.numbered(frame):
            if not self.timed(frame):
                return "forward"
            step_us = self.step_us(frame)
            old = step_us == 0 or 0 < -step_us * 1000 <= self.rules.reorder_ns
            if not old or self.run.old_in_a_row >= 3:
                return "forward"
            self.run.old_in_a_row += 1
            return "duplicate" if step_us == 0 else "stale"
        if ahead == 0:
            return "forward"
        if self.run.number + ahead in self.waiting:
            return "duplicate"
        cycle = 1 << self.rules.sequence_bits
        back = cycle - ahead
        near = back <= min(31, cycle // 2 - 1)
        if self.timed(frame):
            missing = self.missing_by_device(frame)
            late = near and -2 * (back + 2) * max(*self.run.lengths, frame.n) <= missing < 0
            booted = self.step_us(frame) < 0 and frame.device_us < 60_000_000
            possible = missing > 0 and self.can_be_true(frame, self.step_us(frame))
            forward = possible or (ahead <= min(64, cycle // 2) and not booted)
        else:
            forward = ahead <= cycle // 2 or self.missing_by_arrival(frame) >= ahead * self.usual() // 2
            late = near and not forward
        if late:
            return "duplicate" if self.run.number - back in self.run.came else "stale"
        return "forward" if forward else "restart"

    def can_wait(self, frame: Frame, ahead: int) -> bool:
        assert self.run is not None
        if not 0 < ahead <= self.rules.reorder_frames or frame.n > 512:
            return False
        return not self.timed(frame) or ahead <= self.missing_by_device(frame) <= 2 * ahead * max(*self.run.lengths, frame.n)

    # The stream

    def say_gap(self, n: int) -> None:
        if n > 0:
            self.out.append(("gap", self.index, n, 0))
            self.index += n

    def append(self, frame: Frame, ahead: int) -> None:
        run = self.run
        assert run is not None
        gap, jumped = self.gap_before(frame, ahead)
        if jumped:
            self.out.append(("jump", self.index, 0, self.step_us(frame) - self.index_us(run.newest.n + gap)))
        elif self.timed(frame) and not self.numbered(frame) and gap == 0:
            run.old_in_a_row = 0
        timed = self.timed(frame)
        us = self.source_us + self.step_us(frame) if timed and not jumped else frame.device_us
        self.say_gap(gap)
        if frame.device_us < 0:
            self.note_delay(self.index_us(self.index), frame, anew=run.newest.device_us >= 0)
        else:
            self.note_delay(us, frame, anew=not timed or jumped)
        run.newest = frame
        run.number += ahead
        run.came.add(run.number)
        run.number += 1
        run.lengths.append(frame.n)
        self.say_data(frame)

    def say_data(self, frame: Frame) -> None:
        for value in frame.values:
            self.out.append(("data", self.index, 1, int(value)))
            self.index += 1

    def open(self, frame: Frame) -> None:
        us, continuous = frame.device_us, False
        if self.run is not None:
            gap = max(1, self.missing_by_arrival(frame))
            if self.timed(frame):
                step, elapsed = self.step_us(frame), self.elapsed_us(frame)
                if self.missing_by_device(frame) >= -1 and abs(step - elapsed) <= 500_000 + elapsed // 1000:
                    gap, us, continuous = self.missing_by_device(frame), self.source_us + step, True
            self.say_gap(gap)
        self.note_delay(us if frame.device_us >= 0 else self.index_us(self.index), frame, anew=not continuous)
        self.run = Run(newest=frame, number=1, lengths=[frame.n], came={0})
        self.broken = False
        self.say_data(frame)

    def release(self, number: int) -> None:
        assert self.run is not None
        self.append(self.waiting.pop(number), number - self.run.number)

    def release_ready(self) -> None:
        while self.run is not None and self.run.number in self.waiting:
            self.release(self.run.number)

    def tick(self, now_ns: int) -> None:
        while self.waiting and max(0, now_ns - min(frame.arrival_ns for frame in self.waiting.values())) >= self.rules.reorder_ns:
            self.release(min(self.waiting))
            self.release_ready()

    def lost(self) -> None:
        for number in sorted(self.waiting):
            self.release(number)
        self.broken = True

    def feed(self, frame: Frame) -> None:
        self.tick(frame.arrival_ns)
        if self.broken:
            self.open(frame)
            return
        assert self.run is not None
        if not self.numbered(frame):
            for number in sorted(self.waiting):
                self.release(number)
        ahead = (frame.sequence - self.run.newest.sequence - 1) % (1 << self.rules.sequence_bits) if self.numbered(frame) else 0
        verdict = self.verdict(frame, ahead)
        if verdict == "restart":
            self.lost()
            self.open(frame)
        elif verdict != "forward":
            self.out.append(("reject", self.index, frame.n, 11 if verdict == "duplicate" else 12))
        elif self.can_wait(frame, ahead):
            self.waiting[self.run.number + ahead] = frame
        else:
            number = self.run.number + ahead
            for held in sorted(n for n in self.waiting if n < number):
                self.release(held)
            self.append(frame, number - self.run.number)
            self.release_ready()
