// Draws a plan as SVG: bytes by layer, with the peak marked. Scales and paths are d3's; nothing here needs a DOM.

import { scaleLinear } from 'd3-scale';
import { area, curveStep } from 'd3-shape';
import { formatShape } from '../description/shapes.ts';
import { formatBytes, formatCount, formatInteger } from './format-quantities.ts';
import type { LayerPlan } from './plan.ts';
import { type ClassifierPlan, describePlan } from './plan-classifier.ts';

const WIDTH = 1000;
const MARGIN = { left: 86, right: 24 };
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
/** Above each panel is space for its title, and in the upper one for the mark of the peak. */
const OUTPUTS = { top: 104, height: 240 };
const PARAMETERS = { top: 404, height: 130 };
/** Layer names are below the panels, rotated upright, where they fit. */
const NAMES_TOP = PARAMETERS.top + PARAMETERS.height + 10;
const NAME_HEIGHT = 12;
const LONGEST_NAME = 26;
const HEIGHT = NAMES_TOP + 150;
const TICKS = 4;
/** Colors of Okabe and Ito's palette, which color-blind people can tell apart. */
const COLORS = { alive: '#cfe3f2', output: '#0072b2', parameters: '#009e73', peak: '#d55e00' };

const STYLE = `text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:18px;font-weight:600}.panel{font-weight:600}.small{font-size:11px;fill:#555}.grid{stroke:#ddd}.peak{fill:${COLORS.peak};font-weight:600}`;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): number => Math.round(value * 100) / 100;

interface Panel {
  readonly top: number;
  readonly height: number;
}

const scaleFor = ({ top, height }: Panel, maximum: number) =>
  scaleLinear()
    .domain([0, Math.max(1, maximum)])
    .nice(TICKS)
    .range([top + height, top]);
type Scale = ReturnType<typeof scaleFor>;

const axis = (y: Scale): string =>
  y
    .ticks(TICKS)
    .map((bytes) => {
      const at = round(y(bytes));
      return (
        `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/>` +
        `<text class="small" x="${MARGIN.left - 8}" y="${at + 4}" text-anchor="end">${formatBytes(bytes)}</text>`
      );
    })
    .join('');

const describeLayer = (layer: LayerPlan): string =>
  `${layer.name} (${layer.type}) ${formatShape(layer.outputShape)}: ${formatInteger(layer.parameters.total)} parameters, ` +
  `output ${formatBytes(layer.outputBytes)}, ${formatBytes(layer.liveBytes)} alive, ${formatCount(layer.flops)}FLOP`;

/** Draws one bar for each layer, with the layer's numbers as its tooltip. */
function bars(
  layers: readonly LayerPlan[],
  y: Scale,
  color: string,
  bytesOf: (layer: LayerPlan) => number,
): string {
  const slot = PLOT_WIDTH / layers.length;
  const gap = slot > 6 ? slot * 0.2 : 0;
  const [bottom = 0] = y.range();
  const drawn = layers.map((layer, i) => {
    const top = y(bytesOf(layer));
    return (
      `<rect x="${round(MARGIN.left + i * slot + gap / 2)}" y="${round(top)}" width="${round(slot - gap)}" ` +
      `height="${round(bottom - top)}"><title>${escapeXml(describeLayer(layer))}</title></rect>`
    );
  });
  return `<g fill="${color}">${drawn.join('')}</g>`;
}

/** Draws the area of the outputs that are alive while each layer is computed. */
function aliveArea(layers: readonly LayerPlan[], y: Scale): string {
  const slot = PLOT_WIDTH / layers.length;
  const [bottom = 0] = y.range();
  // A step needs a point at each end of the plot to reach over the first and the last layer.
  const points = [-0.5, ...layers.keys(), layers.length - 0.5];
  const path = area<number>()
    .curve(curveStep)
    .digits(2)
    .x((i) => MARGIN.left + (i + 0.5) * slot)
    .y0(bottom)
    .y1((i) => y(layers[Math.min(Math.max(Math.round(i), 0), layers.length - 1)]?.liveBytes ?? 0))(points);
  return `<path fill="${COLORS.alive}" d="${path}"/>`;
}

