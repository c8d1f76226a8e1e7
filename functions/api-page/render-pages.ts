// Renders the pages of the API from its OpenAPI document: all operations by subject, and all schemas. They need no script; docs.js adds
// a filter and buttons.

import { html } from 'hono/html';
import { docsPage } from '../http/docs-page.ts';
import { inlineMarkdown } from '../http/inline-markdown.ts';
import { type CurlCommand, curlCommands, resolve } from './curl-commands.ts';
import {
  componentOf,
  type DescribedApi,
  type DescribedContent,
  type DescribedParameter,
  operationsOf,
  type PlacedOperation,
} from './described-api.ts';
import { fieldItem, fieldList, schemaBody, typeOf } from './render-schema.ts';

/**
 * The page of all operations.
 * @param origin where clients reach the server, for the commands.
 * @param needsKey whether requests below /v1 need an API key.
 */
export function renderOperationsPage(api: DescribedApi, origin: string, needsKey: boolean) {
  const operations = operationsOf(api);
  const tags = [...new Set(operations.map(tagOf))];
  return docsPage(
    `${api.info.title} API`,
    html`<h1>${api.info.title} API</h1>
<p>${inlineMarkdown(api.info.description ?? '')}</p>
<p>Version ${api.info.version} at <code>${origin}</code>. ${
      needsKey
        ? html`Requests need an API key: <code>export FOVEA_API_KEY=…</code>, and the commands below send it.`
        : 'This server needs no API key.'
    } The same as a document for generators of clients: <a href="/openapi.json">openapi.json</a>.</p>
<p class="tools" hidden><label for="filter">Filter operations</label> <input id="filter" type="search" autocomplete="off" spellcheck="false"> <span id="count" role="status"></span></p>
<nav aria-label="Subjects"><ul class="tags">${tags.map((tag) => html`<li><a href="#${slugOf(tag)}">${tag}</a></li>`)}</ul></nav>
${tags.map(
  (tag) =>
    html`<section aria-labelledby="${slugOf(tag)}"><h2 id="${slugOf(tag)}">${tag}</h2>${operations
      .filter((operation) => tagOf(operation) === tag)
      .map((operation) => operationItem(api, operation, origin))}</section>`,
)}`,
  );
}

/** The page of all components. */
export function renderSchemasPage({ info, components }: DescribedApi) {
  const schemas = Object.entries(components.schemas).sort(([one], [other]) => (one < other ? -1 : 1));
  return docsPage(
    `Schemas of the ${info.title} API`,
    html`<h1>Schemas</h1><p>What requests and answers hold, by the names that the <a href="/docs">operations</a> use.</p>
<nav aria-label="Schemas"><ul class="tags">${schemas.map(([name]) => html`<li><a href="#${name}">${name}</a></li>`)}</ul></nav>
${schemas.map(([name, schema]) => html`<section class="card" aria-labelledby="${name}"><h2 id="${name}">${name}</h2>${schemaBody(schema)}</section>`)}`,
  );
}

const tagOf = ({ tags = [] }: PlacedOperation): string => tags[0] ?? 'Other';
const slugOf = (tag: string): string => tag.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function operationItem(api: DescribedApi, operation: PlacedOperation, origin: string) {
  const { operationId, method, path, summary = '', description = '', parameters = [] } = operation;
  const commands = curlCommands(operation, origin);
  return html`<details class="card operation" id="${operationId}"><summary><h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code> <span class="summary">${summary}</span></h3></summary>
<p>${inlineMarkdown(description)} <a href="#${operationId}" aria-label="Link to ${operationId}"><code>${operationId}</code></a></p>
${commands.map((command) => commandBlock(command, operationId, commands.length > 1))}
${parameterList(parameters)}
${bodySection(api, operation)}
${answerSection(operation)}
${errorSection(operation)}</details>`;
}

function commandBlock({ mediaType, text }: CurlCommand, operationId: string, isOneOfMany: boolean) {
  const label = isOneOfMany ? `Example of ${operationId} as ${mediaType}` : `Example of ${operationId}`;
  return html`${isOneOfMany ? html`<p class="as">As <code>${mediaType}</code>:</p>` : ''}<pre tabindex="0" role="region" aria-label="${label}"><code>${text}</code></pre>`;
}

function parameterList(parameters: readonly DescribedParameter[]) {
  if (parameters.length === 0) return '';
  return html`<h4>Parameters</h4><ul class="fields">${parameters.map((parameter) =>
    fieldItem(
      parameter.in === 'path' ? `{${parameter.name}}` : parameter.name,
      parameter.schema,
      parameter.required === true,
      `${parameter.in === 'header' ? 'A header. ' : ''}${parameter.description ?? ''}`,
    ),
  )}</ul>`;
}

function bodySection(api: DescribedApi, { requestBody }: PlacedOperation) {
  if (requestBody === undefined) return '';
  const shown = Object.entries(requestBody.content);
  return html`<h4>Body</h4>${shown.map(([mediaType, { schema = {} }]) => {
    const resolved = resolve(api, schema);
    const heading = html`<p class="as"><code>${mediaType}</code>${componentOf(schema) === undefined ? '' : html`: ${typeOf(schema)}`}</p>`;
    return resolved.properties === undefined
      ? heading
      : html`${heading}<p>${inlineMarkdown(resolved.description ?? '')}</p>${fieldList(resolved)}`;
  })}`;
}

const isSuccess = (status: string): boolean => status.startsWith('2');

function answerSection({ responses }: PlacedOperation) {
  const answers = Object.entries(responses).filter(([status]) => isSuccess(status));
  return html`<h4>Answers</h4><ul class="fields">${answers.map(
    ([status, { description, content = {} }]) =>
      html`<li><p class="field"><code class="name">${status}</code> ${Object.entries(content).map(([mediaType, { schema = {} }]) => html`<span class="type"><code>${mediaType}</code> ${typeOf(schema)}</span> `)}</p><p>${inlineMarkdown(description)}</p></li>`,
  )}</ul>`;
}

function errorSection({ operationId, responses }: PlacedOperation) {
  const failures = Object.entries(responses).filter(([status]) => !isSuccess(status));
  if (failures.length === 0) return '';
  return html`<details class="errors"><summary>Errors of <code>${operationId}</code></summary><ul class="fields">${failures.map(
    ([status, { content = {} }]) =>
      html`<li><p class="field"><code class="name">${status}</code> ${codesOf(content).map((code) => html`<a href="/docs/errors#${code}"><code>${code}</code></a> `)}</p></li>`,
  )}</ul></details>`;
}

const codesOf = (content: Readonly<Record<string, DescribedContent>>): string[] =>
  Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples));
