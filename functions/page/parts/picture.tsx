// Pictures of the API, and small ones of datasets, loaded when they come into view.

import { useEffect, useState } from 'preact/hooks';
import { apiKey, askFile } from '../state/session.ts';
import { fileName } from '../words/format.ts';

interface ThumbnailProps {
  readonly dataset: string;
  readonly path: string;
  /** Pixels of a side. */
  readonly size?: number;
  /** The sha256 that the file must have; another file at its path counts as none. */
  readonly contentHash?: string | undefined;
  /** Is told whether the file is there, which it is also where there is no picture of it. */
  readonly onKnown?: (isThere: boolean) => void;
}

const DEFAULT_SIZE = 128;
const UNAVAILABLE = 'thumbnail-unavailable';
const NOT_FOUND = 404;

/** Where the browser finds a picture. */
interface PictureSource {
  /** Undefined until it is there. */
  readonly source: string | undefined;
  readonly isBroken: boolean;
  /** Is called by the element that cannot show it. */
  readonly fail: () => void;
}

/** A picture of the API as a source of elements, with the key where one is needed. @param address its path. */
export function usePicture(address: string): PictureSource {
  const key = apiKey.value;
  const [source, setSource] = useState(key === null ? address : undefined);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    setBroken(false);
    if (key === null) {
      setSource(address);
      return undefined;
    }
    // The browser sends no key for pictures.
    let made: string | undefined;
    let isGone = false;
    askFile(address)
      .then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        const blob = await response.blob();
        if (isGone) return;
        made = URL.createObjectURL(blob);
        setSource(made);
      })
      .catch(() => setBroken(true));
    return () => {
      isGone = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [address, key]);
  return { source, isBroken, fail: () => setBroken(true) };
}

/** A square picture of a file of a dataset. */
export function Thumbnail({ dataset, path, size = DEFAULT_SIZE, contentHash, onKnown }: ThumbnailProps) {
  const query = new URLSearchParams({
    path,
    size: String(size),
    ...(contentHash === undefined ? {} : { content_hash: contentHash }),
  });
  const address = `/v1/datasets/${encodeURIComponent(dataset)}/files/thumbnail?${query}`;
  const { source, isBroken, fail } = usePicture(address);
  useEffect(() => {
    if (!isBroken || onKnown === undefined) return;
    // The element does not say why it is broken.
    void askFile(address).then(
      async (response) => {
        if (response.ok) return onKnown(true);
        if (response.status !== NOT_FOUND) return;
        const body: { error?: { code?: string } } = await response.json().catch(() => ({}));
        onKnown(body.error?.code === UNAVAILABLE);
      },
      () => undefined,
    );
  }, [isBroken, address]);
  const name = fileName(path);
  if (isBroken || source === undefined)
    return (
      <span class="thumb broken" role="img" aria-label={name}>
        {isBroken ? name : ''}
      </span>
    );
  return (
    <img
      class="thumb"
      src={source}
      alt={name}
      title={path}
      width={size}
      height={size}
      loading="lazy"
      decoding="async"
      onLoad={() => onKnown?.(true)}
      onError={fail}
    />
  );
}

/** The path below the dataset of an object key; undefined for keys of something else. */
export function pathOfKey(dataset: string, key: string): string | undefined {
  const prefix = `datasets/${dataset}/`;
  return key.startsWith(prefix) && key.length > prefix.length ? key.slice(prefix.length) : undefined;
}
