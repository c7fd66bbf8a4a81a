"""Reading TOML files, and the faults found in them: each with its file, line, column and key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sim.errors import InputError

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and positions in lists (from 0)."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
TOO_DEEP = f"tables and lists are nested more than {MAX_DEPTH} deep"
SHOWN_LENGTH = 60
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What names of studies and policies look like: they become names of files and folders."""
_LOCATED = re.compile(r"(.+?):(\d+)(?::(\d+))?: (.*)")


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """One fault of an input; `line` and `column` count from 1, 0 where the place is not known."""

    file: str
    line: int
    column: int
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line > 0 else self.file
        return ": ".join(part for part in (place, self.key, self.text) if part)


@dataclass(slots=True)
class Faults:
    """The faults found so far; a fault that is found twice counts once."""

    found: set[Fault] = field(default_factory=set)

    def add(self, place: Place, key: KeyPath, text: str) -> None:
        """Record a fault at a place."""
        self.found.add(Fault(place.file, place.line, place.column, dotted(key), text))

    def add_lines(self, message: str) -> None:
        """Take over faults of another part of the program, one `file:line:column: text` a line."""
        for line in message.splitlines():
            located = _LOCATED.fullmatch(line)
            if located is None:
                self.found.add(Fault("", 0, 0, "", line))
            else:
                file, row, column, text = located.groups()
                shown = shown_path(Path(file))
                self.found.add(Fault(shown, int(row), int(column or 1), "", text))

    def __len__(self) -> int:
        return len(self.found)

    def raise_all(self) -> None:
        """Raise one InputError with a line per fault, by file and line, if there is any fault."""
        if self.found:
            raise InputError("\n".join(str(fault) for fault in sorted(self.found)))


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, from 1; line 0: only the file is known."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line > 0 else self.file


@dataclass(frozen=True, eq=False)
class Document:
    """The contents of one TOML file, and where each key stands in it."""

    path: Path
    text: str
    content: dict[str, Any]

    @property
    def file(self) -> str:
        """The path as people like to read it."""
        return shown_path(self.path)

    def has(self, key: KeyPath) -> bool:
        """Tell whether the file states this key."""
        try:
            self.get(key)
        except (LookupError, TypeError):
            return False
        return True

    def get(self, key: KeyPath) -> object:
        """Return the value of a key.

        Raises:
            LookupError, TypeError: if the file does not state it.
        """
        value: Any = self.content
        for part in key:
            value = value[part]
        return value

    def place(self, key: KeyPath, at: Literal["key", "value"] = "value") -> Place:
        """Return where a key or its value stands, or else the nearest table around it."""
        if not self._entries:
            return Place(self.file)
        pointer = "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in key)
        entry = self._entries.get(pointer)
        if entry is None:
            inside = next(
                (e for p, e in self._entries.items() if p.startswith(pointer + "/")), None
            )
            if key and inside is None:
                return self._item_place(key) or self.place(key[:-1], at)
            entry = inside or self._entries[""]
        start = entry.key_start if at == "key" and entry.key_start else entry.value_start
        return Place(self.file, start.line + 1, start.column + 1)

    def _item_place(self, key: KeyPath) -> Place | None:
        """Return where a text in a list stands: the source map knows the list, not its items."""
        pointer = "".join(f"/{part}" for part in key[:-1])
        entry, position = self._entries.get(pointer), key[-1]
        if entry is None or not isinstance(position, int) or not self.has(key):
            return None
        start, end = entry.value_start.position, entry.value_end.position
        spots = list(re.finditer(r"""(["'])(.*?)\1""", self.text[start:end]))
        items = self.get(key[:-1])
        if not isinstance(items, list):
            return None
        texts = [item for item in items if isinstance(item, str)]
        if [spot[2] for spot in spots] != texts or not isinstance(items[position], str):
            return None  # the list holds more than plain texts: its own place must do
        before = sum(isinstance(item, str) for item in items[:position])
        return _place_of_offset(self.file, self.text, start + spots[before].start())

    @cached_property
    def _entries(self) -> Mapping[str, Any]:
        """The source map by JSON pointer; empty where the package that makes it fails."""
        try:
            from parse_errors.source_map import build_source_map

            return build_source_map(self.text, "toml")
        except (ImportError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}


