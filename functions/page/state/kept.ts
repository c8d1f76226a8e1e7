// What somebody looked at and found right, so that it is not asked again. Kept in this browser.

import { useState } from 'preact/hooks';

const itemOf = (dataset: string) => `fovea-kept-findings/${dataset}`;

function readKept(dataset: string): string[] {
  try {
    return JSON.parse(localStorage.getItem(itemOf(dataset)) ?? '[]');
  } catch {
    return [];
  }
}

/** What is kept of a dataset. */
export interface Kept {
  readonly has: (id: string) => boolean;
  /** Keeps one more. */
  readonly keep: (id: string) => void;
}

/** What is kept of a dataset, for a view that draws anew when that changes. @param dataset its name. */
export function useKept(dataset: string): Kept {
  const [kept, setKept] = useState(() => readKept(dataset));
  return {
    has: (id) => kept.includes(id),
    keep: (id) => {
      const all = [...readKept(dataset), id];
      localStorage.setItem(itemOf(dataset), JSON.stringify(all));
      setKept(all);
    },
  };
}
