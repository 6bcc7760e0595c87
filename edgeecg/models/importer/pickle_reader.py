"""A pickle read by a machine that knows tables, lists, numbers, words and tensors, and calls nothing.

Python's own unpickler imports what a pickle names and calls it; this one has no way to. `pickletools.genops` cuts the bytes into
operations, within their bounds; an operation or a name that a file of weights has no use for is refused.
"""

import pickletools
from collections.abc import Callable
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from edgeecg.errors import Fault, ModelError
from edgeecg.models.importer.symbols import (
    DTYPES,
    KNOWN,
    ORDERED_DICT,
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    Ignored,
    Storage,
    Symbol,
    Tensor,
    is_bookkeeping,
)

MAX_DIMS = 8
_MARK: Final = object()

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
PLAIN = {
    "BINFLOAT", "BININT", "BININT1", "BININT2", "BINUNICODE", "BINUNICODE8", "LONG1", "SHORT_BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
}  # fmt: skip
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_SET": set}
SKIPPED = {"PROTO", "FRAME"}


def read(data: bytes, where: str) -> Any:
    """Return what a pickle says, tensors as `Tensor`; refuse what it has no business to say."""
    machine = _Machine(where)
    try:
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)  # of an old kind of string with a wrong escape in it: it is refused by its kind
            for operation, argument, position in pickletools.genops(data):
                if operation.name == "STOP":
                    return machine.result()
                machine.step(operation.name, argument, position or 0)
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as error:  # a sound pickle gives none of them
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ModelError(Fault(where, f"damaged ({reason}); it", "a whole pickle")) from None
    raise ModelError(Fault(where, "cut short", "a whole pickle"))


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        """Return the one thing that is left."""
        (value,) = self._stack
        return value

    def step(self, name: str, argument: Any, position: int) -> None:
        """Do one operation."""
        if name in PLAIN:
            self._stack.append(argument)
        elif name in CONSTANTS:
            self._stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self._stack.append(EMPTY[name]())
        elif name in {"BINPUT", "LONG_BINPUT"}:
            self._memo[argument] = self._stack[-1]
        elif name in {"BINGET", "LONG_BINGET"}:
            self._stack.append(self._memo[argument])
        elif name == "GLOBAL":
            module, _, called = argument.partition(" ")
            self._stack.append(self._symbol(module, called, position))
        elif handler := _HANDLERS.get(name):
            handler(self, position)
        elif name not in SKIPPED:
            self._refuse(f"the operation {name}", "one that weights need", position)

    def _refuse(self, got: str, allowed: str, position: int) -> None:
        raise ModelError(Fault(f"{self._where}, byte {position}", got, allowed))

    def _since_mark(self) -> list[Any]:
        values = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _symbol(self, module: object, name: object, position: int) -> Symbol:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a global that is no two words")
        symbol = Symbol(module, name)
        if str(symbol) not in KNOWN and not is_bookkeeping(str(symbol)):
            self._refuse(f"{symbol} in a pickle", f"one of {', '.join(sorted(KNOWN))}", position)
        return symbol

    def stack_global(self, position: int) -> None:
        """Name a global by two words on the stack."""
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(self._symbol(module, name, position))

    def mark(self, _: int) -> None:
        """Remember where a group begins."""
        self._stack.append(_MARK)

    def memoize(self, _: int) -> None:
        """Remember the top under the next number."""
        self._memo[len(self._memo)] = self._stack[-1]

    def gather(self, _: int) -> None:
        """Gather a group."""
        self._stack.append(tuple(self._since_mark()))

    def gather_last(self, n: int) -> None:
        """Gather the last few."""
        values = [self._stack.pop() for _ in range(n)][::-1]
        self._stack.append(tuple(values))

    def append(self, _: int) -> None:
        """Put one thing into a list."""
        self._fill([self._stack.pop()])

    def appends(self, _: int) -> None:
        """Put a group into a list."""
        self._fill(self._since_mark())

    def _fill(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, set | Ignored):  # nobody asks what is in a set
            raise TypeError(f"append to a {type(target).__name__}")

    def set_item(self, _: int) -> None:
        """Put one pair into a table."""
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def set_items(self, _: int) -> None:
        """Put a group of pairs into a table."""
        self._set(self._since_mark())

    def _set(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Ignored):
            return
        if not isinstance(target, dict):
            raise TypeError(f"set an item of a {type(target).__name__}")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str | int):  # what else can be a key may take for ever to hash
                raise TypeError(f"a key of type {type(key).__name__}")
            target[key] = value

    def build(self, _: int) -> None:
        """Drop an object's attributes: what is read here has none that matter."""
        self._stack.pop()
        if not isinstance(self._stack[-1], dict | Ignored):
            raise TypeError(f"build a {type(self._stack[-1]).__name__}")

    def persistent(self, _: int) -> None:
        """Name a storage."""
        kind, symbol, key, _, n_values = self._stack.pop()
        if (
            kind != "storage"
            or not isinstance(symbol, Symbol)
            or str(symbol) not in DTYPES
            or not isinstance(key, str)
            or not isinstance(n_values, int)
        ):
            raise ValueError("a storage that is none")
        self._stack.append(Storage(DTYPES[str(symbol)], key, n_values))

    def call(self, position: int) -> None:
        """Stand in for the few calls there are to stand in for."""
        arguments, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, Symbol) or not isinstance(arguments, tuple):
            raise TypeError(f"call a {type(called).__name__}")
        self._stack.append(self._made(str(called), arguments, position))

    def _made(self, name: str, arguments: tuple[Any, ...], position: int) -> Any:
        if name == ORDERED_DICT and not arguments:
            return {}
        if name == REBUILD_TENSOR:
            return _tensor(*arguments[:4])
        if name == REBUILD_PARAMETER and isinstance(arguments[0], Tensor):
            return arguments[0]
        if is_bookkeeping(name):
            return Ignored(name)
        self._refuse(f"a call of {name}", "a tensor's or an empty table's", position)
        return None


def _tensor(storage: object, offset: object, dims: object, strides: object) -> Tensor:
    """Check the kinds of a tensor's parts; whether they fit its storage is the archive's to say."""
    whole = all(type(size) is int and size >= 0 for part in (dims, strides) if isinstance(part, tuple) for size in part)
    if not isinstance(storage, Storage) or type(offset) is not int or offset < 0 or not whole:
        raise ValueError("a tensor that is none")
    if not isinstance(dims, tuple) or not isinstance(strides, tuple) or len(dims) != len(strides) or len(dims) > MAX_DIMS:
        raise ValueError("a tensor of no shape")
    return Tensor(storage, offset, dims, strides)


_HANDLERS: dict[str, Callable[[_Machine, int], None]] = {
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "BINPERSID": _Machine.persistent,
    "BUILD": _Machine.build,
    "MARK": _Machine.mark,
    "MEMOIZE": _Machine.memoize,
    "NEWOBJ": _Machine.call,
    "REDUCE": _Machine.call,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "ADDITEMS": _Machine.appends,
    "STACK_GLOBAL": _Machine.stack_global,
    "TUPLE": _Machine.gather,
    "TUPLE1": lambda machine, _: machine.gather_last(1),
    "TUPLE2": lambda machine, _: machine.gather_last(2),
    "TUPLE3": lambda machine, _: machine.gather_last(3),
}
