import { describe, expect, it } from '@jest/globals';
import { loadAdminSettings } from '../../../config/loadConfig.ts';
import { settingEntries } from '../../../config/schema.ts';
import { readPod, readYaml } from '../../support/deployFiles.ts';

const pods = {
  worker: readPod(),
  setup: readPod('deploy/kubernetes/setup/deployment.yaml'),
};

function environmentOf(name: keyof typeof pods): Readonly<Record<string, string>> {
  const { containers } = pods[name];
  return Object.fromEntries(
    containers.flatMap(({ env }) => env.map((each) => [each.name, each.value])),
  );
}

interface Policy {
  readonly spec: { readonly egress: readonly unknown[]; readonly ingress?: unknown };
}

describe('the pod in which accounts are set up', () => {
  it('has what the commands need', () => {
    const environment = environmentOf('setup');
    const known = settingEntries.map(([name]) => `${name}_FILE`);
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
    const loaded = loadAdminSettings(environment, () => 'mysql://notify_admin@db/central');
    expect(loaded.ok).toBe(true);
  });

  it('has a secret that the worker does not have', () => {
    expect(JSON.stringify(pods.setup)).toContain('"secretName":"notify-on-delivery-setup"');
    expect(JSON.stringify(pods.worker)).not.toMatch(/admin|notify-on-delivery-setup/);
  });

  it('reaches name servers and databases, and nothing else', () => {
    const { egress: workers } = (readYaml('deploy/kubernetes/base/networkPolicy.yaml') as Policy)
      .spec;
    const { egress, ingress } = (readYaml('deploy/kubernetes/setup/networkPolicy.yaml') as Policy)
      .spec;
    expect(egress).toEqual(workers.slice(0, 2));
    expect(ingress).toBeUndefined();
  });
});
