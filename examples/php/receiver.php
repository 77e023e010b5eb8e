<?php

/**
 * A receiver in PHP 8. Try it with `WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:3000 receiver.php`.
 *
 * WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
 * WEBHOOK_STORE is a folder that survives requests; a database is better.
 */

declare(strict_types=1);

/** Takes the header webhook-signature, and the raw body. */
function isGenuine(string $id, string $timestamp, string $signatures, string $body): bool
{
    $tolerance = (int) (getenv('WEBHOOK_TOLERANCE') ?: 300);
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > $tolerance) {
        return false;
    }
    foreach (explode(' ', (string) getenv('WEBHOOK_SECRET')) as $secret) {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
        // An empty key would be everybody's.
        if ($key === '') {
            continue;
        }
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach (explode(' ', $signatures) as $each) {
            if (hash_equals($expected, $each)) {
                return true;
            }
        }
    }
    return false;
}

function say(string $line): void
{
    file_put_contents('php://stdout', "$line\n");
}

/** A file named after the id: it can be created once only, as a row with a unique index. Remove it after three days. */
function storeOnce(string $folder, string $id, string $body): bool
{
    $path = $folder . '/call-' . hash('sha256', $id);
    $file = @fopen($path, 'x');
    if ($file === false) {
        return false;
    }
    $written = fwrite($file, $body);
    fclose($file);
    if ($written !== strlen($body)) {
        // Answered with a 500, so it is sent again.
        unlink($path);
        throw new RuntimeException('the call was not stored');
    }
    return true;
}

function timeOf(array $sms): ?DateTimeImmutable
{
    $time = $sms['deliveryTime'] ?? null;
    try {
        return is_string($time) ? new DateTimeImmutable($time) : null;
    } catch (Exception) {
        return null;
    }
}

function isOlder(array $next, array $known): bool
{
    [$nextTime, $knownTime] = [timeOf($next), timeOf($known)];
    if ($nextTime === null || $knownTime === null) {
        return $known['deliveryStatus'] === 'DELIVERED';
    }
    return $nextTime < $knownTime;
}

/** Your own work: it runs after the answer. */
function processStatus(string $folder, string $body): void
{
    $next = json_decode($body, true)['smsDetails'][0];
    $file = fopen($folder . '/sms-' . hash('sha256', $next['id']), 'c+');
    flock($file, LOCK_EX);
    $known = json_decode(stream_get_contents($file), true);
    if ($known !== null && isOlder($next, $known)) {
        say("older {$next['id']} {$next['deliveryStatus']}");
    } else {
        rewind($file);
        ftruncate($file, 0);
        fwrite($file, json_encode($next));
        say("status {$next['id']} {$next['deliveryStatus']}");
    }
    fclose($file);
}

function receive(): void
{
    // The raw bytes: what a parser writes again has another signature.
    $body = file_get_contents('php://input');
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? null;
    if ($id === null) {
        // The platform's own call, when a flow is complete. It proves nothing about its sender.
        say('flow complete');
        http_response_code(204);
        return;
    }
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!isGenuine($id, $timestamp, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
        http_response_code(401);
        return;
    }
    $folder = getenv('WEBHOOK_STORE') ?: sys_get_temp_dir() . '/webhook-store';
    if (!is_dir($folder)) {
        mkdir($folder, 0700, true);
    }
    $isNew = storeOnce($folder, $id, $body);
    http_response_code(204);
    // With PHP-FPM, the answer goes out here.
    if (function_exists('fastcgi_finish_request')) {
        fastcgi_finish_request();
    }
    if ($isNew) {
        processStatus($folder, $body);
    } else {
        say("repeat $id");
    }
}

receive();
