// Photos to try: what a model says of each, where in it, and what it really shows.

import { type Signal, signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { WireModel } from '../../../api/model.ts';
import type { WirePrediction } from '../../../api/prediction.ts';
import { ApiError } from '../../../client/api-error.ts';
import { percent } from '../../../core/words/quantities.ts';
import { isPassing, useAsked, useServerBack } from '../parts/asked.ts';
import { DropArea, DropHint } from '../parts/drop-area.tsx';
import { Done, Failure, messageOf } from '../parts/notice.tsx';
import { Thumbnail } from '../parts/picture.tsx';
import { mayTrain } from '../state/access.ts';
import { makeChange } from '../state/changes.ts';
import { models } from '../state/lists.ts';
import { route, toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.try;
const LABELS_SHOWN = 5;
const CAMERA_FILE = 'camera.jpg';
const NEAREST_SHOWN = 6;
const THUMB = 96;
const HEATMAP_UNAVAILABLE = 'heatmap-unavailable';
const FEEDBACK_OFF = 'feedback-off';

interface Photo {
  readonly id: number;
  readonly file: File;
  readonly url: string;
  readonly prediction?: WirePrediction;
  readonly error?: unknown;
}

/** They stay while somebody looks at another view. */
const photos = signal<readonly Photo[]>([]);
const shown = signal(0);
const chosenModel = signal('');
const wantsHeatmap = signal(false);
/** How much of the map is seen over the photo, 0 to 1. */
const mapOpacity = signal(1);
const wantsExplanation = signal(false);
let count = 0;

const change = (id: number, changes: Partial<Photo>) => {
  photos.value = photos.value.map((photo) => (photo.id === id ? { ...photo, ...changes } : photo));
};

const bytesOf = async (file: File) => new Uint8Array(await file.arrayBuffer());

async function predict(photo: Photo, model: string): Promise<void> {
  const { id, file } = photo;
  if (model === '') {
    const hasModels = usableModels(models.value).length > 0;
    return change(id, { error: new Error(hasModels ? WORDS.noModelChosen : WORDS.noModelYet) });
  }
  try {
    const prediction = await client.value.predict.one(model, await bytesOf(file), { topK: LABELS_SHOWN });
    // A slow answer does not cover that of a model that was chosen since.
    if (chosenModel.value === model) change(id, { prediction, error: undefined });
  } catch (error) {
    if (chosenModel.value === model) change(id, { error });
  }
}

/** One after the other, so that the first has its answer soon. */
async function predictAll(of: readonly Photo[], model: string): Promise<void> {
  for (const photo of of) await predict(photo, model);
}

function take(files: readonly File[]): void {
  if (files.length === 0) return;
  for (const { url } of photos.value) URL.revokeObjectURL(url);
  photos.value = files.map((file) => ({ id: ++count, file, url: URL.createObjectURL(file) }));
  shown.value = 0;
  void predictAll(photos.value, chosenModel.value);
}

function askAgain(): void {
  photos.value = photos.value.map(({ id, file, url }) => ({ id, file, url }));
  void predictAll(photos.value, chosenModel.value);
}

/** Asks again for the photos that have no answer. */
function askForFailed(): void {
  const failed = new Set(photos.value.filter(({ error }) => error !== undefined).map(({ id }) => id));
  for (const id of failed) change(id, { error: undefined });
  void predictAll(
    photos.value.filter(({ id }) => failed.has(id)),
    chosenModel.value,
  );
}

const usableModels = (all: readonly WireModel[] | null) =>
  (all ?? []).filter((model) => model.problem === null).sort((a, b) => b.created - a.created);

/** The view. */
export function Try() {
  const usable = usableModels(models.value);
  const asked = route.value.query.get('model');
  const wanted = asked ?? chosenModel.value;
  const isVersion = wanted.includes(':') && usable.some(({ id }) => wanted.startsWith(`${id}:`));
  const model =
    isVersion || usable.some(({ id }) => id === wanted)
      ? wanted
      : asked === null
        ? (usable[0]?.id ?? '')
        : '';
  const isGone = asked !== null && models.value !== null && model === '';
  useEffect(() => {
    if (chosenModel.value === model) return;
    chosenModel.value = model;
    if (photos.value.length > 0) askAgain();
  }, [model]);
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => take([...(event.clipboardData?.files ?? [])]);
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, []);
  const photo = photos.value[shown.value];
  useServerBack(photo?.error, askForFailed);
  const current = usable.find(({ id }) => id === model.split(':')[0]);
  return (
    <section class="card" aria-labelledby="try-title">
      <div class="card-head">
        <h1 id="try-title">{WORDS.title}</h1>
        <label class="field inline">
          <span>{WORDS.model}</span>
          <select
            id="model"
            value={model}
            disabled={usable.length === 0}
            onChange={({ currentTarget }) => {
              location.hash = toHash(['try'], { model: currentTarget.value });
            }}
          >
            {usable.length === 0 ? <option value="">{WORDS.noModel}</option> : null}
            {usable.length > 0 && model === '' ? <option value="">{TEXTS.choose}</option> : null}
            {isVersion ? <option value={model}>{model}</option> : null}
            {usable.map(({ id, version }) => (
              <option key={id} value={id}>
                {id} · {TEXTS.models.version(version)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {models.value !== null && usable.length === 0 ? (
        <p>
          {WORDS.noModelYet} {mayTrain.value ? <a href="#/datasets">{TEXTS.train.addOne}</a> : null}
        </p>
      ) : null}
      {isGone ? (
        <p id="model-gone" class="error" role="alert">
          {TEXTS.errors['model-not-found']}
        </p>
      ) : null}
      <div class="stage">
        <Stage photo={photo} model={model} />
        <div class="answer" aria-live="polite">
          {photo === undefined ? <p class="empty">{WORDS.empty}</p> : null}
          {photo !== undefined && photo.error === undefined && photo.prediction === undefined ? (
            <p class="empty">{WORDS.asking}</p>
          ) : null}
          {photo?.error === undefined ? null : (
            <div id="answer-error">
              <Failure error={photo.error} {...(isPassing(photo.error) ? { retry: askForFailed } : {})} />
            </div>
          )}
          {photo?.prediction === undefined || photo.error !== undefined ? null : (
            <Answer
              key={photo.id}
              photo={photo}
              prediction={photo.prediction}
              labels={current?.labels ?? []}
            />
          )}
        </div>
      </div>
      {photos.value.length < 2 ? null : <Several />}
    </section>
  );
}

/** The photo, with the map over it where it is wanted; takes new ones. */
function Stage({ photo, model }: { readonly photo: Photo | undefined; readonly model: string }) {
  const [brokenUrl, setBrokenUrl] = useState('');
  const heatmap = useHeatmap(photo, model);
  const source = photo?.url;
  const isShown = source !== undefined && source !== brokenUrl;
  return (
    <div>
      <DropArea
        id="drop"
        kind={isShown || heatmap !== undefined ? 'filled' : ''}
        onFiles={(found) => take(found.map(({ file }) => file))}
      >
        {/* What the browser cannot show (a TIFF, a broken file) the server may still answer. */}
        {isShown ? (
          <img id="photo" src={source} alt={WORDS.photo} onError={() => setBrokenUrl(source)} />
        ) : (
          <DropHint title={photo?.file.name ?? WORDS.hint} text={WORDS.how} />
        )}
        {heatmap === undefined ? null : (
          <img
            id="map"
            class="map"
            src={heatmap}
            alt={WORDS.map}
            style={{ opacity: isShown ? mapOpacity.value : 1 }}
          />
        )}
        <input
          id="file"
          type="file"
          multiple
          accept="image/*,.heic,.heif"
          aria-label={WORDS.choose}
          onChange={({ currentTarget }) => take([...(currentTarget.files ?? [])])}
        />
      </DropArea>
      <Camera />
      <label class="camera">
        <span>{WORDS.camera}</span>
        <input
          type="file"
          accept="image/*"
          capture="environment"
          onChange={({ currentTarget }) => take([...(currentTarget.files ?? [])])}
        />
      </label>
    </div>
  );
}

/** A picture of what a camera sees, in browsers that show it; phones have their own way beside. */
function Camera() {
  const [stream, setStream] = useState<MediaStream>();
  const [failure, setFailure] = useState<unknown>();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null && stream !== undefined) video.current.srcObject = stream;
    return () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [stream]);
  // Browsers have it on this machine and over https alone.
  if (!('mediaDevices' in navigator)) return null;
  const open = () => {
    setFailure(undefined);
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: 'environment' } })
      .then(setStream, () => setFailure(new Error(WORDS.noCamera)));
  };
  const shoot = () => {
    const seen = video.current;
    if (seen === null) return;
    const canvas = document.createElement('canvas');
    canvas.width = seen.videoWidth;
    canvas.height = seen.videoHeight;
    canvas.getContext('2d')?.drawImage(seen, 0, 0);
    canvas.toBlob((blob) => {
      if (blob !== null) take([new File([blob], CAMERA_FILE, { type: blob.type })]);
      setStream(undefined);
    }, 'image/jpeg');
  };
  return (
    <div class="live-camera">
      {stream === undefined ? (
        <button id="camera" type="button" onClick={open}>
          {WORDS.camera}
        </button>
      ) : (
        <>
          <video ref={video} autoPlay playsInline muted aria-label={WORDS.seen} />
          <p class="actions">
            <button id="shoot" class="primary" type="button" onClick={shoot}>
              {WORDS.shoot}
            </button>
            <button type="button" onClick={() => setStream(undefined)}>
              {TEXTS.dataset.cancel}
            </button>
          </p>
        </>
      )}
      <Failure error={failure} />
    </div>
  );
}

