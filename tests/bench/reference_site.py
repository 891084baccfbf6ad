# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The set-up that the benchmark compares with: Apache with mod_php, and PostgreSQL without anything in between.

It runs Moodle's code from our own site image on a copy of our site's database and files, so both serve the same content.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import typing as t

from support.docker import docker
from support.ports import free_port
from support.site import SUPERUSER
from support.wait import wait_for
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site

NAME = "moodle-bench-reference"
FOLDER = pathlib.Path(__file__).with_name("reference")
CACHE = pathlib.Path(os.environ.get("MOODLE_CACHE", pathlib.Path.home() / ".cache" / "campus.moodle"))
SUITE = "bookworm"
SECRETS = (
    "install -d -o www-data -m 0700 /run/bench"
    " && install -o www-data -m 0400 -t /run/bench /run/secrets/database_password /run/secrets/salt"
)
# mod_php and the extensions that moodlehq/moodle-php-apache enables and Debian has.
PACKAGES = [
    "apache2",
    "libapache2-mod-php8.2",
    "php8.2-cli",
    "php8.2-pgsql",
    "php8.2-curl",
    "php8.2-gd",
    "php8.2-intl",
    "php8.2-mbstring",
    "php8.2-xml",
    "php8.2-zip",
    "php8.2-soap",
    "php8.2-opcache",
    "php8.2-ldap",
    "php-apcu",
    "php-igbinary",
    "php-redis",
    "ca-certificates",
]


def debian_root() -> str:
    """Return the reference of an image with the packages; build it where the machine has none yet."""
    key = hashlib.sha256(" ".join([SUITE, *PACKAGES]).encode()).hexdigest()[:12]
    reference = f"campus.moodle/bench-root:{key}"
    if docker("images", "--quiet", reference):
        return reference
    CACHE.mkdir(parents=True, exist_ok=True)
    tar = CACHE / f"bench-root-{key}.tar"
    print("building the root of the reference set-up (a few minutes)", flush=True)
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(tar)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=1800)
    docker("import", str(tar), reference, timeout=600)
    tar.unlink()
    return reference


def build(site: Site) -> str:
    """Return the reference of the image with the code that the site runs."""
    image = f"{NAME}:local"
    arguments = {"ROOT": debian_root(), "SITE": site.container("php")["Config"]["Image"]}
    options = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    docker("build", "--quiet", "--tag", image, *options, str(FOLDER), timeout=900)
    return image


class Reference:
    """The running reference set-up; use it in a with statement, which removes it in the end."""

    def __init__(self, site: Site, cpus: float, memory: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._site = site
        self._limits = ("--cpus", str(cpus), "--memory", memory)
        self._database, self._web = f"{NAME}-database", f"{NAME}-web"

    def __enter__(self) -> Reference:
        self._remove()
        image = build(self._site)
        docker("network", "create", NAME)
        self._start_database()
        self._copy_database()
        self._start_web(image)
        self._copy_files()
        wait_for(lambda: User(self.url).get("/login/index.php").ok, seconds=60, what="a page of the reference set-up")
        return self

    def __exit__(self, *unused: object) -> None:
        self._remove()

    def _remove(self) -> None:
        docker("rm", "--force", "--volumes", self._database, self._web, check=False)
        docker("network", "rm", NAME, check=False)

    @property
    def _password_file(self) -> pathlib.Path:
        return self._site.directory / "secrets" / "services" / "database_password"

    def _start_database(self) -> None:
        """The same server as the site's, with the same limits."""
        docker(
            *("run", "--detach", "--name", self._database, "--network", NAME, *self._limits),
            *("--env", "POSTGRES_DB=moodle", "--env", "POSTGRES_USER=moodle", "--env", "POSTGRES_PASSWORD_FILE=/run/database_password"),
            *("--volume", f"{self._password_file}:/run/database_password:ro"),
            *(self._site.container("postgres")["Config"]["Image"], "postgres"),
        )

    def _copy_database(self) -> None:
        """Dump to restore, without a file in between."""
        wait_for(lambda: self._psql("SELECT 1") == "1", seconds=60, what="the start of the reference's database")
        source = str(self._site.container("postgres")["Id"])
        dump = subprocess.Popen(["docker", "exec", source, "pg_dump", *SUPERUSER, "--no-owner", "moodle"], stdout=subprocess.PIPE)
        restore = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", *SUPERUSER, "-d", "moodle", "-c", "SET ROLE moodle", "-f", "-"]
        subprocess.run(
            ["docker", "exec", "--interactive", self._database, *restore],
            stdin=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=600,
        )
        if dump.wait(timeout=60) != 0:
            raise RuntimeError("the site's database could not be dumped")
        # The server of the site has seen its tables for a while; give this one the same statistics.
        self._psql("VACUUM ANALYZE")

    def _psql(self, statement: str) -> str:
        return docker("exec", self._database, "psql", *SUPERUSER, "-XAtq", "-d", "moodle", "-c", statement)

    def _start_web(self, image: str) -> None:
        port = self.url.rpartition(":")[2]
        docker(
            *("run", "--detach", "--name", self._web, "--network", NAME, *self._limits, "--publish", f"127.0.0.1:{port}:80"),
            *("--env", f"BENCH_URL={self.url}", "--env", f"BENCH_DATABASE_HOST={self._database}"),
            *("--volume", f"{self._site.secrets}:/run/secrets:ro", image),
            # Apache's processes read them as www-data, and the files belong to the site.
            *("sh", "-c", f"{SECRETS} && exec apachectl -D FOREGROUND"),
        )

    def _copy_files(self) -> None:
        """Only what is content; caches come into being again."""
        source = str(self._site.container("php")["Id"])
        copy = subprocess.Popen(["docker", "exec", source, "tar", "-C", "/var/moodledata", "-cf", "-", "filedir"], stdout=subprocess.PIPE)
        unpack = ["tar", "-C", "/var/www/moodledata", "-xf", "-"]
        subprocess.run(
            ["docker", "exec", "--interactive", "--user", "www-data", self._web, *unpack], stdin=copy.stdout, check=True, timeout=300
        )
        copy.wait(timeout=60)
        docker("exec", "--user", "www-data", self._web, "php", "/var/www/html/admin/cli/purge_caches.php")
