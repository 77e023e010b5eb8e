-- As config/route.sql, but MySQL can't answer it for an account that has two rows in Trouble: "Subquery
-- returns more than 1 row".
SELECT
  a.`account.sms.notifyOnDelivery` AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.accountID = a.accountID AND w.isDefault = 1
WHERE a.accountID = :accountId
  AND (SELECT t.accountID FROM Trouble t WHERE t.accountID = a.accountID) IS NULL;
