import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../config/packageRoot.ts';

/** Runs the worker to its end where everything is installed but the client for Kafka. */
export async function runWithoutClient(
  settings: Readonly<Record<string, string>>,
): Promise<Readonly<{ code: number; stdout: string }>> {
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-installed-'));
  try {
    await install(folder);
    return await new Promise((resolve) => {
      const env = { PATH: process.env['PATH'] ?? '', HTTP_PORT: 'off', ...settings };
      const options = { cwd: folder, env };
      execFile(process.execPath, ['dist/src/main.js'], options, (error, stdout) => {
        resolve({ code: Number(error?.code ?? 0), stdout });
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function install(folder: string): Promise<void> {
  const root = packageRoot();
  for (const name of ['dist', 'config', 'package.json']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await mkdir(join(folder, 'node_modules'));
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name === '@confluentinc') continue;
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
}
