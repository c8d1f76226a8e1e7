// Predictions: pictures in, labels out. Pictures that are too large for a request are uploaded first.

import type { FeedbackBody, WireKeptFeedback } from '../api/feedback.ts';
import type { WirePrediction, WirePredictionList } from '../api/prediction.ts';
import { ApiError } from './api-error.ts';
import { type ApiRequest, type CallOptions, type Query, segment, type Transport } from './transport.ts';
import type { UploadCalls } from './uploads.ts';

/** What a prediction is asked for. */
export interface PredictOptions extends CallOptions {
  /** How many labels are given. Default: 5. */
  readonly topK?: number | undefined;
  /** Whether the label of a rejected answer is null. */
  readonly reject?: boolean | undefined;
  /** Adds a map of where a label is: a label, or `top` for the likeliest. */
  readonly heatmap?: string | undefined;
  /** How fine the map is, 1 to 4. Default: 2. */
  readonly heatmapScale?: number | undefined;
  /** Adds the training pictures that the network sees as the most alike. */
  readonly explain?: boolean | undefined;
  /** How many of them, 1 to 20. Default: 5. */
  readonly explainCount?: number | undefined;
  /** Requests with the same text get the same version while a canary has a share. */
  readonly sticky?: string | undefined;
}

/** A picture with a name, for a request of many. */
export interface NamedPicture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The calls of predictions. `model` may name a version: `fruit`, `fruit:3`. */
export interface PredictCalls {
  /** Predicts one picture. */
  one(model: string, picture: Uint8Array, options?: PredictOptions): Promise<WirePrediction>;
  /** Predicts 2 to 64 pictures; each has its own outcome, in their order. */
  many(
    model: string,
    pictures: readonly NamedPicture[],
    options?: PredictOptions,
  ): Promise<WirePredictionList>;
  /** The picture with a heatmap over it, as PNG. */
  heatmap(model: string, picture: Uint8Array, options?: PredictOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Says what a predicted picture shows; it is kept for training, where the operator allows that. */
  feedback(prediction: string, body: FeedbackBody, options?: CallOptions): Promise<WireKeptFeedback>;
}

/** The calls of predictions by a transport. */
export function predictCalls({ ask, send }: Transport, uploads: UploadCalls): PredictCalls {
  const pathOf = (model: string) => `/v1/models/${segment(model)}/predict`;

  function toRequest(options: PredictOptions, query: Query = {}): ApiRequest {
    const { topK, reject, heatmap, heatmapScale, explain, explainCount, sticky, signal } = options;
    return {
      query: {
        top_k: topK,
        reject,
        heatmap,
        heatmap_scale: heatmapScale,
        explain,
        explain_count: explainCount,
        ...query,
      },
      headers: sticky === undefined ? {} : { 'fovea-sticky': sticky },
      signal,
    };
  }

  /** Sends a picture in the request; where that cannot carry it, uploads it and names it. */
  async function withPicture<T>(
    picture: Uint8Array,
    ask: (sent: Pick<ApiRequest, 'body' | 'json'>) => Promise<T>,
    { signal }: CallOptions,
  ): Promise<T> {
    try {
      return await ask({ body: picture });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 413 || error.code === 'image-too-large')
        throw error;
      const { key } = await uploads.put(picture, {}, { signal });
      return ask({ json: { image_key: key } });
    }
  }

  return {
    one: (model, picture, options = {}) =>
      withPicture(
        picture,
        (sent) => ask('prediction', 'POST', pathOf(model), { ...toRequest(options), ...sent }),
        options,
      ),
    many(model, pictures, options = {}) {
      const form = new FormData();
      for (const { name, bytes } of pictures)
        form.append('image', new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
      return ask('list', 'POST', pathOf(model), { ...toRequest(options), body: form });
    },
    heatmap: (model, picture, options = {}) =>
      withPicture(
        picture,
        async (sent) => {
          const request = toRequest({ heatmap: 'top', ...options }, { heatmap_format: 'png' });
          const response = await send('POST', pathOf(model), { ...request, ...sent });
          return new Uint8Array(await response.arrayBuffer());
        },
        options,
      ),
    feedback: (prediction, body, options) =>
      ask('prediction.feedback', 'POST', `/v1/predictions/${segment(prediction)}/feedback`, {
        ...options,
        json: body,
        makes: true,
      }),
  };
}
