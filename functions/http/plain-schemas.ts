// Rewrites the document's schemas so that generators of clients understand them. A default is said in words: as a keyword it
// makes clients send what was omitted, and require what is optional. A constant becomes an enum of one value, as in answers.

const PLAIN_DATA: ReadonlySet<string> = new Set(['example', 'examples', 'enum']);
/** Properties whose keys are names, not keywords. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'schemas', 'responses']);

/** A copy of a document, or of a fragment of it, without `default` and `const` in its schemas. */
export function plainSchemas<T>(document: T): T {
  // The copy has the type of the document: other keywords replace both.
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
  // A parameter has a description beside its schema's.
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
