// What an AWS account says of itself, as far as a deployment needs it. Knows neither how it is asked nor what is right.

/** An answer of AWS, or why there is none: the credentials may not ask, or the service does not answer. */
export type Asked<T> = { readonly value: T } | { readonly unknown: string };

/** Who asks. */
export interface Identity {
  readonly account: string;
  readonly arn: string;
}

/** Why nobody could be asked, and what to do. */
export interface NoIdentity {
  readonly found: string;
  readonly mend: string;
}

/** The facts of an account in one region. */
export interface AccountFacts {
  /** Undefined where no region is set. */
  readonly region: string | undefined;
  readonly identity: Identity | NoIdentity;
  /** Version of the CDK's bootstrap stack; undefined where there is none. */
  readonly bootstrapVersion: Asked<number | undefined>;
  /**
   * Names of the zones that a stack of the account gets, in the order of their names: where the region has a default network, those with a
   * default subnet.
   */
  readonly zones: Asked<readonly string[]>;
  /** The zones that offer each type of machine; a type that is missing is not offered in the region. */
  readonly offers: Asked<Readonly<Record<string, readonly string[]>>>;
  /** By the quota's code: vCPUs of machines, networks, builds at once. */
  readonly quotas: Readonly<Record<string, Asked<number>>>;
  /** Requests at once of all functions, and those that no function has reserved. */
  readonly concurrency: Asked<{ readonly limit: number; readonly unreserved: number }>;
  /** Networks (VPCs) of the region, and whether one of them is that of the stack. */
  readonly networks: Asked<{ readonly count: number; readonly hasOwn: boolean }>;
  /** The key that encrypts disks where nothing names another: `alias/aws/ebs`, or the ARN of a key of the account. */
  readonly diskKey: Asked<string>;
  /** Whether the account has the role by which EC2 starts Spot machines. */
  readonly hasSpotRole: Asked<boolean>;
}

/** Whether the account could be asked at all. */
export const isKnown = (identity: Identity | NoIdentity): identity is Identity => 'account' in identity;
