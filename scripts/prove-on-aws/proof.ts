// What every step is given, and the form of a step. Knows no step in particular.

import type { FoveaClient } from '../../client/create-client.ts';
import type { Programs } from './programs.ts';

/** What a step saw, by name, for the results. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** What later steps, and later runs, need to know of earlier ones. */
export interface Notes {
  readonly account?: string;
  readonly region?: string;
  /** Address of the server. */
  readonly url?: string;
  /** The stack's network, by which its machines are found. */
  readonly vpc?: string;
  /** Log group of the function that answers. */
  readonly functionLogs?: string;
  /** Tags of the images that were pushed, with a comma between them. */
  readonly images?: string;
  /** The job on a T4. */
  readonly job?: string;
}

/** One run of the script. */
export interface Proof {
  /** Folder of the results, and of everything that is written on this machine. Absolute. */
  readonly folder: string;
  /** Whether a stand-in answers in place of AWS. */
  readonly isStandIn: boolean;
  /** Settings as after `-c` of the CDK, of the first deployment. */
  readonly context: readonly string[];
  readonly programs: Programs;
  readonly notes: Notes;
  /** Keeps something for later steps; it is in the file before this returns. */
  note(more: Notes): Promise<void>;
  /** A client of the server that was deployed, with its key. */
  client(): Promise<FoveaClient>;
  /** Tells the person who watches. */
  say(line: string): void;
}

/** One thing that is shown. */
export interface Step {
  readonly name: string;
  /** What it shows; a sentence without a full stop. */
  readonly shows: string;
  /** Whether it needs the stack that the step `deploy` makes. */
  readonly needsStack: boolean;
  /** Whether a stand-in for AWS can do it. Where not, only an account shows it. */
  readonly runsInStandIn: boolean;
  /**
   * Does it.
   * @throws where it cannot be shown. What was made until then may stay in the account.
   */
  readonly run: (proof: Proof) => Promise<Facts>;
}

/** A step found that a stand-in cannot do it. */
export class OnlyInAccountError extends Error {
  override readonly name = 'OnlyInAccountError';
}
