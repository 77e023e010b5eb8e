-- A webhook per delivery status, for config/route.per-status.sql. Load it after central-schema.sql.
-- The binary collation distinguishes DELIVERED from Delivered, as the worker does. The query compares byte by byte.
CREATE TABLE IF NOT EXISTS WebhookByStatus (
  accountID BIGINT NOT NULL,
  deliveryStatus VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  webhookID BIGINT NOT NULL,
  PRIMARY KEY (accountID, deliveryStatus)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
