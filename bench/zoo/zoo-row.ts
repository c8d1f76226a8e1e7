// Measures one row of the table: an architecture, and whether it is right.

import type { Engine } from '../../batch-job/tensorflow/engine/engine.ts';
import type { Architecture } from '../../core/network/description/network.ts';
import { countParameters, weightSpecs } from '../../core/network/description/weight-specs.ts';
import { formatBytes, formatInteger } from '../../core/network/plan/format-quantities.ts';
import { compareOutputs, type OutputDifferences } from './compare-outputs.ts';
import { goldenOf, networkOf } from './goldens.ts';
import { CLASSES, measureOnnx, type OnnxMeasurement } from './measure-onnx.ts';

/** Largest differences of probabilities. */
const TOLERANCES = { tensorflow: 1e-5, onnx: 1e-4 } as const;

/** The measurements of one architecture. */
export interface ZooRow {
  readonly architecture: Architecture;
  /** Number of parameters with the default input and 1000 classes. */
  readonly parameters: number;
  /** Numbers of parameters with the golden's input and classes, here and in Keras; undefined without a golden. */
  readonly counted: { readonly own: number; readonly keras: number } | undefined;
  readonly outputs: OutputDifferences;
  readonly onnx: OnnxMeasurement;
  /** What is wrong; empty where all is right. */
  readonly problems: readonly string[];
}

/** Measures one architecture. */
export async function measureRow(engine: Engine, architecture: Architecture): Promise<ZooRow> {
  const golden = goldenOf(architecture.name);
  const counted = golden && {
    own: countParameters(weightSpecs(networkOf(architecture, golden))).total,
    keras: golden.totalParams,
  };
  const outputs = await compareOutputs(engine, architecture, golden);
  const problems = [
    ...(counted === undefined || counted.own === counted.keras
      ? []
      : [`${counted.own} parameters, and ${counted.keras} in Keras`]),
    ...(['tensorflow', 'onnx'] as const)
      .filter((key) => !(outputs[key] <= TOLERANCES[key]))
      .map((key) => `${key} differs by ${outputs[key]}, more than ${TOLERANCES[key]}`),
    ...(outputs.problem === undefined ? [] : [outputs.problem]),
  ];
  const network = architecture.build({ inputSize: architecture.defaultInputSize, classes: CLASSES });
  return {
    architecture,
    parameters: countParameters(weightSpecs(network)).total,
    counted,
    outputs,
    onnx: await measureOnnx(architecture),
    problems,
  };
}

const HEAD = [
  'network',
  'input',
  `parameters, ${formatInteger(CLASSES)} classes`,
  'parameters, 10 classes',
  "Keras's",
  'TensorFlow',
  'ONNX',
  'ONNX file',
  'ms a picture',
  'fastest',
];

const formatMs = (ms: number): string => ms.toFixed(ms < 10 ? 2 : 1);

function cells({ architecture, parameters, counted, outputs, onnx, problems }: ZooRow): string[] {
  const { height, width, channels } = architecture.defaultInputSize;
  const difference = (value: number) =>
    `${value.toExponential(1)}${outputs.reference === 'Keras' ? '' : ' †'}`;
  return [
    `${problems.length > 0 ? '✗ ' : ''}\`${architecture.name}\``,
    `${height}×${width}×${channels}`,
    formatInteger(parameters),
    counted === undefined ? '–' : formatInteger(counted.own),
    counted === undefined ? '–' : formatInteger(counted.keras),
    difference(outputs.tensorflow),
    difference(outputs.onnx),
    formatBytes(onnx.sizeBytes),
    formatMs(onnx.medianMs),
    formatMs(onnx.fastestMs),
  ];
}

/** The table as Markdown. */
export function toMarkdown(rows: readonly ZooRow[]): string {
  const line = (values: readonly string[]) => `| ${values.join(' | ')} |`;
  return [
    line(HEAD),
    line(HEAD.map((_, i) => (i < 2 ? '---' : '---:'))),
    ...rows.map((row) => line(cells(row))),
  ].join('\n');
}
