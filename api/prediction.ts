// Predictions on the wire: one picture, or a list in which every picture answers for itself.

import { z } from 'zod';
import { ErrorSchema } from './error.ts';
import { VersionSchema } from './model.ts';
import { count, integerField, numberField, objectKind, orNull, text } from './quantities.ts';

const milliseconds = (what: string) => z.number().meta({ description: `${what}, in milliseconds.` });

const TimingSchema = z
  .object({
    cold: z.boolean().meta({ description: 'Whether the model had to be loaded for this request.' }),
    load: milliseconds('Loading the model; 0 where it was in memory'),
    decode: milliseconds('Decoding the pictures'),
    preprocess: milliseconds('Turning them into input of the network'),
    infer: milliseconds('Running the network'),
    heatmap: milliseconds('Drawing the heatmap').optional(),
    explain: milliseconds('Finding the most alike training pictures').optional(),
    total: milliseconds('All of it'),
  })
  .meta({ id: 'Timing', description: 'Milliseconds. `load` is 0 where the model was in memory.' });

const LabelScoreSchema = z.object({
  label: text('The class.'),
  score: z.number().meta({ description: 'Probability, 0 to 1.' }),
  index: count('Its number among the labels of the model.'),
});

const HeatmapSchema = z
  .object({
    label: text('The class that the map shows.'),
    index: count('Its number among the labels of the model.'),
    rows: count('Windows from top to bottom.'),
    columns: count('Windows from left to right.'),
    values: z.array(z.array(z.number())).meta({
      description:
        'Row by row, the probability of the class in each window of the picture; softmax is taken in each window on its own.',
    }),
    window_height: z.number().meta({
      description:
        'Height of a window as a share of the picture, 0 to 1. Windows are spread evenly, the outermost at the edges.',
    }),
    window_width: z.number().meta({ description: 'Width of a window as a share of the picture, 0 to 1.' }),
  })
  .meta({ id: 'Heatmap', description: 'Where in the picture a class is.' });

const NearestSchema = z.object({
  dataset: text('Name of the dataset when the version was made.'),
  path: text('Path below the dataset when the version was made.'),
  file: text('Its last part: the file name.'),
  class: text('The label that the picture was trained with.'),
  similarity: z.number().meta({
    description: 'Cosine of the two pictures as the network sees them, -1 to 1; 1 for the same picture.',
  }),
  content_hash: text('sha256 of the bytes.'),
  thumbnail: z.string().nullable().meta({
    description:
      'Address of a thumbnail at this server; null where the dataset no longer has the picture at this path.',
    example: '/v1/datasets/fruit/files/thumbnail?path=banana%2F1.jpg',
  }),
});

const ExplanationSchema = z
  .object({
    nearest: z.array(NearestSchema).meta({
      description:
        'The training pictures that the network sees as the most alike, the nearest first; none where `unavailable` says why.',
    }),
    indexed_pictures: count('Training pictures among which these were searched.'),
    trained_pictures: count('Training pictures of the version.'),
    unavailable: orNull(
      ErrorSchema.shape.error.pick({ code: true, message: true }),
      'Why there is no explanation: a stable code (`explanation-unavailable`, `scope-missing`, `key-limited`) and what to do. Null where there is one.',
    ),
  })
  .meta({
    id: 'Explanation',
    description: 'Which training pictures of the version are the most alike to the picture.',
  });

const predictionShape = {
  object: objectKind('prediction'),
  id: text('The id of the prediction.'),
  model: text('Name of the model.'),
  model_version: text('Version of the model that answered.'),
  label: z.string().nullable().meta({
    description:
      'The likeliest label; null only where the answer is rejected and the request has `reject=true`.',
  }),
  score: z.number().meta({ description: 'Probability of the likeliest label, calibrated, 0 to 1.' }),
  rejected: z.boolean().meta({
    description: 'Whether the score is below the threshold: the picture may show none of the labels.',
  }),
  threshold: z
    .number()
    .nullable()
    .meta({ description: 'Scores below it are rejected; null where the model has no threshold.' }),
  predictions: z.array(LabelScoreSchema).meta({ description: 'The `top_k` likeliest labels, best first.' }),
  heatmap: HeatmapSchema.optional(),
  explanation: ExplanationSchema.optional(),
};

/** The answer for one picture. */
export const PredictionSchema = z
  .object({ ...predictionShape, timing_ms: TimingSchema })
  .meta({ id: 'Prediction', description: 'What a picture shows.' });

const placeShape = {
  index: count('Place of the picture in the request, from 0.'),
  file: z.string().nullable().meta({ description: 'File name; null where the request gave none.' }),
};

const ListedPredictionSchema = z.object({
  ...predictionShape,
  ...placeShape,
});
const FailedPredictionSchema = z.object({
  object: objectKind('error'),
  ...placeShape,
  error: ErrorSchema.shape.error,
});

/** The answer for several pictures. Each has its own outcome, in the order of the request. */
export const PredictionListSchema = z
  .object({
    object: objectKind('list'),
    id: text('The id of the request.'),
    model: text('Name of the model.'),
    model_version: text('Version of the model that answered.'),
    data: z.array(z.discriminatedUnion('object', [ListedPredictionSchema, FailedPredictionSchema])).meta({
      description: 'In the order of the request. A picture that cannot be read has an `error` here.',
    }),
    timing_ms: TimingSchema,
  })
  .meta({ id: 'PredictionList', description: 'What each of many pictures shows.' });

