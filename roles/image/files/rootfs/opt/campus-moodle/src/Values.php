<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use InvalidArgumentException;

/** One check for each type of environment value. A message continues the sentence that starts with the variable's name. */
final class Values
{
    private const HOST = '/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i';
    /** Moodle wants a pepper of at least so many bits. */
    private const SALT_BITS = 112;
    /** Keys of $CFG that this image decides; forcing them would break the site. */
    private const OURS = '/^(db\w*|prefix|wwwroot|dataroot|dirroot|libdir|root|admin|config_php_settings|session_\w+|localcachedir|localrequestdir|cachedir|tempdir|sslproxy|xsendfile\w*|alternative_component_cache|passwordpeppers|forced_plugin_settings)$/';

    public static function text(string $text): string
    {
        return preg_match('/[\x00-\x1f\x7f]/', $text) || !mb_check_encoding($text, 'UTF-8')
            ? throw new InvalidArgumentException('contains control characters.') : $text;
    }

    /** A text of several lines. */
    public static function prose(string $text): string
    {
        self::text(preg_replace('/[\t\r\n]/', ' ', $text));
        return $text;
    }

    /** An address without path: http://host, https://host or with a port. */
    public static function url(string $text): string
    {
        $parts = parse_url($text) ?: [];
        $scheme = $parts['scheme'] ?? '';
        if (!in_array($scheme, ['http', 'https'], true)) {
            throw new InvalidArgumentException("is '$text'; it must start with http:// or https://.");
        }
        if (array_diff_key($parts, ['scheme' => 1, 'host' => 1, 'port' => 1]) !== [] || str_ends_with($text, '/')) {
            throw new InvalidArgumentException('must be only scheme, host and port, without path, user, password, or a slash at the end.');
        }
        $host = trim($parts['host'] ?? '', '[]');
        if ($host !== strtolower($host) || (!preg_match(self::HOST, $host) && !filter_var($host, FILTER_VALIDATE_IP))) {
            throw new InvalidArgumentException("is '$text'; its host is not a valid name (lower case letters, digits, dots and hyphens) or address.");
        }
        return $text;
    }

    public static function host(string $text): string
    {
        return preg_match(self::HOST, $text) || filter_var($text, FILTER_VALIDATE_IP)
            ? $text : throw new InvalidArgumentException("is '$text', which is neither a host name nor an address.");
    }

    /** A host, or the absolute path of a unix socket (for PostgreSQL: of its folder). */
    public static function endpoint(string $text): string
    {
        return preg_match('#^/[\w./-]+$#', $text) ? $text : self::host($text);
    }

    public static function port(string $text): int
    {
        return self::integer($text, 1, 65535);
    }

    public static function seconds(string $text): int
    {
        return self::integer($text, 0, 86400);
    }

    public static function workers(string $text): int
    {
        return self::integer($text, 1, 4096);
    }

    public static function boolean(string $text): bool
    {
        return ['true' => true, 'false' => false][$text] ?? throw new InvalidArgumentException("is '$text'; it must be true or false.");
    }

    /** @param list<string> $choices */
    public static function choice(string $text, array $choices): string
    {
        return in_array($text, $choices, true)
            ? $text : throw new InvalidArgumentException("is '$text'; it must be one of " . implode(', ', $choices) . '.');
    }

    /** A number of bytes with an optional unit: 64M, 1G. Returns bytes. */
    public static function size(string $text): int
    {
        if (!preg_match('/^([1-9][0-9]{0,11})([KMG]?)$/', $text, $match)) {
            throw new InvalidArgumentException("is '$text'; it must be a number with K, M or G, for example 200M.");
        }
        return (int) $match[1] * ['' => 1, 'K' => 1 << 10, 'M' => 1 << 20, 'G' => 1 << 30][$match[2]];
    }

    /** The prefix of Moodle's tables. */
    public static function prefix(string $text): string
    {
        if (!preg_match('/^[a-z][a-z0-9_]{0,9}$/', $text)) {
            throw new InvalidArgumentException("is '$text'; it must be 1 to 10 lower case letters, digits and underscores, and start with a letter.");
        }
        return str_starts_with(InstallRecord::TABLE, $text)
            ? throw new InvalidArgumentException("is '$text', which would mix Moodle's tables with the table " . InstallRecord::TABLE . ' of this image.') : $text;
    }

