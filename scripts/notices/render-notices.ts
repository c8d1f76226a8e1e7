// Renders THIRD-PARTY-NOTICES.md: what Fovea brings that others made, by which way, and under which licenses.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CUDA_LIBRARIES, TENSORFLOW_VERSION } from '../../batch-job/tensorflow/setup/wheels.ts';
import { ARCHITECTURES } from '../../core/network/architectures/architectures.ts';
import { ALLOWED_LICENSES } from './allowed-licenses.ts';
import { productionPackages } from './production-packages.ts';
import { packageTable, renderPackages } from './render-packages.ts';

/** The whole file, from the lock files and the packages that are installed in `repository`. */
export async function renderNotices(repository: string): Promise<string> {
  const locked = async (folder: string) =>
    productionPackages(
      JSON.parse(await readFile(path.join(repository, folder, 'package-lock.json'), 'utf8')),
    );
  return `<!-- Made by npm run notices; do not edit. -->

# Third-party notices

Fovea is licensed under Apache-2.0 ([LICENSE](LICENSE)). This repository holds no packages of others. They come when you install,
build or set up, and whoever passes the result on passes them on, too.

| what you do | what comes | where its notices are |
|---|---|---|
| \`npm ci\` | the packages of [package-lock.json](package-lock.json) | [below](#packages) |
| \`npm run pack\` | a tarball whose bundle has code of those packages | here, in the tarball |
| \`npm run build:function\`, \`cdk deploy\` | those of them that the function has | \`THIRD-PARTY-NOTICES.md\` and \`LICENSES/\` in the function |
| \`fovea setup\` | [TensorFlow's packages](#packages-of-tensorflows-native-back-end), TensorFlow, on a GPU CUDA | [below](#tensorflow-and-cuda); in the folder that it makes |
| the trainer's image | the packages of \`npm ci\`, what \`fovea setup\` brings, Debian and Node.js of the base image | \`/app/THIRD-PARTY-NOTICES.md\`, \`/opt/fovea\`, \`/usr/share/doc/*/copyright\` |
| a job on a pretrained network | weights that Keras publishes | [below](#pretrained-weights) |

libvips (LGPL-3.0-or-later) is a shared library of its own in \`node_modules/@img/sharp-libvips-*\`, as its authors built it. Put your own
build in its place to use it; its source is at https://github.com/lovell/sharp-libvips.

## Allowed licenses

A package of any other license stops \`npm run notices\` and \`npm test\` (\`scripts/notices/allowed-licenses.ts\`).

| license | |
|---|---|
${Object.entries(ALLOWED_LICENSES)
  .map(([license, reason]) => `| ${license} | ${reason} |`)
  .join('\n')}

## TensorFlow and CUDA

\`fovea setup\` takes TensorFlow ${TENSORFLOW_VERSION} (Apache-2.0) from its official wheel. \`fovea setup --gpu\` also takes the wheels
below, which NVIDIA publishes under license agreements of its own: read them before you pass on an image that has them. The license files of
each wheel are in \`python/*.dist-info\` and \`python/tensorflow\` of the folder that set-up makes.

${CUDA_LIBRARIES.map(({ name, version }) => `- ${name} ${version}`).join('\n')}

## Pretrained weights

Trained on ImageNet, published by Keras, downloaded by the job that needs them. Whether ImageNet's own terms allow your use is yours to
judge.

| network | license of the weights |
|---|---|
${ARCHITECTURES.filter(({ weightSources }) => weightSources.length > 0)
  .map(({ name, weightSources }) => {
    return `| ${name} | ${[...new Set(weightSources.map(({ license }) => license))].join(', ')} |`;
  })
  .join('\n')}

## Packages of TensorFlow's native back end

Those of [batch-job/native/package-lock.json](batch-job/native/package-lock.json). Their texts are in the folder that set-up makes.

${packageTable(await locked('batch-job/native'), () => '')}

## Packages

${await renderPackages(repository, await locked(''))}`;
}
