// Multinomial logistic regression with L2 on features: a convex problem with one solution, so that it has no epochs, no learning rate
// and no seed. Knows no pictures.

import type { FeatureProducts } from './feature-products.ts';
import type { FeatureScale } from './feature-scale.ts';
import { type Evaluation, minimize } from './lbfgs.ts';
import { softmaxInPlace } from './softmax.ts';

/** What is fitted: the sum of the rows' cross-entropies, and half the squared kernel times the weight of the penalty. */
export interface LogisticProblem extends FeatureScale {
  readonly products: FeatureProducts;
  /** Class index of each row. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** How much each row counts; 0 leaves it out. */
  readonly rowWeights: Float32Array;
  /**
   * Added to the scores before softmax while the problem is solved, `[classes]`; by default zeros. With the logarithms of the class
   * priors, the scores without them are those of classes that are equally frequent (Menon et al. 2021, "Long-tail learning via logit
   * adjustment", section 4.2).
   */
  readonly offsets?: Float64Array | undefined;
  /** Weight of the penalty on the kernel of the centered and scaled features. */
  readonly l2: number;
}

/** Where the search for the minimum has ended. */
export interface LogisticSolution {
  /** The kernel `[width, classes]`, then the bias `[classes]`, of the centered and scaled features. */
  readonly parameters: Float64Array;
  readonly evaluations: number;
  readonly hasConverged: boolean;
}

/**
 * The largest element of the gradient of the mean loss: scikit-learn's default is 1e-4. `fine` is for what is served; in a fold, whose
 * model is only asked for its predictions, `coarse` gives the same to three digits in half of the time.
 */
const TOLERANCES = { fine: 1e-5, coarse: 5e-5 } as const;
/** Products are float32, so that values have about seven digits. */
const LEAST_DECREASE = 1e-7;
const MAX_EVALUATIONS = 500;

/**
 * Solves a problem by L-BFGS.
 * @param options `start`: the parameters that the search starts from, by default zeros; `accuracy`: default `fine`.
 */
export async function fitLogisticRegression(
  problem: LogisticProblem,
  {
    start,
    accuracy = 'fine',
  }: { readonly start?: Float64Array | undefined; readonly accuracy?: keyof typeof TOLERANCES } = {},
): Promise<LogisticSolution> {
  const { products, classes, rowWeights } = problem;
  const counted = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const { point, evaluations, hasConverged } = await minimize(
    (parameters) => evaluate(problem, parameters),
    start ?? new Float64Array((products.width + 1) * classes),
    {
      tolerance: TOLERANCES[accuracy] * Math.max(1, counted),
      leastDecrease: LEAST_DECREASE,
      maxEvaluations: MAX_EVALUATIONS,
    },
  );
  return { parameters: point, evaluations, hasConverged };
}

async function evaluate(problem: LogisticProblem, parameters: Float64Array): Promise<Evaluation> {
  const { products, labels, classes, rowWeights, center, scale, l2, offsets } = problem;
  const { width } = products;
  const { kernel, bias } = toRawKernel(parameters, problem);
  const shift = offsets === undefined ? bias : bias.map((value, c) => value + (offsets[c] as number));
  const biasGradient = new Float64Array(classes);
  let value = 0;
  const product = await products.visit(kernel, classes, (scores, start, end) => {
    for (let row = start; row < end; row++) {
      const at = (row - start) * classes;
      const weight = rowWeights[row] as number;
      if (weight === 0) {
        scores.fill(0, at, at + classes);
        continue;
      }
      const label = labels[row] as number;
      const own = (scores[at + label] as number) + (shift[label] as number);
      value += weight * (softmaxInPlace(scores, at, shift) - own);
      for (let c = 0; c < classes; c++) {
        const residual = weight * ((scores[at + c] as number) - (c === label ? 1 : 0));
        scores[at + c] = residual;
        biasGradient[c] = (biasGradient[c] as number) + residual;
      }
    }
    return scores;
  });
  const gradient = new Float64Array(parameters.length);
  for (let feature = 0; feature < width; feature++) {
    const mean = center[feature] as number;
    for (let c = 0; c < classes; c++) {
      const i = feature * classes + c;
      const weight = parameters[i] as number;
      value += 0.5 * l2 * weight * weight;
      gradient[i] = scale * ((product[i] as number) - mean * (biasGradient[c] as number)) + l2 * weight;
    }
  }
  gradient.set(biasGradient, width * classes);
  return { value, gradient };
}

/** A solution as the kernel `[width, classes]` and the bias `[classes]` of the features as they are. */
export function toRawKernel(
  parameters: Float64Array,
  {
    products: { width },
    classes,
    center,
    scale,
  }: Pick<LogisticProblem, 'products' | 'classes' | 'center' | 'scale'>,
): { readonly kernel: Float32Array; readonly bias: Float64Array } {
  const kernel = new Float32Array(width * classes);
  const bias = parameters.slice(width * classes);
  for (let feature = 0; feature < width; feature++) {
    const mean = center[feature] as number;
    for (let c = 0; c < classes; c++) {
      const weight = scale * (parameters[feature * classes + c] as number);
      kernel[feature * classes + c] = weight;
      bias[c] = (bias[c] as number) - mean * weight;
    }
  }
  return { kernel, bias };
}
