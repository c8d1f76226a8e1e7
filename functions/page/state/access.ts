// What the key of this tab allows, so that the page offers nothing that the server would refuse.

import { computed, signal } from '@preact/signals';
import type { WireCurrentApiKey } from '../../../api/api-key.ts';
import { allowsName } from '../../../core/api-key/allows-name.ts';

/** A scope of keys. */
export type Scope = WireCurrentApiKey['scopes'][number];

/** What the key allows; null until that is known. */
export const access = signal<WireCurrentApiKey | null>(null);

/** Whether the key has a scope; undefined until that is known. */
export const allows = (scope: Scope): boolean | undefined => access.value?.scopes.includes(scope);

/** The names of datasets or models that the key is limited to, where it is limited and does not allow a name; else null. */
export function limitsWithout(kind: 'datasets' | 'models', name: string): readonly string[] | null {
  const limits = access.value?.[kind] ?? null;
  return limits === null || allowsName(limits, name) ? null : limits;
}

/** Whether the key may see datasets, train, and change models. */
export const mayTrain = computed(() => allows('train'));

/** Whether the key may also delete and rename datasets, pictures and models. */
export const mayDelete = computed(() => allows('admin'));
