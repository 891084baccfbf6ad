<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Web;

use Campus\Moodle\SharedArray;

/**
 * Moodle's own string manager, with the strings of web requests kept where OPcache shares them.
 *
 * Moodle unpacks thousands of strings from its cache on every page. Here they stand in a PHP file of the container's local
 * cache, one for each language and component, whose array all PHP processes share as it is. The folder carries Moodle's
 * own revision of its strings, which rises when strings are customised, a language pack changes or caches are purged. Without
 * a revision, as with Moodle's setting langstringcache off, nothing is kept.
 */
final class StringManager extends \core_string_manager_standard
{
    /** @var array<string, array<string, array<string, string>>> language => component => strings; for this request */
    private array $loaded = [];

    public function load_component_strings($component, $lang, $disablecache = false, $disablelocal = false)
    {
        if ($disablecache || $disablelocal || $this->get_revision() <= 0 || !self::isName($component) || !self::isName($lang)) {
            return parent::load_component_strings($component, $lang, $disablecache, $disablelocal);
        }
        return $this->loaded[$lang][$component] ??= $this->fromFile((string) $component, (string) $lang);
    }

    public function reset_caches($phpunitreset = false)
    {
        $this->loaded = [];
        parent::reset_caches($phpunitreset);
    }

    /** Names come from pages; only plain ones become part of a path. */
    private static function isName(mixed $name): bool
    {
        return is_string($name) && preg_match('~^[a-z0-9_]*$~', $name) === 1;
    }

    /** @return array<string, string> */
    private function fromFile(string $component, string $lang): array
    {
        global $CFG;
        $folder = "$CFG->localcachedir/strings";
        $revision = $this->get_revision();
        $file = "$folder/$revision/$lang-$component.php";
        $strings = SharedArray::read($file);
        if ($strings !== null) {
            return $strings;
        }
        $strings = parent::load_component_strings($component, $lang);
        // Anybody may ask for components that do not exist, as many as there are names.
        if ($strings !== []) {
            is_dir("$folder/$revision") || self::forgetBefore($revision, $folder);
            SharedArray::keep($file, $strings);
        }
        return $strings;
    }

    /**
     * Removes what no page asks for any more. Only older revisions: a page that began before a purge still writes into its own.
     * Moodle may have emptied the folder already, while OPcache still holds what was in it.
     */
    private static function forgetBefore(int $revision, string $folder): void
    {
        $files = [...glob("$folder/*/*.php") ?: [], ...SharedArray::held($folder)];
        SharedArray::remove(array_filter($files, static fn (string $file) => (int) basename(dirname($file)) < $revision));
        // One that still has files stays.
        array_map(static fn (string $old) => @rmdir($old), glob("$folder/*", GLOB_ONLYDIR) ?: []);
    }
}
