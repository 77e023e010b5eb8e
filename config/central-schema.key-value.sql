-- Accountconfig with one row per account and key, for config/route.key-value.sql. Load it before
-- central-schema.sql, which then keeps this table and creates the others.
CREATE TABLE IF NOT EXISTS Accountconfig (
  accountID BIGINT NOT NULL,
  configKey VARCHAR(190) NOT NULL,
  configValue VARCHAR(255) NULL,
  PRIMARY KEY (accountID, configKey)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