/** Models that have no heatmaps, as far as they were asked. */
const withoutHeatmap = signal<readonly string[]>([]);

/** The URL of the photo with the map over it; undefined where there is none. */
function useHeatmap(photo: Photo | undefined, model: string): string | undefined {
  const [map, setMap] = useState<{ readonly of: string; readonly url: string }>();
  const of = photo === undefined ? '' : `${photo.id} ${model}`;
  const isWanted = wantsHeatmap.value && !withoutHeatmap.value.includes(model);
  const hasAnswer = photo?.prediction !== undefined;
  const file = photo?.file;
  useEffect(() => {
    if (!isWanted || !hasAnswer || file === undefined) return undefined;
    const controller = new AbortController();
    let url: string | undefined;
    bytesOf(file)
      .then((bytes) => client.value.predict.heatmap(model, bytes, { signal: controller.signal }))
      .then((png) => {
        if (controller.signal.aborted) return;
        url = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
        setMap({ of, url });
      })
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        // Whatever is wrong with the map, the answer is as it was.
        if (error instanceof ApiError && error.code === HEATMAP_UNAVAILABLE)
          withoutHeatmap.value = [...withoutHeatmap.value, model];
        else if (photo !== undefined) change(photo.id, { error });
      });
    return () => {
      controller.abort();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [of, isWanted, hasAnswer]);
  return isWanted && map?.of === of ? map.url : undefined;
}

