// Makes the curl commands of an operation, from the examples of its description. Knows no HTML.

import type { DescribedApi, DescribedContent, DescribedSchema, PlacedOperation } from './described-api.ts';
import { componentOf } from './described-api.ts';
import { FORM_EXAMPLES, HEADER_EXAMPLES } from './request-examples.ts';

/** A command to copy. */
export interface CurlCommand {
  /** The media type of its body; undefined where there is none. */
  readonly mediaType?: string;
  readonly text: string;
}

/** The file that a command sends as a body of one media type. */
const FILES: Readonly<Record<string, string>> = {
  'application/zip': 'pictures.zip',
  'application/gzip': 'pictures.tar.gz',
};
/** What a command says for a media type that stands for many. */
const ONE_OF_MANY: Readonly<Record<string, string>> = { 'image/*': 'image/jpeg' };
const PICTURE = 'photo.jpg';
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'multipart/form-data';

/** Any text as one word of a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** An example as it stands in an address. */
const inAddress = (value: unknown): string => encodeURIComponent(String(value));

/** The command for each media type that the operation takes; one command where it takes no body. */
export function curlCommands(operation: PlacedOperation, origin: string): CurlCommand[] {
  const { requestBody } = operation;
  if (requestBody === undefined) return [{ text: command(operation, origin, []) }];
  return Object.entries(requestBody.content)
    .filter(([mediaType]) => mediaType !== 'application/octet-stream' || !requestBody.content['image/*'])
    .map(([mediaType, content]) => ({
      mediaType,
      text: command(operation, origin, bodyArguments(operation, mediaType, content)),
    }));
}

function command(operation: PlacedOperation, origin: string, body: readonly string[]): string {
  const { method, parameters = [], security = [] } = operation;
  const isRequired = (where: string) =>
    parameters.filter(({ in: place, required }) => place === where && required === true);
  let { path } = operation;
  for (const { name, schema } of isRequired('path'))
    path = path.replace(`{${name}}`, inAddress(exampleOf(schema) ?? name.toUpperCase()));
  const query = isRequired('query').map(
    ({ name, schema }) => `${name}=${inAddress(exampleOf(schema) ?? name.toUpperCase())}`,
  );
  const address = `${origin}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const header = (HEADER_EXAMPLES as Readonly<Record<string, string>>)[operation.operationId];
  const usual = body.length === 0 ? 'get' : 'post';
  const words = [
    `curl ${method === usual ? '' : `-X ${method.toUpperCase()} `}${quote(address)}`,
    ...(security.some((requirement) => Object.keys(requirement).length > 0)
      ? ['-H "authorization: Bearer $FOVEA_API_KEY"']
      : []),
    ...(header === undefined ? [] : [`-H ${quote(header)}`]),
    ...body,
  ];
  return words.join(' \\\n  ');
}

/** An example of a schema: its own, its first value, or undefined. */
export const exampleOf = ({ example, enum: values }: DescribedSchema): unknown => example ?? values?.[0];

function bodyArguments(
  { method, operationId }: PlacedOperation,
  mediaType: string,
  content: DescribedContent,
): string[] {
  const header = `-H 'content-type: ${ONE_OF_MANY[mediaType] ?? mediaType}'`;
  if (mediaType === JSON_TYPE) return [header, `-d ${quote(JSON.stringify(content.example ?? {}, null, 2))}`];
  if (mediaType !== FORM_TYPE)
    return method === 'put'
      ? [`--data-binary @${PICTURE}`, header]
      : [header, `--data-binary @${FILES[mediaType] ?? PICTURE}`];
  const fields: Readonly<Record<string, string>> =
    (FORM_EXAMPLES as Readonly<Record<string, Readonly<Record<string, string>>>>)[operationId] ?? {};
  return Object.entries(fields).map(([name, value]) => `-F ${quote(`${name}=${value}`)}`);
}

/** The schema itself, where the given one refers to a component. */
export function resolve(api: DescribedApi, schema: DescribedSchema): DescribedSchema {
  const component = componentOf(schema);
  return component === undefined ? schema : (api.components.schemas[component] ?? schema);
}
