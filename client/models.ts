// Models: the calls, and their files.

import type { EvaluateModelBody, WireBatch } from '../api/batch.ts';
import type { ImportModelBody } from '../api/import-model.ts';
import type { WireManifest } from '../api/manifest.ts';
import type { WireModel } from '../api/model.ts';
import type {
  PromoteBody,
  WireLive,
  WireModelAlias,
  WireModelComparison,
  WireModelVersion,
} from '../api/model-version.ts';
import type { WireReport } from '../api/report.ts';
import { entries, type ListOptions } from './pages.ts';
import { type CallOptions, segment, type Transport } from './transport.ts';

/** The calls of models. Where `model` is a reference, it may name a version or an alias: `fruit`, `fruit:3`, `fruit:stable`. */
export interface ModelCalls {
  list(options?: ListOptions): AsyncIterable<WireModel>;
  get(reference: string, options?: CallOptions): Promise<WireModel>;
  /** Newest first. */
  versions(model: string, options?: ListOptions): AsyncIterable<WireModelVersion>;
  compare(model: string, versions: readonly string[], options?: CallOptions): Promise<WireModelComparison>;
  /** Makes a version live, or the canary of a share of the predictions. */
  promote(model: string, body: PromoteBody, options?: CallOptions): Promise<WireLive>;
  /** Takes back the last promotion, or ends the canary. */
  rollBack(
    model: string,
    options?: CallOptions & { readonly expectedVersion?: string | undefined },
  ): Promise<WireLive>;
  aliases(model: string, options?: CallOptions): Promise<readonly WireModelAlias[]>;
  /** Whether a rollback has something to take back. A server that does not say so may have. */
  canRollBack(model: string, options?: CallOptions): Promise<boolean>;
  setAlias(model: string, alias: string, version: string, options?: CallOptions): Promise<WireModelAlias>;
  deleteAlias(model: string, alias: string, options?: CallOptions): Promise<WireLive>;
  rename(model: string, name: string, options?: CallOptions): Promise<WireModel>;
  /** Deletes a model, or one version of it, for good. */
  delete(reference: string, options?: CallOptions): Promise<void>;
  /** Makes a model of a trained classifier, e.g. of an upload with the purpose `model`. */
  import(body: ImportModelBody, options?: CallOptions): Promise<WireModel>;
  /** Judges a version by the labelled pictures of a dataset: a batch, which has the evaluation at its end. */
  evaluate(
    reference: string,
    body: Omit<EvaluateModelBody, 'dry_run'>,
    options?: CallOptions,
  ): Promise<WireBatch>;
  report(reference: string, options?: CallOptions): Promise<WireReport>;
  manifest(reference: string, options?: CallOptions): Promise<WireManifest>;
  /** A file of a version as it comes, e.g. `model.onnx`. */
  file(reference: string, file: string, options?: CallOptions): Promise<Response>;
}

/** The calls of models by a transport. */
export function modelCalls(transport: Transport): ModelCalls {
  const { ask, send } = transport;
  const MODELS = '/v1/models';
  const pathOf = (reference: string) => `${MODELS}/${segment(reference)}`;
  const listAliases = (model: string, options?: CallOptions) =>
    ask<{ data: WireModelAlias[]; can_roll_back?: boolean }>(
      'list',
      'GET',
      `${pathOf(model)}/aliases`,
      options,
    );
  return {
    list: (options) => entries<WireModel>(transport, MODELS, ({ id }) => id, options),
    get: (reference, options) => ask('model', 'GET', pathOf(reference), options),
    versions: (model, options) =>
      entries<WireModelVersion>(transport, `${pathOf(model)}/versions`, ({ version }) => version, options),
    compare: (model, versions, options) =>
      ask('model.comparison', 'GET', `${pathOf(model)}/compare`, {
        ...options,
        query: { versions: versions.join(',') },
      }),
    promote: (model, body, options) =>
      ask('model.live', 'POST', `${pathOf(model)}/promote`, { ...options, json: body, makes: true }),
    rollBack: (model, { expectedVersion, signal } = {}) =>
      ask('model.live', 'POST', `${pathOf(model)}/rollback`, {
        query: { expected_version: expectedVersion },
        signal,
        makes: true,
      }),
    aliases: async (model, options) => (await listAliases(model, options)).data,
    canRollBack: async (model, options) => (await listAliases(model, options)).can_roll_back ?? true,
    setAlias: (model, alias, version, options) =>
      ask('model.alias', 'PUT', `${pathOf(model)}/aliases/${segment(alias)}`, {
        ...options,
        json: { version },
      }),
    deleteAlias: (model, alias, options) =>
      ask('model.live', 'DELETE', `${pathOf(model)}/aliases/${segment(alias)}`, options),
    rename: (model, name, options) =>
      ask('model', 'POST', `${pathOf(model)}/rename`, { ...options, json: { name }, makes: true }),
    async delete(reference, options) {
      await ask('model', 'DELETE', pathOf(reference), options);
    },
    import: (body, options) => ask('model', 'POST', MODELS, { ...options, json: body, makes: true }),
    evaluate: (reference, body, options) =>
      ask('batch', 'POST', `${pathOf(reference)}/evaluate`, { ...options, json: body, makes: true }),
    report: (reference, options) =>
      ask(null, 'GET', `${pathOf(reference)}/report`, { ...options, query: { format: 'json' } }),
    manifest: (reference, options) => ask(null, 'GET', `${pathOf(reference)}/files/manifest.json`, options),
    file: (reference, file, options) => send('GET', `${pathOf(reference)}/files/${segment(file)}`, options),
  };
}
