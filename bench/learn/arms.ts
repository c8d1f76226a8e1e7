// The arms of the comparison, as data.

/** How an arm trains. */
export type Arm =
  | { readonly by: 'fovea'; readonly recipe: object }
  /** On features of Fovea's, so that both see the same pixels. */
  | { readonly by: 'probe'; readonly isBalanced: boolean }
  | { readonly by: 'keras'; readonly recipe: 'course' | 'modern' };

/** Variants do not belong to training. */
const NO_VARIANTS = { variants: [] };

/** All arms by name, in the order in which they run. */
export const ARMS = {
  default: { by: 'fovea', recipe: NO_VARIANTS },
  full: { by: 'fovea', recipe: { stages: 'full', ...NO_VARIANTS } },
  probe: { by: 'probe', isBalanced: false },
  'probe-balanced': { by: 'probe', isBalanced: true },
  'keras-course': { by: 'keras', recipe: 'course' },
  'keras-modern': { by: 'keras', recipe: 'modern' },
} as const satisfies Record<string, Arm>;

/** One of {@link ARMS}, as options and results name it. */
export type ArmName = keyof typeof ARMS;
/** Every arm, in the order in which they run and are shown. */
export const ARM_NAMES = Object.keys(ARMS) as readonly ArmName[];