interface ToggleProps {
  readonly id: string;
  readonly wants: Signal<boolean>;
  readonly label: string;
}

/** Switches something on and off. */
const Toggle = ({ id, wants, label }: ToggleProps) => (
  <label class="toggle">
    <input
      id={id}
      type="checkbox"
      checked={wants.value}
      onChange={({ currentTarget }) => {
        wants.value = currentTarget.checked;
      }}
    />
    {label}
  </label>
);

interface AnswerProps {
  readonly photo: Photo;
  readonly prediction: WirePrediction;
  readonly labels: readonly string[];
}

function Answer({ photo, prediction, labels }: AnswerProps) {
  const { label, score, rejected, threshold, predictions, timing_ms: timing, model } = prediction;
  const parts = (['load', 'decode', 'preprocess', 'infer'] as const).map((part) =>
    WORDS.timingPart(WORDS.parts[part], timing[part]),
  );
  const isRejected = rejected && threshold !== null;
  return (
    <div id="answer">
      {isRejected ? <p class="best">{WORDS.perhapsNone}</p> : null}
      <p class={isRejected ? 'best unsure' : 'best'}>
        <span id="best-label">{label}</span>
        <span id="best-score">{percent(score)}</span>
      </p>
      {isRejected ? <p class="rejected">{WORDS.rejected(score, threshold)}</p> : null}
      <ol id="bars" class="bars">
        {predictions.map((entry) => (
          <li key={entry.label}>
            <span class="label" title={entry.label}>
              {entry.label}
            </span>
            <span class="score">{percent(entry.score)}</span>
            <progress max={1} value={entry.score} aria-label={entry.label} />
          </li>
        ))}
      </ol>
      <p class="timing" title={parts.join('\n')}>
        {WORDS.timing(timing.total)}
      </p>
      <Toggle id="heatmap" wants={wantsHeatmap} label={WORDS.heatmap} />
      {wantsHeatmap.value && !withoutHeatmap.value.includes(chosenModel.value) ? (
        <label class="slider">
          <span>{WORDS.opacity}</span>
          <input
            id="map-opacity"
            type="range"
            min={0}
            max={100}
            value={mapOpacity.value * 100}
            onInput={({ currentTarget }) => {
              mapOpacity.value = Number(currentTarget.value) / 100;
            }}
          />
          <output>{percent(mapOpacity.value)}</output>
        </label>
      ) : null}
      {wantsHeatmap.value && withoutHeatmap.value.includes(chosenModel.value) ? (
        <p id="no-heatmap" class="hint">
          {WORDS.noHeatmap}
        </p>
      ) : null}
      {/* Training pictures are those of a dataset. */}
      {mayTrain.value ? <Toggle id="explain" wants={wantsExplanation} label={WORDS.explain} /> : null}
      {mayTrain.value && wantsExplanation.value ? (
        <Explanation photo={photo} model={chosenModel.value} />
      ) : null}
      <Feedback photo={photo} prediction={prediction.id} model={model} labels={labels} />
    </div>
  );
}

