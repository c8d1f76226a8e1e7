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
