"""From a card to a model that runs: every file's length and hash are checked before anything reads what is in it."""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeecg.errors import Fault, ModelError
from edgeecg.models import forest
from edgeecg.models.backend import Net, Trees, runtime_of
from edgeecg.models.card import Card, File, FileKey
from edgeecg.models.classifier import Features, HeardFeatures, Model
from edgeecg.models.onnx_backend import OnnxNet, Tree
from edgeecg.models.tflite_backend import TfliteNet


def load(card: Card, folder: Path, *, key: FileKey | None = None, cache: Path | None = None) -> Model:
    """Load a model's net (`key`, or the default) and its tree, or say what is wrong."""
    nets = card.nets
    if key is not None and key not in nets:
        raise ModelError(Fault(card.id, f"its {key}", f"one of its nets: {', '.join(nets) or 'it has none'}"))
    key = key or (nets[0] if nets else None)
    net = open_net(card, folder, key, cache) if key else None
    if card.hearing:
        return Model(card, key, net, None, None, heard_set(card))
    if not card.fusion:
        return Model(card, key, net, None, None)
    return Model(card, key, net, open_tree(card, folder, cache), feature_set(card))


def open_net(card: Card, folder: Path, key: FileKey, cache: Path | None) -> Net:
    """Load one net's file on the runtime it is for."""
    file, length, outputs = card.files[key], card.net_len, card.n_outputs
    encoder = card.task == "features"
    data = read_checked(folder, file)
    if runtime_of(key) == "tflite":
        return TfliteNet(data, file.path, len_samples=length, n_labels=outputs, encoder=encoder)
    reads = "features" if card.hearing else "ecg"
    return OnnxNet(data, file.path, len_samples=length, n_labels=outputs, encoder=encoder, reads=reads, cache=cache)


def open_tree(card: Card, folder: Path, cache: Path | None) -> Trees:
    """Load the tree's file; what is not of the kind that is walked here runs on onnxruntime."""
    assert card.fusion, "a card with a tree says how it is fused"
    file = card.files[FileKey.TREE_ONNX]
    data = read_checked(folder, file)
    told = len(card.labels) + len(card.fusion.beside or ())
    width = card.fusion.features_len
    walked = forest.read(data, n_features=width, n_labels=told)
    return walked or Tree(data, file.path, n_features=width, n_labels=told, cache=cache)


def feature_set(card: Card) -> Features:
    """Return what makes the tree's features, by the name and version the card asks for."""
    assert card.fusion, "a card with a tree says which features it reads"
    asked = f"{card.fusion.features}-{card.fusion.features_version}"
    known = import_module("edgeecg.models.features")
    sets: dict[str, Features] = known.SETS
    if asked not in sets:
        raise ModelError(Fault(f"{card.id}: fusion.features", asked, f"one this version makes: {', '.join(sets)}"))
    if card.fusion.typical and len(card.fusion.typical) != len(known.NAMES[asked]):
        given, wanted = len(card.fusion.typical), len(known.NAMES[asked])
        raise ModelError(Fault(f"{card.id}: fusion.typical", f"{given} values", f"one for each of the {wanted} that {asked} names"))
    if asked in known.ABOUT:
        _check_span(card, asked, *known.ABOUT[asked])
    return sets[asked]


def _check_span(card: Card, features: str, before_s: float, after_s: float) -> None:
    """Refuse a window that such features would be read beyond the end of."""
    given = card.input
    if given.before_s != before_s:
        raise ModelError(Fault(f"{card.id}: input.before_s", given.before_s, f"{before_s:g}, as {features} reads a window"))
    if given.window_s < before_s + after_s:
        raise ModelError(Fault(f"{card.id}: input.window_s", given.window_s, f"{before_s + after_s:g} s or more, as {features} reads it"))


def heard_set(card: Card) -> HeardFeatures:
    """Return what makes the features of a model that hears."""
    assert card.hearing, "a card of a model that hears says which features its net reads"
    asked = f"{card.hearing.features}-{card.hearing.features_version}"
    sets: dict[str, tuple[Any, Any]] = import_module("edgeecg.models.features").HEARD
    if asked not in sets:
        raise ModelError(Fault(f"{card.id}: hearing.features", asked, f"one this version makes: {', '.join(sets)}"))
    return HeardFeatures(*sets[asked])


def read_checked(folder: Path, file: File) -> bytes:
    """Return a file's bytes if they are the ones its card is about."""
    where = str(folder / file.path)
    try:
        n_bytes = Path(where).stat().st_size
        if n_bytes != file.bytes:  # nothing is read for a card's word, nor from what is no file
            raise ModelError(Fault(where, f"{n_bytes} bytes long", f"the file its card names, of {file.bytes} bytes"))
        with Path(where).open("rb") as opened:
            data = opened.read(n_bytes)
    except OSError as error:
        raise ModelError(Fault(where, error.strerror, "a readable file")) from None
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise ModelError(Fault(where, f"sha256 {found}", f"its card's, {file.sha256}"))
    return data
