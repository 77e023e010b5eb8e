import { access, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, withScratchFolder } from './cacheFolder.ts';
import type { MysqlDistribution } from './mysqlDistribution.ts';

/** A fresh data folder takes seconds to make and milliseconds to copy, so one is kept per version. */
export async function dataTemplate(distribution: MysqlDistribution): Promise<string> {
  const template = join(await cacheFolder(), `${distribution.id}-data`);
  if (await exists(template)) return template;
  await withScratchFolder(async (scratch) => {
    const data = join(scratch, 'data');
    await distribution.initialise(data);
    await rename(data, template).catch(async (error: unknown) => {
      const anotherWasFaster = await exists(template);
      if (!anotherWasFaster) throw error;
    });
  });
  return template;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
