// The names that models, versions and aliases may have. They become object keys and URL segments, so the rules are narrow.

import { FoveaError } from '../errors/errors.ts';

/** Longest model name, in characters. The suffix of an OpenAI fine-tuning job has the same limit. */
export const MODEL_NAME_MAX_LENGTH = 64;

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Versions count up from 1; with nine digits they are exact everywhere. */
const VERSION = /^[1-9][0-9]{0,8}$/;
/** An alias begins with a letter, so that it cannot be taken for a version. */
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Verbs that may follow the name of a model and a colon in an address. They cannot be aliases, which stand there, too. */
export const ADDRESS_VERBS = ['predict', 'classify'] as const;

/** Characters of a refused name that a message repeats at most. */
const SHOWN_CHARACTERS = 80;
const shown = (value: string) =>
  JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);

const inside = ({ source }: RegExp) => source.slice(1, -1);
/** The rules for names as regular expressions, for the OpenAPI document. */
export const NAME_PATTERNS = {
  model: MODEL_NAME.source,
  version: `^(${inside(VERSION)}|${inside(ALIAS)})$`,
  /** Two to eight versions or aliases. */
  versions: `^(${inside(VERSION)}|${inside(ALIAS)})(,(${inside(VERSION)}|${inside(ALIAS)})){1,7}$`,
  alias: ALIAS.source,
  /** A model, or one version of it. */
  reference: `^${inside(MODEL_NAME)}(:(${inside(VERSION)}|${inside(ALIAS)}))?$`,
} as const;

/** Whether a text may be the name of a model. */
export const isModelName = (value: string): boolean => MODEL_NAME.test(value);
/** Letters of Europe that have no parts, as a name may have them. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
};

/**
 * A name for a model that is like a text: letters lose their accents, and what a name may not hold becomes "-".
 * @param fallback what it is where nothing of the text is left; must be a name itself.
 * @param maxLength characters at most.
 */
export function suggestModelName(
  text: string,
  fallback = 'model',
  maxLength: number = MODEL_NAME_MAX_LENGTH,
): string {
  const name = text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(/[ßæÆøØłŁ]/g, (letter) => LETTERS[letter] ?? '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, maxLength)
    .replace(/[-.]+$/, '');
  return name === '' ? fallback : name;
}

/** Whether a text is a version number, such as `"3"`. */
export const isVersionNumber = (value: string): boolean => VERSION.test(value);
const isAliasName = (value: string): boolean => ALIAS.test(value);

/**
 * Checks the name of a model, which is untrusted input.
 * @param param the field of the request that the error names.
 * @throws {FoveaError} `model-name-invalid`.
 */
export function parseModelName(value: string, param = 'model'): string {
  if (isModelName(value)) return value;
  throw new FoveaError(
    'model-name-invalid',
    `${shown(value)} cannot be the name of a model: it must be 1 to ${MODEL_NAME_MAX_LENGTH} characters of A-Z, a-z, ` +
      '0-9, ".", "_" and "-", starting with a letter or a digit.',
    { param },
  );
}

/**
 * Checks a version number such as `"3"`, or the name of an alias such as `"latest"`, which is untrusted input.
 * @param param the field of the request that the error names.
 * @throws {FoveaError} `model-version-invalid`.
 */
export function parseVersionOrAlias(value: string, param = 'version'): string {
  if (isVersionNumber(value) || isAliasName(value)) return value;
  throw new FoveaError(
    'model-version-invalid',
    `${shown(value)} is not a version of a model: give a version number ("1", "2", …) or an alias such as "latest".`,
    { param },
  );
}

/**
 * Checks the name of an alias, which is untrusted input.
 * @throws {FoveaError} `model-version-invalid`.
 */
export function parseAlias(value: string): string {
  if (isAliasName(value)) return value;
  throw new FoveaError(
    'model-version-invalid',
    `${shown(value)} cannot be an alias: it must be 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-", starting with a letter.`,
    { param: 'alias' },
  );
}

/**
 * Takes apart `name` or `name:version`, the form in which a job names the model that it made.
 * @throws {FoveaError} `model-name-invalid`, `model-version-invalid`.
 */
export function parseModelReference(value: string): {
  readonly model: string;
  readonly version: string | undefined;
} {
  const colon = value.indexOf(':');
  if (colon === -1) return { model: parseModelName(value), version: undefined };
  return {
    model: parseModelName(value.slice(0, colon)),
    version: parseVersionOrAlias(value.slice(colon + 1), 'model'),
  };
}

/** The inverse of {@link parseModelReference}, e.g. `fruit:3`. */
export const toModelReference = (model: string, version: string): string => `${model}:${version}`;
