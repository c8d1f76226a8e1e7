// The words for the two ends of a classifier that was made elsewhere: the order of its colors, and what its output lacks.

/** What may still have to be applied to the output of a network to get scores. */
export const ACTIVATIONS = ['none', 'softmax', 'sigmoid'] as const;
/** One of {@link ACTIVATIONS}. */
export type FinalActivation = (typeof ACTIVATIONS)[number];

/** Orders of the colors in an input. */
export const COLOR_ORDERS = ['rgb', 'bgr'] as const;
/** One of {@link COLOR_ORDERS}. */
export type ColorOrder = (typeof COLOR_ORDERS)[number];
