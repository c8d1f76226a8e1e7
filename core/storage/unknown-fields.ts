// Keeps the fields of a stored record that this version does not know, because a newer one wrote them: they stay with their object,
// and are written back with it. Knows nothing of what records hold.

/** The property that holds unknown fields. `{ ...record }` copies it; being a symbol, it is never met by name. */
const UNKNOWN: unique symbol = Symbol('fields of a newer version');

type Fields = Readonly<Record<string, unknown>>;
type Holder = { [UNKNOWN]?: Fields };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Attaches to every object of a parsed value the fields of the stored one that the parser dropped.
 *
 * @param stored Plain JSON.
 * @param parsed The value that a schema made of it, object for object; changed in place.
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

/** JSON text of a value together with its unknown fields, indented by two spaces. */
export const stringifyWithUnknown = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (_, part: unknown) => {
      const unknown = isObject(part) ? (part as Holder)[UNKNOWN] : undefined;
      return unknown === undefined ? part : { ...(part as Fields), ...absentFrom(part as Fields, unknown) };
    },
    2,
  )}\n`;

/** The unknown fields whose names are still free; a field that this version has written since is newer. */
const absentFrom = (known: Fields, unknown: Fields): Fields =>
  Object.fromEntries(Object.entries(unknown).filter(([name]) => !Object.hasOwn(known, name)));
