// What a network costs before it runs: its weights and bytes by stage and layer, and which GPUs it fits, with their price.

import { useState } from 'preact/hooks';
import type { WireArchitecture } from '../../../api/architecture.ts';
import type { WirePlan } from '../../../api/plan.ts';
import { dollars, size, whole } from '../../../core/words/quantities.ts';
import { useAsked } from '../parts/asked.ts';
import { Failure } from '../parts/notice.tsx';
import { ScrollTable } from '../parts/scroll-table.tsx';
import { goTo, route, toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.plan;
const FIRST_NETWORK = 'mobilenet_v2_0.35';
const DEFAULT_BATCH = 32;
const DEFAULT_CLASSES = 10;
const MOST_PIXELS = 16_384;
const MOST_BATCH = 65_536;
const MOST_CLASSES = 1_000_000;

/** What is planned, as the address has it; undefined where the network's default holds. */
interface Asked {
  readonly model: string;
  readonly pixels: number | undefined;
  readonly batch: number;
  readonly classes: number;
}

function readAsked(): Asked {
  const { query } = route.value;
  const number = (name: string) => {
    const value = Number(query.get(name));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  return {
    model: query.get('network') ?? FIRST_NETWORK,
    pixels: number('pixels'),
    batch: number('batch') ?? DEFAULT_BATCH,
    classes: number('classes') ?? DEFAULT_CLASSES,
  };
}

/** The view. */
export function Plan() {
  const asked = readAsked();
  const {
    value: networks,
    error: listError,
    again: listAgain,
  } = useAsked((signal) => client.value.architectures({ signal }), [], { isLasting: true });
  const {
    value: plan,
    error,
    again,
  } = useAsked(
    (signal) =>
      client.value.plan(
        {
          model: asked.model,
          batch_size: asked.batch,
          classes: asked.classes,
          ...(asked.pixels === undefined
            ? {}
            : { input_size: { height: asked.pixels, width: asked.pixels } }),
        },
        { signal },
      ),
    [asked.model, asked.pixels, asked.batch, asked.classes],
    { isLasting: true },
  );
  return (
    <>
      <section class="card wide" aria-labelledby="plan-title">
        <div class="card-head">
          <h1 id="plan-title">{WORDS.title}</h1>
        </div>
        <p>{WORDS.help}</p>
        <Failure error={listError} retry={listAgain} />
        {networks === undefined ? null : <PlanForm key={asked.model} asked={asked} networks={networks} />}
        <div id="plan" aria-live="polite">
          <Failure error={error} retry={again} />
          {plan === undefined && error === undefined ? <p class="empty">{TEXTS.loading}</p> : null}
          {plan === undefined ? null : <Summary plan={plan} />}
        </div>
      </section>
      {plan === undefined ? null : (
        <>
          <Gpus plan={plan} />
          <Stages plan={plan} />
        </>
      )}
    </>
  );
}

interface PlanFormProps {
  readonly asked: Asked;
  readonly networks: readonly WireArchitecture[];
}

/** Each change makes a new address, so that a plan can be sent to somebody. */
function PlanForm({ asked, networks }: PlanFormProps) {
  const network = networks.find(({ id }) => id === asked.model);
  const [draft, setDraft] = useState({
    pixels: String(asked.pixels ?? network?.input_size.height ?? ''),
    batch: String(asked.batch),
    classes: String(asked.classes),
  });
  const show = (model: string, pixels: string) =>
    goTo(['plan'], {
      network: model,
      ...(pixels === '' ? {} : { pixels }),
      batch: draft.batch,
      classes: draft.classes,
    });
  const field = (name: keyof typeof draft, least: number, most: number) => (
    <label class="field">
      <span>{WORDS.fields[name]}</span>
      <input
        id={`plan-${name}`}
        type="number"
        required
        min={least}
        max={most}
        value={draft[name]}
        onInput={({ currentTarget }) => setDraft({ ...draft, [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="plan-form"
      onSubmit={(event) => {
        event.preventDefault();
        show(asked.model, draft.pixels);
      }}
    >
      <label class="field">
        <span>{TEXTS.train.network}</span>
        <select
          id="plan-network"
          value={asked.model}
          onChange={({ currentTarget }) => show(currentTarget.value, '')}
        >
          {networks.map(({ id, title }) => (
            <option key={id} value={id}>
              {title} ({id})
            </option>
          ))}
        </select>
      </label>
      {field('pixels', network?.min_input_size.height ?? 1, MOST_PIXELS)}
      {field('batch', 1, MOST_BATCH)}
      {field('classes', 2, MOST_CLASSES)}
      <button class="primary" type="submit">
        {WORDS.show}
      </button>
    </form>
  );
}

const Summary = ({ plan }: { readonly plan: WirePlan }) => (
  <>
    <p class="lead">{WORDS.lead(plan.parameters.total, size(plan.parameters.bytes))}</p>
    <p>
      {WORDS.prediction(size(plan.prediction.bytes), plan.flops / 1e9)}{' '}
      {WORDS.training(plan.training.batch_size, size(plan.training.total_bytes))}
    </p>
    <details>
      <summary>{WORDS.counted}</summary>
      <ul>
        {[plan.prediction.accounting, plan.training.accounting, plan.training.total_accounting].map(
          (sentence) => (
            <li key={sentence}>{sentence}</li>
          ),
        )}
      </ul>
    </details>
  </>
);

const Gpus = ({ plan }: { readonly plan: WirePlan }) => (
  <section class="card wide" aria-labelledby="gpus-title">
    <div class="card-head">
      <h2 id="gpus-title">{WORDS.gpus}</h2>
      <a class="button" href={toHash(['train'])}>
        {WORDS.train}
      </a>
    </div>
    <p>
      {WORDS.fitting(
        plan.gpus.filter(({ fits }) => fits).map(({ gpu }) => gpu),
        plan.training.batch_size,
      )}
    </p>
    <ScrollTable id="gpus" label={WORDS.gpusTable} columns={WORDS.gpuColumns}>
      {plan.gpus.map((gpu) => (
        <tr key={gpu.gpu}>
          <th scope="row">{gpu.gpu}</th>
          <td>
            <span class={`status ${gpu.fits ? 'succeeded' : 'failed'}`}>
              {gpu.fits ? WORDS.fits : WORDS.noFit}
            </span>
          </td>
          <td>{size(gpu.memory_bytes)}</td>
          <td>{whole(gpu.largest_batch)}</td>
          <td>{gpu.fits ? whole(Math.round(gpu.pictures_per_second)) : '–'}</td>
          <td>{dollars(gpu.usd_per_hour)}</td>
          <td>{gpu.instance_type}</td>
        </tr>
      ))}
    </ScrollTable>
    <p class="hint">{WORDS.gpuHint}</p>
  </section>
);

type Layer = WirePlan['layers'][number];

/** Layers in a row whose outputs have the same size. */
interface StageOfLayers {
  readonly name: string;
  readonly layers: readonly Layer[];
}

const sizeName = ({ output_shape: shape }: Layer) =>
  shape.length < 3 ? WORDS.vector : `${shape.slice(0, -1).join(' × ')}`;

function stagesOf(layers: readonly Layer[]): readonly StageOfLayers[] {
  const stages: { name: string; layers: Layer[] }[] = [];
  for (const layer of layers) {
    const name = sizeName(layer);
    const last = stages.at(-1);
    if (last?.name === name) last.layers.push(layer);
    else stages.push({ name, layers: [layer] });
  }
  return stages;
}

const sum = (layers: readonly Layer[], of: 'output_bytes' | 'parameters') =>
  layers.reduce((total, layer) => total + layer[of], 0);

/** Bytes of one picture on its way through the network: a bar for each stage, and each layer in a table. */
function Stages({ plan }: { readonly plan: WirePlan }) {
  const stages = stagesOf(plan.layers);
  const most = Math.max(1, ...stages.map(({ layers }) => sum(layers, 'output_bytes')));
  return (
    <section class="card wide" aria-labelledby="stages-title">
      <div class="card-head">
        <h2 id="stages-title">{WORDS.stages}</h2>
      </div>
      <p>{WORDS.stagesHelp(plan.prediction.peak_layer)}</p>
      <ol id="stages" class="bars">
        {stages.map(({ name, layers }) => (
          <li key={layers[0]?.name}>
            <span class="label">{WORDS.stage(name, layers.length)}</span>
            <span class="score">
              {WORDS.stageFacts(size(sum(layers, 'output_bytes')), sum(layers, 'parameters'))}
            </span>
            <progress
              max={most}
              value={sum(layers, 'output_bytes')}
              aria-label={WORDS.stage(name, layers.length)}
            />
          </li>
        ))}
      </ol>
      <details>
        <summary>{WORDS.layers(plan.layers.length)}</summary>
        <ScrollTable id="layers" label={WORDS.layers(plan.layers.length)} columns={WORDS.layerColumns}>
          {plan.layers.map((layer) => (
            <tr key={layer.name}>
              <th scope="row">
                {layer.name}
                {layer.name === plan.prediction.peak_layer ? ` ${WORDS.peak}` : ''}
              </th>
              <td>{layer.type}</td>
              <td>{layer.output_shape.join(' × ')}</td>
              <td>{whole(layer.parameters)}</td>
              <td>{size(layer.output_bytes)}</td>
              <td>{size(layer.alive_bytes)}</td>
            </tr>
          ))}
        </ScrollTable>
      </details>
    </section>
  );
}
