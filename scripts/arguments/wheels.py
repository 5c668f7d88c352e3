"""Reads modules of wheels on the package index, without downloading the whole wheel: some engines' have 400 MB.

A wheel is a zip file, whose directory stands at its end, and the index answers requests for ranges of bytes.
"""

import ast
import io
import json
import os
import re
import sys
import urllib.request
import zipfile
from functools import cache
from pathlib import Path

# Bytes of one request. Modules of a package lie side by side, so that one request often brings several.
BLOCK = 256 * 1024


class Wheel:
    """Modules of a wheel, parsed as they are asked for. What was read is kept in a folder, for the next run."""

    def __init__(self, package, version, folder):
        self.kept = Path(folder) / f"{package}-{version}"
        self.release = (package, version)
        self.remote = lambda: archive(package, version)
        self.parsed = {}
        if not (self.kept / "NAMES").exists():
            self.kept.mkdir(parents=True, exist_ok=True)
            (self.kept / "NAMES").write_text("\n".join(self.archive().namelist()))
        self.names = set((self.kept / "NAMES").read_text().splitlines())

    def archive(self):
        if callable(self.remote):
            self.remote = self.remote()
        return self.remote

    def date(self):
        """The day on which it came out, as `2026-01-15`."""
        kept = self.kept / "DATE"
        if not kept.exists():
            kept.write_text(min(one["upload-time"] for one in wheels(*self.release))[:10])
        return kept.read_text()

    def text(self, name):
        """A file's text by its path in the wheel."""
        kept = self.kept / name
        if not kept.exists():
            data = self.archive().read(name)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data)
        return kept.read_text()

    def module(self, name):
        """The syntax tree of a module; None where the wheel has none of that name."""
        if name not in self.parsed:
            base = name.replace(".", "/")
            found = next((file for file in (f"{base}.py", f"{base}/__init__.py") if file in self.names), None)
            self.parsed[name] = found and ast.parse(self.text(found))
            if found:
                self.parsed[name].package = name if found.endswith("__init__.py") else name.rpartition(".")[0]
        return self.parsed[name]

    def requirements(self):
        """Requirements of its metadata, each a line."""
        [file] = [name for name in self.names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        return re.findall(r"^Requires-Dist: (.*)$", self.text(file), re.MULTILINE)


class Remote(io.RawIOBase):
    """A file at an address, read block by block as it is asked for."""

    def __init__(self, address, size):
        self.address, self.size, self.position, self.blocks = address, size, 0, {}

    def seekable(self):
        return True

    def readable(self):
        return True

    def tell(self):
        return self.position

    def seek(self, offset, whence=io.SEEK_SET):
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def readinto(self, buffer):
        number, start = divmod(self.position, BLOCK)
        if self.position >= self.size:
            return 0
        if number not in self.blocks:
            last = min((number + 1) * BLOCK, self.size) - 1
            request = urllib.request.Request(self.address, headers={"Range": f"bytes={number * BLOCK}-{last}"})
            with urllib.request.urlopen(request, timeout=120) as answer:
                if answer.status != 206:
                    raise OSError(f"the package index does not answer requests for ranges: {self.address}")
                self.blocks[number] = answer.read()
        data = self.blocks[number][start : start + len(buffer)]
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)


def archive(package, version):
    """The wheel of a release, for x86-64 where there are several."""
    print(f"{package} {version}", file=sys.stderr)
    found = wheels(package, version)
    chosen = next((one for one in found if "x86_64" in one["filename"]), found[0])
    return zipfile.ZipFile(io.BufferedReader(Remote(chosen["url"], chosen["size"])))


def wheels(package, version):
    """The wheels of a release, as the index lists them."""
    base = f"{package.replace('-', '_')}-{version}-"
    found = [one for one in files(package) if one["filename"].startswith(base) and one["filename"].endswith(".whl")]
    if not found:
        raise LookupError(f"the package index has no wheel of {package} {version}")
    return found


@cache
def files(package):
    """Files of a package as the index lists them: PEP 691."""
    # Pip knows the index, unless it is told another.
    from pip._internal.models.index import PyPI

    index = os.environ.get("PIP_INDEX_URL", PyPI.simple_url).rstrip("/")
    request = urllib.request.Request(f"{index}/{package}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["files"]
