import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readForm } from '../../../functions/http/read-form.ts';

const SEED = 20240601;
const LIMITS = { files: 8, fileBytes: 100_000 };

/** Contents full of what boundaries are made of. */
const contentOf = (boundary: string) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\r\n--',
          `--${boundary}`,
          boundary,
          '\r',
          '\n',
          '-',
          `\r\n--${boundary.slice(0, -1)}`,
        ),
        fc.string({ unit: 'binary', maxLength: 5 }),
      ),
      { maxLength: 40 },
    )
    .map((pieces) => Buffer.from(pieces.join('')))
    // What a sender has to see to when it picks a boundary.
    .filter(
      (content) =>
        !Buffer.concat([Buffer.from('\r\n'), content, Buffer.from('\r\n')]).includes(`\r\n--${boundary}`),
    );

const forms = fc.constantFrom('x', 'ab', '-', '----WebKitFormBoundaryABC').chain((boundary) =>
  fc.record({
    boundary: fc.constant(boundary),
    contents: fc.array(contentOf(boundary), { minLength: 1, maxLength: LIMITS.files }),
    preamble: fc.constantFrom('', '\r\n', 'before\r\n'),
    epilogue: fc.constantFrom('', '\r\n', '\r\nafter'),
    cuts: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
  }),
);

async function* cut(body: Buffer, cuts: readonly number[]) {
  for (let at = 0, index = 0; at < body.length; index++) {
    const length = cuts[index % cuts.length] ?? 1;
    yield body.subarray(at, at + length);
    at += length;
  }
}

describe('readForm', () => {
  it('gives every file back, byte by byte, wherever the body is cut', async () => {
    await fc.assert(
      fc.asyncProperty(forms, async ({ boundary, contents, preamble, epilogue, cuts }) => {
        const body = Buffer.concat([
          Buffer.from(preamble),
          ...contents.flatMap((content, index) => [
            Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name=f; filename=${index}\r\n\r\n`),
            content,
            Buffer.from('\r\n'),
          ]),
          Buffer.from(`--${boundary}--${epilogue}`),
        ]);
        const form = await readForm(cut(body, cuts), `multipart/form-data; boundary="${boundary}"`, LIMITS);
        expect(form.files.map(({ file, bytes }) => [file, Buffer.from(bytes ?? []).toString('hex')])).toEqual(
          contents.map((content, index) => [String(index), content.toString('hex')]),
        );
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
