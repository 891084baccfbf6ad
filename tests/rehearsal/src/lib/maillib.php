<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Mail through the server of $CFG->smtphosts ("host:port"), smtpsecure ("", "tls" or "ssl"), smtpuser, smtppass.
 */

defined('MOODLE_INTERNAL') || die();

/** Sends a plain text message; throws when the server does not take it. Nothing is sent with $CFG->noemailever. */
function send_mail(string $to, string $subject, string $body): void {
    global $CFG;
    if (!empty($CFG->noemailever) || empty($CFG->smtphosts)) {
        return;
    }
    [$host, $port] = array_pad(explode(':', explode(';', $CFG->smtphosts)[0], 2), 2, '25');
    $secure = (string) ($CFG->smtpsecure ?? '');
    $socket = @stream_socket_client(($secure === 'ssl' ? 'ssl' : 'tcp') . "://$host:$port", $code, $reason, 10);
    $socket !== false || throw new RuntimeException("The mail server $host:$port cannot be reached: $reason");
    $name = parse_url($CFG->wwwroot, PHP_URL_HOST) ?: 'localhost';
    $from = (string) ($CFG->noreplyaddress ?? '') ?: "noreply@$name";

    smtp_command($socket, null, '220');
    smtp_command($socket, "EHLO $name", '250');
    if ($secure === 'tls') {
        smtp_command($socket, 'STARTTLS', '220');
        stream_socket_enable_crypto($socket, true, STREAM_CRYPTO_METHOD_TLS_CLIENT) || throw new RuntimeException('The mail server refuses TLS.');
        smtp_command($socket, "EHLO $name", '250');
    }
    if (!empty($CFG->smtpuser)) {
        smtp_command($socket, 'AUTH LOGIN', '334');
        smtp_command($socket, base64_encode($CFG->smtpuser), '334');
        smtp_command($socket, base64_encode((string) ($CFG->smtppass ?? '')), '235');
    }
    $headers = "From: <$from>\r\nTo: <$to>\r\nSubject: $subject\r\nDate: " . date('r') . "\r\nMIME-Version: 1.0\r\n"
        . "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    smtp_command($socket, "MAIL FROM:<$from>", '250');
    smtp_command($socket, "RCPT TO:<$to>", '250');
    smtp_command($socket, 'DATA', '354');
    smtp_command($socket, $headers . str_replace(["\n", "\r\n."], ["\r\n", "\r\n.."], $body) . "\r\n.", '250');
    smtp_command($socket, 'QUIT', '221');
    fclose($socket);
}

/** Sends a message to an account, and says on standard output why that did not work. */
function email_to_user(stdClass $user, stdClass $from, string $subject, string $messagetext): bool {
    try {
        send_mail($user->email, $subject, $messagetext);
        return true;
    } catch (RuntimeException $error) {
        mtrace('Error: lib/moodlelib.php email_to_user(): ' . $error->getMessage());
        return false;
    }
}

/**
 * @param resource $socket
 * @param string|null $command null only waits for the answer
 */
function smtp_command($socket, ?string $command, string $expected): void {
    $command === null || fwrite($socket, "$command\r\n");
    do {
        $line = (string) fgets($socket);
    } while (isset($line[3]) && $line[3] === '-');
    str_starts_with($line, $expected) || throw new RuntimeException('The mail server answered: ' . trim($line));
}
