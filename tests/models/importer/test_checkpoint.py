"""A sound checkpoint is read to the last bit; whatever is wrong with one is refused by name, and nothing in it is ever run."""

import contextlib
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.errors import ModelError
from edgeecg.models.importer import pickle_reader
from edgeecg.models.importer.archive import Archive
from edgeecg.models.importer.checkpoint import FAMILIES, Family, read
from edgeecg.models.net1d.shape import Net1dShape
from tests.models.importer import torchfile
from tests.models.net1d.weights import entry

SHAPE = Net1dShape(base=4, ratio=0.5, filters=(4, 8), blocks=(1, 1), group_width=4)
WIDER = Net1dShape(base=8, ratio=0.5, filters=(8, 16), blocks=(1, 1), group_width=4)
FAMILY = Family("toy", "backbone.", {"toy-small": SHAPE, "toy-wide": WIDER}, 0)
HEADED = Family("toy", "", {"toy": SHAPE}, 3)

Arrays = dict[str, NDArray[Any]]


def arrays(shape: Net1dShape, n_labels: int, prefix: str) -> Arrays:
    dims = shape.weights(n_labels) | shape.unused()
    counted = {name: np.array(3) for name in dims if name.endswith("num_batches_tracked")}
    return {prefix + name: counted.get(name, entry(name, d)) for name, d in dims.items()}


@pytest.fixture
def sound() -> Arrays:
    return arrays(SHAPE, 0, "backbone.")


def test_a_sound_checkpoint_is_read_to_the_last_bit(tmp_path: Path, sound: Arrays) -> None:
    found = read(torchfile.checkpoint(tmp_path / "net.ckpt", sound, epoch=torchfile.number(7)), FAMILY)
    assert (found.net, found.shape, found.n_labels, found.n_unused) == ("toy-small", SHAPE, 0, len(SHAPE.unused()))
    assert found.weights.keys() == SHAPE.weights(0).keys()
    assert all(np.array_equal(found.weights[name], entry(name, dims)) for name, dims in SHAPE.weights(0).items())


def test_the_net_is_told_by_its_keys(tmp_path: Path) -> None:
    assert read(torchfile.checkpoint(tmp_path / "net.ckpt", arrays(WIDER, 0, "backbone.")), FAMILY).net == "toy-wide"
    assert read(torchfile.checkpoint(tmp_path / "net.pth", arrays(SHAPE, 3, "")), HEADED).n_labels == 3


def test_what_torch_itself_saves_is_read(tmp_path: Path, sound: Arrays) -> None:
    torch: Any = pytest.importorskip("torch")
    from collections import OrderedDict

    state = OrderedDict((name, torch.nn.Parameter(torch.from_numpy(np.array(array)), requires_grad=False)) for name, array in sound.items())
    state["backbone.first_conv.conv.weight"] = state["backbone.first_conv.conv.weight"].data.permute(2, 1, 0).clone().permute(2, 1, 0)
    torch.save({"state_dict": state, "epoch": 3, "lr": [1e-3, None, True, (1, 2, 3, 4)], "betas": {0.5, 0.9}}, tmp_path / "net.ckpt")
    found = read(tmp_path / "net.ckpt", FAMILY)
    assert all(np.array_equal(found.weights[name], entry(name, dims)) for name, dims in SHAPE.weights(0).items())


def test_a_trainers_own_state_is_read_past(tmp_path: Path, sound: Arrays) -> None:
    callbacks = torchfile.table({"best": torchfile.call("pytorch_lightning.callbacks.x", "State", torchfile.word("hm"))})
    assert read(torchfile.checkpoint(tmp_path / "net.ckpt", sound, callbacks=callbacks), FAMILY).net == "toy-small"


def test_the_published_families_have_the_published_keys() -> None:
    counts = {
        net: len(shape.weights(family.n_labels) | shape.unused()) for family in FAMILIES.values() for net, shape in family.nets.items()
    }
    assert counts == {"ecgfounder": 509, "clef-small": 257, "clef-medium": 507, "clef-large": 957}


# --- not this net's -----------------------------------------------------------------------------------------------


