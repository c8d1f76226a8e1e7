// The table of permissions in infra/README.md against the templates: it has all that somebody may do, and nothing else.

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CloudTemplate, resourcesOf, synthesize } from './synthesize.ts';

const PAGE = readFileSync(new URL('../../infra/README.md', import.meta.url), 'utf8');

/** The names that the table has for whoever may do something, by the beginning of the id of the role or policy. */
const NAMES: Readonly<Record<string, string>> = {
  ApiFunction: 'API',
  ApiCanary: 'AWS CodeDeploy',
  JobEventsFunction: 'job events',
  TrainerJobRole: 'trainer',
  TrainerExecutionRole: 'container agent',
  TrainerMachineInstanceRole: 'trainer machines',
  ContainerImageBuild: 'AWS CodeBuild',
  DeployTimeBuild: 'starter of builds',
  Alarms: 'alarms',
  DataNotices: 'the bucket',
};
/** Of the queue's policy, by the service that may write into it. */
const SERVICES: Readonly<Record<string, string>> = {
  'events.amazonaws.com': 'rules of EventBridge',
  'sns.amazonaws.com': 'topic of notices',
};

/** Patterns of keys for which the table has words. */
const IN_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(jobs|batches)\/[^/]+\/(job\.json|events\/\*)$/, 'job records and events'],
  [/^backbones\/\*\/[^*]+$/, 'descriptions of backbones'],
  [/restore/, 'the note of a restore'],
];
const DATA_BUCKET = /^\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["DataBucket\w+","Arn"\]\},"\/([^"]+)"\]\]\}$/;

const SETTINGS: readonly Readonly<Record<string, unknown>>[] = [
  { monthlyBudget: 50, alarmEmail: 'me@example.com', canary: 5, webhookReceivers: 'public' },
  { queue: 'workers-first', imageBuilder: 'codebuild' },
  {
    domain: 'fovea.example.com',
    certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0-0',
    authorization: 'keys',
  },
  { queue: 'workers', webhookReceivers: 'public' },
];

const list = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
const textOf = (resource: unknown) => JSON.stringify(resource);

/** Who may do what, as lines: `API may s3:GetObject on datasets/`. Resources other than objects are left to the reader. */
function allowedBy(template: CloudTemplate): string[] {
  const whoIs = (id: string) =>
    Object.entries(NAMES).find(([start]) => id.startsWith(start))?.[1] ?? `no name for ${id}`;
  const lines = (who: string, statement: Record<string, unknown>): string[] =>
    list(statement['Action']).flatMap((action) => {
      const keys = list(statement['Resource']).flatMap((one) => DATA_BUCKET.exec(textOf(one))?.[1] ?? []);
      if (keys.length === 0) return [`${who} may ${action}`];
      return keys.map((key) => {
        const words = IN_WORDS.find(([pattern]) => pattern.test(key))?.[1];
        return `${who} may ${action} on ${words ?? key.replace(/\*.*$/, '')}`;
      });
    });
  const allowing = (properties: Record<string, unknown>): Record<string, unknown>[] =>
    (properties['PolicyDocument'] as { Statement: Record<string, unknown>[] }).Statement.filter(
      ({ Effect }) => Effect === 'Allow',
    );
  return [
    ...resourcesOf(template, 'AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
      allowing(Properties).flatMap((statement) => lines(whoIs(id), statement)),
    ),
    ...resourcesOf(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) => {
      const inline = list(Properties['Policies']).map(() => `${whoIs(id)} may what an inline policy says`);
      const managed = list(Properties['ManagedPolicyArns']).map(
        (arn) => `${whoIs(id)} may ${/policy\/(?:[\w-]+\/)*(\w+)"/.exec(textOf(arn))?.[1] ?? textOf(arn)}`,
      );
      return [...inline, ...managed];
    }),
    ...resourcesOf(template, 'AWS::SNS::TopicPolicy').flatMap(([id, { Properties }]) =>
      allowing(Properties).flatMap((statement) => lines(whoIs(id), statement)),
    ),
    ...resourcesOf(template, 'AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) =>
      allowing(Properties).flatMap((statement) => {
        const { Service = '' } = statement['Principal'] as { Service?: string };
        return lines(SERVICES[Service] ?? `no name for ${Service}`, statement);
      }),
    ),
  ];
}

/** The same lines as the table has them. */
function linesOfTable(page: string): string[] {
  const [, table = ''] = /\| who \| may \| on \| because \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  return table
    .trim()
    .split('\n')
    .flatMap((row) => {
      const [, who = '', may = '', on = ''] = row.split('|').map((cell) => cell.trim());
      const names = who.replace(/, with .*$/, '').split(', ');
      const actions = [...may.matchAll(/`([^`]+)`/g)].map(([, action = '']) => action);
      const places = [
        ...[...on.matchAll(/`([a-z-]+\/[a-z-/]*)`/g)].map(([, prefix = '']) => prefix),
        ...IN_WORDS.map(([, words]) => words).filter((words) => on.includes(words)),
      ];
      return names.flatMap((name) =>
        actions.flatMap((action) =>
          places.length === 0
            ? [`${name} may ${action}`]
            : places.map((place) => `${name} may ${action} on ${place}`),
        ),
      );
    });
}

describe('the table of permissions', () => {
  let templates: readonly CloudTemplate[];
  beforeAll(() => {
    templates = SETTINGS.map((settings) => synthesize(settings));
  }, 60_000);
  const allowed = () => new Set(templates.flatMap(allowedBy));

  it('lacks nothing that a template allows, and says nothing that none does', () => {
    const said = new Set(linesOfTable(PAGE));
    expect([...allowed()].filter((line) => !said.has(line))).toEqual([]);
    expect([...said].filter((line) => !allowed().has(line))).toEqual([]);
  });

  it('is found out where it lacks a key, an action or a role', () => {
    const without = (text: string, by: string) => {
      expect(PAGE).toContain(text);
      const said = new Set(linesOfTable(PAGE.replace(text, by)));
      return [...allowed()].filter((line) => !said.has(line));
    };
    expect(without('`batches/` `checkpoints/` `open-jobs/` `workers/`', '`batches/` `workers/`')).toEqual([
      'API may s3:GetObject on checkpoints/',
      'API may s3:GetObject on open-jobs/',
    ]);
    expect(without(', `batch:TagResource`', '')).toHaveLength(2);
    expect(without('| AWS CodeDeploy, with', '| Nobody, with')).toEqual([
      'AWS CodeDeploy may AWSCodeDeployRoleForLambdaLimited',
    ]);
  });
});
