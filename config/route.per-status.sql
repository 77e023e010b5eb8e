-- config/route.sql with a webhook per delivery status: a row in
-- WebhookByStatus (accountID, deliveryStatus, webhookID) takes precedence over the account's default webhook,
-- if its webhook belongs to the same account. Columns and parameters: see route.sql.

SELECT
  a.`account.sms.notifyOnDelivery` AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.flowID = CONCAT('', :flowId) AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.webhookID = COALESCE(
  (
    SELECT MIN(own.webhookID)
    FROM WebhookByStatus s
    JOIN Webhook own ON own.webhookID = s.webhookID AND own.accountID = s.accountID
    WHERE s.accountID = :accountId AND s.accountID = CONCAT('', :accountId)
      -- Byte by byte: a collation may ignore case, accents or trailing spaces.
      AND CAST(CONVERT(s.deliveryStatus USING utf8mb4) AS BINARY) = CAST(:deliveryStatus AS BINARY)
  ),
  (
    SELECT MIN(d.webhookID)
    FROM Webhook d
    WHERE d.accountID = :accountId AND d.accountID = CONCAT('', :accountId) AND d.isDefault = 1
  )
)
WHERE a.accountID = :accountId
-- See route.sql: another schema may store ids as text.
  AND a.accountID = CONCAT('', :accountId)
-- See route.sql: one row, whatever the tables contain.
ORDER BY a.`account.sms.notifyOnDelivery`, f.webhookEnabled, w.webhookID
LIMIT 1;
