<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Moodle's two kinds of maintenance, a file that closes the site and a setting that lets administrators in, and a date for the first. */
final class MaintenanceMode
{
    public const ON = 'on';
    public const OFF = 'off';
    public const LATER = 'later';

    /**
     * @param self::* $state
     * @param int|null $begins when the site closes, as seconds since 1970; null without a date
     * @param string $message what people read meanwhile, as HTML; '' for Moodle's own words
     */
    public function __construct(public readonly string $state, public readonly ?int $begins = null, public readonly string $message = '')
    {
    }

    /** Looks at the file and at the settings, which together are the truth. */
    public static function of(Database $database): self
    {
        $settings = $database->settings(['maintenance_enabled', 'maintenance_later', 'maintenance_message']);
        $later = (int) ($settings['maintenance_later'] ?? 0);
        // Moodle acts on a date with the next page after it; from then on the site counts as closed.
        $isOn = is_file(Paths::MAINTENANCE_FILE) || !empty($settings['maintenance_enabled']) || ($later > 0 && $later <= time());
        $state = $isOn ? self::ON : ($later > 0 ? self::LATER : self::OFF);
        return new self($state, $state === self::LATER ? $later : null, $settings['maintenance_message'] ?? '');
    }

    public static function isOn(Database $database): bool
    {
        return self::of($database)->state === self::ON;
    }

    /**
     * What a request makes of this. A site that is closed, or has a date, is not given a new one.
     *
     * @param self::* $state
     * @param string|null $message null leaves it
     */
    public function with(string $state, ?string $message, int $minutes): self
    {
        $state = $state === self::LATER && $this->state === self::ON ? self::ON : $state;
        $begins = $state === self::LATER ? $this->begins ?? time() + 60 * $minutes : null;
        return new self($state, $begins, $message ?? $this->message);
    }

    public function equals(self $other): bool
    {
        return $this->state === $other->state && $this->message === $other->message;
    }
}
