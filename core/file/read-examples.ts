// Reads the JSONL of OpenAI's vision fine-tuning: each line is a conversation with one picture, whose answer is the label.

import { z } from 'zod';
import { readByteLines } from '../byte-lines.ts';
import type { ArchiveEntry } from '../dataset/archive-entry.ts';
import { FoveaError } from '../errors/errors.ts';
import { decodeBase64 } from '../image/decode-base64.ts';
import { DEFAULT_IMAGE_LIMITS } from '../image/image-limits.ts';

/** A line may hold the largest picture as base64. */
const MOST_LINE_BYTES = 28_000_000;
const SHOWN_CHARACTERS = 80;
const NUMBER_DIGITS = 6;
const ADDRESS = /^https?:\/\//i;
const DATA_TYPE = /^data:image\/([a-z0-9]{1,10})[;,+]/i;

const PartSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  image_url: z.looseObject({ url: z.string() }).optional(),
});
const ContentSchema = z.union([z.string(), z.array(PartSchema)]);
const ExampleSchema = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string(), content: ContentSchema.nullish() })),
});

/** A picture of a line, and the class that it belongs to. */
export interface ExampleEntry extends ArchiveEntry {
  /** The label, and the name of the file. */
  readonly names: readonly [label: string, file: string];
}

/** How pictures that have addresses are read. */
export type ReadAddress = (url: string) => Promise<Uint8Array | FoveaError>;

/**
 * The pictures of the lines, one after another.
 * @param readAddress reads a picture that has an https address.
 * @throws {FoveaError} `file-invalid` at the first line that has another form, as lines with text alone have.
 */
export async function* readExamples(
  pieces: AsyncIterable<Uint8Array>,
  readAddress: ReadAddress,
): AsyncGenerator<ExampleEntry> {
  const tooLong = (line: number) => lineInvalid(line, `it has more than ${MOST_LINE_BYTES} bytes`);
  for await (const { line, bytes } of readByteLines(pieces, MOST_LINE_BYTES, tooLong)) {
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    if (text.trim() === '') continue;
    const { label, url } = toExample(line, text);
    const content = ADDRESS.test(url)
      ? await readAddress(url)
      : decodeBase64(url, `messages of line ${line}`, DEFAULT_IMAGE_LIMITS.maxBytes);
    const file = `${String(line).padStart(NUMBER_DIGITS, '0')}.${DATA_TYPE.exec(url)?.[1]?.toLowerCase() ?? 'img'}`;
    const sizeBytes = content instanceof FoveaError ? 0 : content.byteLength;
    yield { path: `${label}/${file}`, names: [label, file], sizeBytes, content };
  }
}

/** @throws {FoveaError} `file-invalid`. */
function toExample(line: number, text: string): { readonly label: string; readonly url: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw lineInvalid(line, 'it is not JSON', cause);
  }
  const parsed = ExampleSchema.safeParse(json);
  if (!parsed.success)
    throw lineInvalid(line, 'it has no "messages" as conversations have them', parsed.error);
  const { messages } = parsed.data;
  const urls = messages.flatMap(({ content }) =>
    Array.isArray(content)
      ? content.flatMap(({ image_url: image }) => (image === undefined ? [] : [image.url]))
      : [],
  );
  const [url] = urls;
  if (url === undefined)
    throw lineInvalid(line, 'it has no picture, and only classifiers of pictures are trained here');
  if (urls.length > 1)
    throw lineInvalid(line, `it has ${urls.length} pictures, and one label belongs to one`);
  const answers = messages.filter(({ role }) => role === 'assistant');
  const label = answers.length === 1 ? textOf(answers[0]?.content).trim() : '';
  if (/^\.|[/\\]/.test(label))
    throw lineInvalid(
      line,
      `its label ${JSON.stringify(label.slice(0, SHOWN_CHARACTERS))} cannot be the name of a class`,
    );
  if (label === '') throw lineInvalid(line, 'it needs one message of the assistant, whose text is the label');
  return { label, url };
}

const textOf = (content: z.infer<typeof ContentSchema> | null | undefined): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('');

const lineInvalid = (line: number, problem: string, cause?: unknown) =>
  new FoveaError(
    'file-invalid',
    `Line ${line} of the file cannot be used for fine-tuning: ${problem.slice(0, 3 * SHOWN_CHARACTERS)}. Each line is a conversation with one ` +
      'picture ("image_url") and an answer of the assistant that is the label; or send an archive (.zip, .tar.gz) with a folder for each class.',
    { param: 'file', details: { line }, cause },
  );
