// Where Keras Applications publish their weights (Keras 3.15, keras/src/applications). Facts only; nothing is downloaded here.

import type { WeightSource } from '../description/network.ts';

const BASE_URL = 'https://storage.googleapis.com/tensorflow/keras-applications/';

interface PublishedFile {
  readonly file: string;
  /** The checksum in Keras's source: 32 digits are an md5, 64 a sha256. Absent where Keras has none. */
  readonly checksum?: string;
  /** Further names under which people keep the file. */
  readonly aliases?: readonly string[];
}

interface KerasSources {
  /** Folder on Keras's server, ending in `/`. */
  readonly folder: string;
  /** Elsewhere than on the server's usual path. */
  readonly baseUrl?: string;
  readonly withoutTop?: PublishedFile;
  readonly withTop: PublishedFile;
  readonly license: string;
  /** Side of the square training pictures. */
  readonly size: number;
}

const MD5_DIGITS = 32;

/** The published files of one architecture, all trained on ImageNet's 1000 classes. */
export function kerasSources(options: KerasSources): readonly WeightSource[] {
  const { folder, baseUrl = BASE_URL, withoutTop, withTop, license, size } = options;
  const source = ({ file, checksum, aliases = [] }: PublishedFile, includesTop: boolean): WeightSource => ({
    file,
    aliases,
    url: `${baseUrl}${folder}${file}`,
    ...(checksum !== undefined && {
      checksum: { algorithm: checksum.length === MD5_DIGITS ? 'md5' : 'sha256', hex: checksum },
    }),
    includesTop,
    trainedOn: `ImageNet, 1000 classes, ${size}×${size}`,
    license,
  });
  return [...(withoutTop === undefined ? [] : [source(withoutTop, false)]), source(withTop, true)];
}
