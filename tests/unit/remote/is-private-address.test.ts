import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../../core/remote/is-private-address.ts';

describe('isPrivateAddress', () => {
  it.each([
    ['this machine', '127.0.0.1 127.255.255.254 0.0.0.0 ::1 ::'],
    ['private networks', '10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fd00::1 fc00::1 fec0::1'],
    ['link-local networks', '169.254.1.1 fe80::1 fe80::1%eth0 febf::1'],
    ['carrier NAT', '100.64.0.1 100.127.255.255'],
    ['multicast and broadcast', '224.0.0.1 239.255.255.255 255.255.255.255 ff02::1'],
    ['metadata', '169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254'],
    ['networks for tests and documents', '192.0.2.1 198.18.0.1 203.0.113.9 2001:db8::1 3fff::1 100::1'],
    [
      'IPv4 in IPv6',
      '::ffff:10.0.0.1 ::10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 ::ffff:e000:1',
    ],
    ['6to4 and Teredo', '2002:a00:1::1 2002:7f00:1:: 2002:c0a8:101::1 2001::1'],
    ['what is no address', 'localhost 1.2.3 :: 08.8.8.8'],
  ])('says yes for %s', (_, addresses) => {
    expect(addresses.split(' ').filter((address) => !isPrivateAddress(address))).toEqual([]);
  });

  it('says no for addresses of the public internet', () => {
    const addresses =
      '8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 192.0.1.1 223.255.255.255 2606:4700::1 2a00:1450::1 ' +
      '64:ff9b::808:808 2002:808:808::1 ::ffff:8.8.8.8';
    expect(addresses.split(' ').filter(isPrivateAddress)).toEqual([]);
  });
});
