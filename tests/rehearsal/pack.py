#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Packs the rehearsal payload as an archive that looks like a Moodle release: top folder ``moodle/``, layout of the branch.

The bytes depend on the arguments and the sources only. The last line of output is one JSON object with path, sha256, release,
version, branch, layout, schema and build. What the three kinds of change are for an operator:

* another release, same schema: an upgrade is pending, maintenance mode is not required;
* a higher ``--schema``: a table changes, maintenance mode is required;
* another ``--code-only`` marker alone: only the build marker in the footer and the header changes, nothing is pending.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple, Optional

SOURCE = Path(__file__).resolve().parent / "src"
MTIME = 1735689600  # 2025-01-01, any fixed moment does
HEADER = "<?php\n// SPDX-License-Identifier: GPL-3.0-or-later\n// Copyright: (c) 2026, campus.moodle contributors\n\n"
# Everything else moves below public/ in the public layout.
STAYS_AT_ROOT = ("admin/cli/", "config-dist.php", "lib/components.json", "lib/plugins.json")
EXTENSIONS = ("ctype", "curl", "dom", "fileinfo", "gd", "hash", "iconv", "intl", "json", "mbstring", "openssl", "pcre", "pgsql")
MORE_EXTENSIONS = ("simplexml", "sodium", "spl", "xml", "xmlreader", "zip", "zlib")


class Branch(NamedTuple):
    """What a branch asks for; ``date`` begins its version numbers, ``before`` is the first PHP it does not work with."""

    date: str
    layout: str
    php: str
    before: str
    postgresql: str
    upgrade_from: str


BRANCHES = {
    "4.4": Branch("20240422", "classic", "8.1.0", "8.4.0", "13", "3.11.8"),
    "4.5": Branch("20241007", "classic", "8.1.0", "8.4.0", "13", "4.1.2"),
    "5.0": Branch("20250414", "classic", "8.2.0", "8.5.0", "14", "4.2.3"),
    "5.1": Branch("20251006", "public", "8.2.0", "8.5.0", "15", "4.2.3"),
    "5.2": Branch("20260420", "public", "8.3.0", "8.5.0", "16", "4.4"),
    "5.3": Branch("20261005", "public", "8.3.0", "8.5.0", "16", "4.5"),
}


class Release(NamedTuple):
    """One archive to make."""

    branch: str
    release: str
    version: str
    schema: int
    build: str

    @property
    def layout(self) -> str:
        """Where the web server's files are: classic (top folder) or public (``public/``)."""
        return BRANCHES[self.branch].layout


def derive_version(branch: str, release: str, schema: int) -> str:
    """Version number of a release: 4.5.1 is 2024100701.00; a schema level above 1 counts in the last digits."""
    match = re.match(r"^(\d+\.\d+)(?:\.(\d+))?$", release)
    if match is None or match.group(1) != branch:
        raise ValueError(f"release {release!r} does not belong to branch {branch}; expected {branch} or {branch}.N")
    return f"{BRANCHES[branch].date}{int(match.group(2) or 0):02d}.{schema - 1:02d}"


def version_php(release: Release) -> str:
    """Content of the main version.php."""
    digits = release.branch.split(".")
    shown = re.sub(r"^(\d+\.\d+)\.0$", r"\1", release.release)  # Moodle calls its first release 5.1, not 5.1.0
    return (
        f"{HEADER}defined('MOODLE_INTERNAL') || die();\n\n"
        f"$version  = {release.version};\n"
        f"$release  = '{shown} (Build: {release.version[:8]})';\n"
        f"$branch   = '{digits[0]}{int(digits[1]):02d}';\n"
        "$maturity = MATURITY_STABLE;\n"
    )


def plugin_version_php(component: str, date: str) -> str:
    """Content of the version.php of a bundled plugin; a branch brings new versions, a point release does not."""
    return (
        f"{HEADER}defined('MOODLE_INTERNAL') || die();\n\n"
        f"$plugin->version   = {date}00;\n"
        f"$plugin->requires  = {date[:6]}0100;\n"
        f"$plugin->component = '{component}';\n"
    )


def environment_xml(branch: str) -> str:
    """Requirements of the branch in the shape of Moodle's environment.xml."""
    facts = BRANCHES[branch]
    extensions = "\n".join(f'      <PHP_EXTENSION name="{name}" level="required" />' for name in sorted(EXTENSIONS + MORE_EXTENSIONS))
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<COMPATIBILITY_MATRIX>
  <MOODLE version="{branch}" requires="{facts.upgrade_from}">
    <DATABASE level="required">
      <VENDOR name="postgres" version="{facts.postgresql}" />
    </DATABASE>
    <PHP version="{facts.php}" before="{facts.before}" level="required" />
    <PHP_EXTENSIONS>
{extensions}
    </PHP_EXTENSIONS>
  </MOODLE>
