// Checks that Fovea runs on this release of Node: `engines` of package.json decides. Plain JavaScript without packages, in
// syntax that old releases understand.

import { readFileSync } from 'node:fs';

const RANGE = /^(\^|>=)(\d+)(?:\.(\d+))?$/;

/**
 * The ranges of `engines.node`: `^20.19` is that major release from 20.19 on, `>=24` all from 24 on.
 * @returns {{ major: number, minor: number, isOpen: boolean }[]}
 */
function parseEngines(/** @type {string} */ engines) {
  return engines.split(' || ').map((range) => {
    const match = RANGE.exec(range);
    if (match === null) throw new Error(`engines.node of package.json has the range "${range}".`);
    return { major: Number(match[2]), minor: Number(match[3] ?? 0), isOpen: match[1] === '>=' };
  });
}

/**
 * Why a release cannot be used; undefined where it can.
 * @param {string} version E.g. `24.21.0`.
 * @param {string} engines As in package.json.
 * @returns {string | undefined}
 */
export function nodeProblem(version, engines) {
  const ranges = parseEngines(engines);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isGood = ranges.some((range) =>
    range.isOpen ? major >= range.major : major === range.major && minor >= range.minor,
  );
  if (isGood) return undefined;
  const allowed = ranges.map((range) =>
    range.isOpen ? `${range.major} and later` : `${range.major} from ${range.major}.${range.minor} on`,
  );
  const newest = Math.max(...ranges.map((range) => range.major));
  return `Fovea needs Node.js ${allowed.join(', or ')}; this is ${version}. Install Node.js ${newest} and try again.`;
}

/** Ends the process where this Node cannot be used. */
export function assertNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const problem = nodeProblem(process.versions.node, engines.node);
  if (problem === undefined) return;
  console.error(problem);
  process.exit(1);
}
