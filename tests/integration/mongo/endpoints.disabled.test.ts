import { describe, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createDisabledEndpoints } from '../../../src/mongo/endpoints.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);

describe('an endpoint', () => {
  it('is disabled once, and enabled by its webhook', async () => {
    const endpoints = createDisabledEndpoints(state().endpoints);
    const endpoint = { webhookId: 7, displayUrl: 'https://a.example/', endpointKey: 'key' };
    expect(await endpoints.disable(endpoint, 28)).toBe(true);
    expect(await endpoints.disable(endpoint, 28)).toBe(false);
    expect(await endpoints.isDisabled('key')).toBe(true);
    expect(await endpoints.list()).toMatchObject([{ webhookId: 7, reason: 'endpoint_disabled' }]);
    expect(await endpoints.enable('8')).toBe(0);
    expect(await endpoints.enable('7')).toBe(1);
    expect(await endpoints.isDisabled('key')).toBe(false);
  });
});
