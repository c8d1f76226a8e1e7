// The page: polls jobs and models, sends a photo, draws what comes back. Plain DOM; text is only ever set as text. What the
// API says has the types of api/, which `npm run typecheck` holds it to.

/**
 * @import { WireJob } from '../../api/job.ts'
 * @import { WireModel } from '../../api/model.ts'
 * @import { WirePrediction } from '../../api/prediction.ts'
 */

const POLL_MS = 1000;
/** While nothing runs there is little to see. */
const IDLE_POLL_MS = 5000;
const LABELS_SHOWN = 5;
/** Of the list; all of them are read with every poll. */
const MOST_MODELS = 200;
/** A function takes some 4.5 MB in one request. */
const LARGE_BYTES = 4_000_000;
const FINAL = new Set(['succeeded', 'failed', 'cancelled']);

/** @type {(id: string) => any} Elements of the page, of every kind. */
const byId = (id) => document.getElementById(id);
const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;

const size = (bytes) => (bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

const drawn = new Map();

/** Draws only what has changed, so that an open list stays open and a focused button keeps its focus. */
function drawIfChanged(name, data, draw) {
  const state = JSON.stringify(data);
  if (drawn.get(name) === state) return;
  drawn.set(name, state);
  draw(data);
}

/** An element with attributes and children; strings become text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') made.addEventListener('click', value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// ---- requests

const UNAUTHORIZED = 401;
/** Where the API key is kept: for this tab, until it is closed. */
const KEY_ITEM = 'fovea-api-key';

/** The response; throws an Error with the API's own message. Asks for a key where one is needed. */
async function send(path, options = {}) {
  const key = sessionStorage.getItem(KEY_ITEM);
  const response = await fetch(path, {
    ...options,
    headers: { ...options.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  const message = body?.error?.message ?? `The server answered with status ${response.status}.`;
  if (response.status === UNAUTHORIZED) askForKey(key === null ? undefined : message);
  throw Object.assign(new Error(message), { status: response.status });
}

const request = async (path, options) => (await send(path, options)).json();

const isAskingForKey = () => !byId('key-form').hidden;

function askForKey(problem) {
  sessionStorage.removeItem(KEY_ITEM);
  // The requests of a page come together: what the first one said stays.
  if (isAskingForKey()) return;
  byId('key-form').hidden = false;
  byId('key-error').hidden = problem === undefined;
  byId('key-error').textContent = problem ?? '';
}

function useKey(event) {
  event.preventDefault();
  const input = byId('key');
  sessionStorage.setItem(KEY_ITEM, input.value.trim());
  input.value = '';
  byId('key-form').hidden = true;
  refresh();
}

// ---- models

/** @param {WireModel} model */
function describeModel(model) {
  if (model.problem !== null) return model.problem.message;
  const facts = [model.architecture, `${model.labels.length} classes`];
  if (model.test_accuracy !== null)
    facts.push(`${percent(model.test_accuracy)} right on ${model.test_count} test pictures`);
  facts.push(size(model.size_bytes));
  return facts.join(' · ');
}

/** A link carries no key: with one, the report is fetched and saved. */
async function saveReport(event) {
  if (sessionStorage.getItem(KEY_ITEM) === null) return;
  event.preventDefault();
  const { href, dataset } = event.currentTarget;
  try {
    const page = URL.createObjectURL(await (await send(href)).blob());
    element('a', { href: page, download: `${dataset.model}-report.html` }).click();
    setTimeout(() => URL.revokeObjectURL(page), 1000);
  } catch (error) {
    showError(error);
  }
}

/** @param {WireModel} model */
const reportLink = (model) =>
  element(
    'a',
    {
      class: 'report',
      href: `${model.report}?format=html`,
      'data-model': `${model.id}-${model.version}`,
      onclick: saveReport,
    },
    'Report',
  );

/** @param {{ data: WireModel[], has_more: boolean }} page */
function showModels({ data: models, has_more: hasMore }) {
  const rows = models.map((model) =>
    element(
      'li',
      {},
      element('span', { class: 'name' }, model.id),
      element('span', { class: 'version' }, `version ${model.version}`),
      element('span', { class: model.problem === null ? 'facts' : 'facts problem' }, describeModel(model)),
      ...(model.report === null ? [] : [reportLink(model)]),
    ),
  );
  byId('models').replaceChildren(
    ...(rows.length > 0 ? rows : [emptyRow('No model yet. A fine-tuning job makes one.')]),
    ...(hasMore ? [emptyRow('And more: GET /v1/models lists them page by page.')] : []),
  );

  const choice = byId('model');
  const chosen = choice.value;
  const usable = models.filter((model) => model.problem === null).sort((a, b) => b.created - a.created);
  const options = usable.map((model) =>
    element('option', { value: model.id }, `${model.id} · version ${model.version}`),
  );
  choice.replaceChildren(
    ...(options.length > 0 ? options : [element('option', { value: '' }, 'no model yet')]),
  );
  choice.disabled = options.length === 0;
  if (usable.some((model) => model.id === chosen)) choice.value = chosen;
}

const emptyRow = (text) => element('li', {}, element('span', { class: 'empty' }, text));

// ---- jobs

/** @param {NonNullable<WireJob['progress']>} progress */
function describeProgress({ stage, epoch, epochs, loss, accuracy, seconds_left: secondsLeft }) {
  /** @type {string[]} */
  const facts = [stage];
  if (epoch !== null && epochs !== null) facts.push(`epoch ${epoch} of ${epochs}`);
  if (loss !== null) facts.push(`loss ${loss.toFixed(3)}`);
  if (accuracy !== null) facts.push(`accuracy ${percent(accuracy)}`);
  if (secondsLeft !== null) facts.push(`${Math.ceil(secondsLeft)} s left`);
  return facts.join(' · ');
}

/**
 * 0 to 1, or undefined where nothing is known.
 * @param {NonNullable<WireJob['progress']>} progress
 */
function progressShare({ epoch, epochs, step, steps }) {
  if (epochs) return Math.min(1, Math.max(0, (epoch ?? 0) - 1 + (steps ? (step ?? 0) / steps : 1)) / epochs);
  return steps ? (step ?? 0) / steps : undefined;
}

/** @param {WireJob} job */
function describeJob(job) {
  if (job.error !== null) return job.error.message;
  if (job.result !== null && job.result.test_accuracy !== null) {
    return `${percent(job.result.test_accuracy)} right on the test pictures · ${job.result.trained_images} pictures trained on`;
  }
  return job.progress !== null && !FINAL.has(job.status) ? describeProgress(job.progress) : '';
}

/** @param {WireJob} job */
function showJob(job) {
  const actions = element('span', { class: 'actions' });
  if (!FINAL.has(job.status) && !job.cancel_requested) {
    actions.append(element('button', { type: 'button', onclick: () => cancelJob(job.id) }, 'Cancel'));
  }
  const status =
    job.cancel_requested && !FINAL.has(job.status) ? 'cancelling' : job.status.replaceAll('_', ' ');
  actions.append(element('span', { class: `status ${job.status}` }, status));
  const row = element(
    'li',
    {},
    element('span', { class: 'name' }, job.fine_tuned_model ?? job.model_name),
    actions,
    element(
      'span',
      { class: 'facts' },
      `${job.model} on ${job.dataset} · ${new Date(job.created_at * 1000).toLocaleString()}`,
    ),
  );
  const text = describeJob(job);
  if (text !== '')
    row.append(element('span', { class: job.error === null ? 'facts' : 'facts problem' }, text));
  if (job.status === 'running') {
    const share = job.progress === null ? undefined : progressShare(job.progress);
    row.append(
      element('progress', {
        max: 1,
        'aria-label': 'progress',
        ...(share === undefined ? {} : { value: share }),
      }),
    );
  }
  return row;
}

/** @param {WireJob[]} jobs */
function showJobs(jobs) {
  const rows = jobs.map(showJob);
  byId('jobs').replaceChildren(
    ...(rows.length > 0 ? rows : [emptyRow('No job yet. POST /v1/fine_tuning/jobs starts one.')]),
  );
}

async function cancelJob(id) {
  await request(`/v1/fine_tuning/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' }).catch(showError);
  await refresh();
}

// ---- prediction

function showError(error) {
  byId('answer-empty').hidden = true;
  byId('answer').hidden = true;
  byId('answer-error').hidden = false;
  byId('answer-error').textContent = error.message;
}

/** @param {WirePrediction} prediction */
function showPrediction({ label, score, rejected, threshold, predictions, timing_ms: timing }) {
  byId('answer-empty').hidden = true;
  byId('answer-error').hidden = true;
  byId('answer').hidden = false;
  byId('best-label').textContent = label;
  byId('best-score').textContent = percent(score);
  byId('rejected').hidden = !rejected;
  if (rejected)
    byId('rejected').textContent =
      `Perhaps none of these: below the model's threshold of ${percent(threshold)}.`;
  byId('bars').replaceChildren(
    ...predictions.map((prediction) =>
      element(
        'li',
        {},
        element('span', { class: 'label', title: prediction.label }, prediction.label),
        element('span', { class: 'score' }, percent(prediction.score)),
        element('progress', { max: 1, value: prediction.score, 'aria-label': prediction.label }),
      ),
    ),
  );
  const parts = ['load', 'decode', 'preprocess', 'infer'].map((part) => `${part} ${timing[part].toFixed(1)}`);
  byId('timing').textContent = `${timing.total.toFixed(1)} ms: ${parts.join(' · ')}`;
}

let photo;
/** The key of the photo in the store, where it is too large for a request; a promise. */
let uploaded;
/** Counts the predictions asked for, so that a slow answer does not cover a newer one. */
let asked = 0;

function showPreview(isShown) {
  byId('photo').hidden = !isShown;
  byId('drop-hint').hidden = isShown;
  byId('drop').classList.toggle('filled', isShown);
}

/** Shows a picture where photos are dropped, and lets go of the one before. */
function showPicture(picture) {
  const shown = byId('photo');
  if (shown.src !== '') URL.revokeObjectURL(shown.src);
  shown.src = URL.createObjectURL(picture);
  showPreview(true);
}

function choosePhoto(file) {
  photo = file;
  uploaded = undefined;
  showPicture(file);
  predictPhoto();
}

/** The path of the chosen model's predictions, and the photo as a request. */
const predictPath = (query) => `/v1/models/${encodeURIComponent(byId('model').value)}/predict?${query}`;
async function photoRequest() {
  if (photo.size <= LARGE_BYTES) {
    return { method: 'POST', body: photo, headers: { 'content-type': 'application/octet-stream' } };
  }
  uploaded ??= upload(photo);
  return postJson({ image_key: await uploaded });
}

const postJson = (body) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

/** Sends a file straight to the store; gives its key. */
async function upload(file) {
  const link = await request('/v1/uploads', postJson({ bytes: file.size }));
  const { method, headers } = link;
  const response = await fetch(link.url, { method, headers, body: file });
  if (!response.ok) throw new Error(`The photo could not be uploaded: status ${response.status}.`);
  return link.key;
}

/** Lays the map of the likeliest label over the photo, or takes it off again. */
async function showHeatmap() {
  if (photo === undefined) return;
  if (!byId('heatmap').checked) return showPicture(photo);
  const question = asked;
  try {
    const response = await send(predictPath('heatmap=top&heatmap_format=png'), await photoRequest());
    const picture = await response.blob();
    if (question === asked && byId('heatmap').checked) showPicture(picture);
  } catch (error) {
    if (question === asked) showError(error);
  }
}

async function predictPhoto() {
  const model = byId('model').value;
  if (photo === undefined) return;
  if (model === '') return showError(new Error('There is no model yet to ask.'));
  asked += 1;
  const question = asked;
  try {
    const prediction = await request(predictPath(`top_k=${LABELS_SHOWN}`), await photoRequest());
    if (question !== asked) return;
    showPrediction(prediction);
    if (byId('heatmap').checked) await showHeatmap();
  } catch (error) {
    if (question === asked) showError(error);
  }
}

// ---- wiring

byId('key-form').addEventListener('submit', useKey);

const isUnauthorized = (error) => error.status === UNAUTHORIZED;

async function refresh() {
  const health = byId('health');
  try {
    const [models, jobs] = await Promise.all([
      request(`/v1/models?limit=${MOST_MODELS}`),
      request('/v1/fine_tuning/jobs?limit=20'),
    ]);
    drawIfChanged('models', models, showModels);
    drawIfChanged('jobs', jobs.data, showJobs);
    health.className = 'health up';
    health.textContent = 'running';
    return jobs.data.some((job) => !FINAL.has(job.status));
  } catch (error) {
    health.className = 'health down';
    health.textContent = isUnauthorized(error) ? 'needs an API key' : 'no answer';
    return false;
  }
}

async function poll() {
  const isBusy = document.hidden || isAskingForKey() ? false : await refresh();
  setTimeout(poll, isBusy ? POLL_MS : IDLE_POLL_MS);
}

const drop = byId('drop');
for (const type of ['dragover', 'dragleave', 'drop']) {
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', type === 'dragover');
  });
}
drop.addEventListener('drop', (event) => {
  const [file] = event.dataTransfer.files;
  if (file !== undefined) choosePhoto(file);
});
byId('file').addEventListener('change', (event) => {
  const [file] = event.target.files;
  if (file !== undefined) choosePhoto(file);
});
document.addEventListener('paste', (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (file !== undefined) choosePhoto(file);
});
// What the browser cannot show (a TIFF, a broken file) the server may still answer.
byId('photo').addEventListener('error', () => showPreview(false));
byId('model').addEventListener('change', predictPhoto);
byId('heatmap').addEventListener('change', showHeatmap);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh();
});
poll();
