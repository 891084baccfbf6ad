<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\plugininfo;

use core\plugin_manager;

defined('MOODLE_INTERNAL') || die();

/** One plugin, on disk, in the database, or both. */
class base {
    public ?string $release;
    public ?string $versionrequires;
    /** @var array{0: int, 1: int}|null */
    public ?array $pluginsupported;
    public ?int $pluginincompatible;
    public ?string $versiondisk;
    /** @var array<string, int|string> component => version */
    public array $dependencies;

    public function __construct(public string $component, ?\stdClass $disk, public ?string $versiondb) {
        $this->versiondisk = isset($disk->version) ? (string) $disk->version : null;
        $this->release = $disk->release ?? null;
        $this->versionrequires = isset($disk->requires) ? (string) $disk->requires : null;
        $this->pluginsupported = $disk->supported ?? null;
        $this->pluginincompatible = $disk->incompatible ?? null;
        $this->dependencies = (array) ($disk->dependencies ?? []);
    }

    /** @return array<string, int|string> */
    public function get_other_required_plugins(): array {
        return $this->dependencies;
    }

    public function get_status(): string {
        return match (true) {
            $this->versiondisk === null => 'missing',
            $this->versiondb === null => 'new',
            default => [-1 => 'downgrade', 0 => 'uptodate', 1 => 'upgrade'][(float) $this->versiondisk <=> (float) $this->versiondb],
        };
    }

    public function is_standard(): bool {
        return plugin_manager::is_standard($this->component);
    }

    public function is_enabled(): ?bool {
        return null;
    }
}
