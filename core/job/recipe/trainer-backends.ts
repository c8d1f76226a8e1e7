// The back ends of a trainer by name. Knows nothing of what they are made of.

/**
 * The back ends of a trainer, best first. `gpu`: TensorFlow on a GPU. `native`: TensorFlow's own library on processors.
 * `portable`: npm packages alone.
 */
export const TRAINER_BACKENDS = ['gpu', 'native', 'portable'] as const;
/** One of {@link TRAINER_BACKENDS}. */
export type TrainerBackend = (typeof TRAINER_BACKENDS)[number];
