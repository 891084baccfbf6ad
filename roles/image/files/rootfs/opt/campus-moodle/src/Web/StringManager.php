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
 * own revision of its strings, which rises when strings are customised, a language pack changes or caches are purged.
 */
final class StringManager extends \core_string_manager_standard
{
    /** @var array<string, array<string, array<string, string>>> language => component => strings; for this request */
    private array $loaded = [];

    public function load_component_strings($component, $lang, $disablecache = false, $disablelocal = false)
    {
        if ($disablecache || $disablelocal || !self::isName($component) || !self::isName($lang)) {
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
        $file = "$CFG->localcachedir/strings/" . $this->get_key_suffix() . "/$lang-$component.php";
        $strings = SharedArray::read($file);
        if ($strings === null) {
            $strings = parent::load_component_strings($component, $lang);
            SharedArray::keep($file, $strings);
        }
        return $strings;
    }
}
