// What the report of a model says of it, in words, for a terminal.

import type { WireReport } from '../../api/report.ts';
import { accuracyInWords, remarksInWords, scoresInWords } from '../../api/scores-in-words.ts';
import { ApiError, ConnectionError } from '../../client/api-error.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import type { Said } from '../../core/words/score-trust.ts';

/** Sentences of a report. */
export interface SaidOfModel {
  /** How often the model will be right, and what that was measured on. */
  readonly accuracy: string;
  /** What has to be known beside that; empty where there is nothing. */
  readonly remarks: readonly string[];
  /** Whether its scores can be trusted. */
  readonly scores: string;
}

const inOneLine = ({ verdict, reason }: Said) => `${verdict} ${reason}`;

/** The sentences of a report; null where nothing was judged. */
export const saidInReport = (report: WireReport): SaidOfModel | null =>
  report.results === null
    ? null
    : {
        accuracy: inOneLine(accuracyInWords(report, report.results)),
        remarks: remarksInWords(report, report.results).map(({ text }) => text),
        scores: inOneLine(scoresInWords(report, report.results)),
      };

/**
 * What the report of a version says.
 * @returns null where nothing was judged, and where the report cannot be had, as with a key that only predicts.
 */
export async function saidOfModel(client: FoveaClient, reference: string): Promise<SaidOfModel | null> {
  try {
    return saidInReport(await client.models.report(reference));
  } catch (error) {
    if (error instanceof ApiError || error instanceof ConnectionError) return null;
    throw error;
  }
}