    public static function uuid(string $text): string
    {
        return preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/', $text)
            ? $text : throw new InvalidArgumentException("is '$text'; it must be a UUID in lower case.");
    }

    public static function email(string $text): string
    {
        return filter_var($text, FILTER_VALIDATE_EMAIL)
            ? $text : throw new InvalidArgumentException("is '$text', which is not an email address.");
    }

    public static function username(string $text): string
    {
        return preg_match('/^[a-z0-9_.@-]{1,100}$/', $text) && $text !== 'guest'
            ? $text : throw new InvalidArgumentException("is '$text'; a user name has lower case letters, digits and _ . @ - only, and is not guest.");
    }

    public static function language(string $text): string
    {
        return preg_match('/^[a-z]{2,3}(_[a-z0-9_]+)?$/', $text)
            ? $text : throw new InvalidArgumentException("is '$text'; it must be a language code such as en or pt_br.");
    }

    public static function file(string $path): string
    {
        return is_file($path) && is_readable($path) ? $path : throw new InvalidArgumentException("names $path, which is not a readable file.");
    }

    /** The content of a secret file, without the line end that editors add. */
    public static function secret(string $path): string
    {
        $content = rtrim((string) file_get_contents(self::file($path)), "\r\n");
        if ($content === '') {
            throw new InvalidArgumentException("names $path, which is empty; a secret must not be empty.");
        }
        return str_contains($content, "\0") ? throw new InvalidArgumentException("names $path, which is not text.") : $content;
    }

    /**
     * Comma separated networks.
     *
     * @return list<string>
     */
    public static function networks(string $text): array
    {
        $networks = array_map(trim(...), explode(',', $text));
        foreach ($networks as $network) {
            [$address, $bits] = explode('/', $network, 2) + [1 => '0'];
            $most = str_contains($address, ':') ? 128 : 32;
            if (!filter_var($address, FILTER_VALIDATE_IP) || !ctype_digit($bits) || (int) $bits > $most) {
                throw new InvalidArgumentException("contains '$network', which is not an address or a network such as 10.0.0.0/8.");
            }
        }
        return $networks;
    }

    /**
     * Settings that no one may change in the browser.
     *
     * @return array<string, array<string, scalar>> 'core' or a component => name => value
     */
    public static function settings(string $text): array
    {
        $settings = json_decode($text, true);
        if (!is_array($settings)) {
            throw new InvalidArgumentException('is not a JSON object.');
        }
        foreach ($settings as $component => $values) {
            if (!is_string($component) || !preg_match('/^[a-z][a-z0-9_]*$/', $component) || !is_array($values)) {
                throw new InvalidArgumentException("must map 'core' or a component such as mod_forum to its settings; '$component' does not.");
            }
            foreach ($values as $name => $value) {
                if (!preg_match('/^\w+$/', (string) $name) || !is_scalar($value) || ($component === 'core' && preg_match(self::OURS, (string) $name))) {
                    throw new InvalidArgumentException("cannot force $component/$name: the name is reserved or the value is not a text, number or boolean.");
                }
            }
        }
        return $settings;
    }

    /** A secret that is mixed into every password; Moodle refuses weak ones, measured as here. */
    public static function salt(string $path): string
    {
        $salt = self::secret($path);
        $length = strlen($salt);
        $bits = 0.0;
        foreach (count_chars($salt, 1) as $count) {
            $bits -= $count / $length * log($count / $length, 2);
        }
        return $bits * $length >= self::SALT_BITS
            ? $salt : throw new InvalidArgumentException("names $path, whose content is too easy to guess; use 32 random letters and digits or more.");
    }

    private static function integer(string $text, int $least, int $most): int
    {
        return ctype_digit($text) && strlen($text) < 10 && (int) $text >= $least && (int) $text <= $most
            ? (int) $text : throw new InvalidArgumentException("is '$text'; it must be a whole number from $least to $most.");
    }
}
