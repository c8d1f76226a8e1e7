import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { reachableUrl } from '../../../cli/server/reachable-url.ts';

const addressOf = (address: string, internal: boolean): NetworkInterfaceInfo => ({
  address,
  internal,
  family: 'IPv4',
  netmask: '255.255.255.0',
  mac: '00:00:00:00:00:00',
  cidr: null,
});
const LOOPBACK = { lo: [addressOf('127.0.0.1', true)] };
const OUTER = { ...LOOPBACK, eth0: [addressOf('192.168.1.7', false)] };

describe('reachableUrl', () => {
  it.each([
    ['http://127.0.0.1:8787', OUTER, 'http://127.0.0.1:8787'],
    ['http://0.0.0.0:8787', OUTER, 'http://192.168.1.7:8787'],
    ['http://[::]:8787', OUTER, 'http://192.168.1.7:8787'],
    ['http://0.0.0.0:8787', LOOPBACK, 'http://my-machine:8787'],
  ])('gives others an address for %s', (url, interfaces, reachable) => {
    expect(reachableUrl(url, interfaces, 'my-machine')).toBe(reachable);
  });
});
