<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

/**
 * Moodle's cache factory, with our store in place of Moodle's for the cache server ($CFG->alternative_cache_factory_class).
 *
 * Which caches there are and where they are is not changed: the configuration names Moodle's own store, and both stores
 * read and write the same keys of the same server.
 */
final class Factory extends \core_cache\factory
{
    protected function __construct()
    {
        parent::__construct();
        // Moodle does this for its own factory only.
        if (defined('CACHE_DISABLE_STORES') && CACHE_DISABLE_STORES !== false) {
            $this->set_state(self::STATE_STORES_DISABLED);
        }
    }

    public function create_store_from_config($name, array $details, \core_cache\definition $definition)
    {
        if ($details['class'] === \cachestore_redis::class) {
            $details['class'] = Store::class;
        }
        return parent::create_store_from_config($name, $details, $definition);
    }
}
