// What a check of a machine or an account found. Knows no terminal and no cloud.

/** What one check found. */
export interface Check {
  readonly name: string;
  /**
   * `problem`: something does not work. `note`: something is missing that not everybody needs. `unknown`: it could not be asked, so it may
   * be either.
   */
  readonly state: 'ok' | 'note' | 'unknown' | 'problem';
  readonly found: string;
  /** The command that mends it, or what to do; null where nothing is to be done. */
  readonly mend: string | null;
}

/** A check that found nothing to mend. */
export const passed = (name: string, found: string): Check => ({ name, state: 'ok', found, mend: null });