/** The explanation of a prediction as clients get it. */
export type WireExplanation = z.infer<typeof ExplanationSchema>;
/** A prediction as clients get it. */
export type WirePrediction = z.infer<typeof PredictionSchema>;
/** A list of predictions as clients get it. */
export type WirePredictionList = z.infer<typeof PredictionListSchema>;

const BASE64 = 'Base64, or a data URL.';
const URL_MAX_LENGTH = 2048;

/** The JSON body of `POST /v1/models/<model>/predict`. */
export const PredictJsonSchema = z
  .strictObject({
    image: z
      .string()
      .optional()
      .meta({ description: `One picture. ${BASE64}` }),
    images: z
      .array(z.string().meta({ description: BASE64 }))
      .min(1)
      .optional()
      .meta({ description: 'Many pictures; gives a list.' }),
    image_key: z
      .string()
      .optional()
      .meta({
        description:
          'One picture that was uploaded: the `key` that `POST /v1/uploads` gave. In the cloud also `s3://bucket/key` of the own bucket, below ' +
          '`inputs/`, `datasets/` or `uploads/`.',
        example: 'uploads/upload-2f1c1f7e-3c39-4b9c-9f6e-0a3b5d6c7e8f',
      }),
    image_keys: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'Many uploaded pictures; gives a list.' }),
    dataset_file: z.string().optional().meta({
      description: 'One picture of a dataset: `<dataset>/<class>/<file>`.',
      example: 'fruit/banana/1.jpg',
    }),
    dataset_files: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'Many pictures of datasets; gives a list.' }),
    image_url: z.string().max(URL_MAX_LENGTH).optional().meta({
      description:
        'One picture at an https address on the public internet. The operator of the server has to allow that.',
      example: 'https://pictures.example.com/1.jpg',
    }),
    image_urls: z
      .array(z.string().max(URL_MAX_LENGTH))
      .min(1)
      .optional()
      .meta({ description: 'Many pictures at https addresses; gives a list.' }),
  })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    message:
      'send one of "image", "images", "image_key", "image_keys", "dataset_file", "dataset_files", "image_url" and "image_urls"',
  })
  .meta({
    id: 'PredictRequest',
    // In words: with `oneOf` beside the properties, generators of clients make types that nothing fits.
    description: 'Pictures, one way: exactly one of the properties.',
  });

/** Labels of a prediction that does not say how many. */
export const TOP_K_DEFAULT = 5;
/** Most labels of a prediction. */
export const TOP_K_MAX = 1000;
const LABEL_MAX_LENGTH = 200;
const HEATMAP_SCALE_DEFAULT = 2;
/** A map at this scale takes 16 times the arithmetic of a prediction. */
const HEATMAP_SCALE_MAX = 4;

/** Training pictures of an explanation that does not say how many. */
const EXPLAIN_COUNT_DEFAULT = 5;
/** Most training pictures of an explanation. */
const EXPLAIN_COUNT_MAX = 20;

/** The query parameters of a prediction. */
export const PredictQuerySchema = z.strictObject({
  version: VersionSchema,
  top_k: integerField({
    minimum: 1,
    maximum: TOP_K_MAX,
    default: TOP_K_DEFAULT,
    description: 'How many labels to give; no more than the model has.',
  }),
  reject: z.enum(['true', 'false']).default('false').meta({
    description:
      '`true`: where the answer is `rejected`, `label` is null. The `predictions` are the same either way.',
  }),
  heatmap: z
    .string()
    .min(1)
    .max(LABEL_MAX_LENGTH)
    .optional()
    .meta({
      description:
        'Adds a map of where in the picture a class is: a label, the index of a class, or `top` for the likeliest. The ' +
        'picture is enlarged beyond the input size of the network, which then answers for every window of that size.',
      example: 'top',
    }),
  heatmap_format: z.enum(['json', 'png']).default('json').meta({
    description:
      '`json`: numbers, in the prediction. `png`: the map over the picture is the whole answer, for one picture.',
  }),
  heatmap_scale: numberField({
    minimum: 1,
    maximum: HEATMAP_SCALE_MAX,
    default: HEATMAP_SCALE_DEFAULT,
    description:
      'The picture is enlarged to this many times the input size of the network. A larger scale gives a finer map of ' +
      'smaller windows. At 1 there is one window, and its value is the prediction.',
  }),
  explain: z
    .enum(['true', 'false'])
    .default('false')
    .meta({
      description:
        '`true`: adds the training pictures that the network sees as the most alike. It needs a key that may see the pictures of the ' +
        'dataset (scope `train`); without it, and for a version without an index, the explanation says why it is empty.',
    }),
  explain_count: integerField({
    minimum: 1,
    maximum: EXPLAIN_COUNT_MAX,
    default: EXPLAIN_COUNT_DEFAULT,
    description: 'How many training pictures explain a prediction.',
  }),
});

/** The form of a prediction: pictures in fields of any name, and the query parameters as fields. */
export const PredictFormSchema = z
  .object({
    image: z
      .array(z.string().meta({ format: 'binary' }))
      .min(1)
      .meta({
        description: 'One picture, or many; many give a list. A field of any other name does the same.',
      }),
    ...PredictQuerySchema.shape,
  })
  .meta({ id: 'PredictForm', description: 'A form with pictures, in fields of any name.' });