@dataclass(frozen=True, slots=True)
class Layers:
    """Documents laid over each other, lowest first: a key belongs to the last that states it."""

    documents: tuple[Document, ...]
    own_keys: frozenset[str] = frozenset()
    """Keys that no document takes over: what the last does not state is not there."""

    def owner(self, key: KeyPath) -> Document | None:
        """Return the document whose value of this key counts; none if no document states it.

        Tables are laid over each other key by key, lists as a whole: an item of a list belongs to
        the document of the list.
        """
        whole = next((i for i, part in enumerate(key) if isinstance(part, int)), len(key))
        own = len(key) > 0 and key[0] in self.own_keys
        documents = self.documents[-1:] if own else self.documents
        owner = next((d for d in reversed(documents) if d.has(key[:whole])), None)
        return owner if owner is not None and owner.has(key) else None

    def place(self, key: KeyPath, at: Literal["key", "value"] = "value") -> Place:
        """Return where a key or its value stands, or else the nearest table around it."""
        for length in range(len(key), 0, -1):
            owner = self.owner(key[:length])
            if owner is not None:
                return owner.place(key[:length], at)
        return self.documents[-1].place(())


def shown_path(path: Path) -> str:
    """Return the path relative to the working folder if it lies inside it."""
    absolute = path.absolute()
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


def dotted(key: KeyPath) -> str:
    """Return a key as people write it, items of lists counted from 1: `changes[1].from_day`."""
    out = ""
    for part in key:
        if isinstance(part, int):
            out += f"[{part + 1}]"
        else:
            out += f".{part}" if out else part
    return out


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean '...'?)` for the known name nearest to `name`, or nothing."""
    by_folded = {k.casefold().replace("-", "_"): k for k in known}
    folded = name.casefold().replace("-", "_")
    close = difflib.get_close_matches(folded, list(by_folded), n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[close[0]]}'?)" if close else ""


def shown_value(value: object) -> str:
    """Return a value as it would stand in TOML, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = f"'{value}'" if isinstance(value, str) else "none" if value is None else str(value)
    return text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "..."


def read_document(path: Path, faults: Faults) -> Document | None:
    """Read one TOML file; return none, and record a fault, where that is not possible."""
    place = Place(shown_path(path), 1, 1)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        others = [p.stem for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        faults.add(place, (), f"there is no such file{nearest(path.stem, others)}")
        return None
    except IsADirectoryError:
        faults.add(place, (), "this is a folder, not a TOML file")
        return None
    except (OSError, ValueError) as error:
        faults.add(
            place, (), f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        )
        return None
    if len(content) > MAX_BYTES:
        faults.add(place, (), f"the file is larger than {MAX_BYTES:,} bytes")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        faults.add(Place(place.file, line, column), (), "the file is not UTF-8 text")
        return None
    return _parsed(path, text, faults)


def _parsed(path: Path, text: str, faults: Faults) -> Document | None:
    file = shown_path(path)
    try:
        document = Document(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        faults.add(*_syntax_fault(file, text, str(error)))
    except RecursionError:
        faults.add(Place(file, 1, 1), (), TOO_DEEP)
    except ValueError:
        # A valid file can hold an integer with more digits than Python converts.
        digits = re.search(r"[0-9_]{1000,}", text)
        place = _place_of_offset(file, text, digits.start() if digits else 0)
        faults.add(place, (), "not valid TOML: a number has too many digits")
    else:
        if not _is_deep(document.content):
            return document
        faults.add(Place(file, 1, 1), (), TOO_DEEP)
    return None


def _is_deep(values: dict[str, Any]) -> bool:
    """Tell whether tables and lists are nested deeper than any input needs."""
    level: list[object] = [values]
    for _ in range(MAX_DEPTH):
        inner = [list(v.values()) if isinstance(v, dict) else v for v in level]
        level = [v for values in inner if isinstance(values, list) for v in values]
    return len(level) > 0


def _syntax_fault(file: str, text: str, message: str) -> tuple[Place, KeyPath, str]:
    """Return place, key and words for what `tomllib` says about a text that it cannot parse."""
    located = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    what = message[: located.start()] if located else message
    words = f"not valid TOML: {what[:1].lower()}{what[1:]}"
    if located is None or located[1] is None:
        end = _place_of_offset(file, text, len(text.rstrip("\n")))
        return end, (), f"{words} at the end of the file"
    line, column = int(located[1]), int(located[2])
    source = text.split("\n")[line - 1]
    if what.startswith(("Cannot overwrite", "Cannot declare", "Duplicate inline table key")):
        statement = source.strip()
        key = (
            statement.strip("[]") if statement.startswith("[") else statement.split("=")[0].strip()
        )
        return Place(file, line, source.index(statement) + 1), (key,), "stands twice in the file"
    if what == r"Illegal character '\n'":
        words = "not valid TOML: a text has no closing quote on its line"
    return Place(file, line, column), (), words


def _place_of_offset(file: str, text: str, offset: int) -> Place:
    return Place(file, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
