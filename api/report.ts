// The report of a model version on the wire: the stored one, in the wire's names.

import type { z } from 'zod';
import { type Report, ReportSchema } from '../core/model/report.ts';
import { toWire, toWireSchema } from './to-wire.ts';

/** The answer of `GET /v1/models/<model>/report` in JSON. */
export const WireReportSchema = toWireSchema(ReportSchema).meta({
  id: 'Report',
  description: 'How good a version is, what it confuses, and how it was made.',
});
/** A report as clients get it. */
export type WireReport = z.infer<typeof WireReportSchema>;

/** Makes the wire's report from the stored one. */
export const toWireReport = (report: Report): WireReport => toWire(ReportSchema, report);
