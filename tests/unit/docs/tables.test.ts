// Tables and commands of the documents say what the code says.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CreateJobSchema } from '../../../api/create-job.ts';
import { FINDING_SEVERITIES } from '../../../core/dataset/findings.ts';
import { PREPROCESSING_MODES } from '../../../core/image/model-input.ts';
import { REMEDIES } from '../../../core/job/recipe/memory-record.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { SweepSchema } from '../../../core/job/recipe/sweep.ts';
import { ARCHITECTURES } from '../../../core/network/architectures/architectures.ts';
import { planClassifier } from '../../../core/network/plan/plan-classifier.ts';
import { parseSettings } from '../../../infra/settings/settings.ts';
import { commandBlocks } from '../../support/document-commands.ts';
import { readMarkdown } from '../../support/read-markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const CLASSES = 1000;

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('It was not refused.');
}

/** Cells of the rows whose first one is a name in code. */
const rowsOf = (document: string): string[][] =>
  read(document)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

describe('tables', () => {
  it('docs/datasets.md has every finding with its severity', () => {
    const rows = rowsOf('docs/datasets.md').map(([code, severity]) => [code, severity]);
    expect(Object.fromEntries(rows)).toEqual(FINDING_SEVERITIES);
  });

  it('docs/networks.md has every network with its input, parameters and weights', () => {
    const rows = rowsOf('docs/networks.md').map(([name, input, parameters, , weights]) => [
      name,
      input,
      parameters,
      weights,
    ]);
    const expected = ARCHITECTURES.map(({ name, weightSources }) => {
      const { inputSize, network } = planClassifier({ model: name, classes: CLASSES });
      const { height, width, channels } = inputSize;
      return [
        name,
        `${height}×${width}×${channels}`,
        network.parameters.total.toLocaleString('en-US'),
        weightSources.length > 0 ? 'ImageNet' : 'random',
      ];
    });
    expect(rows).toEqual(expected);
  });

  it('docs/networks.md has the license of all weights', () => {
    const lists = read('docs/networks.md').matchAll(/^- ([\w.-]+): ([\s\S]*?)(?=\n-|\n\n)/gm);
    const written = [...lists].flatMap(([, license, names = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name} ${license}`),
    );
    const expected = ARCHITECTURES.flatMap(({ name, weightSources }) => [
      ...new Set(weightSources.map(({ license }) => `${name} ${license}`)),
    ]);
    expect(written.toSorted()).toEqual(expected.toSorted());
  });

  it('docs/training.md explains every field of a job, every setting of a recipe and every remedy', () => {
    const explained = rowsOf('docs/training.md').map(([name]) => name);
    // Those that are there for OpenAI's clients, and allow nothing else.
    const { method, validation_file, integrations, ...fields } = CreateJobSchema.shape;
    const expected = [...Object.keys(fields), ...Object.keys(RecipeSchema.shape), ...REMEDIES];
    expect(explained.toSorted()).toEqual(expected.toSorted());
  });

  it('docs/training.md names every setting that a sweep may vary', () => {
    const [, list = ''] = /A sweep may vary(.*?)\./s.exec(read('docs/training.md')) ?? [];
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(Object.keys(SweepSchema.shape));
  });

  it('docs/models.md explains every preprocessing of a backbone', () => {
    const explained = rowsOf('docs/models.md').map(([name]) => name);
    expect(explained).toEqual(expect.arrayContaining([...PREPROCESSING_MODES]));
  });

  it('infra/README.md explains every setting of a deployment', () => {
    const rows = rowsOf('infra/README.md').flatMap(([names = '']) => names.split(', '));
    // The message of a refused setting names those that there are.
    const known = /Known are (.*)\.$/.exec(messageOf(() => parseSettings({ 'fovea:unknown': 1 })))?.[1];
    expect(rows.toSorted()).toEqual(known?.split(', ').toSorted());
  });
});

describe('commands', () => {
  const documents = [
    'README.md',
    'infra/README.md',
    ...readdirSync(path.join(ROOT, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
  ];
  const commands = documents.flatMap((document) =>
    commandBlocks(document, readMarkdown(path.join(ROOT, document)).blocks),
  );

  it.each(commands.filter(({ kind }) => kind !== 'file'))('$place is a script for sh', ({ text }) => {
    const { stderr, status } = spawnSync('sh', ['-n', '-c', text], { encoding: 'utf8' });
    expect(`${stderr}${status}`).toBe('0');
  });

  it('name scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, script = '']) => script),
    );
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });
});
