import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { readVersion } from '../../src/installation.ts';
import { followers, type Project } from './followers.ts';
import { projectAddress } from './projectAddress.ts';

/** Every file that says where the project is or which version this is, and what it is to be. */
export function followingPages(
  project: Project = { ...projectAddress, version: readVersion() },
): Record<string, string> {
  const pages: Record<string, string> = {};
  for (const { files, follow } of followers) {
    for (const name of files) {
      const path = join(packageRoot(), name);
      if (existsSync(path)) pages[name] = follow(readFileSync(path, 'utf8'), project);
    }
  }
  return pages;
}
