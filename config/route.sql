-- The one question the worker asks of the central database: may it notify about this SMS, and whereto?
--
-- It must return no row (the account did not opt in) or one row with these columns:
--   notify_on_delivery     the account's setting as text, or null; opted in when it is 'true'
--   flow_webhook_enabled   1 when the flow has its webhook enabled and belongs to the account, else 0 or null
--   webhook_id             the account's default webhook, null when it has none
--   url                    where to call it: http or https
--   headers                a JSON object of headers to send with the call, or null
--   secret                 null, or whsec_... values separated by spaces, to sign the call with
--
-- Parameters: :accountId and :flowId are integers, :deliveryStatus is text (with it, the answer may
-- differ by status: see route.per-status.sql).
--
-- To fit another schema: copy this file, change it and name the copy in MYSQL_ROUTE_QUERY_FILE. It must
-- be one SELECT. The user in MYSQL_URI needs SELECT on the tables named here, and nothing more. Where
-- an account is stored as text, write "accountID = CONCAT('', :accountId)": compared with a number,
-- MySQL would take '28abc' for 28. Where there are no flows, write "1 AS flow_webhook_enabled".

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
-- Keys allow one row only. Should a copy of the schema lack them: the same answer every time, and where
-- two settings contradict each other, not 'true'.
ORDER BY a.`account.sms.notifyOnDelivery`, f.webhookEnabled, w.webhookID
LIMIT 1;
