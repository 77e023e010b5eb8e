import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Request } from './context.ts';

const types = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

export interface StaticFiles {
  serve(request: Request, name: string): Response | Promise<Response>;
}

/** Reads them once. Throws when one is missing. */
export function readStaticFiles(folder: string): StaticFiles {
  const files = new Map(
    Object.entries(types).map(([name, type]) => {
      const content = readFileSync(join(folder, name), 'utf8');
      const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 20)}"`;
      return [name, { content, type, tag }];
    }),
  );
  return {
    serve(request, name) {
      const file = files.get(name);
      if (file === undefined) return request.notFound();
      const headers = { 'content-type': file.type, etag: file.tag, 'cache-control': 'no-cache' };
      return request.req.header('if-none-match') === file.tag
        ? request.body(null, 304, headers)
        : request.body(file.content, 200, headers);
    },
  };
}
