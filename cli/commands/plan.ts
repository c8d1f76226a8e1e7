// `fovea plan`: prints what a network needs before it runs, as tables, and draws it in a file. Starts no server.

import { writeFile } from 'node:fs/promises';
import { toWirePlan } from '../../api/plan.ts';
import { describeJobOnGpu } from '../../core/job/estimate/job-on-gpu.ts';
import { formatShape } from '../../core/network/description/shapes.ts';
import { drawPlan } from '../../core/network/plan/draw-plan.ts';
import type { TrainingEstimate } from '../../core/network/plan/estimate-training.ts';
import {
  formatBytes,
  formatCount,
  formatInteger,
  formatSeconds,
  formatUsd,
} from '../../core/network/plan/format-quantities.ts';
import { PLAN_ACCOUNTING } from '../../core/network/plan/plan.ts';
import {
  type ClassifierPlan,
  describePlan,
  planClassifier,
} from '../../core/network/plan/plan-classifier.ts';
import { checkTarget } from '../client/make-folder.ts';
import { createOutput, type OutputOptions } from '../terminal/output.ts';
import { newTable } from '../terminal/plain-table.ts';

/** The options of `fovea plan`. What is omitted has the planner's default. */
export interface PlanOptions extends OutputOptions {
  readonly size?: { readonly height: number; readonly width: number };
  readonly classes?: number;
  readonly until?: string;
  readonly batch?: number;
  readonly images?: number;
  readonly gpu?: string;
  readonly usdPerHour?: number;
  /** File to write the picture to. */
  readonly svg?: string;
}

/**
 * Prints the plan of a network; with `svg`, also writes its picture.
 * @throws {FoveaError} what {@link planClassifier} throws.
 */
export async function runPlan(model: string, options: PlanOptions): Promise<void> {
  const { size, classes, until, batch, images, gpu, usdPerHour, svg } = options;
  const plan = planClassifier({
    model,
    ...(size === undefined ? {} : { inputSize: size }),
    ...(classes === undefined ? {} : { classes }),
    ...(until === undefined ? {} : { until }),
    ...(batch === undefined ? {} : { batchSize: batch }),
    ...(images === undefined ? {} : { images }),
    ...(gpu === undefined ? {} : { gpu }),
    ...(usdPerHour === undefined ? {} : { usdPerHour }),
  });
  if (svg !== undefined) {
    await checkTarget(svg, { option: '--svg', example: `${model}.svg` });
    await writeFile(svg, drawPlan(plan));
  }
  createOutput(options).answer({
    json: toWirePlan(plan),
    text: () =>
      [
        ...[layerTable(plan), summary(plan), gpuTable(plan.gpus), basis(plan)],
        ...(svg === undefined ? [] : [`The picture is in ${svg}.`]),
      ].join('\n\n'),
    short: () => plan.gpus.map(({ gpu, largestBatch }) => `${gpu} ${largestBatch}`).join('\n'),
  });
}

const MARKED = '◄ peak';

function layerTable({ network }: ClassifierPlan): string {
  const table = newTable(['layer', 'type', 'output', 'parameters', 'FLOPs', 'output bytes', 'alive', ''], 3);
  for (const layer of network.layers) {
    table.push([
      layer.name,
      layer.type,
      formatShape(layer.outputShape),
      formatInteger(layer.parameters.total),
      formatCount(layer.flops),
      formatInteger(layer.outputBytes),
      formatBytes(layer.liveBytes),
      layer.name === network.prediction.peakLayer ? MARKED : '',
    ]);
  }
  return table.toString();
}

function summary(plan: ClassifierPlan): string {
  const { network, training } = plan;
  const { parameters, prediction } = network;
  return [
    describePlan(plan),
    `Parameters   ${formatInteger(parameters.total)}, of which ${formatInteger(parameters.trainable)} are trainable`,
    `FLOPs        ${formatCount(network.flops)}. ${PLAN_ACCOUNTING.flops}`,
    `Prediction   ${formatInteger(prediction.bytes)} bytes. ${PLAN_ACCOUNTING.prediction}`,
    `Mini-batch   ${formatInteger(training.bytes)} bytes for ${training.batchSize}. ${PLAN_ACCOUNTING.training}`,
    `Training     ${formatInteger(training.totalBytes)} bytes in all. ${PLAN_ACCOUNTING.total}`,
  ].join('\n');
}

function gpuTable(gpus: readonly TrainingEstimate[]): string {
  const table = newTable(
    ['GPU', 'machine', 'memory', 'largest batch', 'pictures/s', 'TFLOP/s', 'US$/h', 'epoch', 'price'],
    2,
  );
  for (const estimate of gpus) {
    const { epoch, fits } = estimate;
    const unknown = fits ? '–' : 'does not fit';
    table.push([
      estimate.gpu,
      estimate.instanceType,
      formatBytes(estimate.memoryBytes),
      formatInteger(estimate.largestBatch),
      fits ? estimate.picturesPerSecond.toFixed(0) : '–',
      fits ? (estimate.effectiveFlops / 1e12).toFixed(1) : '–',
      estimate.usdPerHour.toFixed(2),
      epoch === null ? unknown : formatSeconds(epoch.seconds),
      epoch === null ? unknown : formatUsd(epoch.usd),
    ]);
  }
  return table.toString();
}

/** What the estimates are based on; a sentence that all GPUs share is written once. */
const basis = (plan: ClassifierPlan): string =>
  [
    ...new Set(plan.gpus.flatMap(({ basis: { memory, speed } }) => [`Memory: ${memory}`, `Speed: ${speed}`])),
    ...plan.gpus.map((estimate) => {
      const { gpu, basis } = estimate;
      return [`${gpu}: ${basis.figures} ${basis.price}`, describeJobOnGpu(plan, estimate) ?? []]
        .flat()
        .join(' ');
    }),
  ].join('\n');
