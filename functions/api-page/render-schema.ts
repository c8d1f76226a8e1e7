// Renders schemas for readers: the type in words, the bounds, and the fields of an object. Knows no operation.

import { html } from 'hono/html';
import { SCHEMAS_PATH } from '../http/docs-page.ts';
import { inlineMarkdown } from '../http/inline-markdown.ts';
import { componentOf, type DescribedSchema } from './described-api.ts';

/** More values than this are listed below the type. */
const MAX_VALUES_IN_TYPE = 6;
const WORDS: Readonly<Record<string, string>> = { integer: 'whole number' };

/** A type in words, e.g. `list of Model`, with links to components. */
export function typeOf(schema: DescribedSchema): ReturnType<typeof html> {
  const component = componentOf(schema);
  if (component !== undefined) return html`<a href="${SCHEMAS_PATH}#${component}">${component}</a>`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return joined(choices.map(typeOf), ' or ');
  if (schema.enum !== undefined)
    return schema.enum.length > MAX_VALUES_IN_TYPE
      ? html`one of ${schema.enum.length} values`
      : joined(
          schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`),
          ' or ',
        );
  if (schema.items !== undefined) return html`list of ${typeOf(schema.items)}`;
  if (schema.format === 'binary') return html`bytes`;
  if (typeof schema.additionalProperties === 'object' && schema.properties === undefined)
    return html`object of ${typeOf(schema.additionalProperties)} by name`;
  const types = [schema.type ?? 'any'].flat();
  return html`${types.map((type) => WORDS[type] ?? type).join(' or ')}`;
}

function joined(parts: readonly ReturnType<typeof html>[], separator: string) {
  return html`${parts.map((part, index) => html`${index === 0 ? '' : separator}${part}`)}`;
}

/** The bounds of a value in words; empty where it has none. */
export function boundsOf(schema: DescribedSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const words = [
    rangeOf(minimum, maximum, ''),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
    rangeOf(schema.minLength, schema.maxLength, ' characters'),
    rangeOf(schema.minItems, schema.maxItems, ' entries'),
  ];
  return words.filter((word) => word !== '').join(', ');
}

function rangeOf(least: number | undefined, most: number | undefined, unit: string): string {
  // What every number in JSON holds to anyway says nothing.
  const highest = most === Number.MAX_SAFE_INTEGER ? undefined : most;
  const lowest = least === Number.MIN_SAFE_INTEGER ? undefined : least;
  if (lowest !== undefined && highest !== undefined)
    return lowest === highest ? `${lowest}${unit}` : `${lowest} to ${highest}${unit}`;
  if (lowest !== undefined) return `at least ${lowest}${unit}`;
  return highest === undefined ? '' : `at most ${highest}${unit}`;
}

/** One field or parameter: name, type, whether it is needed, what it means, its bounds and an example, and its own fields. */
export function fieldItem(name: string, schema: DescribedSchema, isRequired: boolean, description?: string) {
  const bounds = boundsOf(schema);
  const { example, pattern } = schema;
  const values = schema.enum !== undefined && schema.enum.length > MAX_VALUES_IN_TYPE ? schema.enum : [];
  return html`<li><p class="field"><code class="name">${name}</code> <span class="type">${typeOf(schema)}</span>${isRequired ? html` <strong class="needed">required</strong>` : ''}</p>
<p>${inlineMarkdown(description ?? schema.description ?? '')}${bounds === '' ? '' : html` <span class="bounds">${capitalized(bounds)}.</span>`}${example === undefined ? '' : html` Example: <code>${typeof example === 'string' ? example : JSON.stringify(example)}</code>.`}${pattern === undefined ? '' : html` Pattern: <code>${pattern}</code>.`}</p>${
    values.length === 0
      ? ''
      : html`<p>${joined(
          values.map((value) => html`<code>${String(value)}</code>`),
          ', ',
        )}</p>`
  }${innerFields(name, schema)}</li>`;
}

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The objects within a schema that are no components: their fields are shown where they are used. */
function innerObjects(schema: DescribedSchema): readonly DescribedSchema[] {
  if (schema.properties !== undefined) return [schema];
  const { additionalProperties } = schema;
  const inner = [
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.anyOf ?? schema.oneOf ?? []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  return inner.flatMap(innerObjects);
}

function innerFields(name: string, schema: DescribedSchema) {
  const objects = innerObjects(schema);
  if (objects.length === 0) return '';
  return html`<details><summary>Fields of <code>${name}</code></summary>${objects.map(fieldList)}</details>`;
}

/** The fields of an object. */
export function fieldList({ properties = {}, required = [] }: DescribedSchema): ReturnType<typeof html> {
  return html`<ul class="fields">${Object.entries(properties).map(([name, schema]) => fieldItem(name, schema, required.includes(name)))}</ul>`;
}

/** A whole schema: its description, and its fields or type. */
export function schemaBody(schema: DescribedSchema) {
  const objects = innerObjects(schema);
  return html`<p>${inlineMarkdown(schema.description ?? '')}</p>${
    objects.length === 0
      ? html`<p>Type: ${typeOf(schema)}</p>`
      : objects.map(
          (object, index) => html`${index === 0 ? '' : html`<p class="or">or</p>`}${fieldList(object)}`,
        )
  }`;
}
