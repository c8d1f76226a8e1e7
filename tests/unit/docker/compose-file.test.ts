// compose.yaml as it is written: what keeps its containers apart from the machine, and that its names are those of the code.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environment, NO_TELEMETRY } from '../../../core/environment.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Service {
  readonly build: { readonly dockerfile: string };
  readonly environment: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly [setting: string]: unknown;
}

const text = read('compose.yaml');
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const named = Object.entries(services);
const NAMES = new Set<string>(Object.values(environment));

describe('the containers of compose.yaml', () => {
  it('are the server of S3, the API, and a worker on processors or on the GPU', () => {
    expect(Object.keys(services).sort()).toEqual(['api', 's3', 'worker', 'worker-gpu']);
    expect(read('.env')).toMatch(/^COMPOSE_PROFILES=cpu$/m);
    expect(named.map(([, { profiles }]) => profiles)).toEqual([undefined, undefined, ['cpu'], ['gpu']]);
  });

  it.each(named)('%s can neither change its files nor gain rights', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      user: '1000:1000',
      restart: 'unless-stopped',
    });
    expect(service['privileged'] ?? service['cap_add'] ?? service['network_mode']).toBeUndefined();
  });

  it.each(named)('%s has limits, a check of its health and time to stop', (_name, service) => {
    for (const name of ['mem_limit', 'cpus', 'pids_limit', 'healthcheck', 'stop_grace_period'])
      expect(service).toHaveProperty(name);
  });

  it.each(named)('%s opens ports on loopback alone', (_name, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it.each(named)('%s keeps its data in named volumes', (_name, service) => {
    for (const volume of service.volumes) expect(volumes).toHaveProperty(volume.split(':')[0] as string);
  });

  it('read the keys of the bucket, and the API alone has those of the API', () => {
    for (const [name, service] of named) {
      expect(service.volumes.includes('s3-keys:/keys:ro')).toBe(name !== 's3');
      expect(service.volumes.some((volume) => volume.startsWith('api-keys:'))).toBe(name === 'api');
    }
    expect(text).not.toMatch(/secret_?(access_?)?key *:/i);
  });

  it.each(named)('%s has settings that the code knows', (_name, service) => {
    const own = Object.keys(service.environment).filter((name) => name.startsWith('FOVEA_'));
    expect(own.filter((name) => !NAMES.has(name) && name !== 'FOVEA_BUCKET')).toEqual([]);
  });

  it('name every setting of the API and of a worker, or it is an exception with a reason', () => {
    // What Docker limits, what images say themselves, and what a machine of one's own does without.
    const EXCEPTIONS: readonly string[] = [
      environment.workerName,
      environment.workerPollSeconds,
      environment.usdPerHour,
      environment.weightsDir,
      environment.memoryLimitBytes,
      'FOVEA_IMAGE_VARIANT',
    ];
    for (const [service, entry] of [
      ['api', 'functions/container.ts'],
      ['worker', 'batch-job/worker.ts'],
      ['worker-gpu', 'batch-job/worker.ts'],
    ] as const) {
      const source = read(entry);
      const settings = [
        ...[...source.matchAll(/\[(?:environment|names)\.(\w+)\]:/g)].map(
          ([, name]) => environment[name as keyof typeof environment],
        ),
        ...[...source.matchAll(/^ +(FOVEA_\w+):/gm)].map(([, name]) => name as string),
      ];
      expect(settings.length).toBeGreaterThan(5);
      const missing = settings.filter((name) => !(name in (services[service] as Service).environment));
      expect(missing.filter((name) => !EXCEPTIONS.includes(name))).toEqual([]);
    }
  });

  it('start files that exist', () => {
    for (const [, { build, entrypoint = [] }] of named)
      for (const file of [build.dockerfile, entrypoint.at(-1) ?? build.dockerfile])
        expect(statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile()).toBe(true);
  });
});

describe('the images of compose.yaml', () => {
  it('pin the server of S3 by its version and the hash of its module', () => {
    const dockerfile = read('docker/s3.Dockerfile');
    expect(dockerfile).toMatch(/^ARG MODULE=github\.com\/versity\/versitygw@v\d+\.\d+\.\d+$/m);
    expect(dockerfile).toMatch(/^ARG MODULE_HASH=h1:[\w+/]{43}=$/m);
  });

  it('share the layers of the packages', () => {
    const packages = (file: string) =>
      /^FROM \$\{BASE\} AS build[\s\S]*?-exec rm -rf \{\} \+$/m.exec(read(file))?.[0];
    expect(packages('docker/api.Dockerfile')).toBeDefined();
    expect(packages('docker/api.Dockerfile')).toBe(packages('batch-job/Dockerfile'));
  });

  it('have every module that the API imports', async () => {
    const copied = [...read('docker/api.Dockerfile').matchAll(/^COPY (\S+) \1$/gm)].map(
      ([, folder]) => folder,
    );
    const { metafile } = await build({
      entryPoints: [path.join(root, 'functions/container.ts')],
      absWorkingDir: root,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
    const missing = Object.keys(metafile.inputs).filter(
      (file) => file !== 'package.json' && !copied.includes(file.split('/')[0]),
    );
    expect(copied).toContain('functions');
    expect(missing).toEqual([]);
  });

  it('keep ONNX Runtime from sending anything', () => {
    const [[name, value] = ['', '']] = Object.entries(NO_TELEMETRY);
    expect(read('docker/api.Dockerfile')).toMatch(new RegExp(`^ENV .* ${name}=${value}$`, 'm'));
  });
});
