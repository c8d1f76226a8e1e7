// The ways of making one vector of the tokens of a picture, by name. Loads nothing: the help of the command lists them.

/** How tokens `[batch, tokens, width]` become a vector: `cls` takes the first one, the class token; `mean` the mean of all. */
export const POOLINGS = ['cls', 'mean'] as const;
/** One of {@link POOLINGS}. */
export type Pooling = (typeof POOLINGS)[number];
