-- As config/route.sql, but what `Befalling` says of the account comes first: the answer takes long, or fails.
SELECT
  a.`account.sms.notifyOnDelivery` AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM (SELECT befall(:accountId) AS nothing LIMIT 1) AS befallen
JOIN Accountconfig a ON a.accountID = :accountId
LEFT JOIN Flow f ON f.flowID = :flowId AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.accountID = a.accountID AND w.isDefault = 1
WHERE befallen.nothing = 0;
