// Asks the npm registry for known vulnerabilities of what users install. Ends with 1 where there are some of the given
// severity or above, and with 0 where the registry answers no audits: no network, or a mirror that has none.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { inProductionProject } from './production-project.ts';
import { runNpm } from './run-npm.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '..');
const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const;

/** npm's message where the registry did not answer, or answered without an audit. */
const NO_ANSWER = 'audit endpoint returned an error';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { level: { type: 'string', default: 'moderate' } },
});
const [project = ''] = positionals;
const threshold = (SEVERITIES as readonly string[]).indexOf(values.level);
if (threshold < 0) throw new Error(`--level is "${values.level}"; it can be ${SEVERITIES.join(', ')}.`);

interface Finding {
  readonly name: string;
  readonly severity: (typeof SEVERITIES)[number];
  readonly range: string;
  readonly via: readonly (string | { readonly title: string; readonly url: string })[];
}

const { stdout, stderr } = await inProductionProject(REPOSITORY, project, (copy) =>
  // Also in a silent npm: whether the registry answered is said on stderr alone.
  runNpm(['audit', '--json', '--package-lock-only', '--loglevel', 'warn'], copy),
);
if (stderr.includes(NO_ANSWER)) {
  const { message } = JSON.parse(stdout) as { readonly message: string };
  console.log(`No audit was made, because the registry does not answer audits: ${message}`);
} else {
  process.exitCode = report(stdout, stderr);
}

/** Prints what was found. @returns the exit status. */
function report(answer: string, complaint: string): number {
  const { vulnerabilities } = JSON.parse(answer) as { readonly vulnerabilities?: Record<string, Finding> };
  if (vulnerabilities === undefined) throw new Error(`npm audit failed: ${complaint}`);
  const findings = Object.values(vulnerabilities);
  for (const { name, severity, range, via } of findings) {
    console.log(`${severity}: ${name} ${range}`);
    for (const cause of via) {
      console.log(typeof cause === 'string' ? `  by ${cause}` : `  ${cause.title} ${cause.url}`);
    }
  }
  const serious = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) >= threshold).length;
  console.log(
    `Packages with known vulnerabilities: ${findings.length}, of which ${values.level} or above: ${serious}.`,
  );
  return serious > 0 ? 1 : 0;
}
