-- config/route.sql for an Accountconfig table with one row per account and key:
-- Accountconfig (accountID, configKey, configValue). Columns and parameters: see route.sql.

SELECT
  a.configValue AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.flowID = CONCAT('', :flowId) AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.accountID = a.accountID AND w.isDefault = 1
WHERE a.accountID = :accountId
-- See route.sql: another schema may store ids as text.
  AND a.accountID = CONCAT('', :accountId)
  AND a.configKey = 'account.sms.notifyOnDelivery'
-- Depending on its collation and keys, the table may contain the key in several spellings, or twice: the
-- exact spelling takes precedence, and if two values contradict each other, the answer is not 'true'.
ORDER BY
  CAST(a.configKey AS BINARY) = CAST('account.sms.notifyOnDelivery' AS BINARY) DESC,
  a.configValue,
  f.webhookEnabled,
  w.webhookID
LIMIT 1;
