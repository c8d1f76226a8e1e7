// The names of models as clients check and suggest them, by the rule of the API.

import * as names from '../core/model/model-name.ts';

/** Longest model name, in characters. */
export const MODEL_NAME_MAX_LENGTH: number = names.MODEL_NAME_MAX_LENGTH;
/** Whether a text may be the name of a model. */
export const isModelName = (name: string): boolean => names.isModelName(name);
/** A name for a model that is like a text; `fallback` where nothing of the text is left. */
export const suggestModelName = (text: string, fallback?: string): string =>
  names.suggestModelName(text, fallback);