interface ExplanationProps {
  readonly photo: Photo;
  readonly model: string;
}

/** The training pictures that the network sees as the most alike. */
function Explanation({ photo, model }: ExplanationProps) {
  const { value, error, again } = useAsked(
    async (signal) => {
      const bytes = await bytesOf(photo.file);
      const options = { topK: 1, explain: true, explainCount: NEAREST_SHOWN, signal };
      return (await client.value.predict.one(model, bytes, options)).explanation;
    },
    [photo.id, model],
    { isLasting: true },
  );
  if (error !== undefined) return <Failure error={error} retry={again} />;
  if (value === undefined) return <p class="empty">{WORDS.asking}</p>;
  if (value.unavailable !== null)
    return (
      <p id="no-explanation" class="hint">
        {WORDS.noExplanation} {value.unavailable.message}
      </p>
    );
  return (
    <ul id="nearest" class="nearest" aria-label={WORDS.explain}>
      {value.nearest.map(({ dataset, path, file, class: label, similarity, thumbnail }) => (
        <li key={path}>
          {thumbnail === null ? (
            <span class="thumb broken">{WORDS.gone(file)}</span>
          ) : (
            <a href={toHash(['datasets', dataset, label])} aria-label={WORDS.nearest(label, similarity)}>
              <Thumbnail dataset={dataset} path={path} size={THUMB} />
            </a>
          )}
          <span class="facts">{WORDS.nearest(label, similarity)}</span>
        </li>
      ))}
    </ul>
  );
}

