// All models, each with how good it is in a line.

import { useState } from 'preact/hooks';
import type { WireModel } from '../../../api/model.ts';
import { size } from '../../../core/words/quantities.ts';
import { Failure } from '../parts/notice.tsx';
import { mayTrain } from '../state/access.ts';
import { MOST_MODELS, models } from '../state/lists.ts';
import { toHash } from '../state/route.ts';
import { apiKey, askFile } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.models;

/** The view. */
export function Models() {
  const all = models.value;
  return (
    <section class="card wide" aria-labelledby="models-title">
      <div class="card-head">
        <h1 id="models-title">{WORDS.title}</h1>
      </div>
      {all === null ? <p class="empty">{TEXTS.loading}</p> : null}
      {all?.length === 0 ? (
        <p>
          {WORDS.none} {mayTrain.value ? <a href="#/train">{WORDS.trainOne}</a> : null}
        </p>
      ) : null}
      <ul id="models" class="rows">
        {all?.map((model) => (
          <ModelRow key={model.id} model={model} />
        ))}
      </ul>
      {all !== null && all.length >= MOST_MODELS ? <p class="empty">{WORDS.more}</p> : null}
    </section>
  );
}

function describeModel(model: WireModel): string {
  if (model.problem !== null) return model.problem.message;
  const { architecture, labels, test_accuracy: accuracy, test_count: count, size_bytes: bytes } = model;
  return [
    architecture,
    WORDS.classes(labels.length),
    accuracy === null ? null : WORDS.right(accuracy, count ?? 0),
    bytes === null ? null : size(bytes),
  ]
    .filter((fact) => fact !== null)
    .join(' · ');
}

const ModelRow = ({ model }: { readonly model: WireModel }) => (
  <li>
    <a class="name" href={toHash(['models', model.id])}>
      {model.id}
    </a>
    <span class="version">{WORDS.version(model.version)}</span>
    <span class={model.problem === null ? 'facts' : 'facts problem'}>{describeModel(model)}</span>
    {model.report === null || !mayTrain.value ? null : (
      <FileLink path={`${model.report}?format=html`} name={`${model.id}-${model.version}-report.html`}>
        {WORDS.report}
      </FileLink>
    )}
  </li>
);

const REVOKE_AFTER_MS = 1000;

interface FileLinkProps {
  readonly path: string;
  /** The name that a saved file gets. */
  readonly name: string;
  readonly children: string;
}

/** A link to a file of the API. A link carries no key: with one, the file is fetched and saved. */
export function FileLink({ path, name, children }: FileLinkProps) {
  const [failure, setFailure] = useState<unknown>();
  const save = async () => {
    try {
      setFailure(undefined);
      const response = await askFile(path);
      if (!response.ok) throw new Error(`${response.status}`);
      const url = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <>
      <a
        class="report"
        href={path}
        target="_blank"
        rel="noreferrer"
        onClick={(event) => {
          if (apiKey.value === null) return;
          event.preventDefault();
          void save();
        }}
      >
        {children}
      </a>
      <Failure error={failure} retry={() => void save()} />
    </>
  );
}
