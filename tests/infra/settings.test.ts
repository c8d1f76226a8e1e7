import { describe, expect, it } from 'vitest';
import { parseSettings, SettingsError } from '../../infra/settings/settings.ts';

describe('parseSettings', () => {
  it('has a default for every setting', () => {
    expect(parseSettings({})).toEqual({
      trainerFamilies: ['g4dn', 'g5', 'g6', 'g6e', 'c7i'],
      queue: 'batch',
      capacity: 'spot-then-on-demand',
      spotWaitMinutes: 15,
      maxVcpus: 16,
      importedOnGpu: false,
      imageBuilder: 'docker',
      usdPerHour: {},
      jobHours: 12,
      availabilityZones: 3,
      architecture: 'x86_64',
      functionMemory: 2048,
      functionConcurrency: 'unreserved',
      authorization: 'keys',
      provisionedConcurrency: 0,
      canary: 'none',
      feedback: false,
      keepDays: {},
      budgetScope: 'account',
      webhookReceivers: 'none',
      retentionDays: 30,
      logRetentionDays: 30,
    });
  });

  it('reads the strings of the command line', () => {
    const settings = parseSettings({
      'fovea:trainerFamilies': 'g5, g6e',
      'fovea:maxVcpus': '64',
      'fovea:usdPerHour': 'g5=1.2, g6e=2',
      'fovea:monthlyBudget': '12.5',
      'fovea:importedOnGpu': 'true',
      'fovea:functionConcurrency': '20',
      'fovea:alarmEmail': 'me@example.com',
      'fovea:logRetentionDays': '7',
      'fovea:imageUrls': '443, 8443',
      'fovea:keepDays': 'audit=90,batches=7',
      'fovea:webhookReceivers': 'any',
      'fovea:provisionedConcurrency': '3',
      'fovea:canary': '10',
      'fovea:allowOrigins': 'https://app.example.com, capacitor://localhost',
    });
    expect(settings).toMatchObject({
      trainerFamilies: ['g5', 'g6e'],
      maxVcpus: 64,
      usdPerHour: { g5: 1.2, g6e: 2 },
      monthlyBudget: 12.5,
      importedOnGpu: true,
      functionConcurrency: 20,
      alarmEmail: 'me@example.com',
      logRetentionDays: 7,
      imageUrls: [443, 8443],
      keepDays: { audit: 90, batches: 7 },
      webhookReceivers: 'any',
      provisionedConcurrency: 3,
      canary: 10,
      allowOrigins: ['https://app.example.com', 'capacitor://localhost'],
    });
  });

  it("leaves the CDK's own context alone", () => {
    expect(() =>
      parseSettings({ '@aws-cdk/core:stackRelativeExports': true, 'aws:cdk:bundling-stacks': [] }),
    ).not.toThrow();
  });

  it.each([
    ['usdPerHour', 'g4dn='],
    ['usdPerHour', 'g4dn=0'],
    ['usdPerHour', 'g4dn=0.5=9'],
    ['usdPerHour', 'g4dn=0.5,g4dn=0.6'],
    ['usdPerHour', { g4dn: '' }],
    ['usdPerHour', { g4dn: true }],
    ['keepDays', 'uploads=1,uploads=30'],
    ['keepDays', 'uploads='],
    ['imageUrls', '443,'],
    ['availabilityZones', true],
    ['availabilityZones', [2]],
    ['provisionedConcurrency', ''],
    ['provisionedConcurrency', ' '],
    ['provisionedConcurrency', null],
    ['maxVcpus', '0x20'],
    ['monthlyBudget', ''],
    ['monthlyBudget', 'Infinity'],
    ['canary', true],
    ['functionConcurrency', true],
    ['logRetentionDays', [7]],
  ])('rejects %s=%j, which would become another number', (name, value) => {
    expect(() => parseSettings({ [`fovea:${name}`]: value })).toThrow(`fovea:${name}: `);
  });

  it('takes no empty text for a number in any setting', () => {
    const numbers = Object.entries(parseSettings({})).filter(([, value]) => typeof value === 'number');
    expect(numbers.length).toBeGreaterThan(5);
    for (const [name] of numbers)
      for (const value of ['', true, false, null, []])
        expect(() => parseSettings({ [`fovea:${name}`]: value }), name).toThrow(`fovea:${name}: `);
  });

  it.each([
    ['canary', 'fovea:canary'],
    ['Fovea:canary', 'fovea:canary'],
    ['FOVEA:MAXVCPUS', 'fovea:maxVcpus'],
    ['alarmemail', 'fovea:alarmEmail'],
    ['Fovea:canry', 'fovea:canry'],
  ])('rejects the key %s, which means %s', (key, meant) => {
    expect(() => parseSettings({ [key]: '5' })).toThrow(`${key}: write ${meant}`);
  });

  it('rejects with every problem at once, each with what was received', () => {
    const parse = () =>
      parseSettings({
        'fovea:trainerFamilies': 'g5,h100',
        'fovea:maxVcpus': 2,
        'fovea:usdPerHour': 'g7=1',
        'fovea:alarmEmail': 'nobody',
        'fovea:logRetentionDays': 42,
        'fovea:maxVcpu': 8,
        'fovea:keepDays': 'feedback=9',
        'fovea:allowOrigins': 'https://app.example.com/path',
      });
    expect(parse).toThrow(SettingsError);
    expect(parse).toThrow(/trainerFamilies: .*received "g5,h100"/);
    expect(parse).toThrow(/maxVcpus: .*received 2/);
    expect(parse).toThrow(/usdPerHour: .*received "g7=1"/);
    expect(parse).toThrow(/alarmEmail: .*received "nobody"/);
    expect(parse).toThrow(/logRetentionDays: .*received 42/);
    expect(parse).toThrow(/allowOrigins: .*without a path/);
    expect(parse).toThrow(/keepDays: .*delete feedback by/);
    expect(parse).toThrow(/Unrecognized key: "maxVcpu"[\s\S]*Known are .*fovea:maxVcpus/);
  });

  it('requires domain and certificate together, and the certificate in us-east-1', () => {
    const certificate = (region: string) => `arn:aws:acm:${region}:123456789012:certificate/a-b`;
    expect(() => parseSettings({ 'fovea:domain': 'a.example.com' })).toThrow('need each other');
    expect(() =>
      parseSettings({ 'fovea:domain': 'a_b', 'fovea:certificateArn': certificate('eu-west-1') }),
    ).toThrow(/domain: .*certificateArn: .*us-east-1/s);
    expect(
      parseSettings({ 'fovea:domain': 'a.example.com', 'fovea:certificateArn': certificate('us-east-1') }),
    ).toMatchObject({ domain: 'a.example.com' });
  });

  it('requires keys behind a domain, since a signature holds for one name', () => {
    const domain = {
      'fovea:domain': 'a.example.com',
      'fovea:certificateArn': 'arn:aws:acm:us-east-1:123456789012:certificate/a-b',
    };
    expect(() => parseSettings({ ...domain, 'fovea:authorization': 'iam' })).toThrow(
      /authorization: must be "keys" with fovea:domain/,
    );
    expect(parseSettings({ 'fovea:authorization': 'iam' }).authorization).toBe('iam');
  });

  it('rejects more functions that are ready than may run, and minutes that no configuration has', () => {
    expect(() =>
      parseSettings({ 'fovea:provisionedConcurrency': 5, 'fovea:functionConcurrency': 4 }),
    ).toThrow(/provisionedConcurrency: must not be more than fovea:functionConcurrency/);
    expect(() => parseSettings({ 'fovea:canary': 7 })).toThrow(/fovea:canary: .*received 7/);
  });

  it('rejects machines that are larger than all vCPUs at once', () => {
    const families = { 'fovea:trainerFamilies': 'g4dn,g5.12xlarge' };
    expect(() => parseSettings(families)).toThrow(
      'fovea:maxVcpus: must be at least 48, the vCPUs of one g5.12xlarge',
    );
    expect(parseSettings({ ...families, 'fovea:maxVcpus': 48 }).trainerFamilies).toContain('g5.12xlarge');
  });

  it('rejects a family named twice', () => {
    expect(() => parseSettings({ 'fovea:trainerFamilies': ['g5', 'g5'] })).toThrow(
      'must name each family once',
    );
  });
});