def test_a_key_too_few_too_many_or_of_another_shape_is_named(tmp_path: Path, sound: Arrays) -> None:
    name = "backbone.stage_list.1.block_list.0.conv2.conv.weight"
    path = tmp_path / "net.ckpt"
    without = {key: array for key, array in sound.items() if key != name}
    with pytest.raises(
        ModelError, match=r"a checkpoint of toy-small: backbone\.stage_list\.1.*conv2\.conv\.weight: missing is not an array"
    ):
        read(torchfile.checkpoint(path, without), FAMILY)
    with pytest.raises(ModelError, match=r"backbone\.projector: a key is not one this net has"):
        read(torchfile.checkpoint(path, sound | {"backbone.projector": np.zeros(3, np.float32)}), FAMILY)
    with pytest.raises(ModelError, match=r"conv2\.conv\.weight: an array \(4, 2, 15\) is not an array \(4, 2, 16\)"):
        read(torchfile.checkpoint(path, sound | {name: np.ascontiguousarray(sound[name][:, :, 1:])}), FAMILY)
    bn = "backbone.first_bn.running_var"
    with pytest.raises(ModelError, match=r"first_bn\.running_var: an array \(5,\) is not an array \(4,\)"):
        read(torchfile.checkpoint(path, sound | {bn: np.ones(5, np.float32)}), FAMILY)


def test_another_publications_checkpoint_is_refused(tmp_path: Path, sound: Arrays) -> None:
    with pytest.raises(ModelError, match="keys more that are wrong is not whole") as refusal:
        read(torchfile.checkpoint(tmp_path / "net.ckpt", sound), HEADED)
    assert len(refusal.value.faults) == 6


def test_weights_that_are_not_finite_are_named(tmp_path: Path, sound: Arrays) -> None:
    name = "backbone.first_conv.conv.bias"
    with pytest.raises(ModelError, match=r"first_conv\.conv\.bias: an array with values that are not finite"):
        read(torchfile.checkpoint(tmp_path / "net.ckpt", sound | {name: np.array([0, np.nan, 0, 0], np.float32)}), FAMILY)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (torchfile.table({"weights": torchfile.number(1)}), "state_dict: missing among weights"),
        (torchfile.number(1), "state_dict: missing among int"),
        (torchfile.table({"state_dict": torchfile.table({"a": torchfile.number(1)})}), r"state_dict\.a: a int is not a tensor"),
    ],
)
def test_a_file_without_weights_is_refused(tmp_path: Path, value: bytes, match: str) -> None:
    with pytest.raises(ModelError, match=match):
        read(torchfile.write(tmp_path / "net.ckpt", torchfile.pickled(value), {}), FAMILY)


# --- damaged ------------------------------------------------------------------------------------------------------


def test_every_way_to_cut_a_file_short_is_refused(tmp_path: Path, sound: Arrays) -> None:
    data = torchfile.checkpoint(tmp_path / "net.ckpt", sound).read_bytes()
    for keep in range(0, len(data), 997):
        (tmp_path / "cut.ckpt").write_bytes(data[:keep])
        with pytest.raises(ModelError, match="no whole zip archive"):
            read(tmp_path / "cut.ckpt", FAMILY)


def test_a_flipped_number_is_seen(tmp_path: Path, sound: Arrays) -> None:
    path = torchfile.checkpoint(tmp_path / "net.ckpt", sound)
    data = bytearray(path.read_bytes())
    at = data.index(entry("first_conv.conv.weight", (4, 1, 16)).tobytes())
    data[at + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"damaged \(Bad CRC"):
        read(path, FAMILY)


def test_a_missing_file_and_an_old_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a readable file"):
        read(tmp_path / "nowhere.ckpt", FAMILY)
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"state_dict": {}}, protocol=2))
    with pytest.raises(ModelError, match=r"is not what torch saves since 1\.6"):
        read(tmp_path / "old.pth", FAMILY)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_to_the_pickle_is_refused_or_harmless(data: st.DataObject) -> None:
    sound = torchfile.pickled(torchfile.table({"state_dict": torchfile.state(arrays(SHAPE, 0, ""))}))[:2000] + b"u."
    at = data.draw(st.integers(2, len(sound) - 1))
    damaged = sound[:at] + bytes([data.draw(st.integers(0, 255))]) + sound[at + 1 :]
    with contextlib.suppress(ModelError):
        pickle_reader.read(damaged, "pickle")


@pytest.mark.parametrize("junk", [b"", b"\x80\x02", b"a.", b"}(K\x01u.", b"N(t", b"(((.", b"h\x07.", b"N0.", b"S'\\o'\n.", b"\x80\x02N.N"])
def test_nonsense_is_refused_by_name(junk: bytes) -> None:
    if junk == b"\x80\x02N.N":  # what follows the end is not read
        assert pickle_reader.read(junk, "pickle") is None
        return
    with pytest.raises(ModelError, match="pickle"):
        pickle_reader.read(junk, "pickle")


# --- hostile ------------------------------------------------------------------------------------------------------


