<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Every path of the image, in one place. */
final class Paths
{
    public const HOME = '/opt/campus-moodle';
    /** Tables that the image and the collection read alike. */
    public const ETC = __DIR__ . '/../etc';
    public const CODE = '/srv/moodle';
    /** The only state: a volume. */
    public const DATA = '/var/moodledata';
    /** Rendered settings; a tmpfs of mode 0700. */
    public const RUN = '/run/moodle';
    /** Caches of this container alone; a tmpfs. */
    public const LOCAL_CACHE = '/var/cache/moodle';
    /** Written while the image is built, never afterwards. */
    public const BAKED = self::HOME . '/cache';

    public const SETTINGS = self::RUN . '/settings.php';
    public const IMAGE_FACTS = self::HOME . '/image.json';
    public const INSIDE = self::HOME . '/inside';
    public const LANGUAGES = self::HOME . '/lang';
    public const BAKED_COMPONENTS = self::BAKED . '/core_component.php';
    public const BAKED_VERSIONS = self::BAKED . '/versions.php';
    public const MAINTENANCE_FILE = self::DATA . '/climaintenance.html';
}
