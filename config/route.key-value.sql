-- config/route.sql for an Accountconfig that is a table of settings, one row per account and key:
-- Accountconfig (accountID, configKey, configValue). Columns and parameters: see route.sql.

SELECT
  a.configValue AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.accountID = a.accountID AND w.isDefault = 1
WHERE a.accountID = :accountId
  AND a.configKey = 'account.sms.notifyOnDelivery'
-- Depending on its collation and keys, the table may hold the key in several spellings, or twice: the
-- exact spelling goes first, and where two values contradict each other, not 'true'.
ORDER BY
  CAST(a.configKey AS BINARY) = CAST('account.sms.notifyOnDelivery' AS BINARY) DESC,
  a.configValue,
  f.webhookEnabled,
  w.webhookID
LIMIT 1;
