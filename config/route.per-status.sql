-- config/route.sql with a webhook per delivery status: a row in
-- WebhookByStatus (accountID, deliveryStatus, webhookID) goes before the account's default webhook,
-- provided that its webhook belongs to the same account. Columns and parameters: see route.sql.

SELECT
  a.`account.sms.notifyOnDelivery` AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.webhookID = COALESCE(
  (
    SELECT MIN(own.webhookID)
    FROM WebhookByStatus s
    JOIN Webhook own ON own.webhookID = s.webhookID AND own.accountID = s.accountID
    WHERE s.accountID = :accountId AND s.deliveryStatus = :deliveryStatus
  ),
  (SELECT MIN(d.webhookID) FROM Webhook d WHERE d.accountID = :accountId AND d.isDefault = 1)
)
WHERE a.accountID = :accountId
-- See route.sql: one row, whatever the tables hold.
ORDER BY a.`account.sms.notifyOnDelivery`, f.webhookEnabled, w.webhookID
LIMIT 1;
