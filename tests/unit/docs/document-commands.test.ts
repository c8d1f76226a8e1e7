// How commands are taken out of a document, and their output compared with what it shows.

import { describe, expect, it } from 'vitest';
import {
  commandBlocks,
  keyPaths,
  splitOutput,
  toPattern,
  toScript,
} from '../../support/document-commands.ts';
import type { FencedBlock } from '../../support/read-markdown.ts';

const block = (text: string, options: Partial<FencedBlock> = {}): FencedBlock => ({
  language: 'sh',
  text,
  line: 7,
  comment: undefined,
  ...options,
});

describe('blocks of commands', () => {
  it('are run, unless they are marked with a reason', () => {
    const blocks = [
      block('npm start', { comment: 'server' }),
      block('npm test', { comment: 'not run: it would run itself' }),
      block('curl x'),
      block('{"a": 1}', { language: 'json' }),
      block('a drawing', { language: '' }),
      block('print(1)', { language: 'python', comment: 'saved as ~/one.py' }),
    ];
    expect(commandBlocks('page.md', blocks)).toEqual([
      { kind: 'server', place: 'page.md:7', text: 'npm start' },
      { kind: 'not-run', place: 'page.md:7', text: 'npm test', reason: 'it would run itself' },
      { kind: 'run', place: 'page.md:7', text: 'curl x', shownJson: '{"a": 1}' },
      { kind: 'file', place: 'page.md:7', text: 'print(1)', path: '~/one.py' },
    ]);
  });

  it.each(['not run', 'not run:', 'not run: ', 'skipped: because', 'saved as'])(
    'the mark "%s" is refused',
    (comment) => {
      expect(() => commandBlocks('page.md', [block('npm test', { comment })])).toThrow(
        /page\.md:7: the comment/,
      );
    },
  );

  it.each([
    ['bash', 'npm test'],
    ['console', '$ npm test'],
    ['', 'npm test'],
    ['', '$ fovea start'],
    ['json', '{}'],
  ])('a block of "%s" that holds "%s" is refused', (language, text) => {
    expect(() => commandBlocks('page.md', [block(text, { language })])).toThrow(/neither run nor marked/);
  });
});

describe('shown output', () => {
  it('is what comment lines right after a command say', () => {
    const { script, shown } = toScript('# first\na \\\n  b\n# one…\n# two\n\n# then\nc   # three\n# four\nd');
    expect(shown).toEqual(['one…\ntwo', 'four']);
    expect(script.split('\n')).toEqual([
      '# first',
      'a \\',
      '  b',
      "printf '\\036'",
      '',
      '# then',
      'c   # three',
      "printf '\\036'",
      'd',
    ]);
    expect(splitOutput('A\u001eB\u001eC')).toEqual(['A', 'B', 'C']);
  });

  it('has to be the beginning of the output, where … is anything', () => {
    const pattern = toPattern('{"id":"ftjob-…",…"status":"queued",…}');
    expect('{"id":"ftjob-1","x":[{}],"status":"queued","y":{}}\n').toMatch(pattern);
    expect('{"id":"ftjob-1","x":[{}],"status":"failed","y":{}}\n').not.toMatch(pattern);
    expect('{"error":{"id":"ftjob-1","status":"queued",}').not.toMatch(pattern);
    expect('\n  T4     88\nmore').toMatch(toPattern('T4   88'));
    expect('T4x 88').not.toMatch(toPattern('T4 88'));
  });

  it('as JSON has the keys of the output', () => {
    expect(keyPaths({ a: 1, b: [{ c: null }, { d: 1 }], e: {}, f: [] })).toEqual([
      'a',
      'b',
      'b[].c',
      'e',
      'f',
    ]);
  });
});
