import { expect, it } from 'vitest';
import { describeDeployment } from '../../infra/account/describe-deployment.ts';
import { parseSettings } from '../../infra/settings/settings.ts';

const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/0-0';

const idleUsd = (context: Readonly<Record<string, unknown>>): number => {
  const [idle = ''] = describeDeployment(['c7i'], parseSettings(context)).costs;
  return Number(/^idle: US\$ ([\d.]+) a month/.exec(idle)?.[1]);
};

it.each([
  ['copies that are ready', { 'fovea:provisionedConcurrency': 3 }, 65.7],
  ['a domain', { 'fovea:domain': 'fovea.example.com', 'fovea:certificateArn': certificateArn }, 0.4],
  ['webhooks', { 'fovea:webhookReceivers': 'public' }, 0.06],
  ['workers first', { 'fovea:queue': 'workers-first' }, 0.25],
])('what is idle costs more with %s', (_name, context, usd) => {
  expect(idleUsd({})).toBeCloseTo(0.44, 2);
  expect(Math.abs(idleUsd(context) - idleUsd({}) - usd)).toBeLessThan(0.015);
});

it('names no machines where workers run all jobs', () => {
  const { makes, costs } = describeDeployment(['c7i'], parseSettings({ 'fovea:queue': 'workers' }));
  expect([...makes, ...costs].join('\n')).not.toMatch(/c7i|pool|network/);
});

it('says what else a machine and metrics cost, and what comes before the mail of alarms', () => {
  const { makes, costs } = describeDeployment(
    ['c7i'],
    parseSettings({ 'fovea:alarmEmail': 'me@example.com' }),
  );
  expect(costs).toContain('each machine: US$ 0.016 an hour more for its disk and its public address');
  expect(costs.join()).toMatch(/metrics: up to US\$ 3\.90 a month/);
  expect(makes).toContain(
    'alarms by mail to me@example.com, once somebody there has confirmed a mail from AWS',
  );
});

it.each([
  ['keys', 'asks for the key'],
  ['iam', 'answers what users and roles of IAM have signed'],
])('says whom the address answers with %s', (authorization, says) => {
  const { makes } = describeDeployment(['c7i'], parseSettings({ 'fovea:authorization': authorization }));
  expect(makes.filter((line) => line.includes('address on the internet'))).toEqual([
    expect.stringMatching(new RegExp(`${says}$`)),
  ]);
});
