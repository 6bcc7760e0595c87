"""What would be left of start-up and memory without a compiler in the process: `python -m benchmarks.ahead_of_time`. Needs gcc. A probe.

The object code that numba made of one kernel (conditioning and detector, callees included) is linked into a library of its own and called
by ctypes from a process that never imports numba. It must give the bits that numba's own call gives. Nothing of this is shipped.
"""

import json
import pickletools
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edgeecg.data import load_excerpt
from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.state import EVENT

CHUNK = 64
ARRAYS = 3
NEEDED = re.compile(r"^\s+U ((?:NRT|numba)_\w+)$", re.MULTILINE)
CALLER = """
import ctypes, json, sys, time, hashlib
from pathlib import Path
import numpy as np

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

before_mb, begun = resident_mb(), time.thread_time()
call = ctypes.CDLL(sys.argv[1] + "/kernel.so").call
loaded_ms = (time.thread_time() - begun) * 1e3
call.restype = ctypes.c_int64
lead, x = np.load(sys.argv[1] + "/lead.npy"), np.load(sys.argv[1] + "/x.npy")
out, told = np.zeros(64 * 88, np.uint8), np.zeros(15, np.int64)
told[:5] = 1, len(lead), lead.ctypes.data, 1, len(lead)
told[10:] = 64, 88, out.ctypes.data, 64, 88
digest, place = hashlib.sha256(), ctypes.c_void_p(told.ctypes.data)
for first in range(0, len(x) - 63, 64):
    told[5:10] = 64, 8, x.ctypes.data + 8 * first, 64, 8
    n = call(place)
    assert n >= 0
    digest.update(out[: n * 88].tobytes())
digest.update(lead.tobytes())
print(json.dumps({"digest": digest.hexdigest(), "loaded_ms": loaded_ms, "numpy_mb": before_mb, "mb": resident_mb(), "numba": "numba" in sys.modules}))
"""
OURS = """
import sys, time
sys.modules.update(scipy=None, coverage=None, cffi=None, yaml=None)
from pathlib import Path
begun = time.thread_time()
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
Engine(EngineConfig(streams=(StreamFacts(name="a", rate_hz=250.0),)))
import json
print(json.dumps({"ms": (time.thread_time() - begun) * 1e3, "mb": int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20}))
"""


def compiled() -> tuple[str, bytes]:
    """Return the name and the object code of the kernel, out of numba's cache."""
    kernel: Any = condition_qrs
    condition_qrs(condition_qrs_lead(), np.zeros(CHUNK), np.zeros(64, EVENT))
    (overload,) = kernel.overloads.values()
    folder = Path(kernel._cache._cache_path)  # noqa: SLF001 - numba keeps it to itself
    newest = max(folder.glob("condition_qrs.condition_qrs-*.nbc"), key=lambda path: path.stat().st_mtime)
    found = [word for _, word, _ in pickletools.genops(newest.read_bytes()) if isinstance(word, bytes) and word.startswith(b"\x7fELF")]
    return overload.fndesc.llvm_func_name, found[0]


def link(folder: Path, name: str, code: bytes) -> None:
    """Make a library whose `call` takes all arguments out of one array of integers."""
    (folder / "kernel.o").write_bytes(code)
    needed = NEEDED.findall(subprocess.run(["nm", "-u", str(folder / "kernel.o")], check=True, capture_output=True, text=True).stdout)
    types = "int64_t*,void**" + ",void*,void*,int64_t,int64_t,void*,int64_t,int64_t" * ARRAYS
    passed = "".join(f",0,0,a[{i}],a[{i + 1}],(void*)a[{i + 2}],a[{i + 3}],a[{i + 4}]" for i in range(0, 5 * ARRAYS, 5))
    source = "#include <stdint.h>\n#include <stdlib.h>\n" + "".join(f"void {word}(void){{abort();}}\n" for word in needed)
    source += f"extern int {name}({types});\n"
    source += f"int64_t call(int64_t*a){{int64_t r=0;void*e=0;int s={name}(&r,&e{passed});return s?-1:r;}}\n"
    (folder / "call.c").write_text(source)
    command = ["gcc", "-w", "-O2", "-shared", "-fPIC", "-Wl,-z,notext", "-o", "kernel.so", "kernel.o", "call.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True, stderr=subprocess.DEVNULL)


def expected(x: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Return the digest of what numba's own call gives."""
    import hashlib

    lead, out, digest = condition_qrs_lead(), np.zeros(64, EVENT), hashlib.sha256()
    for first in range(0, len(x) - CHUNK + 1, CHUNK):
        digest.update(out[: condition_qrs(lead, x[first : first + CHUNK], out)].tobytes())
    digest.update(lead.tobytes())
    return digest.hexdigest()


def said(program: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> int:
    x = np.ascontiguousarray(load_excerpt().samples_mv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        link(folder, *compiled())
        np.save(folder / "x.npy", x)
        np.save(folder / "lead.npy", condition_qrs_lead().view(np.uint8))
        ahead = said(CALLER, name)
    ours = said(OURS)
    same = ahead["digest"] == expected(x)
    print(
        f"ahead of time: the bits are {'the same' if same else 'OTHERS'}; loaded in {ahead['loaded_ms']:.1f} ms, numba imported: {ahead['numba']}"
    )
    print(f"  {ahead['mb']:.0f} MB, of which the interpreter and numpy {ahead['numpy_mb']:.0f}")
    print(
        f"as it is: numba imported, the engine's kernels loaded from the cache: {ours['ms']:.0f} ms of processor time, {ours['mb']:.0f} MB"
    )
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
