# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Changes of the code in an image, as shell commands of root. Each works on both layouts."""

from __future__ import annotations

WEBROOT = "$(test -d /srv/moodle/public/lib && echo /srv/moodle/public || echo /srv/moodle)"
BUMP = rf"sed -i -E 's/^(\s*\$version\s*=\s*[0-9]+)\.([0-9]+)/\1.99/' {WEBROOT}/version.php"
SCHEMA = rf"echo '// another step' >> {WEBROOT}/lib/db/upgrade.php"
# Moodle's script for upgrades with a statement before it; questions and unlocking go through.
WRAPPED = (
    "cd /srv/moodle/admin/cli && mv upgrade.php upgrade-whole.php && "
    """printf '<?php if (!preg_grep("/^--(is-|unset)/", $argv)) {{ {} }}\\n"""
    """require __DIR__ . "/upgrade-whole.php";' > upgrade.php"""
)
# A plugin that needs one that is not there: Moodle finds that after it has taken its lock for upgrades without maintenance.
UNFULFILLED = f"""echo '$plugin->dependencies = ["local_nowhere" => 1];' >> {WEBROOT}/mod/forum/version.php"""
# Moodle's upgrade does not make a column that only the description has.
FORGOTTEN_COLUMN = (
    """sed -i '0,/<FIELDS>/s//<FIELDS><FIELD NAME="campusnew" TYPE="int" LENGTH="10" NOTNULL="false" SEQUENCE="false"\\/>/' """
    f"{WEBROOT}/lib/db/install.xml"
)
BUMP_AGAIN = rf"sed -i -E 's/^(\s*\$version\s*=\s*[0-9]+\.99)/\15/' {WEBROOT}/version.php"
BROKEN = WRAPPED.format('fwrite(STDERR, "broken on purpose"); exit(1);')
BROKEN_LATE = WRAPPED.format("register_shutdown_function(static fn () => exit(1));")
NEW_TABLE = WRAPPED.format('register_shutdown_function(static fn () => $GLOBALS["DB"]->execute("CREATE TABLE {campusnew} (id bigint)"));')

# The commands wait for the lock of another container for two seconds only.
COMMANDS = "/opt/campus-moodle/src/Command"
IMPATIENT = f"sed -i 's/LOCK_SECONDS = 1800;/LOCK_SECONDS = 2;/' {COMMANDS}/Install.php {COMMANDS}/Upgrade.php"
# The rehearsal payload never lost a plugin of its own; real Moodle names those that it did.
REMOVES = (
    "sed -i 's/^class plugin_manager {/&\\n    public static function is_deleted_standard_plugin(string $type, string $name): bool "
    f'{{ return "${{type}}_$name" === "theme_clean"; }}/\' {WEBROOT}/lib/classes/plugin_manager.php'
)
