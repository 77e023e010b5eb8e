-- The only query that the worker sends to the central database: whether to notify about an SMS, and where.
--
-- It must return no row (the account did not opt in) or one row with these columns:
--   notify_on_delivery     the account's setting as text, or null; the account has opted in if it is 'true'
--   flow_webhook_enabled   1 if the webhook is enabled for the flow and the flow belongs to the account, else 0 or null
--   webhook_id             the account's default webhook, or null if it has none
--   url                    its URL: http or https
--   headers                a JSON object of headers to send with the call, or null
--   secret                 whsec_... values separated by spaces, used to sign the call, or null
--
-- Parameters: :accountId and :flowId are integers, :deliveryStatus is text. With :deliveryStatus, the answer
-- can depend on the status: see route.per-status.sql.
--
-- To adapt it to another schema, copy this file, change it and set MYSQL_ROUTE_QUERY_FILE to the copy. It must
-- be a single SELECT. The user in MYSQL_URI needs only SELECT on the tables named here. If there are
-- no flows, write "1 AS flow_webhook_enabled". docs/central-schema.md has examples, and explains how
-- to compare texts so that no notification goes to the wrong account.

SELECT
  a.`account.sms.notifyOnDelivery` AS notify_on_delivery,
  f.webhookEnabled AS flow_webhook_enabled,
  w.webhookID AS webhook_id,
  w.url AS url,
  w.headers AS headers,
  w.secret AS secret
FROM Accountconfig a
LEFT JOIN Flow f ON f.flowID = :flowId AND f.flowID = CONCAT('', :flowId) AND f.accountID = a.accountID
LEFT JOIN Webhook w ON w.accountID = a.accountID AND w.isDefault = 1
WHERE a.accountID = :accountId
-- In case another schema stores ids as text: MySQL treats '28abc' as equal to the number 28, but not to the text '28'.
  AND a.accountID = CONCAT('', :accountId)
-- The keys allow only one row. In case another schema lacks them: the answer is always the same, and if
-- two settings contradict each other, it is not 'true'.
ORDER BY a.`account.sms.notifyOnDelivery`, f.webhookEnabled, w.webhookID
LIMIT 1;
