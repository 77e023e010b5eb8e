import type { z } from 'zod';
import { consoleSettings } from './consoleSettings.ts';
import { databaseSettings } from './databaseSettings.ts';
import { deliverySettings } from './deliverySettings.ts';
import { kafkaSettings } from './kafkaSettings.ts';
import type { MysqlServer } from './mysqlServer.ts';
import { leaseSettings, processSettings } from './processSettings.ts';
import type { TextFile } from './reading.ts';
import type { Setting } from './setting.ts';
import { tracingSettings } from './tracingSettings.ts';

/** All settings, in the order of the documentation. */
const settings = {
  ...databaseSettings,
  ...deliverySettings,
  ...leaseSettings,
  ...kafkaSettings,
  ...consoleSettings,
  ...tracingSettings,
  ...processSettings,
} as const;
export const settingEntries = Object.entries<Setting>(settings);

export type Settings = typeof settings;
export type SettingName = keyof Settings;

/** The results of the parsers. */
export type ParsedValues = { [Name in SettingName]: z.output<Settings[Name]['parser']> };

/** The values of settings that name files, once these have been read. */
interface FromFiles {
  MYSQL_URI: MysqlServer;
  MYSQL_ADMIN_URI: MysqlServer | null;
  MYSQL_ROUTE_QUERY_FILE: TextFile;
  MYSQL_CA_FILE: TextFile | null;
  KAFKA_CA_FILE: TextFile | null;
  KAFKA_CERT_FILE: TextFile | null;
  KAFKA_KEY_FILE: TextFile | null;
}

/** The values in force. */
export type Values = {
  [Name in SettingName]: Name extends keyof FromFiles ? FromFiles[Name] : ParsedValues[Name];
};
/** Undefined for an invalid setting. */
export type UsableValues = { readonly [Name in SettingName]?: Values[Name] | undefined };
