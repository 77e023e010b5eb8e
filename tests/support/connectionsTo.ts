import { readdir, readFile, readlink } from 'node:fs/promises';

/** How many TCP connections over IPv4 a process holds to these ports, whatever state they are in. */
export async function connectionsTo(ports: readonly number[], pid: number): Promise<number> {
  const held = new Set(await inodesOf(pid));
  const rows = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  return rows.filter((row) => {
    const [, , remote = '', , , , , , , inode = ''] = row.trim().split(/\s+/);
    return held.has(inode) && ports.includes(Number.parseInt(remote.split(':')[1] ?? '', 16));
  }).length;
}

async function inodesOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map(
      async (file) => await readlink(`${folder}/${file}`).catch(() => ''),
    ),
  );
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
