-- An account that wants notifications, the worker's user, and that of `setup` and the console, each with the privileges
-- it needs.
INSERT INTO Accountconfig (accountID, `account.sms.notifyOnDelivery`) VALUES (28, 'true');
INSERT INTO Webhook (accountID, url, isDefault) VALUES (28, 'http://receiver:9000/hook', 1);
INSERT INTO Flow (flowID, accountID, name, webhookEnabled) VALUES (200, 28, 'welcome', 1);

CREATE USER 'notify'@'%' IDENTIFIED BY 'notify';
GRANT SELECT ON central.Accountconfig TO 'notify'@'%';
GRANT SELECT ON central.Webhook TO 'notify'@'%';
GRANT SELECT ON central.Flow TO 'notify'@'%';

CREATE USER 'notify_admin'@'%' IDENTIFIED BY 'notify_admin';
GRANT SELECT, INSERT, UPDATE ON central.Accountconfig TO 'notify_admin'@'%';
GRANT SELECT, INSERT, UPDATE ON central.Webhook TO 'notify_admin'@'%';
GRANT SELECT, INSERT, UPDATE ON central.Flow TO 'notify_admin'@'%';
