<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The code in this container: what was baked, or, where the code is mounted for editing, what is there now. */
final class Code
{
    /**
     * @param list<string> $plugins component names, for example mod_forum
     * @param array<string, string> $versions component => version, of the plugins that name one
     */
    private function __construct(
        public readonly string $version,
        public readonly string $release,
        public readonly string $branch,
        public readonly string $versionsHash,
        public readonly array $plugins,
        public readonly array $versions,
    ) {
    }

    public static function inImage(string $environment): self
    {
        $facts = $environment === 'production' && is_file(Paths::BAKED_VERSIONS)
            ? require Paths::BAKED_VERSIONS
            : Image::codeVersion() + Child::inside('versions');
        // An image that an older collection baked has no versions of plugins.
        return new self($facts['version'], $facts['release'], $facts['branch'], $facts['allversionshash'], $facts['plugins'], $facts['versions'] ?? []);
    }

    /** Whether the database belongs to newer code; versions are decimal numbers such as 2024100705.01. */
    public function isOlderThan(string $version): bool
    {
        return (float) $this->version < (float) $version;
    }
}
