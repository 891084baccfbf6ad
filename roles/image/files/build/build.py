# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Builds the images that a specification describes.

    build.py base-site|base-services|site|services --spec spec.json --result result.json [--log FILE]
    build.py pack --spec spec.json --output bundle.tar

The specification has the keys site and services, each with what its image is made of; the filter campus.moodle.image_plan
makes it. Progress goes to standard error. Exit status: 0 done, 1 the input is wrong or a step failed (one sentence on
standard error), 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from campus_build import base, pack, progress, services, site  # noqa: E402 - after the line above, which keeps the tree clean
from campus_build.engine import Engine, labels  # noqa: E402
from campus_build.errors import BuildError  # noqa: E402

_BUILDERS = {"site": site.build, "services": services.build}


def main(arguments: list[str]) -> int:
    """Run one command; see the module's documentation."""
    options = _parser().parse_args(arguments)
    try:
        spec = json.loads(options.spec.read_text(encoding="utf-8"))
        if options.command == "pack":
            pack.pack(spec, options.output)
            return 0
        if options.log:
            progress.open_log(options.log)
        result = _build(options.command, pack.resolve(spec, options.spec.resolve().parent))
        options.result.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except (BuildError, OSError) as error:
        progress.say("failed")
        # The last line is the sentence alone, for the one who called.
        print(error, file=sys.stderr)
        return 1
    return 0


def _build(command: str, specs: dict[str, Any]) -> dict[str, Any]:
    only_base = command.startswith("base-")
    command = command.removeprefix("base-")
    spec = specs[command]
    spec["cache"] = str(Path(spec["cache"]).expanduser())
    engine = Engine()
    engine.check()
    with _alone(Path(spec["cache"]), spec["base"]["reference"]):
        if only_base:
            return {"reference": spec["base"]["reference"], "size_bytes": base.ensure(engine, spec["base"])["Size"]}
        built = engine.inspect(spec["reference"]) is None
        if built:
            _BUILDERS[command](engine, spec)
        image = engine.inspect(spec["reference"]) or {}
    known = labels(image)
    result = {
        "reference": spec["reference"],
        "built": built,
        "size_bytes": image["Size"],
        "compressed_bytes": int(known[base.COMPRESSED_LABEL]),
        "facts": json.loads(known[site.FACTS_LABEL]),
    }
    progress.say(f"{spec['reference']}: {image['Size'] // 1024**2} MiB, {result['compressed_bytes'] // 1024**2} MiB compressed")
    return result


@contextmanager
def _alone(cache: Path, name: str) -> Iterator[None]:
    """Two builds on the same base take turns; the second then finds what the first made."""
    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name.replace("/", "-").replace(":", "-")).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another build is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Build the images of a site.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("base-site", "base-services", "site", "services", "pack"):
        command = commands.add_parser(name)
        command.add_argument("--spec", type=Path, required=True, help="the specification, JSON")
        if name == "pack":
            command.add_argument("--output", type=Path, required=True, help="the archive to write")
        else:
            command.add_argument("--result", type=Path, required=True, help="where to write the result, JSON")
            command.add_argument("--log", type=Path, help="a file that also gets the progress lines")
    return parser


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
