// Reads of Label Studio's label configuration what classification needs: the control with choices, the picture that it is about, and where a
// task has that picture. Knows tags and attributes, and no other XML.

import { FoveaError } from '../../core/errors/errors.ts';

/** What classification needs of a configuration. */
export interface ChoicesConfig {
  /** Name of the control. */
  readonly fromName: string;
  /** Name of the picture's tag. */
  readonly toName: string;
  /** The field of a task's data that has the picture. */
  readonly field: string;
  /** By the text of a choice or its alias: what results say. Empty where tasks bring the choices. */
  readonly choices: ReadonlyMap<string, string>;
}

const MAX_CHARACTERS = 200_000;
const COMMENT = /<!--[\s\S]*?-->/g;
const TAG = /<(\/?)([A-Za-z][\w.-]*)((?:"[^"]*"|'[^']*'|[^"'<>])*)>/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const MAX_CODE_POINT = 0x10ffff;

interface Tag {
  readonly isEnd: boolean;
  readonly name: string;
  readonly attributes: Readonly<Partial<Record<string, string>>>;
}

const decodeEntities = (text: string): string =>
  text.replaceAll(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : whole;
  });

function readTags(xml: string): Tag[] {
  return [...xml.replaceAll(COMMENT, '').matchAll(TAG)].map(([, end, name = '', rest = '']) => ({
    isEnd: end === '/',
    name,
    attributes: Object.fromEntries(
      [...rest.matchAll(ATTRIBUTE)].map(([, key = '', double, single]) => [
        key,
        decodeEntities(double ?? single ?? ''),
      ]),
    ),
  }));
}

/**
 * The first `<Choices>` over an `<Image>`.
 * @throws {FoveaError} `request-invalid` where there is none.
 */
export function readLabelConfig(xml: string, param: string): ChoicesConfig {
  if (xml.length > MAX_CHARACTERS)
    throw invalid(param, `it has ${xml.length} characters; at most ${MAX_CHARACTERS} are read`);
  const tags = readTags(xml);
  const fields = new Map<string, string>();
  for (const { isEnd, name, attributes } of tags)
    if (!isEnd && name === 'Image') fields.set(attributes['name'] ?? '', attributes['value'] ?? '');
  for (const [at, { isEnd, name, attributes }] of tags.entries()) {
    const { name: fromName, toName = '' } = attributes;
    const value = fields.get(toName);
    if (isEnd || name !== 'Choices' || fromName === undefined || value === undefined) continue;
    if (!value.startsWith('$'))
      throw invalid(param, `the value of <Image name="${toName}"> names no field, such as "$image"`);
    return { fromName, toName, field: value.slice(1), choices: choicesAfter(tags.slice(at + 1)) };
  }
  throw invalid(
    param,
    'it has no <Choices> for an <Image>, and images are classified here. Use the template "Image Classification"',
  );
}

/** The choices up to the end of their control, also those within others. */
function choicesAfter(tags: readonly Tag[]): ReadonlyMap<string, string> {
  const choices = new Map<string, string>();
  for (const { isEnd, name, attributes } of tags) {
    if (isEnd && name === 'Choices') break;
    const { value, alias } = attributes;
    if (isEnd || name !== 'Choice' || value === undefined) continue;
    choices.set(value, alias ?? value);
    if (alias !== undefined) choices.set(alias, alias);
  }
  return choices;
}

const invalid = (param: string, problem: string) =>
  new FoveaError('request-invalid', `The label configuration does not suit: ${problem}.`, { param });
