import type { z } from 'zod';
import { databaseSettings } from './databaseSettings.ts';
import { deliverySettings } from './deliverySettings.ts';
import { egressSettings } from './egressSettings.ts';
import { processSettings } from './processSettings.ts';
import type { Setting } from './setting.ts';

/** Every setting there is, in the order of its documentation. */
const settings = {
  ...databaseSettings,
  ...deliverySettings,
  ...egressSettings,
  ...processSettings,
} as const;

type Settings = typeof settings;
export type SettingName = keyof Settings;
/** What the parsers made of the texts. */
export type Values = { [Name in SettingName]: z.output<Settings[Name]['parser']> };

export const settingEntries = Object.entries<Setting>(settings);