function peakMark({ network }: ClassifierPlan, y: Scale): string {
  const { layers, prediction } = network;
  const index = layers.findIndex(({ name }) => name === prediction.peakLayer);
  const x = round(MARGIN.left + ((index + 0.5) * PLOT_WIDTH) / layers.length);
  const top = round(y(prediction.activationBytes));
  const [anchor, shift] = x > WIDTH / 2 ? (['end', -8] as const) : (['start', 8] as const);
  return (
    `<line x1="${x}" x2="${x}" y1="${OUTPUTS.top + OUTPUTS.height}" y2="${top - 14}" stroke="${COLORS.peak}" stroke-dasharray="3 3"/>` +
    `<circle cx="${x}" cy="${top}" r="4" fill="${COLORS.peak}"/>` +
    `<text class="peak" x="${x + shift}" y="${top - 8}" text-anchor="${anchor}">peak ${formatBytes(prediction.activationBytes)} at ` +
    `${escapeXml(prediction.peakLayer)}</text>`
  );
}

/** Writes the names of as many layers as fit. */
function layerNames(layers: readonly LayerPlan[]): string {
  const slot = PLOT_WIDTH / layers.length;
  const every = Math.ceil(NAME_HEIGHT / slot);
  return layers
    .map((layer, i) => {
      if (i % every !== 0) return '';
      const x = round(MARGIN.left + (i + 0.5) * slot + 4);
      const name =
        layer.name.length > LONGEST_NAME ? `${layer.name.slice(0, LONGEST_NAME - 1)}…` : layer.name;
      return `<text class="small" transform="translate(${x},${NAMES_TOP}) rotate(-90)" text-anchor="end">${escapeXml(name)}</text>`;
    })
    .join('');
}

/** Draws a plan as an SVG document: outputs and parameters by layer, and where a prediction needs the most memory. */
export function drawPlan(plan: ClassifierPlan): string {
  const { network, training } = plan;
  const { layers, prediction, parameters } = network;
  const outputScale = scaleFor(OUTPUTS, prediction.activationBytes);
  const parameterBytes = (layer: LayerPlan) =>
    (network.parameterBytes / Math.max(1, parameters.total)) * layer.parameters.total;
  const parameterScale = scaleFor(PARAMETERS, Math.max(...layers.map(parameterBytes)));
  const title = describePlan(plan);
  const summary =
    `${formatInteger(parameters.total)} parameters · ${formatCount(network.flops)}FLOP a picture · ` +
    `${formatBytes(prediction.bytes)} for a prediction · ${formatBytes(training.bytes)} for a mini-batch of ${training.batchSize}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escapeXml(title)}</title><desc>${escapeXml(summary)}</desc><style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text class="title" x="${MARGIN.left}" y="32">${escapeXml(title)}</text>`,
    `<text x="${MARGIN.left}" y="54">${escapeXml(summary)}</text>`,
    `<text x="${MARGIN.left}" y="${OUTPUTS.top - 24}"><tspan class="panel">Outputs by layer</tspan> (dark), and all that are alive ` +
      'while the layer is computed (light), for one picture</text>',
    axis(outputScale),
    aliveArea(layers, outputScale),
    bars(layers, outputScale, COLORS.output, (layer) => layer.outputBytes),
    peakMark(plan, outputScale),
    `<text class="panel" x="${MARGIN.left}" y="${PARAMETERS.top - 16}">Parameters by layer</text>`,
    axis(parameterScale),
    bars(layers, parameterScale, COLORS.parameters, parameterBytes),
    layerNames(layers),
    '</svg>',
  ].join('\n');
}
