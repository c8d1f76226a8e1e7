// The document's schemas as generators of clients understand them. A default is said in words: as a keyword it makes
// clients send what was left out, and require what may be. One value is an enum of one, as in answers.

const PLAIN_DATA: ReadonlySet<string> = new Set(['example', 'examples', 'enum']);
/** Whose keys are names, not keywords. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'schemas', 'responses']);

/** A copy of a document, or of a part of it, without `default` and `const` in its schemas. */
export function plainSchemas<T>(document: T): T {
  // What comes out is a document as what went in: both keywords have their like in others.
  return plain(document) as T;
}

function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== 'object' || node === null) return node;
  const { const: only, default: unsaid, ...rest } = node as Readonly<Record<string, unknown>>;
  const copy = mapEntries(rest, (value, key) => {
    if (PLAIN_DATA.has(key)) return value;
    return MAPS.has(key) ? mapEntries(value as object, plain) : plain(value);
  });
  if (only !== undefined) copy['enum'] = [only];
  if (unsaid !== undefined) copy['description'] = withDefault(copy['description'], unsaid);
  // A parameter is described beside its schema too.
  const { schema } = copy;
  if (typeof copy['in'] === 'string' && typeof schema === 'object' && schema !== null)
    copy['description'] = Reflect.get(schema, 'description');
  return copy;
}

const mapEntries = (object: object, map: (value: unknown, key: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));

function withDefault(description: unknown, unsaid: unknown): string {
  const shown = `Default: \`${typeof unsaid === 'string' ? unsaid : JSON.stringify(unsaid)}\`.`;
  return typeof description === 'string' ? `${description} ${shown}` : shown;
}
