// The last lines of a trainer's log in CloudWatch, for a job whose trainer has ended without a word in the record.

import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';

/** Reads the last lines of a trainer's log, without secrets; oldest first, none where there are none. */
export type ReadLastLines = (logStream: string) => Promise<readonly string[]>;

/** Lines at most. */
const MOST_LINES = 10;
/** Characters of a line at most. */
const MOST_CHARACTERS = 300;

/** Colors and other control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const CONTROL = /\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** What must not leave a log: keys of AWS, of Fovea and of hubs, tokens of headers, and the signed parts of links. */
const SECRETS = [
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g,
  /\bfovea_[a-z0-9-]+(?:_[a-z0-9-]+)*_[A-Za-z0-9_-]{43}/g,
  /\bhf_[A-Za-z0-9]{16,}/g,
  /(?<=\b(?:bearer|basic)\s+)[^\s"']{8,}/gi,
  /(?<=\bx-amz-(?:signature|credential|security-token)=)[^&\s"']+/gi,
  /(?<=\b(?:password|secret|token|api[-_]?key|secret[-_]?access[-_]?key)["']?\s*[=:]\s*["']?)[^\s"',}]{6,}/gi,
];

/** A line as it may be shown. */
const shown = (line: string): string => {
  const clean = SECRETS.reduce((text, secret) => text.replace(secret, '…'), line.replace(CONTROL, '').trim());
  return clean.length > MOST_CHARACTERS ? `${clean.slice(0, MOST_CHARACTERS)}…` : clean;
};

/** Reads from one log group, which the caller must be allowed to (`logs:GetLogEvents`). */
export function createLastLines(
  logGroup: string,
  client: CloudWatchLogsClient = new CloudWatchLogsClient({}),
): ReadLastLines {
  return async (logStreamName) => {
    const command = new GetLogEventsCommand({
      logGroupName: logGroup,
      logStreamName,
      limit: MOST_LINES,
      startFromHead: false,
    });
    const { events = [] } = await client.send(command);
    return events
      .flatMap(({ message = '' }) => message.split('\n'))
      .map(shown)
      .filter((line) => line !== '')
      .slice(-MOST_LINES);
  };
}
