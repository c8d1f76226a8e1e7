// The report of a model version on the wire: the stored one, in the wire's names.

import type { z } from 'zod';
import { type Report, ReportSchema } from '../core/model/report.ts';
import { toWire, toWireSchema } from './to-wire.ts';

export const WireReportSchema = toWireSchema(ReportSchema).meta({
  id: 'Report',
  description: 'How good a version is, what it confuses, and how it was made.',
});
export type WireReport = z.infer<typeof WireReportSchema>;

export const toWireReport = (report: Report): WireReport => toWire(ReportSchema, report);
