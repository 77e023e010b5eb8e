-- The reference tables of the central database, for the demo and the tests. Runs on MySQL 8 and MariaDB 10.6.
-- The worker only reads them. For another schema, adapt the route query instead.

-- Step 1: the name of the setting's column contains dots, so it always needs backquotes.
-- central-schema.key-value.sql has the other form of this table.
CREATE TABLE IF NOT EXISTS Accountconfig (
  accountID BIGINT NOT NULL PRIMARY KEY,
  `account.sms.notifyOnDelivery` VARCHAR(255) NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Step 2: defaultOf contains the account only in default rows, and a unique key allows any number of NULLs:
-- at most one default per account. (MariaDB does not support functional key parts.)
CREATE TABLE IF NOT EXISTS Webhook (
  webhookID BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  accountID BIGINT NOT NULL,
  name VARCHAR(190) NOT NULL DEFAULT 'default',
  url VARCHAR(2048) NOT NULL,
  headers JSON NULL,
  secret VARCHAR(1024) NULL,
  isDefault TINYINT(1) NOT NULL DEFAULT 0,
  defaultOf BIGINT GENERATED ALWAYS AS (CASE WHEN isDefault = 1 THEN accountID END) STORED,
  UNIQUE KEY webhookName (accountID, name),
  UNIQUE KEY oneDefaultPerAccount (defaultOf)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Step 3.
CREATE TABLE IF NOT EXISTS Flow (
  flowID BIGINT NOT NULL PRIMARY KEY,
  accountID BIGINT NOT NULL,
  name VARCHAR(190) NULL,
  webhookEnabled TINYINT(1) NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
