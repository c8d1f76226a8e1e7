/** The input of the network, float32 `[1, height, width, channels]`, of decoded pixels, `[height, width, 3]`. */
export function preprocess(
  certificate: { readonly steps: readonly object[] },
  decoded: { readonly pixels: Uint8Array; readonly width: number; readonly height: number },
): Float32Array<ArrayBuffer>;

/** Label, scores and rejection, as the API answers them, of the output of the network for one picture. */
export function readOutput(
  certificate: {
    readonly output: {
      readonly temperature: number;
      readonly labels: readonly string[];
      readonly threshold: number | null;
    };
  },
  values: ArrayLike<number>,
): { readonly label: string | undefined; readonly scores: number[]; readonly rejected: boolean };
