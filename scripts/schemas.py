"""Write docs/schema/*.json from the models. A test compares them."""

from pathlib import Path

from edgeecg.payload.schemas import schemas

FOLDER = Path(__file__).parents[1] / "docs/schema"

FOLDER.mkdir(exist_ok=True)
for name, text in schemas().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(FOLDER / name)
