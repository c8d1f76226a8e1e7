// Which of the chosen families a region offers. AWS Batch refuses a pool of machines that names a type which the region lacks.

import { MACHINE_FAMILIES, type MachineFamilyName } from '../settings/machines.ts';
import type { AccountFacts } from './account-facts.ts';

/** The chosen families, those that the region offers and the others, each in the order of the setting. */
export interface OfferedFamilies {
  readonly offered: readonly MachineFamilyName[];
  readonly leftOut: readonly MachineFamilyName[];
}

/** Every type that a pool of the family names. */
export function typesOf(name: MachineFamilyName): readonly string[] {
  const { instanceType, larger = {} } = MACHINE_FAMILIES[name];
  return [instanceType, ...Object.keys(larger)];
}

/** Tells the families apart. Where AWS could not be asked, all count as offered. */
export function offeredFamilies(
  chosen: readonly MachineFamilyName[],
  { offers }: Pick<AccountFacts, 'offers'>,
): OfferedFamilies {
  if ('unknown' in offers) return { offered: chosen, leftOut: [] };
  const isOffered = (name: MachineFamilyName) => typesOf(name).every((type) => type in offers.value);
  return {
    offered: chosen.filter(isOffered),
    leftOut: chosen.filter((name) => !isOffered(name)),
  };
}
