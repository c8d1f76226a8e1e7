// Fields of a stored record that this version does not know, because a newer one wrote them: they travel unseen with the
// object that they are of, and are written back with it. Knows nothing of what records hold.

/** Enumerable, so that `{ ...record }` takes it along; a symbol, so that nothing that goes by names ever meets it. */
const UNKNOWN: unique symbol = Symbol('fields of a newer version');

type Fields = Readonly<Record<string, unknown>>;
type Holder = { [UNKNOWN]?: Fields };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Attaches to every object of a parsed value those fields of the stored one that the parser passed over.
 *
 * @param stored Plain JSON.
 * @param parsed What a schema made of it, object for object; changed in place.
 */
export function keepUnknown(stored: unknown, parsed: unknown): void {
  if (stored === parsed) return;
  if (Array.isArray(stored) && Array.isArray(parsed)) {
    for (const [index, item] of parsed.entries()) keepUnknown(stored[index], item);
  } else if (isObject(stored) && isObject(parsed)) {
    const unknown = Object.entries(stored).filter(([name]) => !Object.hasOwn(parsed, name));
    if (unknown.length > 0) (parsed as Holder)[UNKNOWN] = Object.fromEntries(unknown);
    for (const [name, value] of Object.entries(parsed)) keepUnknown(stored[name], value);
  }
}

/** JSON text, two spaces deep, of a value together with its unknown fields. */
export const stringifyWithUnknown = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (_, part: unknown) => {
      const unknown = isObject(part) ? (part as Holder)[UNKNOWN] : undefined;
      return unknown === undefined ? part : { ...(part as Fields), ...absentFrom(part as Fields, unknown) };
    },
    2,
  )}\n`;

/** What this version has written under the same name by now is newer. */
const absentFrom = (known: Fields, unknown: Fields): Fields =>
  Object.fromEntries(Object.entries(unknown).filter(([name]) => !Object.hasOwn(known, name)));
