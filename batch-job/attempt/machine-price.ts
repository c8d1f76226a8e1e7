// What an hour of this machine costs, where it is one of AWS's. Knows nothing of jobs.

import { readFile } from 'node:fs/promises';

/** The firmware of an EC2 machine of the Nitro generation names its type here, e.g. `g5.2xlarge`, in containers too. */
const PRODUCT_NAME = '/sys/devices/virtual/dmi/id/product_name';

/** Prices of machines that may be started. */
export interface MachinePriceOptions {
  /** US dollars an hour by the type of machine. */
  readonly prices: Readonly<Record<string, number>>;
  /** US dollars an hour where the machine is none of them, or cannot be told. */
  readonly otherwise: number;
  /** Path of the file with the machine's type. */
  readonly productName?: string;
}

/** The price of the machine that this process was started on, in US dollars an hour. */
export async function findMachinePrice({
  prices,
  otherwise,
  productName = PRODUCT_NAME,
}: MachinePriceOptions): Promise<number> {
  const type = await readFile(productName, 'utf8').catch(() => '');
  return new Map(Object.entries(prices)).get(type.trim()) ?? otherwise;
}
