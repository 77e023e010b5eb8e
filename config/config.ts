import type { SettingName, Settings, Values } from './schema.ts';
import type { sections } from './setting.ts';

type Section = keyof typeof sections;
type FieldOf<
  Name extends SettingName,
  Of extends Section,
> = Settings[Name]['key'] extends `${Of}.${infer Field}` ? Field : never;

/**
 * The settings in force, deeply frozen. Each has the place that the `key` of its entry names: the setting with the
 * key `call.giveUpAfterMs` is `giveUpAfterMs` in `call`.
 */
export type Config = {
  readonly [Of in Section]: {
    readonly [Name in SettingName as FieldOf<Name, Of>]: Values[Name];
  };
};