interface FeedbackProps {
  readonly photo: Photo;
  readonly prediction: string;
  readonly model: string;
  readonly labels: readonly string[];
}

/** Whether the server keeps photos; undefined until that is known. */
const keepsPhotos = signal<boolean | undefined>(undefined);

/** "That is wrong: it is …": keeps the photo with its right label. */
function Feedback({ photo, prediction, model, labels }: FeedbackProps) {
  const [kept, setKept] = useState<string>();
  const [error, setError] = useState<unknown>();
  const form = useRef<HTMLFormElement>(null);
  const send = (label: string) =>
    makeChange(`feedback ${prediction}`, {
      send: async () => {
        const { predict, uploads } = client.value;
        const { key } = await uploads.put(await bytesOf(photo.file));
        return predict.feedback(prediction, { model, label, image_key: key, consent: true });
      },
      done: ({ dataset }) => {
        setError(undefined);
        setKept(dataset);
      },
      fail: (thrown) => {
        if (thrown instanceof ApiError && thrown.code === FEEDBACK_OFF) keepsPhotos.value = false;
        else setError(thrown);
      },
    });
  useEffect(() => {
    const controller = new AbortController();
    client.value.health({ signal: controller.signal }).then(
      ({ keeps_feedback }) => {
        keepsPhotos.value = keeps_feedback !== false;
      },
      () => undefined,
    );
    return () => controller.abort();
  }, []);
  if (keepsPhotos.value === undefined) return null;
  if (!keepsPhotos.value)
    return (
      <p id="no-feedback" class="hint" role="status">
        {WORDS.keepsNone}
      </p>
    );
  if (kept !== undefined)
    return (
      <div class="feedback">
        <Done text={WORDS.kept(kept)} />{' '}
        {mayTrain.value ? <a href={toHash(['datasets', kept])}>{WORDS.seeDataset}</a> : null}
      </div>
    );
  return (
    <details class="feedback">
      <summary>{WORDS.wrong} …</summary>
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          void send(String(new FormData(event.currentTarget).get('label') ?? ''));
        }}
      >
        <label class="field">
          <span>{WORDS.wrong}</span>
          <select name="label" required>
            <option value="">{WORDS.choice}</option>
            {labels.map((label) => (
              <option key={label}>{label}</option>
            ))}
          </select>
        </label>
        <label class="toggle">
          <input type="checkbox" required />
          {WORDS.consent}
        </label>
        <button type="submit">{WORDS.send}</button>
      </form>
      <Failure error={error} />
    </details>
  );
}

/** All photos of a drop, each with its label. */
const Several = () => (
  <ul class="several" aria-label={WORDS.several}>
    {photos.value.map((photo, index) => (
      <OneOfSeveral key={photo.id} photo={photo} index={index} />
    ))}
  </ul>
);

/** What the strip says of a photo. */
function answerWords({ prediction, error }: Photo): string {
  if (error !== undefined) return WORDS.noAnswer;
  if (prediction === undefined) return WORDS.asking;
  return prediction.rejected ? WORDS.perhapsNone : (prediction.label ?? '');
}

function OneOfSeveral({ photo, index }: { readonly photo: Photo; readonly index: number }) {
  const [isBroken, setBroken] = useState(false);
  const { file, error, prediction } = photo;
  const words = answerWords(photo);
  const isUnsure = error !== undefined || prediction?.rejected === true;
  return (
    <li>
      <button
        type="button"
        aria-pressed={index === shown.value}
        aria-label={WORDS.pick(file.name, words)}
        title={error === undefined ? file.name : messageOf(error)}
        onClick={() => {
          shown.value = index;
        }}
      >
        {isBroken ? (
          <i class="thumb broken">{file.name}</i>
        ) : (
          <img src={photo.url} alt="" loading="lazy" onError={() => setBroken(true)} />
        )}
        <span class={isUnsure ? 'unsure' : ''}>{words}</span>
      </button>
    </li>
  );
}
