// HTML and SVG as template literals in which every value is escaped: names of classes and files come from users.

/** Text that is markup already, and is not escaped again. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A value in a template: text is escaped, markup and lists of it are not; null, undefined and false give no text. */
export type Fragment = string | number | Markup | readonly Fragment[] | null | undefined | false;

/** The entity of each character that means something in HTML. */
const ENTITIES = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
] as const;

// The ampersand is the first, so that those of entities stay.
const escapeText = (text: string): string =>
  ENTITIES.reduce((escaped, [character, entity]) => escaped.replaceAll(character, entity), text);

function toText(fragment: Fragment): string {
  if (fragment === null || fragment === undefined || fragment === false) return '';
  if (fragment instanceof Markup) return fragment.text;
  if (typeof fragment === 'string') return escapeText(fragment);
  if (typeof fragment === 'number') return String(fragment);
  return fragment.map(toText).join('');
}

/** Markup of a template, e.g. `html\`<b>${name}</b>\``: values are escaped for text and quoted attributes. */
export const html = (strings: TemplateStringsArray, ...values: readonly Fragment[]): Markup =>
  new Markup(strings.reduce((text, piece, index) => text + toText(values[index - 1]) + piece));
