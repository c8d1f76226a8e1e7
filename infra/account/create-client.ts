// Makes clients of AWS's SDK, which by itself knows no proxies. The command lines of AWS and of the CDK read the same variables.

import { Agent as HttpsAgent } from 'node:https';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/** What all clients take. */
export interface ClientOptions {
  /** Default: that of the environment or of the profile. */
  readonly region?: string;
  /** Only S3 knows it. */
  readonly forcePathStyle?: boolean;
}

type ClientClass<C> = new (
  options: ClientOptions & {
    readonly requestHandler: object;
    readonly credentials: ReturnType<typeof defaultProvider>;
  },
) => C;

const CONNECTION_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Makes a client that goes through the proxy of `HTTPS_PROXY`, but not to hosts of `NO_PROXY`; the services that it asks for credentials
 * are reached so, too. One that does not answer shall not keep others waiting for long.
 */
export function createClient<C>(Client: ClientClass<C>, options: ClientOptions = {}): C {
  const requestHandler = {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    httpsAgent: new EnvironmentAgent({ keepAlive: true }),
  };
  const credentials = defaultProvider({ clientConfig: { requestHandler } });
  return new Client({ ...options, requestHandler, credentials });
}

/** Chooses for each host whether it is reached directly. */
class EnvironmentAgent extends Agent {
  readonly #direct = new HttpsAgent({ keepAlive: true });
  readonly #proxied = new Map<string, HttpsProxyAgent<string>>();

  override async connect(_request: unknown, { host }: AgentConnectOpts) {
    const url = getProxyForUrl(`https://${host}`);
    if (url === '') return this.#direct;
    if (!/^https?:/.test(url))
      throw new RangeError('HTTPS_PROXY must begin with http:// or https://: no others are known here.');
    const agent = this.#proxied.get(url) ?? new HttpsProxyAgent(url, { keepAlive: true });
    this.#proxied.set(url, agent);
    return agent;
  }

  override destroy(): void {
    this.#direct.destroy();
    for (const agent of this.#proxied.values()) agent.destroy();
    super.destroy();
  }
}
