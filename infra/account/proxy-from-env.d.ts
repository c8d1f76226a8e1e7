// What is used of proxy-from-env, which brings no types.
declare module 'proxy-from-env' {
  /** The proxy for a URL, as the environment names it; empty where there is none. */
  export function getProxyForUrl(url: string): string;
}
