// Each thing that an account may lack, planted one at a time into an account that has everything.

import { describe, expect, it } from 'vitest';
import type { AccountFacts } from '../../infra/account/account-facts.ts';
import type { DockerFacts } from '../../infra/account/ask-docker.ts';
import { checkAccount, checkDocker } from '../../infra/account/check-account.ts';
import { offeredFamilies, typesOf } from '../../infra/account/offered-families.ts';
import { BUILDS_QUOTA, NETWORKS_QUOTA, QUOTAS } from '../../infra/account/quotas.ts';
import { MACHINE_FAMILY_NAMES, type MachineFamilyName } from '../../infra/settings/machines.ts';
import { parseSettings } from '../../infra/settings/settings.ts';

const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c', 'us-east-1d'];
const offersOf = (names: readonly MachineFamilyName[], zones: readonly string[] = ZONES) =>
  Object.fromEntries(names.flatMap(typesOf).map((type) => [type, zones]));
const quotasOf = (vcpus: number, others: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(
    [...Object.values(QUOTAS).flatMap((kinds) => Object.values(kinds)), NETWORKS_QUOTA, BUILDS_QUOTA].map(
      ({ code }) => [code, { value: others[code] ?? vcpus }],
    ),
  );

const GOOD: AccountFacts = {
  region: 'us-east-1',
  identity: { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/me' },
  bootstrapVersion: { value: 30 },
  zones: { value: ZONES },
  offers: { value: offersOf(MACHINE_FAMILY_NAMES) },
  quotas: quotasOf(64),
  networks: { value: { count: 1, hasOwn: false } },
  concurrency: { value: { limit: 1000, unreserved: 1000 } },
  diskKey: { value: 'alias/aws/ebs' },
  hasSpotRole: { value: true },
};

const GPU_SPOT = QUOTAS.GPU.spot.code;
const GPU_ON_DEMAND = QUOTAS.GPU['on-demand'].code;
const NONE = { unknown: 'your credentials do not allow it' };

const CERTIFIED = (account: string) => ({
  domain: 'a.example.com',
  certificateArn: `arn:aws:acm:us-east-1:${account}:certificate/0-0`,
});

/** What a check of some account says, without the checks that pass. */
const faults = (facts: Partial<AccountFacts>, settings: Readonly<Record<string, unknown>> = {}) =>
  checkAccount(
    { ...GOOD, ...facts },
    parseSettings(
      Object.fromEntries(Object.entries(settings).map(([key, value]) => [`fovea:${key}`, value])),
    ),
  ).filter(({ state }) => state !== 'ok');

describe('checkAccount', () => {
  it('finds nothing wrong with an account that has everything', () => {
    expect(faults({})).toEqual([]);
  });

  it.each<[string, Partial<AccountFacts>, Readonly<Record<string, unknown>>, string, string, RegExp, RegExp]>(
    [
      [
        'no credentials',
        { identity: { found: 'There are none', mend: 'aws configure' } },
        {},
        'credentials',
        'problem',
        /none/,
        /^aws configure$/,
      ],
      ['no region', { region: undefined }, {}, 'region', 'problem', /us-east-1/, /export AWS_REGION/],
      [
        'no bootstrap stack',
        { bootstrapVersion: { value: undefined } },
        {},
        'bootstrap',
        'problem',
        /not in this account/,
        /^npx cdk bootstrap aws:\/\/123456789012\/us-east-1$/,
      ],
      [
        'an old one',
        { bootstrapVersion: { value: 5 } },
        {},
        'bootstrap',
        'problem',
        /version 5/,
        /cdk bootstrap/,
      ],
      [
        'fewer zones',
        { zones: { value: ZONES.slice(0, 2) } },
        {},
        'zones',
        'problem',
        /gives 2.*asks for 3/,
        /^-c fovea:availabilityZones=2$/,
      ],
      [
        'a family that the region lacks',
        { offers: { value: offersOf(['g4dn', 'g5', 'g6', 'c7i']) } },
        {},
        'machines',
        'note',
        /does not offer g6e/,
        /trainerFamilies=g4dn,g5,g6,c7i$/,
      ],
      [
        'a family of which the region lacks the larger machines',
        { offers: { value: { ...offersOf(['g4dn', 'g6', 'g6e', 'c7i']), 'g5.xlarge': ZONES } } },
        {},
        'machines',
        'note',
        /does not offer g5\./,
        /trainerFamilies=g4dn,g6,g6e,c7i$/,
      ],
      [
        'none of the families',
        { offers: { value: offersOf(['c7i']) } },
        { trainerFamilies: 'g5,g6e' },
        'machines',
        'problem',
        /offers none of g5, g6e/,
        /another region/,
      ],
      [
        'a family in a zone beyond the network',
        { offers: { value: { ...offersOf(MACHINE_FAMILY_NAMES), ...offersOf(['g6e'], ['us-east-1d']) } } },
        {},
        'machines',
        'note',
        /g6e is offered in us-east-1a, us-east-1b, us-east-1c/,
        /availabilityZones=4$/,
      ],
      [
        'one family in a zone beyond what a network may have',
        { offers: { value: offersOf(['g6e'], ['us-east-1f']) } },
        { trainerFamilies: 'g6e' },
        'machines',
        'problem',
        /wait in vain/,
        /trainerFamilies=c7i$/,
      ],
      [
        'no quota for Spot machines with a GPU',
        { quotas: quotasOf(64, { [GPU_SPOT]: 0 }) },
        {},
        'GPU Spot',
        'note',
        /0 vCPUs, and one g4dn\.xlarge has 4: each job waits 15 minutes/,
        /quota-code L-3819A6DF --desired-value 4 --region us-east-1.*capacity=on-demand/,
      ],
      [
        'no quota for Spot machines, where there are no others',
        { quotas: quotasOf(64, { [GPU_SPOT]: 0 }) },
        { capacity: 'spot' },
        'GPU Spot',
        'problem',
        /no machine with a GPU can start/,
        /quota-code L-3819A6DF.*trainerFamilies=c7i/,
      ],
      [
        'no quota for machines on demand',
        { quotas: quotasOf(64, { [GPU_ON_DEMAND]: 3 }) },
        {},
        'GPU on demand',
        'note',
        /fails where no Spot machine comes/,
        /quota-code L-DB2E81BA/,
      ],
      [
        'a quota below the largest machine',
        { quotas: quotasOf(64, { [GPU_ON_DEMAND]: 16 }) },
        { trainerFamilies: 'g4dn,g6.12xlarge', maxVcpus: 48 },
        'GPU on demand',
        'note',
        /16 vCPUs are too few for one g6\.12xlarge, which has 48/,
        /desired-value 48/,
      ],
      [
        'the quota of a new account for machines without a GPU',
        { quotas: quotasOf(5) },
        { trainerFamilies: 'c7i', capacity: 'on-demand' },
        'CPU on demand',
        'problem',
        /5 vCPUs, and one c7i\.2xlarge has 8/,
        /quota-code L-1216C47A --desired-value 8/,
      ],
      [
        'an account that never used Spot',
        { hasSpotRole: { value: false } },
        {},
        'Spot role',
        'problem',
        /never used Spot/,
        /^aws iam create-service-linked-role --aws-service-name spot\.amazonaws\.com$/,
      ],
      [
        'a reservation that leaves too little',
        { concurrency: { value: { limit: 120, unreserved: 120 } } },
        { functionConcurrency: 50, provisionedConcurrency: 50 },
        'reservation',
        'problem',
        /leaves 70 of the account's 120.*keeps 100/,
        /functionConcurrency=20; or aws .*--service-code lambda --quota-code L-B99A9384/,
      ],
      [
        'reservations of other functions',
        { concurrency: { value: { limit: 1000, unreserved: 120 } } },
        { functionConcurrency: 50 },
        'reservation',
        'note',
        /taken 880 of 1000/,
        /list-functions/,
      ],
      [
        'copies that are ready, for which nothing is left',
        { concurrency: { value: { limit: 50, unreserved: 50 } } },
        { provisionedConcurrency: 1 },
        'ready copies',
        'problem',
        /provisionedConcurrency=1 leaves 49 of the account's 50.*keeps 50/,
        /provisionedConcurrency=0; or aws .*L-B99A9384 --desired-value 1000/,
      ],
      [
        'as many networks as the region allows',
        {
          networks: { value: { count: 5, hasOwn: false } },
          quotas: quotasOf(64, { [NETWORKS_QUOTA.code]: 5 }),
        },
        {},
        'network',
        'problem',
        /has 5 networks .* allows 5/,
        /--service-code vpc --quota-code L-F678F1CE --desired-value 6 .*describe-vpcs/,
      ],
      [
        'no builds, where AWS CodeBuild makes the images',
        { quotas: quotasOf(64, { [BUILDS_QUOTA.code]: 0 }) },
        { imageBuilder: 'codebuild' },
        'CodeBuild',
        'problem',
        /allows no builds/,
        /--service-code codebuild --quota-code L-9D07B6EF --desired-value 2 .*imageBuilder=docker/,
      ],
      [
        'one build at once for two images',
        { quotas: quotasOf(64, { [BUILDS_QUOTA.code]: 1 }) },
        { imageBuilder: 'codebuild' },
        'CodeBuild',
        'note',
        /1 build at once, and 2 images/,
        /--desired-value 2/,
      ],
      [
        'a new account',
        { concurrency: { value: { limit: 10, unreserved: 10 } } },
        {},
        'function',
        'note',
        /allows 10 requests at once/,
        /service-code lambda --quota-code L-B99A9384/,
      ],
      [
        'a key of its own for disks',
        { diskKey: { value: 'arn:aws:kms:us-east-1:123456789012:key/1-2' } },
        {},
        'disks',
        'note',
        /encrypts disks by arn:aws:kms:.*not known here/,
        /create-grant --key-id arn:aws:kms\S+ .*:role\/aws-service-role\/autoscaling.*AWSServiceRoleForEC2Spot/,
      ],
      [
        'a certificate of another account',
        {},
        CERTIFIED('210987654321'),
        'certificate',
        'problem',
        /of account 210987654321, and CloudFront takes only those of 123456789012/,
        /request-certificate --domain-name a\.example\.com .*us-east-1$/,
      ],
      [
        'a certificate that is not looked at',
        {},
        CERTIFIED('123456789012'),
        'certificate',
        'unknown',
        /whether it is there, is issued, and covers a\.example\.com/,
        /describe-certificate --certificate-arn arn:aws:acm:us-east-1:123456789012:\S+ --region us-east-1$/,
      ],
    ],
  )('%s', (_, facts, settings, name, state, found, mend) => {
    expect(faults(facts, settings)).toEqual([
      { name, state, found: expect.stringMatching(found), mend: expect.stringMatching(mend) },
    ]);
  });

  it('says what it may not ask as not known, and finds no problem in it', () => {
    const unasked = faults({
      bootstrapVersion: NONE,
      zones: NONE,
      offers: NONE,
      networks: NONE,
      concurrency: NONE,
      hasSpotRole: NONE,
      quotas: {},
    });
    expect(unasked.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'bootstrap unknown',
      'zones unknown',
      'machines unknown',
      'GPU Spot unknown',
      'GPU on demand unknown',
      'CPU Spot unknown',
      'CPU on demand unknown',
      'Spot role unknown',
      'network unknown',
      'function unknown',
    ]);
    expect(offeredFamilies(['g5'], { offers: NONE })).toEqual({ offered: ['g5'], leftOut: [] });
  });

  it.each([
    [10, 'note', /a new one, as this seems to be, may be limited to 3008/],
    [1000, 'unknown', /a new one may be limited to 3008/],
  ])(
    'says that memory may be refused, also to an account with %s requests at once',
    (limit, state, found) => {
      const checks = faults(
        { concurrency: { value: { limit, unreserved: limit } } },
        { functionMemory: 10_240 },
      );
      expect(checks.find(({ name }) => name === 'memory')).toMatchObject({
        state,
        found: expect.stringMatching(found),
        mend: expect.stringContaining('-c fovea:functionMemory=3008'),
      });
    },
  );

  it('says at once all that a new account lacks', () => {
    const lacks = faults(
      {
        quotas: quotasOf(0),
        networks: { value: { count: 5, hasOwn: false } },
        concurrency: { value: { limit: 10, unreserved: 10 } },
      },
      { imageBuilder: 'codebuild', functionConcurrency: 5 },
    );
    expect(lacks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'GPU Spot problem',
      'GPU on demand problem',
      'CPU Spot problem',
      'CPU on demand problem',
      'network problem',
      'CodeBuild problem',
      'reservation problem',
      'function note',
    ]);
    for (const { mend } of lacks) expect(mend).toMatch(/aws service-quotas request-service-quota-increase/);
  });

  it('wants no room for the network of a stack that is deployed, nor builds of one image twice', () => {
    const networks = { value: { count: 5, hasOwn: true } };
    expect(faults({ networks, quotas: quotasOf(64, { [NETWORKS_QUOTA.code]: 5 }) })).toEqual([]);
    const one = quotasOf(64, { [BUILDS_QUOTA.code]: 1 });
    expect(faults({ quotas: one }, { imageBuilder: 'codebuild', trainerFamilies: 'g5' })).toEqual([]);
  });

  it('asks for no quotas where workers of your own run all jobs, and for no role without Spot', () => {
    const nothing = {
      quotas: quotasOf(0),
      hasSpotRole: { value: false },
      zones: { value: [] },
      offers: { value: {} },
      networks: { value: { count: 5, hasOwn: false } },
    };
    expect(faults(nothing, { queue: 'workers', imageBuilder: 'codebuild' })).toEqual([]);
    expect(faults({ hasSpotRole: { value: false } }, { capacity: 'on-demand' })).toEqual([]);
  });
});

describe('checkDocker', () => {
  const check = (docker: DockerFacts, settings = {}) => checkDocker(docker, parseSettings(settings));

  it('tells an engine that is not there, one that is not started, and one of another processor', () => {
    expect(check({ architecture: 'x86_64' }).state).toBe('ok');
    expect(check({ isInstalled: false, reason: 'ENOENT' })).toMatchObject({
      state: 'problem',
      mend: expect.stringContaining('Install'),
    });
    expect(check({ isInstalled: true, reason: 'Is the daemon running?' })).toMatchObject({
      state: 'problem',
      mend: expect.stringContaining('Start it'),
    });
    expect(check({ architecture: 'aarch64' })).toMatchObject({ state: 'note' });
    expect(
      check({ isInstalled: false, reason: 'ENOENT' }, { 'fovea:imageBuilder': 'codebuild' }),
    ).toMatchObject({ state: 'ok' });
  });
});
