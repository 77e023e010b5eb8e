import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../config/loadConfig.ts';
import {
  readImage,
  readProjectFile,
  readUnit,
  readYaml,
  toEnv,
} from '../../support/deployFiles.ts';

const unitFile = 'deploy/systemd/notify-on-delivery.service';
const templateFile = 'deploy/systemd/notify-on-delivery@.service';
const unit = readUnit(unitFile);

describe('the template for several workers', () => {
  it('is the unit, with a port for each worker', () => {
    const lines = readProjectFile(unitFile).split('\n');
    const added = readProjectFile(templateFile)
      .split('\n')
      .filter((line) => !line.startsWith('#') && !lines.includes(line));
    expect(added).toEqual([
      "Description=Sends SMS delivery statuses to customers' webhooks (worker %i)",
      'Environment=HTTP_PORT=808%i',
      'EnvironmentFile=-/etc/notify-on-delivery/worker-%i.env',
    ]);
    const inTemplate = readProjectFile(templateFile).split('\n');
    const left = lines.filter((line) => !line.startsWith('#') && !inTemplate.includes(line));
    expect(left).toEqual(["Description=Sends SMS delivery statuses to customers' webhooks"]);
  });

  it('has settings that can be used', () => {
    const environment = toEnv(readUnit(templateFile).get('Environment') ?? []);
    const text = JSON.stringify(environment).replaceAll('%i', '1');
    const loaded = loadConfig(JSON.parse(text) as Record<string, string>, (path) =>
      path.endsWith('mongodb-uri')
        ? 'mongodb://db/?replicaSet=rs0'
        : path.endsWith('mysql-uri')
          ? 'mysql://notify@db/central'
          : readProjectFile('config/route.sql'),
    );
    expect('problems' in loaded ? loaded.problems : []).toEqual([]);
    expect(loaded.ok && loaded.config.http.port).toBe(8081);
  });
});

describe('the unit', () => {
  it('waits for messages from the program that sends them', () => {
    expect(unit.get('Type')).toEqual(['notify']);
    expect(unit.get('NotifyAccess')).toEqual(['all']);
    expect(unit.get('WatchdogSec')).toEqual(['60s']);
    // Asked to be extended three times as often.
    expect(unit.get('TimeoutStartSec')).toEqual(['60s']);
  });

  it('has no secret of who sets accounts up', () => {
    expect(readProjectFile(unitFile)).not.toContain('admin');
  });
});

interface Nfpm {
  readonly contents: readonly {
    readonly src?: string;
    readonly dst: string;
    readonly type?: string;
  }[];
}

describe('the Debian package', () => {
  const { contents } = readYaml('deploy/deb/nfpm.yaml') as Nfpm;
  const at = (path: string) => contents.find(({ dst }) => dst === path);

  it('puts things where the units and the wrapper look for them', () => {
    const [root] = unit.get('WorkingDirectory') ?? [];
    expect(at(root ?? '')?.type).toBe('tree');
    expect(at('/usr/bin/notify-on-delivery')).toMatchObject({
      src: `${root}/bin/notify-on-delivery`,
      type: 'symlink',
    });
  });

  it('never overwrites settings', () => {
    const settings = [...(unit.get('EnvironmentFile') ?? [])].map((path) => path.replace('-', ''));
    expect(settings.map((path) => at(path)?.type)).toEqual(['config|noreplace']);
    expect(at('/etc/notify-on-delivery/console.env')?.type).toBe('config|noreplace');
  });

  it("has the unit's user", () => {
    const [user] = unit.get('User') ?? [];
    expect(readProjectFile('deploy/deb/sysusers.conf')).toMatch(new RegExp(`^u ${user} `, 'm'));
  });
});

describe('the image', () => {
  const image = readImage();

  it('has the wrapper', () => {
    expect(image.get('COPY')).toContain('deploy/bin bin');
    expect(image.get('RUN')?.join()).toContain('ln -s /app/bin/notify-on-delivery /usr/local/bin');
    expect(readProjectFile('.dockerignore')).toContain('!deploy/bin');
  });
});
