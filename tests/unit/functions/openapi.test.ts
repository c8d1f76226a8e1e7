// The API's description, held to what generators of clients and readers need of it.

import { beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES, isErrorCode } from '../../../core/errors/error-codes.ts';
import { DECODINGS } from '../../../core/image/model-input.ts';
import { RESERVED_ALIASES } from '../../../core/model/live-record.ts';
import { DEFAULT_LIMITS } from '../../../functions/deps/limits.ts';
import { answerTo } from '../../../functions/http/error-status.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const test = createTestApp();
let document: AnyJson;
let operations: { readonly path: string; readonly operation: AnyJson }[];
beforeAll(async () => {
  document = (await test.send('GET', '/openapi.json')).body;
  operations = Object.entries<AnyJson>(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, operation })),
  );
});

/** The properties within a schema that nothing describes: neither they themselves nor the component that they are. */
function undescribed(schema: AnyJson, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const found: string[] = [];
  for (const [name, property] of Object.entries<AnyJson>(schema.properties ?? {})) {
    const component = document.components.schemas[String(property.$ref).split('/').at(-1) ?? ''];
    if (!property.description && !component?.description) found.push(`${path}.${name}`);
  }
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...['items', 'additionalProperties'].map((name) => ['', schema[name]] as const),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((name) => (schema[name] ?? []).map((one: AnyJson) => ['', one])),
  ];
  return [...found, ...inner.flatMap(([name, one]) => undescribed(one, `${path}.${name}`))];
}

/** The keys in a document, without the names that properties have and without examples. */
function keywordsIn(node: AnyJson): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(keywordsIn);
  return Object.entries<AnyJson>(node).flatMap(([key, value]) => {
    if (key === 'example' || key === 'examples') return [];
    return [key, ...(key === 'properties' ? Object.values(value) : [value]).flatMap(keywordsIn)];
  });
}

describe('the OpenAPI document', () => {
  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id ?? ''))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every component, property and parameter', () => {
    const components = Object.entries<AnyJson>(document.components.schemas);
    expect(components.length).toBeGreaterThan(30);
    expect(components.filter(([, schema]) => !schema.description).map(([name]) => name)).toEqual([]);
    expect(components.flatMap(([name, schema]) => undescribed(schema, name))).toEqual([]);
    for (const { operation } of operations) {
      for (const { name, schema } of operation.parameters ?? [])
        expect([name, schema.description]).toEqual([name, expect.stringMatching(/\S/)]);
    }
  });

  it('has no component that is itself nullable; references to it say so', () => {
    const nullable = Object.entries<AnyJson>(document.components.schemas).filter(
      ([, { type, anyOf, oneOf }]) =>
        [type].flat().includes('null') ||
        [...(anyOf ?? []), ...(oneOf ?? [])].some((one) => one.type === 'null'),
    );
    expect(nullable.map(([name]) => name)).toEqual([]);
    const { estimate } = document.components.schemas.CreatedFineTuningJob.properties;
    expect(estimate.anyOf).toEqual([{ $ref: '#/components/schemas/JobEstimate' }, { type: 'null' }]);
    // A reference beside a nullable type could never be null.
    expect(JSON.stringify(document)).not.toContain('"allOf"');
  });

  it('describes the failures of every operation, with an example of every code', () => {
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/v1/'))) {
      expect([path, Object.keys(operation.responses)]).toEqual([
        path,
        expect.arrayContaining(['400', '401', '403', '404', '405', '429', '500', '503']),
      ]);
      for (const [status, { description, content }] of Object.entries<AnyJson>(operation.responses)) {
        expect(description).not.toBe('');
        const { examples, schema } = content?.['application/json'] ?? {};
        if (schema?.$ref !== '#/components/schemas/Error') continue;
        for (const [code, { value }] of Object.entries<AnyJson>(examples)) {
          if (!isErrorCode(code)) throw new Error(`${code} is no code.`);
          expect(String(answerTo(code).status)).toBe(status);
          expect(value.error).toMatchObject({ code, message: ERROR_CODES[code] });
        }
      }
    }
  });

  it('names the bounds and defaults that are enforced', async () => {
    const parameter = (path: string, method: string, name: string) =>
      document.paths[path][method].parameters.find((one: AnyJson) => one.name === name).schema;
    const { minimum, maximum, description, type } = parameter('/v1/fine_tuning/jobs', 'get', 'limit');
    expect({ minimum, maximum, type }).toEqual({ minimum: 1, maximum: 100, type: 'integer' });
    expect(description).toMatch(/ Default: `20`\.$/);
    const statusOf = async (limit: number) =>
      (await test.send('GET', `/v1/fine_tuning/jobs?limit=${limit}`)).status;
    expect([await statusOf(minimum - 1), await statusOf(minimum), await statusOf(maximum + 1)]).toEqual([
      400, 200, 400,
    ]);
    expect(parameter('/v1/models/{model}/predict', 'post', 'top_k')).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      description: expect.stringMatching(/ Default: `5`\.$/),
    });
    expect(parameter('/v1/models/{model}/aliases/{alias}', 'put', 'alias').not.enum).toEqual(
      RESERVED_ALIASES.filter((alias) => alias !== 'live'),
    );
    expect(parameter('/v1/models/{model}/aliases/{alias}', 'delete', 'alias').not.enum).toEqual([
      'latest',
      'live',
    ]);
    const { CreateFineTuningJob, PredictForm, CreateDatasetUploads } = document.components.schemas;
    expect(CreateDatasetUploads.properties.files.items.properties.bytes.maximum).toBe(
      DEFAULT_LIMITS.uploadBytes,
    );
    const { stages } = CreateFineTuningJob.properties.recipe.properties;
    expect(stages.description).toMatch(/ Default: `auto`\.$/);
    expect(CreateFineTuningJob.required).toEqual(['model', 'training_file']);
    expect(PredictForm.required).toEqual(['image']);
    expect(PredictForm.properties.image.minItems).toBe(1);
  });

  it('has no keyword that generated clients stumble over', () => {
    expect(keywordsIn(document)).not.toContain('default');
    expect(keywordsIn(document)).not.toContain('const');
    const { PredictRequest, CreateFineTuningJob, CreatePlan } = document.components.schemas;
    expect(Object.keys(PredictRequest).sort()).toEqual([
      'additionalProperties',
      'description',
      'properties',
      'type',
    ]);
    expect(CreateFineTuningJob.properties.hyperparameters.properties.n_epochs.anyOf[0].enum).toEqual([
      'auto',
    ]);
    expect(CreatePlan.properties.input_size.properties.channels.enum).toEqual([1, 3]);
  });

  it('names all versions of decoding and of stored formats', () => {
    const { FineTuningJob, Report } = document.components.schemas;
    const valuesOf = ({ anyOf }: AnyJson) => anyOf?.flatMap((one: AnyJson) => one.enum);
    expect(valuesOf(FineTuningJob.properties.resolved_recipe.properties.decoding)).toEqual(DECODINGS);
    expect(valuesOf(Report.properties.format_version)).toEqual([1, 2, 3]);
  });

  it('describes the whole report', () => {
    const { Report } = document.components.schemas;
    expect(Report.properties.results.properties.macro_f1.required).toEqual(['value', 'low', 'high']);
    expect(Report.required).toContain('variants');
  });
});
