"""Run a program under the system calls that a unit allows: `python confined.py UNIT PROGRAM ARGUMENTS...`, as systemd would."""

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

LIBRARY = "libseccomp.so.2"
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def members(name: str) -> set[str]:
    """What a group of system calls holds, by systemd's own list."""
    if not name.startswith("@"):
        return {name}
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    named = (line.partition("#")[0].strip() for line in said.splitlines()[1:])
    return {one for name in named if name for one in members(name)}


def allowed(unit: str) -> set[str]:
    """What is left of the first line's after the others were taken off and added."""
    left = members("@default") | {"execve"}
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        named = {one for name in line.lstrip("~").split() for one in members(name)}
        left = left - named if line.startswith("~") else left | named
    return left


def confine(calls: set[str]) -> None:
    """Refuse all others to this process, and to what it becomes."""
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSE)))
    for number in map(library.seccomp_syscall_resolve_name, (call.encode() for call in calls)):
        if number >= 0:  # there is one of that name on this processor
            library.seccomp_rule_add(rules, ctypes.c_uint32(ALLOW), number, 0)
    assert library.seccomp_load(rules) == 0


if __name__ == "__main__":
    unit, *program = sys.argv[1:]
    confine(allowed(Path(unit).read_text(encoding="utf-8")))
    os.execvp(program[0], program)
