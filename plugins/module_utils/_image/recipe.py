# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What decides the content of an image besides its input: the command line of mmdebstrap and the Dockerfiles. All of it is pure."""

from __future__ import annotations

import shlex
import typing as t

from .._moodle.branches import POSTGRESQL

# Moodle's code in the site image, and the users of the two images.
CODE = "srv/moodle"
SITE_USER = 10001
SERVICES_USER = 10002
# Files of the packages that no container needs. after.sh removes whatever of them an installation has left.
_PATHS = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
)
_DPKG = "etc/dpkg/dpkg.cfg.d"

Base = t.Mapping[str, t.Any]


def of_base(base: Base) -> list[str]:
    """Return what decides the content of a base: the same for every mirror, every place of the scripts, and however it is made.

    :param base: kind (bootstrap or registry), suite, packages, from (registry).
    """
    if base["kind"] == "registry":
        return [registry(base)]
    paths = [f"--dpkgopt={path}" for path in _PATHS]
    return [*_packages(base), *paths, *_scripts(""), base["suite"], "root.tar"]


def bootstrap(base: Base) -> list[str]:
    """Return the command line of mmdebstrap, which writes the root as a tar archive to standard output.

    It makes what of_base says, and saves two thirds of the time:

    - mmdebstrap filters each of the first packages through a program of its own where dpkg's paths are options, so the paths get
      into dpkg's configuration after the first packages, and what those have brought of them goes.
    - Until the root is complete dpkg does not wait for the disk: a root that is cut short is thrown away.

    :param base: as for of_base, and scripts (a folder on this machine), mirror, security_mirror.
    """
    lines = " ".join(shlex.quote(path) for path in _PATHS)
    hooks = [
        f'--extract-hook=mkdir -p "$1/{_DPKG}" && printf "%s\\n" {lines} >"$1/{_DPKG}/99mmdebstrap"',
        '--extract-hook=rm -rf "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/usr/share/info/*',
        '--extract-hook=find "$1/usr/share/doc" ! -type d ! -name copyright -delete',
        f'--extract-hook=echo force-unsafe-io >"$1/{_DPKG}/unsafe"',
        f'--customize-hook=rm "$1/{_DPKG}/unsafe"',
    ]
    sources = _sources(base["suite"], base["mirror"], base["security_mirror"])
    return [*_packages(base), *hooks, *_scripts(base["scripts"]), base["suite"], "-", *sources]


def _packages(base: Base) -> list[str]:
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(base['packages'])}",
        '--aptopt=Apt::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
    ]


def _scripts(folder: str) -> list[str]:
    before, after = (shlex.quote(f"{folder}/{name}.sh") for name in ("before", "after"))
    return [f'--essential-hook=sh {before} "$1"', f'--customize-hook=sh {after} "$1"']


def _sources(suite: str, mirror: str, security: str) -> list[str]:
    """Return package sources for the mirrors that are given; none where mmdebstrap's own choice (Debian's mirrors) stands."""
    if not mirror:
        return []
    lines = [f"deb {mirror} {suite} main", f"deb {mirror} {suite}-updates main"]
    return [*lines, f"deb {security} {suite}-security main"] if security else lines


def registry(base: Base) -> str:
    """Return the Dockerfile that adds the packages to an image from a registry."""
    packages = " ".join(base["packages"])
    return "\n".join(
        [
            f"FROM {base['from']}",
            "USER 0:0",
            "ADD scripts.tar /",
            "RUN /opt/campus-build/before.sh / \\",
            " && apt-get update \\",
            f" && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends {packages} \\",
            " && apt-get clean && rm -rf /var/lib/apt/lists/* \\",
            " && /opt/campus-build/after.sh / \\",
            " && rm -rf /opt/campus-build",
            "",
        ]
    )


def site(bottom: str) -> str:
    """Return the Dockerfile of a site image on a base."""
    return "\n".join(
        [
            f"FROM {bottom}",
            "ADD code.tar /",
            "ADD runtime.tar /",
            "USER 0:0",
            'RUN ["/opt/campus-moodle/bin/moodle", "bake"]',
            f"USER {SITE_USER}:{SITE_USER}",
            f"WORKDIR /{CODE}",
            "EXPOSE 8080",
            "STOPSIGNAL SIGQUIT",
            'ENTRYPOINT ["/opt/campus-moodle/bin/moodle"]',
            'CMD ["php"]',
            "",
        ]
    )


def services(bottom: str) -> str:
    """Return the Dockerfile of the services image on a base."""
    path = f"/usr/lib/postgresql/{POSTGRESQL}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return "\n".join(
        [
            f"FROM {bottom}",
            "ADD services.tar /",
            # psql, pg_isready and pg_dump find the socket without an argument.
            f"ENV PGHOST=/tmp PATH={path}",
            f"USER {SERVICES_USER}:{SERVICES_USER}",
            "WORKDIR /tmp",
            "STOPSIGNAL SIGINT",
            'ENTRYPOINT ["/opt/campus-services/bin/service"]',
            "",
        ]
    )
