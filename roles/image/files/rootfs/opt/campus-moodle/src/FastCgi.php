<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The few messages of FastCGI that one GET needs. */
final class FastCgi
{
    private const BEGIN = 1;
    private const PARAMS = 4;
    private const STDIN = 5;
    private const STDOUT = 6;
    private const RESPONDER = 1;

    /**
     * Asks a PHP-FPM for one script.
     *
     * @param float $timeout seconds, for the connection and for each read
     * @return array{status: int, body: string}|null null when it does not answer
     */
    public static function get(string $host, int $port, string $name, string $file, float $timeout): ?array
    {
        $socket = @stream_socket_client("tcp://$host:$port", $errno, $error, $timeout);
        if ($socket === false) {
            return null;
        }
        stream_set_timeout($socket, (int) ceil($timeout));
        $parameters = ['SCRIPT_NAME' => $name, 'SCRIPT_FILENAME' => $file, 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
        fwrite($socket, self::record(self::BEGIN, pack('nCx5', self::RESPONDER, 0))
            . self::record(self::PARAMS, implode('', array_map(self::pair(...), array_keys($parameters), $parameters)))
            . self::record(self::PARAMS, '') . self::record(self::STDIN, ''));
        $answer = self::output($socket);
        fclose($socket);
        return $answer === '' ? null : self::parse($answer);
    }

    private static function record(int $type, string $content): string
    {
        return pack('CCnnCx', 1, $type, 1, strlen($content), 0) . $content;
    }

    private static function pair(string $name, string $value): string
    {
        return chr(strlen($name)) . chr(strlen($value)) . $name . $value;
    }

    /** @param resource $socket */
    private static function output($socket): string
    {
        $output = '';
        while (strlen($header = (string) stream_get_contents($socket, 8)) === 8) {
            ['type' => $type, 'length' => $length, 'padding' => $padding] = unpack('Cversion/Ctype/nid/nlength/Cpadding', $header);
            $content = $length + $padding > 0 ? (string) stream_get_contents($socket, $length + $padding) : '';
            $output .= $type === self::STDOUT ? substr($content, 0, $length) : '';
        }
        return $output;
    }

    /** @return array{status: int, body: string} */
    private static function parse(string $answer): array
    {
        [$headers, $body] = explode("\r\n\r\n", $answer, 2) + [1 => ''];
        return ['status' => preg_match('/^Status: (\d+)/mi', $headers, $match) ? (int) $match[1] : 200, 'body' => $body];
    }
}