</COMPATIBILITY_MATRIX>
"""


def generated_files(release: Release, components: dict[str, dict[str, str]], standard: dict[str, list[str]]) -> dict[str, str]:
    """Files that depend on the release: path in the classic layout -> content."""
    date = BRANCHES[release.branch].date
    files = {
        "version.php": version_php(release),
        "admin/environment.xml": environment_xml(release.branch),
        "lib/build.json": json.dumps({"build": release.build, "schema": release.schema}) + "\n",
        "lib/db/schema.json": json.dumps({"level": release.schema}) + "\n",
    }
    for kind, names in standard.items():
        for name in names:
            files[f"{components['plugintypes'][kind]}/{name}/version.php"] = plugin_version_php(f"{kind}_{name}", date)
    return files


def public_components(components: dict[str, dict[str, Optional[str]]]) -> str:
    """components.json of the public layout: the same paths below public/."""
    moved = {group: {name: path and f"public/{path}" for name, path in entries.items()} for group, entries in components.items()}
    return json.dumps(moved, indent=2) + "\n"


def collect(release: Release) -> dict[str, bytes]:
    """All files of the archive: path below the top folder -> content."""
    files = {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    components = json.loads(files["lib/components.json"])
    standard = json.loads(files["lib/plugins.json"])["standard"]
    for path, text in generated_files(release, components, standard).items():
        files[path] = text.encode()

    columns = "".join(
        f'<FIELD NAME="level{level}" TYPE="int" LENGTH="10" NOTNULL="true" DEFAULT="0"/>\n        '
        for level in range(2, release.schema + 1)
    )
    marker = b"<!-- schema levels -->"
    files["lib/db/install.xml"] = files["lib/db/install.xml"].replace(marker, columns.encode() + marker)
    if release.layout == "classic":
        return files

    moved = {path if path.startswith(STAYS_AT_ROOT) else f"public/{path}": content for path, content in files.items()}
    moved["lib/components.json"] = public_components(components).encode()
    moved["public/config.php"] = f"{HEADER}require_once(__DIR__ . '/../config.php');\n".encode()
    return moved


def write_archive(files: dict[str, bytes], target: Path) -> None:
    """Writes a gzipped tar with sorted names, one owner and one time."""
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folders = {"moodle"} | {f"moodle/{parent}" for path in files for parent in map(str, Path(path).parents) if parent != "."}
        for name in sorted(folders | {f"moodle/{path}" for path in files}):
            entry = tarfile.TarInfo(name)
            entry.mtime = MTIME
            if name in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
                continue
            content = files[name[len("moodle/") :]]
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        packed.write(tarred.getvalue())


def pack(release: Release, output: Path) -> dict[str, object]:
    """Writes ``moodle-<release>-rehearsal.tgz`` into ``output`` and returns the facts about it."""
    target = output / f"moodle-{release.release}-rehearsal.tgz"
    write_archive(collect(release), target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return {"path": str(target), "sha256": digest, **release._asdict(), "layout": release.layout}


def read_arguments(arguments: Optional[list[str]] = None) -> argparse.Namespace:
    """Command line of this program."""
    parser = argparse.ArgumentParser(description="Packs the rehearsal payload as a Moodle-like release archive.")
    parser.add_argument("--branch", required=True, choices=sorted(BRANCHES))
    parser.add_argument("--release", help="release, for example 4.5.1 (default: the branch with .0)")
    parser.add_argument("--version", help="version number instead of the one that follows from release and schema")
    parser.add_argument("--schema", type=int, default=1, help="schema level, 1 (default) to 99; higher ones add columns")
    parser.add_argument("--code-only", default="1", metavar="MARKER", help="build marker; a change of it alone needs no upgrade")
    parser.add_argument("--output", required=True, type=Path, help="folder for the archive")
    return parser.parse_args(arguments)


def main(arguments: Optional[list[str]] = None) -> int:
    """Packs one archive; 0 done, 2 bad arguments."""
    options = read_arguments(arguments)
    name = options.release or f"{options.branch}.0"
    try:
        derived = derive_version(options.branch, name, options.schema)
        if not 1 <= options.schema <= 99:
            raise ValueError(f"schema level {options.schema} is not between 1 and 99")
        if options.version is not None and re.match(r"^\d{10}\.\d{2}$", options.version) is None:
            raise ValueError(f"version {options.version!r} does not look like 2024100701.00")
        if re.match(r"^[A-Za-z0-9._-]{1,40}$", options.code_only) is None:
            raise ValueError("the build marker takes letters, digits, dot, dash and underscore only")
    except ValueError as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 2
    release = Release(options.branch, name, options.version or derived, options.schema, options.code_only)
    print(json.dumps(pack(release, options.output)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