class _Attack:
    """What unpickling this runs, elsewhere."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(("call", "named"), [(os.system, "system"), (eval, "eval"), (exec, "exec"), (getattr, "getattr")])
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(
    tmp_path: Path, protocol: int, call: Callable[..., Any], named: str
) -> None:
    trace = tmp_path / "trace"
    data = pickle.dumps({"state_dict": _Attack(call, f"open({str(trace)!r}, 'w')")}, protocol=protocol)
    with pytest.raises(ModelError, match=f"{named} in a pickle is not one of|operation"):
        read(torchfile.write(tmp_path / "net.ckpt", data, {}), FAMILY)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (torchfile.call("torch", "FloatStorage", b""), r"a call of torch\.FloatStorage is not"),
        (torchfile.call("collections", "OrderedDict", torchfile.number(1)), r"a call of collections\.OrderedDict"),
        (torchfile.call("torch._utils", "_rebuild_tensor_v2", torchfile.number(1)), "damaged"),
        (torchfile.call("torch._utils", "_rebuild_parameter", torchfile.number(1)), r"a call of torch\._utils\._rebuild_parameter"),
        (b"\x8e" + struct.pack("<Q", 1 << 62), "damaged"),  # four exabytes of bytes
        (b"X\xff\xff\xff\xff", "damaged"),
        (b"\x8b\xff\xff\xff\x7f", "damaged"),  # an integer of two gigabytes
        (b"N" + b"r\xff\xff\xff\xff", None),  # a memory of four thousand million entries, of which one is used
        (b"}((K\x01K\x02tNu", "damaged"),  # a key that is no word
    ],
)
def test_what_would_hurt_an_unpickler_does_not_hurt_this_one(value: bytes, match: str | None) -> None:
    if match is None:
        assert pickle_reader.read(torchfile.pickled(value), "pickle") is None
        return
    with pytest.raises(ModelError, match=match):
        pickle_reader.read(torchfile.pickled(value), "pickle")


def test_a_tower_of_shared_tuples_costs_nothing() -> None:
    """Whoever prints, hashes or compares it takes 2**200 steps."""
    tower = b"(Nq\x00" + b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(200)) + b"t"
    storage = b"(" + torchfile.word("storage") + b"h\xc8" + torchfile.word("0") + torchfile.word("cpu") + torchfile.number(1) + b"tQ"
    with pytest.raises(ModelError, match=r"damaged \(a storage that is none\)"):
        pickle_reader.read(torchfile.pickled(tower + storage), "pickle")


def test_a_compressed_archive_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = torchfile.write(tmp_path / "net.ckpt", torchfile.pickled(b"}"), {"0": bytes(1 << 22)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match=r"data\.pkl: compressed or encrypted is not stored"):
        read(bomb, FAMILY)


def test_archives_that_are_not_torchs_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme", b"hello")
    with pytest.raises(ModelError, match=r"an archive with 0 data\.pkl"):
        read(tmp_path / "empty.zip", FAMILY)
    with pytest.raises(ModelError, match="byteorder: another byte order is not little"):
        read(torchfile.write(tmp_path / "big.ckpt", torchfile.pickled(b"}"), {}, byteorder=b"big"), FAMILY)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"n_values": 10**9}, r"a storage of 16 bytes is not 1000000000 values"),
        ({"n_values": 3}, r"a tensor \(4,\) beyond its storage"),
        ({"n_values": 3, "strides": (0,)}, r"a tensor \(4,\) beyond its storage"),
        ({"offset": 1}, r"a tensor \(4,\) beyond its storage"),
        ({"strides": (10**9,)}, r"a tensor \(4,\) beyond its storage"),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path, wrong: dict[str, Any], match: str) -> None:
    four = np.zeros(4, np.float32)
    value = torchfile.table({"a": torchfile.tensor("0", four, **wrong)})
    path = torchfile.write(tmp_path / "net.ckpt", torchfile.pickled(value), {"0": four.tobytes()})
    with Archive(path) as archive, pytest.raises(ModelError, match=match):
        archive.arrays(archive.table())


def test_a_storage_that_is_missing_or_elsewhere_is_refused(tmp_path: Path) -> None:
    for key in ("7", "../data.pkl"):
        value = torchfile.table({"a": torchfile.tensor(key, np.zeros(4, np.float32))})
        path = torchfile.write(tmp_path / "net.ckpt", torchfile.pickled(value), {})
        with Archive(path) as archive, pytest.raises(ModelError, match=r"data/.* missing is not in the archive"):
            archive.arrays(archive.table())
