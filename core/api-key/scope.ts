// What an API key allows, as one of three scopes in an order. Knows no routes: which operation needs which scope is decided where
// operations are.

/**
 * The scopes, each of which includes those before it. `predict`: ask models. `train`: also work with datasets, jobs and models.
 * `admin`: also delete datasets, their files and models, rename datasets and models, keys, webhooks, the audit log and usage.
 */
export const SCOPES = ['predict', 'train', 'admin'] as const;
/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

/** Whether one of the scopes is the needed one, or includes it. */
export const includesScope = (scopes: readonly Scope[], needed: Scope): boolean =>
  scopes.some((scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(needed));
