// An https server on this machine for tests, under names of the domain `pictures.test`, with the certificate that vouches for them.

import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * For `pictures.test` and the names below it, until 2126. Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
 * -days 36500 -subj /CN=pictures.test -addext subjectAltName=DNS:pictures.test,DNS:*.pictures.test`. It protects nothing.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBszCCAVigAwIBAgIUPy9pqJwsRXL10FHq5cH1SuhB4fcwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcGljdHVyZXMudGVzdDAgFw0yNjExMjcxNTAzMTRaGA8yMTI2
MTEwMzE1MDMxNFowGDEWMBQGA1UEAwwNcGljdHVyZXMudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABFs1zENHTXznPPGw1jyMtsX62eEspdBwdDlKNTrTXEiB
3YK7p1nGCfMerDQyCHPSrAnSs5TobII8pyk7vfmmy6CjfjB8MB0GA1UdDgQWBBS8
ApcNTuGUa6TgHwe7zBSuql8ulTAfBgNVHSMEGDAWgBS8ApcNTuGUa6TgHwe7zBSu
ql8ulTAPBgNVHRMBAf8EBTADAQH/MCkGA1UdEQQiMCCCDXBpY3R1cmVzLnRlc3SC
DyoucGljdHVyZXMudGVzdDAKBggqhkjOPQQDAgNJADBGAiEA1p9MskkODFtGcAuN
guIQkIo44xFjDrEPPjVoz89HR8QCIQCPfvrsOnp9ySMVJnuemdpNyvY/CAuKWO8a
4m6rnAm0aA==
-----END CERTIFICATE-----
`;
const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/x6jUuifcRdfAjmE
1bLr4V+jvymqA4CrSa/TZ3qf+NuhRANCAARbNcxDR0185zzxsNY8jLbF+tnhLKXQ
cHQ5SjU601xIgd2Cu6dZxgnzHqw0Mghz0qwJ0rOU6GyCPKcpO735psug
-----END PRIVATE KEY-----
`;

/** A server that is listening on 127.0.0.1. */
export interface HttpsServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startHttpsServer(listener: RequestListener): Promise<HttpsServer> {
  const server = createServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
