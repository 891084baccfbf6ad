<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

/**
 * What the cache server keeps under the key of a large value: its digest. Part of what is in the server, so its
 * properties may not be renamed.
 */
final class LargeValue
{
    /**
     * Ends the prefix of all keys where large values stand apart. An image that knows nothing of that uses keys with another
     * ending, so that neither meets the other's while one replaces the other.
     */
    public const KEYS = 'v2_';
    /** Bytes; a smaller value is unpacked sooner than a file is looked for. */
    private const LEAST = 1024;

    private array $content = [];

    /** @param ?object $wrapper what Moodle has put around the value to let it expire, emptied */
    private function __construct(public readonly string $digest, public readonly ?object $wrapper)
    {
    }

    /** Null when the value is small, or is more than arrays of plain values: only those can be shared by all processes. */
    public static function of(mixed $value): ?self
    {
        $wrapper = $value instanceof \core_cache\ttl_wrapper ? clone $value : null;
        $content = $wrapper === null ? $value : $wrapper->data;
        if (!is_array($content) || !self::isPlain($content)) {
            return null;
        }
        $bytes = serialize($content);
        if (strlen($bytes) < self::LEAST) {
            return null;
        }
        if ($wrapper !== null) {
            $wrapper->data = null;
        }
        $large = new self(self::digestOf($bytes), $wrapper);
        $large->content = $content;
        return $large;
    }

    public function content(): array
    {
        return $this->content;
    }

    /** The content is kept apart from these. */
    public function __serialize(): array
    {
        return ['digest' => $this->digest, 'wrapper' => $this->wrapper];
    }

    public function __unserialize(array $data): void
    {
        $this->digest = $data['digest'];
        $this->wrapper = $data['wrapper'];
    }

    /**
     * The value as Moodle has set it, from the local copy or from where it is fetched.
     *
     * @param string $name tells this key from all others
     * @param callable(): mixed $fetch gives the content, false when it is gone
     * @return mixed false when it is gone
     */
    public function whole(string $name, callable $fetch): mixed
    {
        $content = LocalCopy::of($name, $this->digest) ?? $this->fetched($name, $fetch());
        if ($content === false || $this->wrapper === null) {
            return $content;
        }
        $value = clone $this->wrapper;
        $value->data = $content;
        return $value;
    }

    private function fetched(string $name, mixed $content): array|false
    {
        if (!is_array($content)) {
            return false;
        }
        // Somebody may have set another value between the reading of the digest and that of the value.
        if (self::digestOf(serialize($content)) === $this->digest) {
            LocalCopy::keep($name, $this->digest, $content);
        }
        return $content;
    }

    private static function digestOf(string $bytes): string
    {
        return hash('sha256', $bytes);
    }

    private static function isPlain(array $values): bool
    {
        foreach ($values as $value) {
            if (is_array($value) ? !self::isPlain($value) : !is_scalar($value) && $value !== null) {
                return false;
            }
        }
        return true;
    }
}
