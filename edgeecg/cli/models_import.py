"""`edgeecg models import`: a published checkpoint becomes a model here, without torch and without running what is in the file."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from edgeecg.cli.parser import Parser
from edgeecg.data import load_excerpt
from edgeecg.errors import Fault, ModelError

EPILOGUE = """\
ecgfounder: 1_lead_ECGFounder.pth of PKUDigitalHealth/ECGFounder. A classifier of 150 statements, each with a probability of its own.
clef: clef_small.ckpt, clef_medium.ckpt or clef_large.ckpt (Zenodo 17572734). Encoders without a head: features, no answers.
Neither file comes with this package. Their own terms apply; read them."""


def configure(parser: Parser) -> None:
    """Name the file and where the model goes."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("family", choices=("ecgfounder", "clef"), help="whose checkpoint it is")
    parser.add_argument("file", metavar="FILE", type=Path, help="the checkpoint, as published")
    parser.add_argument("--to", metavar="DIR", type=Path, help="where to (default: your own models, $EDGEECG_MODELS)")
    parser.add_argument("--tflite", action="store_true", help="TFLite files too (needs edgeecg[tflite])")
    parser.add_argument(
        "--calibrate", metavar="RECORD", nargs="+", type=Path, default=[], help="WFDB records whose first lead int8 is calibrated on (default: the bundled one)"
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Import it, and name what was written."""
    needed = {"onnx": "import"} | ({"ai_edge_litert": "tflite"} if options.tflite else {})
    if missing := [extra for module, extra in needed.items() if not find_spec(module)]:
        raise ModelError(Fault("edgeecg models import", "without what it needs", f"possible: pip install 'edgeecg[{','.join(missing)}]'"))
    from edgeecg.io.wfdb import read_record
    from edgeecg.models import folders
    from edgeecg.models.importer.checkpoint import FAMILIES
    from edgeecg.models.importer.convert import Lead, convert

    excerpt = load_excerpt()
    leads = [
        Lead(path.name, record.leads[0].millivolts(), record.leads[0].rate_hz)
        for path in options.calibrate
        for record in [read_record(path)]
    ]
    leads = leads or [Lead(excerpt.title, excerpt.samples_mv, excerpt.rate_hz)]
    folder = options.to or folders.own()
    card = convert(options.file, FAMILIES[options.family], folder, leads, tflite=options.tflite, say=print)
    for key, file in card.files.items():
        print(f"{key:12} {folder / file.path}  {file.bytes / 1e6:.1f} MB  sha256 {file.sha256}")
    print(f"{card.id}: {card.summary}")
    return 0
